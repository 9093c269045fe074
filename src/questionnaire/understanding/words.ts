/**
 * Text → words in the form in which they are compared. Folded: vowel marks, tatweel, hamza and its seats, taa marbuta,
 * alif maqsura, Persian letters, digits of every script, accents, elongation (لاااا, nooo). Pure; folding twice changes
 * nothing. Where each stood is kept, for free text.
 */

export interface Word {
  /** Folded. */
  readonly text: string
  /** Folded, without article and endings. */
  readonly stem: string
  /** Where it stands in what was said, from and to. */
  readonly start: number
  readonly end: number
  /** Punctuation stands before it: a list goes on, or a thought ends. */
  readonly afterBreak: boolean
  /** A number word that this unknown word sounds like, behind an "and" or not. */
  readonly alike?: { readonly text: string; readonly joined: boolean }
}

const letters: Readonly<Record<string, string>> = {
  ٱ: "ا",
  ة: "ه",
  ى: "ي",
  ی: "ي",
  ې: "ي",
  ک: "ك",
  گ: "ك",
  ھ: "ه",
  ہ: "ه"
}

const asciiDigits = (text: string): string =>
  text.replace(/[٠-٩۰-۹]/gu, (digit) => String(((digit.codePointAt(0) ?? 0) & 0xf) % 10))

/** ابدأ ("begin!") would fold to what أبدا ("never") folds to; it is told apart by a synonym. */
const begin = /(?<!\p{L})[اأإ]بدأ(?!\p{L})/gu
const begun = "ابتدي"

/** NFKD opens أ إ آ ؤ ئ into a letter and a mark, and presentation forms (ﻻ) into letters. */
export const folded = (text: string): string =>
  asciiDigits(text.normalize("NFC").replace(begin, begun).normalize("NFKD"))
    .toLowerCase()
    .normalize("NFKD")
    .replace(/[\p{M}\p{Cf}\s\u0640ء'’‘`´]/gu, "")
    .replace(/[ٱةىیېکگھہ]/gu, (letter) => letters[letter] ?? letter)
    // Signs within a number stay: 37.5, 3/5/1985.
    .replace(/(?<!\d)[^\p{L}\p{N}]|[^\p{L}\p{N}](?!\d)/gu, "")
    .replace(/ا{2,}/gu, "ا")
    .replace(/(\p{L})\1{2,}/gu, "$1")

/** 37.5, 37,5, ٣٧٫٥, 1,500, 3/5/1985, 1985-05-03, 10:30, 70kg → 70 and kg; else runs of letters. */
const pattern = /\d+(?:[.,:/٫٬-]\d+)*|https?:\/\/\S+|[\p{L}\p{M}\p{Cf}'’‘`´]*\p{L}[\p{L}\p{M}\p{Cf}'’‘`´]*/giu

const breaks = /[،,;؛.!?؟\n:]/u

/** البنسلين, بالسيارة, للصداع without the article and what is written into it; walking, nuts without their endings. */
export const stem = (word: string): string =>
  word.replace(/^(?:[بكف]?ال|لل)(?=.{3})/u, "").replace(/(?<=[a-z]{3})(?:ing|e?s)$/u, "")

/** English runs words together: both forms are one. */
const contractions: ReadonlyArray<readonly [RegExp, string]> = [
  [/^cant$/u, "can not"],
  [/^wont$/u, "will not"],
  [/^(do|does|did|is|was|are|were|have|has|had|could|would|should)nt$/u, "$1 not"],
  [/^(i)m$/u, "$1 am"],
  [/^(i|you|we|they)ve$/u, "$1 have"],
  [/^(that|it|there|what)s$/u, "$1 is"],
  [/^(cannot)$/u, "can not"]
]

const expanded = (word: string): ReadonlyArray<string> => {
  const found = contractions.find(([pattern]) => pattern.test(word))
  return found === undefined ? [word] : word.replace(...found).split(" ")
}

export const wordsOf = (text: string): ReadonlyArray<Word> => {
  const words: Array<Word> = []
  let end = 0
  const plain = asciiDigits(text)
  for (const match of plain.matchAll(pattern)) {
    const afterBreak = words.length > 0 && breaks.test(plain.slice(end, match.index))
    end = match.index + match[0].length
    expanded(folded(match[0])).forEach((word, index) => {
      if (word !== "")
        words.push(
          respelt({ text: "", stem: "", start: match.index, end, afterBreak: afterBreak && index === 0 }, word)
        )
    })
  }
  return words
}

/** A phrase of a table in the form in which it is looked up. */
export const foldedPhrase = (phrase: string): string =>
  wordsOf(phrase)
    .map(({ text }) => text)
    .join(" ")

/** What names the same thing with the article and without it, in the form in which both are equal. */
export const foldedName = (name: string): string => foldedPhrase(name).replace(/^ال(?=.{2})/u, "")

/** The same word in its place, with another spelling. */
export const respelt = (word: Word, text: string): Word => ({
  text,
  stem: stem(text),
  start: word.start,
  end: word.end,
  afterBreak: word.afterBreak
})

export const respeltAt = (words: ReadonlyArray<Word>, at: number, text: string): ReadonlyArray<Word> => {
  const word = words[at]
  return word === undefined ? words : words.with(at, respelt(word, text))
}

export const textAt = (words: ReadonlyArray<Word>, at: number): string => words[at]?.text ?? ""

export const textOf = (words: ReadonlyArray<Word>, at: number, length: number): string =>
  words
    .slice(at, at + length)
    .map(({ text }) => text)
    .join(" ")

/** What is left of an Arabic word without the "and" that is written into it: وعشرين. */
export const withoutAnd = (word: string): string | undefined =>
  word.length > 2 && word.startsWith("و") ? word.slice(1) : undefined
