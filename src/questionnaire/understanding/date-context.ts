/** What reading a date needs to know, and which way from today words point. */
import type { Language } from "./ask.ts"
import type { Lexicon } from "./lexicon/lexicon.ts"
import { phraseEnd } from "./times.ts"
import type { Word } from "./words.ts"

export interface DateRead {
  /** `YYYY`, `YYYY-MM` or `YYYY-MM-DD`; undefined: there is no such day. */
  readonly date: string | undefined
  readonly to: number
  readonly score: number
}

export interface DateContext {
  readonly lexicon: Lexicon
  readonly language: Language
  readonly today: string
  readonly min?: string
  readonly max?: string
}

export interface Read {
  readonly value: number
  readonly to: number
  readonly score: number
}

export const isPast = ({ max, today }: DateContext): boolean => max !== undefined && max <= today
export const isFuture = ({ min, today }: DateContext): boolean => min !== undefined && min >= today

export type Direction = "past" | "next" | "current"

export const directionAt = (words: ReadonlyArray<Word>, at: number, lexicon: Lexicon) => {
  for (const direction of ["past", "next", "current"] as const) {
    const to = phraseEnd(words, at, (phrase) => lexicon[direction].has(phrase))
    if (to !== undefined) return { direction, to }
  }
  return undefined
}

export const stepOf = (direction: Direction): number => (direction === "past" ? -1 : direction === "next" ? 1 : 0)

/** The direction stands before it in English, after it in Arabic. */
export const directed = (
  words: ReadonlyArray<Word>,
  at: number,
  lexicon: Lexicon,
  end: (at: number) => number | undefined
) => {
  const before = directionAt(words, at, lexicon)
  const start = before?.to ?? at
  const to = end(start)
  if (to === undefined) return undefined
  const after = before === undefined ? directionAt(words, to, lexicon) : undefined
  const direction: Direction | undefined = (before ?? after)?.direction
  return { start, end: to, to: after?.to ?? to, direction }
}
