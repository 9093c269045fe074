/** What a stretch of words was read as. `to` is the first word that is no longer part of it. */
import type { Item, SpokenCommand } from "./ask.ts"
import type { Word } from "./words.ts"

interface Stretch {
  readonly to: number
}

export type Marker =
  "correction" | "alternative" | "negation" | "contrast" | "whole" | "hedge" | "joiner" | "filler" | "neutral" | "echo"

export type Reading = Stretch &
  /** `denies`: it holds a negation (لا أدخن). */
  (
    | {
        readonly kind: "item"
        readonly item: Item
        readonly score: number
        readonly rule: string
        readonly denies?: boolean
      }
    /** Outside the range, or no such day. */
    | { readonly kind: "out"; readonly item: Item; readonly rule: string }
    /** Which of these was meant was not said. */
    | { readonly kind: "open"; readonly candidates: ReadonlyArray<Item>; readonly rule: string }
    /** `isBare`: a plain no, which may also take back what was said before it. */
    | { readonly kind: "yes" | "no"; readonly score: number; readonly rule: string; readonly isBare: boolean }
    /** A number that is no part of an answer, where numbers are what answers are made of. */
    | { readonly kind: "stray" }
    | { readonly kind: "neither" }
    | { readonly kind: "command"; readonly command: SpokenCommand; readonly score: number }
    | { readonly kind: Marker }
    /** Known to mean nothing here. */
    | { readonly kind: "unknown" }
  )

/** A reading in its place. */
export type Placed = Reading & {
  readonly from: number
  /** Punctuation stands before it. */
  readonly afterBreak: boolean
  /** "and" is written into its first word. */
  readonly joined: boolean
}

/** What a question's type finds at a word. */
export type Reader = (words: ReadonlyArray<Word>, at: number) => Reading | undefined

/** The longest of several; the first of equals. */
export const longest = (readings: ReadonlyArray<Reading | undefined>): Reading | undefined => {
  let best: Reading | undefined
  for (const reading of readings) {
    if (reading !== undefined && (best === undefined || reading.to > best.to)) best = reading
  }
  return best
}
