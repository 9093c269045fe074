/**
 * Dates by day, month and year, in figures and in words: الخامس من آذار ألفين وعشرين, March third nineteen eighty five, 3/5/1985,
 * سنة ثمانين. What is left out (the year, the century) is inferred from what the question allows, and read back.
 */
import { dayOf, isWithin, yearOf } from "./calendar.ts"
import { cardinalAt } from "./cardinals.ts"
import {
  directed,
  directionAt,
  isFuture,
  isPast,
  stepOf,
  type DateContext,
  type DateRead,
  type Direction,
  type Read
} from "./date-context.ts"
import type { Lexicon } from "./lexicon/lexicon.ts"
import { ordinalAt } from "./numbers.ts"
import { doubt } from "./scores.ts"
import { similarity } from "./similarity.ts"
import { phraseEnd } from "./times.ts"
import { textAt, textOf, type Word } from "./words.ts"

const alikeLettersMin = 4
const alikeMin = 0.85

const fourDigits = (value: number): boolean => value >= 1_850 && value <= 2_150

/** The century that the range allows, the latest one that is not in the future otherwise. */
const withCentury = (year: number, context: DateContext): number => {
  const candidates = [2_000 + year, 1_900 + year]
  const allowed = candidates.filter((candidate) => isWithin(String(candidate), context))
  return allowed.find((candidate) => candidate <= yearOf(context.today)) ?? allowed[0] ?? candidates[1] ?? 1_900 + year
}

/** Nineteen eighty five, twenty twenty, nineteen oh five. */
const pairedYear = (words: ReadonlyArray<Word>, at: number, { lexicon }: DateContext): Read | undefined => {
  const first = cardinalAt(words.slice(0, at + 1), at, lexicon)
  if (lexicon.onesFirst || first === undefined || first.value < 18 || first.value > 20) return undefined
  const isZero = lexicon.small.get(textAt(words, at + 1)) === 0 || textAt(words, at + 1) === "oh"
  const second = cardinalAt(words, isZero ? at + 2 : at + 1, lexicon)
  if (second === undefined || second.value > 99 || (isZero ? second.value > 9 : second.value < 10)) return undefined
  return { value: first.value * 100 + second.value, to: second.to, score: Math.min(first.score, second.score) }
}

/** `short`: two digits may be a year here. */
const yearAt = (words: ReadonlyArray<Word>, at: number, context: DateContext, short: boolean): Read | undefined => {
  const text = textAt(words, at)
  const literal = /^\d{2}$|^\d{4}$/u.test(text) ? { value: Number(text), to: at + 1, score: 1 } : undefined
  const read = pairedYear(words, at, context) ?? literal ?? cardinalAt(words, at, context.lexicon)
  if (read === undefined) return undefined
  if (fourDigits(read.value)) return read
  return short && read.value >= 0 && read.value < 100
    ? { ...read, value: withCentury(read.value, context), score: doubt }
    : undefined
}

const skipped = (words: ReadonlyArray<Word>, at: number, has: (phrase: string) => boolean): number => {
  let to = at
  for (let end = phraseEnd(words, to, has); end !== undefined; end = phraseEnd(words, to, has)) to = end
  return to
}

export const afterLinks = (words: ReadonlyArray<Word>, at: number, { lexicon }: DateContext): number =>
  skipped(words, at, (phrase) => lexicon.inDates.has(phrase))

const dayAt = (words: ReadonlyArray<Word>, at: number, { lexicon }: DateContext): Read | undefined => {
  const text = textAt(words, at)
  const isDigits = /^\d{1,2}(?:st|nd|rd|th)?$/u.test(text)
  const read = isDigits
    ? {
        value: Number.parseInt(text, 10),
        to: at + (/^(?:st|nd|rd|th)$/u.test(textAt(words, at + 1)) ? 2 : 1),
        score: 1
      }
    : (ordinalAt(words, at, lexicon) ?? cardinalAt(words, at, lexicon))
  return read === undefined || read.value < 1 || read.value > 31 ? undefined : read
}

/** The one month that an unknown word sounds like. */
const monthAlike = (word: string, lexicon: Lexicon): number | undefined => {
  if (word.length < alikeLettersMin || lexicon.known.has(word)) return undefined
  const found = new Set(
    [...lexicon.months].flatMap(([name, month]) => (similarity(word, name, alikeMin) > 0 ? [month] : []))
  )
  return found.size === 1 ? [...found][0] : undefined
}

/** آذار, كانون الثاني, شهر خمسة. */
const monthAt = (words: ReadonlyArray<Word>, at: number, { lexicon }: DateContext): Read | undefined => {
  const end = phraseEnd(words, at, (phrase) => lexicon.months.has(phrase))
  if (end !== undefined) return { value: lexicon.months.get(textOf(words, at, end - at)) ?? 0, to: end, score: 1 }
  const alike = monthAlike(textAt(words, at), lexicon)
  if (alike !== undefined) return { value: alike, to: at + 1, score: doubt }
  const said = phraseEnd(words, at, (phrase) => lexicon.monthWords.has(phrase))
  const text = said === undefined ? "" : textAt(words, said)
  const number =
    said === undefined
      ? undefined
      : /^\d{1,2}$/u.test(text)
        ? { value: Number(text), to: said + 1, score: 1 }
        : cardinalAt(words, said, lexicon)
  return number === undefined || number.value < 1 || number.value > 12 ? undefined : number
}

const padded = (month: number): string => String(month).padStart(2, "0")

