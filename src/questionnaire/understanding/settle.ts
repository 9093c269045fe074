/**
 * Readings in their places → what was meant, for every type of question the same way: a correction takes back what came
 * before it; a negation takes back what comes after it; what is left has to be one thing (or a list, where lists are
 * asked for); whatever else was said makes it less sure, and too much else makes it nothing. Two answers are no answer.
 */
import type { Item, Moment, Understanding } from "./ask.ts"
import type { Placed } from "./reading.ts"
import { coverageMin, doubt } from "./scores.ts"

export interface Settling {
  readonly moment: Moment
  readonly repeats: boolean
  /** Words that were heard and are not among the readings. */
  readonly unheardWords: number
  /** It says that there is none: "no" before it agrees with it, and no other answer stands beside it. */
  readonly isNegative: (item: Item) => boolean
}

export type Settled =
  | {
      readonly kind: "items"
      readonly items: readonly [Item, ...Array<Item>]
      readonly score: number
      readonly rule: string
      readonly ruledOut: ReadonlyArray<Item>
    }
  | Exclude<Understanding, { readonly kind: "answer" | "yes" | "no" }>

/** Of what is no sure answer itself, more. */
const coverageNearMin = 0.4

type ItemReading = Extract<Placed, { readonly kind: "item" }>

const isAnswer = ({ kind }: Placed): boolean => kind === "item" || kind === "out" || kind === "open"
const isCounted = (item: Item): boolean => item.kind !== "option" && item.kind !== "other"
const isMoment = ({ kind }: Item): boolean => kind === "date" || kind === "dateTime" || kind === "time"
const transparent: ReadonlySet<Placed["kind"]> = new Set(["filler", "neutral", "hedge", "joiner", "echo"])

const same = (a: Item, b: Item): boolean => JSON.stringify(a.value) === JSON.stringify(b.value)

export const distinct = (items: ReadonlyArray<Item>): ReadonlyArray<Item> =>
  items.filter((item, index) => items.findIndex((other) => same(item, other)) === index)

interface Kept {
  readonly readings: ReadonlyArray<Placed>
  readonly factor: number
}

/** "Two, no, I meant three"; "no, two"; أربعين لا واحد وأربعين. */
const afterCorrection = (placed: ReadonlyArray<Placed>, { moment, isNegative }: Settling): Kept => {
  let start = 0
  let factor = 1
  placed.forEach((reading, index) => {
    const rest = placed.slice(index + 1)
    if (!rest.some(isAnswer)) return
    const next = rest.find(({ kind }) => !transparent.has(kind))
    if (reading.kind === "correction") {
      start = index + 1
      factor = 1
      return
    }
    if (reading.kind !== "no" || !reading.isBare || next?.kind !== "item") return
    // "No headache and no cough": no correction of the first.
    if (reading.joined || placed[index - 1]?.kind === "joiner") return
    const isAfterAnswer = placed.slice(start, index).some(isAnswer)
    const isApart = next.afterBreak || moment === "confirmation" || isNegative(next.item) || next.denies === true
    if (!isAfterAnswer && !isApart && !isCounted(next.item)) return
    start = index + 1
    factor = isApart || (isAfterAnswer && isCounted(next.item)) ? 1 : doubt
  })
  return { readings: placed.slice(start), factor }
}

interface Negated {
  readonly kept: ReadonlyArray<ItemReading>
  readonly ruledOut: ReadonlyArray<ItemReading>
  readonly isDangling: boolean
}

/** A negation reaches the next answer, over other words, but not into a new thought. */
const withNegations = (readings: ReadonlyArray<Placed>, { isNegative }: Settling): Negated => {
  const kept: Array<ItemReading> = []
  const ruledOut: Array<ItemReading> = []
  let isNegated = false
  /** "Not much, a few days": denied was something that is no answer. */
  let isDangling = false
  readings.forEach((reading, index) => {
    const next = readings.slice(index + 1).find(({ kind }) => !transparent.has(kind))
    /** "I have no …" may be an answer by itself, or rule out what follows. */
    const rulesOut =
      reading.kind === "item" &&
      reading.score < 1 &&
      isNegative(reading.item) &&
      next?.kind === "item" &&
      !same(reading.item, next.item)
    if (reading.kind === "negation" || reading.kind === "no" || rulesOut) isNegated = true
    else if (reading.kind === "contrast" || (reading.afterBreak && reading.kind !== "item")) {
      isDangling ||= isNegated
      isNegated = false
    }
    if (reading.kind !== "item" || rulesOut) return
    isDangling ||= isNegated && reading.afterBreak
    const isRuledOut = isNegated && !reading.afterBreak
    ;(isRuledOut ? ruledOut : kept).push(reading)
    // "Neither headache nor cough", ولا.
    isNegated = isRuledOut && next?.kind === "alternative"
  })
  return { kept, ruledOut, isDangling }
}

const wordsIn = (readings: ReadonlyArray<Placed>): number => readings.reduce((sum, { from, to }) => sum + to - from, 0)

const none = (rule: string): Settled => ({ kind: "none", rule })

