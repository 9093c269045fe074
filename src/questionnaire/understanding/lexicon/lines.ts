/** How the word lists of a language are written: phrases between commas (، or ,) and line ends; `key: phrases` in tables. */
import { foldedPhrase } from "../words.ts"

/** Folded, without doubles. */
export const phrases = (block: string): ReadonlyArray<string> => [
  ...new Set(
    block
      .split(/[\n،,]/u)
      .map(foldedPhrase)
      .filter((phrase) => phrase !== "")
  )
]

/** As they are written, for a recogniser: a model's words have their hamza and taa marbuta. */
export const written = (block: string): ReadonlyArray<string> => [
  ...new Set(
    block
      .split(/[\n،,~]/u)
      .map((phrase) => phrase.trim())
      .filter((phrase) => phrase !== "")
  )
]

const entries = (block: string): ReadonlyArray<readonly [key: string, words: string]> =>
  block
    .split("\n")
    .filter((line) => line.trim() !== "")
    .map((line) => {
      const colon = line.indexOf(":")
      if (colon < 0) throw new Error(`a line of a word table reads "key: words", not "${line.trim()}"`)
      return [line.slice(0, colon).trim(), line.slice(colon + 1)]
    })

export type Table<Key extends string | number> = ReadonlyArray<readonly [key: Key, phrases: ReadonlyArray<string>]>

/** Lines of `key: phrase، phrase`. A key may stand on several lines. */
export const table = (block: string): Table<string> => entries(block).map(([key, words]) => [key, phrases(words)])

/** The same with numbers as keys. */
export const numbered = (block: string): Table<number> => table(block).map(([key, words]) => [Number(key), words])

/** Phrase → key, for a table whose phrases have one meaning each. */
export const keyed = <Key extends string | number>(lines: Table<Key>): ReadonlyMap<string, Key> =>
  new Map(lines.flatMap(([key, words]) => words.map((phrase) => [phrase, key] as const)))

/** What is meant for sure, and what may be meant and is read back. */
export interface Graded {
  readonly sure: ReadonlyArray<string>
  readonly unsure: ReadonlyArray<string>
}

/** Phrases; those on lines that begin with `~` are unsure. */
export const graded = (block: string): Graded => {
  const lines = block.split("\n").map((line) => line.trim())
  return {
    sure: phrases(lines.filter((line) => !line.startsWith("~")).join("\n")),
    unsure: phrases(lines.filter((line) => line.startsWith("~")).join("\n"))
  }
}

/** The words of a table as they are written, line by line. */
export const writtenLines = (block: string): ReadonlyArray<ReadonlyArray<string>> =>
  entries(block).map(([, words]) => written(words))

/** The words of lines with or without a key, whose parts are separated by semicolons. */
export const writtenParts = (block: string): ReadonlyArray<string> =>
  block.split("\n").flatMap((line) => written(line.replace(/^[^:]*:/u, "").replaceAll(/[;؛]/gu, "،")))