/** هذا العام, last year. */
const namedYear = (words: ReadonlyArray<Word>, at: number, { lexicon, today }: DateContext): Read | undefined => {
  const found = directed(words, at, lexicon, (start) =>
    phraseEnd(words, start, (phrase) => lexicon.theYear.has(phrase))
  )
  if (found?.direction === undefined) return undefined
  return { value: yearOf(today) + stepOf(found.direction), to: found.to, score: 1 }
}

/** A day or month without its year: the one that the question asks about, else the nearest. */
const withYear = (
  make: (year: number) => string | undefined,
  context: DateContext,
  direction: Direction | undefined
): string | undefined => {
  const year = yearOf(context.today)
  const candidates = [year - 1, year, year + 1].flatMap((candidate) => make(candidate) ?? [])
  const here = (date: string): string => context.today.slice(0, date.length)
  const before = candidates.findLast((date) => date <= here(date))
  const after = candidates.find((date) => date >= here(date))
  if (direction === "past" || (direction === undefined && isPast(context))) return before
  if (direction === "next" || (direction === undefined && isFuture(context))) return after
  const nearer = candidates.toSorted((a, b) => distance(a, context.today) - distance(b, context.today))
  return nearer[0]
}

const distance = (date: string, today: string): number =>
  Math.abs(Date.parse(`${date}-15`.slice(0, 10)) - Date.parse(today))

export const dayMonthYear = (words: ReadonlyArray<Word>, at: number, context: DateContext): DateRead | undefined => {
  const day = dayAt(words, at, context)
  const dayFirst = day === undefined ? undefined : monthAt(words, linked(words, day.to, context), context)
  const month = dayFirst ?? monthAt(words, at, context)
  if (month === undefined) return undefined
  const laterDay = dayFirst === undefined ? dayAfterMonth(words, month.to, context) : undefined
  const chosen = dayFirst === undefined ? laterDay : day
  const end = laterDay?.to ?? month.to
  const year = namedYear(words, end, context) ?? yearAt(words, afterLinks(words, end, context), context, true)
  const turned = year === undefined ? directionAt(words, end, context.lexicon) : undefined
  const to = year?.to ?? turned?.to ?? end
  const yearScore = year?.score ?? (turned === undefined ? doubt : 1)
  const score = Math.min(month.score, chosen?.score ?? 1, yearScore)
  const make = (value: number) =>
    chosen === undefined ? `${value}-${padded(month.value)}` : dayOf(value, month.value, chosen.value)
  return { date: year === undefined ? withYear(make, context, turned?.direction) : make(year.value), to, score }
}

/** The links before a month may themselves name it: من شهر خمسة. */
const linked = (words: ReadonlyArray<Word>, at: number, context: DateContext): number => {
  let to = at
  while (to < words.length && monthAt(words, to, context) === undefined) {
    const end = phraseEnd(words, to, (phrase) => context.lexicon.inDates.has(phrase))
    if (end === undefined) break
    to = end > to + 1 ? to + 1 : end
  }
  return to
}

/** May third, March the 5th; "March twenty twenty" is a year. */
const dayAfterMonth = (words: ReadonlyArray<Word>, at: number, context: DateContext): Read | undefined => {
  if (context.lexicon.onesFirst) return undefined
  const start = textAt(words, at) === "the" ? at + 1 : at
  if (yearAt(words, start, context, false) !== undefined) return undefined
  return dayAt(words, start, context)
}

export const numeric = (words: ReadonlyArray<Word>, at: number, context: DateContext): DateRead | undefined => {
  const text = textAt(words, at)
  const iso = /^(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})$/u.exec(text)
  if (iso !== null) return { date: dayOf(Number(iso[1]), Number(iso[2]), Number(iso[3])), to: at + 1, score: 1 }
  const monthOnly = /^(\d{4})-(\d{2})$/u.exec(text)
  if (monthOnly !== null) return { date: Number(monthOnly[2]) <= 12 ? text : undefined, to: at + 1, score: 1 }
  const dmy = /^(\d{1,2})[-/.](\d{1,2})[-/.](\d{2}|\d{4})$/u.exec(text)
  if (dmy === null) return undefined
  const [first, second, last] = [Number(dmy[1]), Number(dmy[2]), Number(dmy[3])]
  const isShort = last < 100
  const year = isShort ? withCentury(last, context) : last
  const dayFirst = dayOf(year, second, first)
  const monthFirst = context.language === "en" ? dayOf(year, first, second) : undefined
  const isOpen = dayFirst !== undefined && monthFirst !== undefined && dayFirst !== monthFirst
  return { date: dayFirst ?? monthFirst, to: at + 1, score: isShort || isOpen ? doubt : 1 }
}

/** ثلاثة خمسة ألف وتسعمية وخمسة وثمانين: day, month and year as three numbers. */
export const threeNumbers = (words: ReadonlyArray<Word>, at: number, context: DateContext): DateRead | undefined => {
  const day = dayAt(words, at, context)
  const month = day === undefined ? undefined : dayAt(words, day.to, context)
  if (day === undefined || month === undefined || month.value > 12) return undefined
  const year = yearAt(words, month.to, context, false)
  if (year === undefined) return undefined
  return { date: dayOf(year.value, month.value, day.value), to: year.to, score: doubt }
}

export const yearAlone = (words: ReadonlyArray<Word>, at: number, context: DateContext): DateRead | undefined => {
  const said = phraseEnd(words, at, (phrase) => context.lexicon.yearWords.has(phrase))
  const year = yearAt(words, said ?? at, context, said !== undefined)
  return year === undefined ? undefined : { date: String(year.value), to: year.to, score: year.score }
}
