/** Yes or no in its many forms; neither, both, or a doubt is no answer. */
import type { Moment } from "./ask.ts"
import type { Lexicon } from "./lexicon/lexicon.ts"
import type { Placed, Reader } from "./reading.ts"
import { coverageMin, doubt } from "./scores.ts"
import { textOf } from "./words.ts"

export interface YesNo {
  readonly kind: "yes" | "no"
  readonly score: number
  readonly rule: string
}

/** Longer sentences without a yes or no are not taken for one. */
const sentenceWordsMax = 6
const explainedWordsMax = 3
const explainedScore = 0.9

export const yesNoReader =
  (lexicon: Lexicon, moment: Moment): Reader =>
  (words, at) => {
    const found = lexicon.yesNo.at(words, at)
    if (found === undefined) return undefined
    const { meaning, to, score } = found
    if (meaning === "neither") return { kind: "neither", to }
    const said = textOf(words, at, to - at)
    if (meaning !== "goOn") {
      return { kind: meaning, to, score, rule: "phrase", isBare: lexicon.bareNo.has(said) || lexicon.bareYes.has(said) }
    }
    return moment === "stop" ? { kind: "no", to, score, rule: "go on", isBare: false } : { kind: "neutral", to }
  }

type Said = Extract<Placed, { readonly kind: "yes" | "no" }>

const isSaid = (reading: Placed): reading is Said => reading.kind === "yes" || reading.kind === "no"

const flipped = (reading: Said): Said =>
  reading.kind === "yes" ? { ...reading, kind: "no", score: reading.score * doubt, rule: "negated" } : reading

/** `undefined`: nothing of it. `"unclear"`: both, or neither. */
export const yesNoOf = (placed: ReadonlyArray<Placed>, unheardWords: number): YesNo | "unclear" | undefined => {
  const lastCorrection = placed.findLastIndex(
    (reading, index) => reading.kind === "correction" && placed.slice(index + 1).some(isSaid)
  )
  const readings = placed.slice(lastCorrection + 1)
  if (readings.some(({ kind }) => kind === "neither")) return "unclear"
  const said: Array<Said> = []
  let isNegated = false
  for (const reading of readings) {
    if (reading.kind === "negation") isNegated = true
    else if (reading.kind === "contrast" || reading.afterBreak) isNegated = false
    if (!isSaid(reading)) continue
    const last = said.at(-1)
    // لا يوجد عندي: "I have" behind a denial is part of it.
    if (reading.kind === "yes" && !reading.isBare && last?.kind === "no" && !last.isBare && !reading.afterBreak)
      continue
    // A negated no ("not no") is nothing that people say: heard wrongly.
    if (isNegated && reading.kind === "no") return "unclear"
    said.push(isNegated ? flipped(reading) : reading)
    isNegated = false
  }
  const words = (kinds: ReadonlyArray<Placed["kind"]>): number =>
    readings.reduce((sum, { kind, from, to }) => sum + (kinds.includes(kind) ? to - from : 0), 0)
  const others = words(["unknown", "whole"]) + unheardWords
  const isHedged = readings.some(({ kind }) => kind === "hedge")
  const [first] = said
  if (first === undefined) {
    // "I take no medicine": a sentence that denies is a no, read back.
    const isPart = readings.some(({ kind }) => kind === "whole")
    const isDenial =
      !isPart &&
      readings.some(({ kind }) => kind === "negation") &&
      others + words(["neutral", "echo"]) <= sentenceWordsMax
    return isDenial && !isHedged && unheardWords === 0 && others > 0
      ? { kind: "no", score: doubt * doubt, rule: "negation" }
      : undefined
  }
  if (said.some(({ kind }) => kind !== first.kind)) return "unclear"
  if (readings.some(({ kind }) => kind === "alternative")) return "unclear"
  // "Yes, but not now": what is denied is not known.
  if (isNegated && first.kind === "yes") return "unclear"
  const own = words(["yes", "no"])
  if (own / (own + others) < coverageMin) return undefined
  const isContrasted = readings.some(({ kind }) => kind === "contrast")
  /** A plain yes or no may be explained in a few words. */
  const isExplained = first.isBare && first === readings.find(({ kind }) => kind !== "filler")
  const aside =
    others === 0 ? 1 : isExplained && unheardWords === 0 && others <= explainedWordsMax ? explainedScore : doubt
  const scores = said.map((reading) => reading.score)
  /** "I believe so" takes something from a yes beside it; a sound like آه does not. */
  const isDoubted = said.some(({ score, from, to }) => score < 1 && to - from > 1)
  const score = isDoubted ? Math.min(...scores) : Math.max(...scores)
  return {
    kind: first.kind,
    score: score * aside * (isHedged || isContrasted ? doubt : 1),
    rule: first.rule
  }
}
