/**
 * Phrases with a meaning each, found in words: the longest that begins at a place. Recognisers merge and split words, so
 * a phrase is found across other word borders too, at a slightly lower score.
 */
import { foldedPhrase, stem, type Word } from "./words.ts"

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
    put(this.bare, words.map(stem).join(" "))
  }

  owns(phrase: string): boolean {
    return this.exact.has(phrase)
  }

  get phrases(): ReadonlyArray<readonly [string, Entry<Meaning>]> {
    return [...this.exact]
  }

  at(words: ReadonlyArray<Word>, at: number): Found<Meaning> | undefined {
    const end = Math.min(words.length, at + this.longest + bordersSlack)
    let found: Found<Meaning> | undefined
    let [text, stems, joined] = ["", "", ""]
    for (let to = at; to < end; to++) {
      const word = words[to]
      if (word === undefined) break
      text = text === "" ? word.text : `${text} ${word.text}`
      stems = stems === "" ? word.stem : `${stems} ${word.stem}`
      joined += word.text
      const entry = this.exact.get(text) ?? this.bare.get(stems)
      const merged = entry === undefined ? this.merged.get(joined) : undefined
      if (entry !== undefined) found = { ...entry, to: to + 1 }
      else if (merged !== undefined) found = { ...merged, score: merged.score * bordersScore, to: to + 1 }
    }
    return found
  }
}
