/** Several answers in one breath: what of them was not understood, and what ends them. */
import type { Understanding } from "./ask.ts"
import type { Lexicon } from "./lexicon/lexicon.ts"
import type { Placed } from "./reading.ts"
import type { Work } from "./work.ts"
import { textAt, textOf, type Word } from "./words.ts"

/** Where "… and nothing else" begins; 0: nothing else was said. */
export const enoughAt = (words: ReadonlyArray<Word>, { enough, onesFirst }: Lexicon): number | undefined => {
  const at = words.findIndex((_, index) => {
    const rest = textOf(words, index, words.length - index)
    return enough.has(rest) || (onesFirst && rest.startsWith("و") && enough.has(rest.slice(1)))
  })
  return at < 0 ? undefined : at
}

/** Unknown words between "and"s and commas are an entry that was not understood; elsewhere they go with one that was. */
const isPartial = (placed: ReadonlyArray<Placed>, { ask, words, lexicon, unheardWords }: Work): boolean => {
  const isLink = (reading: Placed | undefined): boolean =>
    reading !== undefined && (reading.kind === "joiner" || reading.joined || reading.afterBreak)
  const beginsWithAnd = ({ from }: Placed): boolean => lexicon.onesFirst && /^و.{2}/u.test(textAt(words, from))
  return (
    unheardWords > 0 ||
    // An open choice takes them as they are.
    (ask.type !== "open-choice" &&
      placed.some((reading, index) => {
        if (reading.kind !== "unknown") return false
        const before = placed[index - 1]
        const after = placed[index + 1]
        const isFirst = index === 0 || before?.kind === "joiner" || reading.afterBreak || beginsWithAnd(reading)
        return isFirst && (index > 0 || isLink(after))
      }))
  )
}

/** What a list that was read back is to have besides: "yes, and …", "also …". */
const adds = (placed: ReadonlyArray<Placed>): boolean => {
  const first = placed.find(({ kind }) => kind !== "filler")
  return first?.kind === "yes" || first?.kind === "joiner"
}

export const asList = (understood: Understanding, placed: ReadonlyArray<Placed>, work: Work): Understanding =>
  work.ask.repeats !== true || understood.kind !== "answer"
    ? understood
    : {
        ...understood,
        ...(isPartial(placed, work) ? { isPartial: true } : {}),
        ...(work.moment === "confirmation" && adds(placed) ? { adds: true } : {})
      }
