/** Numbers as people say them, read from words at a place: digits, words, sign, halves, decimals; and ordinals. */
import { cardinalAt, type NumberRead } from "./cardinals.ts"
import type { Lexicon } from "./lexicon/lexicon.ts"
import { respeltAt, textAt, textOf, withoutAnd, type Word } from "./words.ts"

/** Digits behind a point that are listened to. */
const decimalsMax = 6

/** With thousands separators, a decimal point or comma; undefined for a date or a time. */
const literalAt = (words: ReadonlyArray<Word>, at: number): NumberRead | undefined => {
  const plain = textAt(words, at).replaceAll("٫", ".").replaceAll("٬", ",")
  const whole = /^\d{1,3}(?:,\d{3})+(?:\.\d+)?$/u.test(plain)
    ? plain.replaceAll(",", "")
    : /^\d+(?:[.,]\d+)?$/u.test(plain)
      ? plain.replace(",", ".")
      : undefined
  return whole === undefined ? undefined : { value: Number(whole), to: at + 1, score: 1, form: "literal" }
}

/** Behind the point: خمسة, خمسة وعشرين, صفر خمسة, two five. */
const decimalsAt = (words: ReadonlyArray<Word>, at: number, lexicon: Lexicon) => {
  let digits = ""
  let to = at
  let score = 1
  while (to < words.length && digits.length < decimalsMax) {
    const read = literalAt(words, to) ?? cardinalAt(words, to, lexicon)
    if (read === undefined || !Number.isInteger(read.value) || (digits !== "" && read.value > 9)) break
    digits += read.form === "literal" ? textAt(words, to) : String(read.value)
    score = Math.min(score, read.score)
    to = read.to
    if (read.value > 9) break
  }
  return digits === "" ? undefined : { digits, to, score }
}

/** "and a half", ونص, إلا ربع. */
export const addedFractionAt = (words: ReadonlyArray<Word>, at: number, lexicon: Lexicon): NumberRead | undefined => {
  const word = textAt(words, at)
  const sign = lexicon.lessThan.has(word) ? -1 : 1
  const bare = withoutAnd(word)
  if (sign < 0 || lexicon.and.has(word)) {
    const read = fractionAt(words, at + 1, lexicon)
    return read === undefined ? undefined : { ...read, value: sign * read.value }
  }
  if (bare === undefined) return undefined
  const two = respeltAt(words, at, bare)
  return fractionAt(two, at, lexicon) ?? tenthsAt(two, at, lexicon)
}

/** وثمانية من عشرة after a whole number: eight tenths. */
const tenthsAt = (words: ReadonlyArray<Word>, at: number, lexicon: Lexicon): NumberRead | undefined => {
  const tenths = cardinalAt(words, at, lexicon)
  if (tenths === undefined || tenths.value > 9 || !lexicon.outOf.has(textAt(words, tenths.to))) return undefined
  const ten = cardinalAt(words, tenths.to + 1, lexicon)
  return ten?.value === 10 ? { ...tenths, value: tenths.value / 10, to: ten.to } : undefined
}

/** Half, ربع, three quarters. */
export const fractionAt = (words: ReadonlyArray<Word>, at: number, lexicon: Lexicon): NumberRead | undefined => {
  for (const length of [2, 1]) {
    const value = at + length > words.length ? undefined : lexicon.fractions.get(textOf(words, at, length))
    if (value !== undefined) return { value, to: at + length, score: 1, form: "words" }
  }
  return undefined
}

/** The longest number that begins at a word. */
export const numberAt = (words: ReadonlyArray<Word>, at: number, lexicon: Lexicon): NumberRead | undefined => {
  if (lexicon.minus.has(textAt(words, at))) {
    const read = numberAt(words, at + 1, lexicon)
    return read === undefined ? undefined : { ...read, value: -read.value, form: "words" }
  }
  const whole = literalAt(words, at) ?? cardinalAt(words, at, lexicon)
  if (whole === undefined) return undefined
  const decimals = lexicon.point.has(textAt(words, whole.to)) ? decimalsAt(words, whole.to + 1, lexicon) : undefined
  if (decimals !== undefined && Number.isInteger(whole.value)) {
    // By its digits, so that no binary fraction creeps in.
    const value = Number(`${whole.value}.${decimals.digits}`)
    return { value, to: decimals.to, score: Math.min(whole.score, decimals.score), form: "words" }
  }
  const half = addedFractionAt(words, whole.to, lexicon)
  return half === undefined ? whole : { ...half, value: whole.value + half.value, score: whole.score }
}

/** First, الثاني, الحادي والعشرين, twenty third: 1 to 39. */
export const ordinalAt = (words: ReadonlyArray<Word>, at: number, lexicon: Lexicon): NumberRead | undefined => {
  const read = (value: number, length: number): NumberRead => ({ value, to: at + length, score: 1, form: "words" })
  const word = textAt(words, at)
  const next = textAt(words, at + 1)
  const tensOf = (text: string): number | undefined => {
    const value = lexicon.tens.get(text) ?? lexicon.tens.get(text.replace(/^ال/u, ""))
    return value !== undefined && value < 40 ? value : undefined
  }
  const tens = tensOf(word)
  const one = lexicon.ordinals.get(word)
  const nextOne = lexicon.ordinals.get(next)
  if (tens !== undefined) {
    if (!lexicon.onesFirst && nextOne !== undefined && nextOne < 10) return read(tens + nextOne, 2)
    return word.startsWith("ال") ? read(tens, 1) : undefined
  }
  if (one === undefined || one >= 10) return one === undefined ? undefined : read(one, 1)
  if (lexicon.ordinalTen.has(next)) return read(one + 10, 2)
  const isApart = lexicon.and.has(next)
  const joinedTens = lexicon.onesFirst ? tensOf(isApart ? textAt(words, at + 2) : (withoutAnd(next) ?? "")) : undefined
  return joinedTens === undefined ? read(one, 1) : read(joinedTens + one, isApart ? 3 : 2)
}
