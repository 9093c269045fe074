/** Answers to a choice, open or not, of one or of several. */
import type { Item, Understanding } from "./ask.ts"
import { isNegative, optionAlike, optionAt, optionsOf, type ChoiceAsk, type Options } from "./options.ts"
import { asList } from "./lists.ts"
import { textItem } from "./display.ts"
import type { Placed } from "./reading.ts"
import { doubt } from "./scores.ts"
import { settle } from "./settle.ts"
import { asDoubts, withYesNo } from "./understand-measured.ts"
import { listFrom } from "./texts.ts"
import { answer, concluded, placedBy, settling, type Work } from "./work.ts"
import { textAt, textOf } from "./words.ts"

/** What is beside the options is read back when it was spoken. */
const otherScore = 0.6
/** Words that hold a negation sound like an option with one. */
const alikeDeniedMin = 0.6

/** Runs of unknown words, as they were said: what an open choice may hold besides its options. */
const others = (placed: ReadonlyArray<Placed>, { said, words, lexicon }: Work): ReadonlyArray<Item> => {
  const runs: Array<[from: number, to: number]> = []
  for (const { kind, from, to, afterBreak } of placed) {
    const last = runs.at(-1)
    if (kind !== "unknown") continue
    const isOwn = last === undefined || last[1] !== from || afterBreak || textAt(words, from).startsWith("وال")
    if (isOwn) runs.push([from, to])
    else last[1] = to
  }
  return runs.map(([from, to]) => {
    const text = said.text.slice(words[from]?.start, words[to - 1]?.end)
    return textItem(from > 0 && lexicon.onesFirst ? text.replace(/^و(?=ال|[أإآ])/u, "") : text, "other")
  })
}

/** A plain "no" is an answer only by itself; beside anything else it denies or corrects. */
const withPlainNo = (placed: ReadonlyArray<Placed>, { words, lexicon }: Work): ReadonlyArray<Placed> => {
  const isPlainNo = (reading: Placed): boolean =>
    reading.kind === "item" &&
    reading.score < 1 &&
    lexicon.bareNo.has(textOf(words, reading.from, reading.to - reading.from))
  const isAlone = placed.every(
    (reading) =>
      isPlainNo(reading) || reading.kind === "filler" || reading.kind === "neutral" || reading.kind === "echo"
  )
  return isAlone
    ? placed
    : placed.map((reading) =>
        isPlainNo(reading) ? { ...reading, kind: "no", score: 1, rule: "plain no", isBare: true } : reading
      )
}

/** All that was said but for its fillers, or one run of unknown words. */
const bestAlike = (placed: ReadonlyArray<Placed>, { words, unheardWords }: Work, options: Options) => {
  const isDenied = placed.some(({ kind }) => kind === "negation" || kind === "no")
  const whole = placed
    .filter(({ kind }) => kind !== "filler")
    .map(({ from, to }) => textOf(words, from, to - from))
    .join(" ")
  const runs = placed.filter(({ kind }) => kind === "unknown").map(({ from, to }) => textOf(words, from, to - from))
  const found = [whole, ...(isDenied ? [] : [runs.join(" ")])]
    .flatMap((text) => optionAlike(options, text) ?? [])
    .filter(({ score }) => !isDenied || score >= alikeDeniedMin)
  const best = found.reduce<(typeof found)[number] | undefined>(
    (a, b) => (a === undefined || b.score > a.score ? b : a),
    undefined
  )
  return best === undefined ? undefined : { ...best, score: best.score * (unheardWords > 0 ? doubt : 1) }
}

export const understoodChoice = (work: Work, ask: ChoiceAsk): Understanding => {
  const options = optionsOf(ask, work.lexicon)
  const reader = withYesNo(work, (words, at) => optionAt(options, words, at, work.lexicon))
  const read = placedBy(work, reader)
  return asList(chosen(work, options, withPlainNo(asDoubts(read), work)), read, work)
}

const chosen = (work: Work, options: Options, placed: ReadonlyArray<Placed>): Understanding => {
  const settled = settle(
    placed,
    settling(work, ({ kind, value }) => kind === "option" && isNegative(options, value))
  )
  const isOpen = work.ask.type === "open-choice"
  const beside = isOpen && work.moment === "answer" ? others(placed, work) : []
  if (settled.kind === "items" && beside.length > 0 && work.ask.repeats === true) {
    return answer([...settled.items, ...beside], Math.min(settled.score, otherScore), "other", work)
  }
  if (settled.kind !== "none" || settled.rule !== "nothing") return concluded(settled, work)
  // A no to a read-back is no option that sounds like it.
  const isReply = work.moment === "confirmation" && placed.some(({ kind }) => kind === "no")
  const alike = isReply ? undefined : bestAlike(placed, work, options)
  if (alike !== undefined) return answer([alike.item], alike.score, "sounds alike", work)
  const [first, ...rest] = beside
  if (first === undefined || placed.some(({ kind }) => kind === "no" || kind === "negation"))
    return concluded(settled, work)
  const score = work.said.via === "text" ? 1 : otherScore
  // What is known in the middle of it ("twice a day") parts nothing.
  const [whole, ...parts] =
    rest.length === 0
      ? beside
      : work.ask.repeats === true
        ? listFrom(work.said.text.trim(), work.lexicon, work.said.via).items.map(({ display }) =>
            textItem(display, "other")
          )
        : [textItem(work.said.text.trim(), "other")]
  return answer([whole ?? first, ...parts], score, "other", work)
}
