/**
 * Phrases with a meaning each, found in words: the longest that begins at a place. Recognisers merge and split words, so
 * a phrase is found across other word borders too, at a slightly lower score.
 */
import { foldedPhrase, textOf, type Word } from "./words.ts"

export interface Entry<Meaning> {
  readonly meaning: Meaning
  readonly score: number
  readonly rule: string
}

export interface Found<Meaning> extends Entry<Meaning> {
  readonly to: number
}

const bordersScore = 0.95
/** A merged or split phrase may have so many words more. */
const bordersSlack = 2
/** Shorter ones are too easily a part of something else. */
const mergedLettersMin = 4

/** البنسلين, بالسيارة, للصداع: the article and what is written into it. */
const withoutArticle = (word: string): string => word.replace(/^(?:[بكف]?ال|لل)(?=.{3})/u, "")

export class PhraseBook<Meaning> {
  private readonly exact = new Map<string, Entry<Meaning>>()
  private readonly merged = new Map<string, Entry<Meaning>>()
  private readonly bare = new Map<string, Entry<Meaning>>()
  private longest = 0

  /** Earlier phrases win over later ones. `foldedAlready` spares the work for the tables. */
  add(phrase: string, entry: Entry<Meaning>, foldedAlready = false): void {
    const key = foldedAlready ? phrase : foldedPhrase(phrase)
    if (key === "") return
    const words = key.split(" ")
    this.longest = Math.max(this.longest, words.length)
    const put = (map: Map<string, Entry<Meaning>>, name: string) => map.has(name) || map.set(name, entry)
    put(this.exact, key)
    if (key.length >= mergedLettersMin) put(this.merged, words.join(""))
    put(this.bare, words.map(withoutArticle).join(" "))
  }

  owns(phrase: string): boolean {
    return this.exact.has(phrase)
  }

  get phrases(): ReadonlyArray<readonly [string, Entry<Meaning>]> {
    return [...this.exact]
  }

  at(words: ReadonlyArray<Word>, at: number): Found<Meaning> | undefined {
    for (let length = Math.min(this.longest + bordersSlack, words.length - at); length > 0; length--) {
      const text = textOf(words, at, length)
      const found = this.exact.get(text) ?? this.bare.get(text.split(" ").map(withoutArticle).join(" "))
      if (found !== undefined) return { ...found, to: at + length }
      const joined = this.merged.get(text.replaceAll(" ", ""))
      if (joined !== undefined) return { ...joined, score: joined.score * bordersScore, to: at + length }
    }
    return undefined
  }
}