/** How much the words around the answer take from it; undefined: too many. */
const around = (readings: ReadonlyArray<Placed>, answers: ReadonlyArray<Placed>, unheardWords: number) => {
  const others = wordsIn(readings.filter(({ kind }) => kind === "unknown" || kind === "whole")) + unheardWords
  const own = wordsIn(answers)
  const isNear = answers.some((reading) => reading.kind === "item" && reading.score < 1)
  if (own / (own + others) < (isNear ? coverageNearMin : coverageMin)) return undefined
  const isHedged = readings.some(({ kind }) => kind === "hedge")
  return (others > 0 ? doubt : 1) * (isHedged ? doubt : 1)
}

const commandOf = (readings: ReadonlyArray<Placed>, { unheardWords }: Settling): Settled | undefined => {
  const commands = readings.filter((reading) => reading.kind === "command")
  const [first] = commands
  if (first === undefined) return undefined
  if (readings.some(({ kind }) => kind === "negation" || kind === "no")) return none("negated command")
  if (commands.some(({ command }) => command !== first.command)) return none("two commands")
  const factor = around(readings, commands, unheardWords)
  const others = wordsIn(readings.filter(({ kind }) => kind === "unknown" || kind === "echo")) + unheardWords
  const own = wordsIn(commands)
  // A question is not passed over for one word among others, nor anything done for one word out of two.
  if (factor === undefined || (others > 0 && (first.command === "skip" || own === 1 || others > own))) {
    return none("other words")
  }
  return { kind: "command", command: first.command, score: first.score * factor, rule: "command" }
}

const listOf = (readings: ReadonlyArray<ItemReading>, { isNegative }: Settling): ReadonlyArray<Item> | undefined => {
  const items = distinct(readings.map(({ item }) => item))
  return items.length > 1 && items.some(isNegative) ? undefined : items
}

export const settle = (placed: ReadonlyArray<Placed>, settling: Settling): Settled => {
  const { readings, factor } = afterCorrection(placed, settling)
  const { kept, ruledOut, isDangling } = withNegations(readings, settling)
  const outs = readings.filter((reading) => reading.kind === "out")
  const opens = readings.filter((reading) => reading.kind === "open")
  const commands = readings.filter(({ kind }) => kind === "command")
  const [out] = outs
  const [open] = opens
  if (kept.length === 0) {
    if (commands.length > 0 && outs.length + opens.length + ruledOut.length === 0) {
      return commandOf(readings, settling) ?? none("nothing")
    }
    const [less, ...others] = distinct(ruledOut.map(({ item }) => item))
    if (less !== undefined) {
      const isLess = settling.repeats && settling.moment === "confirmation"
      return isLess ? { kind: "less", items: [less, ...others], rule: "negated" } : none("negated")
    }
    const clean = around(readings, [...outs, ...opens], settling.unheardWords) !== undefined
    if (open !== undefined && opens.length === 1 && outs.length === 0 && clean) {
      return { kind: "ambiguous", candidates: open.candidates, rule: open.rule }
    }
    if (out !== undefined && opens.length === 0 && clean)
      return { kind: "out_of_range", item: out.item, rule: out.rule }
    return none("nothing")
  }
  if (commands.length > 0) return none("answer and command")
  const items = distinct(kept.map(({ item }) => item))
  if (items.some((item) => ruledOut.some((other) => same(item, other.item)))) return none("said and denied")
  const denial = kept.find(({ denies }) => denies === true)
  if (denial !== undefined && readings.some(({ kind, from }) => kind === "whole" && from >= denial.to)) {
    return none("partly denied")
  }
  if (readings.some(({ kind }) => kind === "stray")) return none("a number too many")
  const isAlternative = readings.some(({ kind }) => kind === "alternative")
  const list = settling.repeats && !isAlternative ? listOf(kept, settling) : undefined
  const [first, ...others] = list ?? items
  if (first === undefined) return none("nothing")
  if (outs.length + opens.length > 0) return none("two answers")
  if (list === undefined && others.length > 0) {
    return settling.unheardWords > 0
      ? none("two answers")
      : { kind: "ambiguous", candidates: items, rule: "two answers" }
  }
  const rest = around(readings, kept, settling.unheardWords)
  if (rest === undefined) return none("other words")
  const doubts = (ruledOut.length > 0 || isDangling ? doubt : 1) * (isAlternative ? doubt : 1)
  /** The best that was said for each, and the worst of these. */
  const best = [first, ...others].map((item) =>
    kept.filter((reading) => same(reading.item, item)).reduce((a, b) => (b.score > a.score ? b : a))
  )
  const weakest = best.reduce((a, b) => (b.score < a.score ? b : a))
  /** What was not heard may have been what was filled in. */
  if (settling.unheardWords > 0 && weakest.score < 1 && isMoment(weakest.item)) return none("a hole in it")
  return {
    kind: "items",
    items: [first, ...others],
    score: weakest.score * factor * rest * doubts,
    rule: weakest.rule,
    ruledOut: distinct(ruledOut.map(({ item }) => item))
  }
}
