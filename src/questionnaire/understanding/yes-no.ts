/** Yes or no in its many forms; neither, both, or a doubt is no answer. */
import type { Lexicon } from "./lexicon/lexicon.ts"
import type { Placed, Reader } from "./reading.ts"
import { textOf } from "./words.ts"

export interface YesNo {
  readonly kind: "yes" | "no"
  readonly score: number
  readonly rule: string
}

const doubtScore = 0.7
/** Longer sentences without a yes or no are not taken for one. */
const sentenceWordsMax = 6
const coverageMin = 0.3

export const yesNoReader =
  (lexicon: Lexicon): Reader =>
  (words, at) => {
    const found = lexicon.yesNo.at(words, at)
    if (found === undefined) return undefined
    const { meaning, to, score } = found
    return meaning === "neither"
      ? { kind: "neither", to }
      : { kind: meaning, to, score, rule: "phrase", isBare: lexicon.bareNo.has(textOf(words, at, to - at)) }
  }

type Said = Extract<Placed, { readonly kind: "yes" | "no" }>

const isSaid = (reading: Placed): reading is Said => reading.kind === "yes" || reading.kind === "no"

const flipped = (reading: Said): Said =>
  reading.kind === "yes" ? { ...reading, kind: "no", score: reading.score * doubtScore, rule: "negated" } : reading

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
    // A negated no ("not no") is nothing that people say: heard wrongly.
    if (isNegated && reading.kind === "no") return "unclear"
    said.push(isNegated ? flipped(reading) : reading)
    isNegated = false
  }
  const words = (kinds: ReadonlyArray<Placed["kind"]>): number =>
    readings.reduce((sum, { kind, from, to }) => sum + (kinds.includes(kind) ? to - from : 0), 0)
  const others = words(["unknown"]) + unheardWords
  const isHedged = readings.some(({ kind }) => kind === "hedge")
  const [first] = said
  if (first === undefined) {
    // "I take no medicine": a sentence that denies is a no, read back.
    const isPart = readings.some(({ kind }) => kind === "whole")
    const isDenial =
      !isPart && readings.some(({ kind }) => kind === "negation") && others + words(["neutral"]) <= sentenceWordsMax
    return isDenial && !isHedged && unheardWords === 0 && others > 0
      ? { kind: "no", score: doubtScore * doubtScore, rule: "negation" }
      : undefined
  }
  if (said.some(({ kind }) => kind !== first.kind)) return "unclear"
  if (readings.some(({ kind }) => kind === "alternative")) return "unclear"
  const own = words(["yes", "no"])
  if (own / (own + others) < coverageMin) return undefined
  const score = Math.max(...said.map((reading) => reading.score))
  return {
    kind: first.kind,
    score: score * (others > 0 ? doubtScore : 1) * (isHedged ? doubtScore : 1),
    rule: first.rule
  }
}
