/** Utterances against the words that were said: what endpointing made of them. */
import type { LongClip } from "./recordings.ts"

/** Milliseconds into the recording. */
export interface Utterance {
  readonly startMs: number
  readonly endMs: number
}

export interface Turns {
  readonly utterances: number
  /** Words in one utterance with another. */
  readonly merged: number
  /** Words in none. */
  readonly lost: number
  /** Utterances without a word. */
  readonly invented: number
  /** Words in more than one utterance. */
  readonly split: number
}

/** An utterance holds a word when it covers some of the word's middle half: the manifest is 0.1 s exact. */
const holds = ({ startMs, endMs }: Utterance, { start, end }: LongClip["words"][number]): boolean => {
  const quarter = ((end - start) * 1_000) / 4
  return startMs < end * 1_000 - quarter && endMs > start * 1_000 + quarter
}

export const turnsOf = (words: LongClip["words"], utterances: ReadonlyArray<Utterance>): Turns => {
  const sum = { utterances: utterances.length, merged: 0, lost: 0, invented: 0, split: 0 }
  for (const utterance of utterances) {
    const held = words.filter((word) => holds(utterance, word)).length
    sum.merged += Math.max(0, held - 1)
    if (held === 0) sum.invented++
  }
  for (const word of words) {
    const holding = utterances.filter((utterance) => holds(utterance, word)).length
    if (holding === 0) sum.lost++
    sum.split += Math.max(0, holding - 1)
  }
  return sum
}
