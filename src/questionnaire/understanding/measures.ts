/**
 * A number with or without what it counts: سبعين كيلو ونص, أسبوعين, متر وسبعين, half a kilo, five foot six. A unit word
 * alone means one of it, a dual two.
 */
import { cardinalAt, type NumberRead } from "./cardinals.ts"
import type { Lexicon } from "./lexicon/lexicon.ts"
import { addedFractionAt, fractionAt, numberAt } from "./numbers.ts"
import { doubt } from "./scores.ts"
import { converted, smallerUnit } from "./units.ts"
import { respeltAt, textAt, textOf, withoutAnd, type Word } from "./words.ts"

export interface Measure {
  readonly value: number
  /** UCUM code, or a class of counted things. */
  readonly unit?: string
  /** Counted things: pills, children. */
  readonly isCounter: boolean
  readonly to: number
  readonly score: number
  readonly form: "literal" | "digit" | "words"
  /** By a unit word alone, without a number. */
  readonly isBare: boolean
}

const unitWordsMax = 4

interface UnitRead {
  readonly unit: string
  readonly isCounter: boolean
  readonly count?: 1 | 2
  readonly to: number
}

const unitAt = (words: ReadonlyArray<Word>, at: number, lexicon: Lexicon): UnitRead | undefined => {
  for (let length = Math.min(unitWordsMax, words.length - at); length > 0; length--) {
    const found = lexicon.units.get(textOf(words, at, length))
    if (found !== undefined) return { ...found, to: at + length }
  }
  return undefined
}

/** What follows a unit: a half of it, or a count of the next smaller one. */
const grown = (measure: Measure, words: ReadonlyArray<Word>, lexicon: Lexicon): Measure => {
  const { unit, value, to } = measure
  const half = addedFractionAt(words, to, lexicon)
  if (half !== undefined) return { ...measure, value: value + half.value, to: half.to }
  if (unit === undefined || measure.isCounter) return measure
  const word = textAt(words, to)
  const bare = withoutAnd(word)
  const isAnd = lexicon.and.has(word)
  /** و is written into the word: it is read without it. */
  const rest = bare === undefined || lexicon.small.has(word) ? words : respeltAt(words, to, bare)
  const start = isAnd ? to + 1 : to
  if (isAnd === false && rest === words && lexicon.onesFirst) return measure
  const next = cardinalAt(rest, start, lexicon)
  const inUnit = next === undefined ? unitAt(rest, start, lexicon) : unitAt(rest, next.to, lexicon)
  const smaller = inUnit?.unit ?? (next === undefined ? undefined : smallerUnit[unit])
  const count = next?.value ?? inUnit?.count
  if (smaller === undefined || count === undefined) return measure
  const whole = converted(value, unit, smaller)
  const one = converted(1, unit, smaller)
  if (whole === undefined || one === undefined || one <= 1 || count >= one) return measure
  return { ...measure, value: whole + count, unit: smaller, to: inUnit?.to ?? next?.to ?? to, score: doubt }
}

/** A couple, a dozen. */
const vagueAt = (words: ReadonlyArray<Word>, at: number, lexicon: Lexicon): NumberRead | undefined => {
  for (let length = unitWordsMax; length > 0; length--) {
    const value = at + length > words.length ? undefined : lexicon.vague.get(textOf(words, at, length))
    if (value !== undefined) return { value, to: at + length, score: doubt, form: "words" }
  }
  return undefined
}

export const measureAt = (words: ReadonlyArray<Word>, at: number, lexicon: Lexicon): Measure | undefined => {
  const number = numberAt(words, at, lexicon) ?? fractionAt(words, at, lexicon) ?? vagueAt(words, at, lexicon)
  if (number !== undefined) {
    // "half a kilo"
    const start = textAt(words, number.to) === "a" ? number.to + 1 : number.to
    const found = unitAt(words, start, lexicon)
    const { value, score, form } = number
    if (found === undefined || (found.count === 2 && lexicon.onesFirst)) {
      return { value, score, form, to: number.to, isCounter: false, isBare: false }
    }
    const { unit, isCounter, to } = found
    return grown({ value, unit, isCounter, to, score, form, isBare: false }, words, lexicon)
  }
  const isArticle = textAt(words, at) === "a" || textAt(words, at) === "an"
  const found = unitAt(words, isArticle ? at + 1 : at, lexicon)
  if (found?.count === undefined) return undefined
  const { unit, isCounter, count } = found
  // غرام واحد: the one is said again behind it.
  const to = count === 1 && lexicon.small.get(textAt(words, found.to)) === 1 ? found.to + 1 : found.to
  return grown({ value: count, unit, isCounter, to, score: 1, form: "words", isBare: true }, words, lexicon)
}
