/**
 * Dates as people say them, relative to a given today: الخامس من آذار ألفين وعشرين, أمس, قبل أسبوعين, الخميس الماضي, سنة ثمانين,
 * March third nineteen eighty five, 3/5/1985. As exact as it was said: "two months ago" is a month, not a day.
 */
import { dayOf, daysAfter, isWithin, monthsAfter, weekdayOf, yearOf } from "./calendar.ts"
import { cardinalAt } from "./cardinals.ts"
import type { Language } from "./ask.ts"
import type { Lexicon } from "./lexicon/lexicon.ts"
import { measureAt } from "./measures.ts"
import { ordinalAt } from "./numbers.ts"
import { similarity } from "./similarity.ts"
import { phraseEnd } from "./times.ts"
import { textAt, textOf, type Word } from "./words.ts"

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

interface Read {
  readonly value: number
  readonly to: number
  readonly score: number
}

/** What the words leave open was filled in. */
const inferredScore = 0.7
const alikeLettersMin = 4
const alikeMin = 0.85

const isPast = ({ max, today }: DateContext): boolean => max !== undefined && max <= today
const isFuture = ({ min, today }: DateContext): boolean => min !== undefined && min >= today

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
  const isZero = lexicon.small.get(textAt(words, at + 1)) === 0
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
    ? { ...read, value: withCentury(read.value, context), score: inferredScore }
    : undefined
}

const skipped = (words: ReadonlyArray<Word>, at: number, has: (phrase: string) => boolean): number => {
  let to = at
  for (let end = phraseEnd(words, to, has); end !== undefined; end = phraseEnd(words, to, has)) to = end
  return to
}

const afterLinks = (words: ReadonlyArray<Word>, at: number, { lexicon }: DateContext): number =>
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
    [...lexicon.months].flatMap(([name, month]) => (similarity(word, name) >= alikeMin ? [month] : []))
  )
  return found.size === 1 ? [...found][0] : undefined
}

/** آذار, كانون الثاني, شهر خمسة. */
const monthAt = (words: ReadonlyArray<Word>, at: number, { lexicon }: DateContext): Read | undefined => {
  const end = phraseEnd(words, at, (phrase) => lexicon.months.has(phrase))
  if (end !== undefined) return { value: lexicon.months.get(textOf(words, at, end - at)) ?? 0, to: end, score: 1 }
  const alike = monthAlike(textAt(words, at), lexicon)
  if (alike !== undefined) return { value: alike, to: at + 1, score: inferredScore }
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

/** A day or month without its year: the one that the question asks about, else the nearest. */
const withYear = (make: (year: number) => string | undefined, context: DateContext): string | undefined => {
  const year = yearOf(context.today)
  const candidates = [year - 1, year, year + 1].flatMap((candidate) => make(candidate) ?? [])
  const here = (date: string): string => context.today.slice(0, date.length)
  const before = candidates.findLast((date) => date <= here(date))
  const after = candidates.find((date) => date >= here(date))
  return isFuture(context) ? after : (before ?? after)
}

const dayMonthYear = (words: ReadonlyArray<Word>, at: number, context: DateContext): DateRead | undefined => {
  const day = dayAt(words, at, context)
  const dayFirst = day === undefined ? undefined : monthAt(words, linked(words, day.to, context), context)
  const month = dayFirst ?? monthAt(words, at, context)
  if (month === undefined) return undefined
  const laterDay = dayFirst === undefined ? dayAfterMonth(words, month.to, context) : undefined
  const chosen = dayFirst === undefined ? laterDay : day
  const end = laterDay?.to ?? month.to
  const year = yearAt(words, afterLinks(words, end, context), context, true)
  const to = year?.to ?? end
  const score = Math.min(month.score, chosen?.score ?? 1, year?.score ?? inferredScore)
  const make = (value: number) =>
    chosen === undefined ? `${value}-${padded(month.value)}` : dayOf(value, month.value, chosen.value)
  return { date: year === undefined ? withYear(make, context) : make(year.value), to, score }
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

const numeric = (words: ReadonlyArray<Word>, at: number, context: DateContext): DateRead | undefined => {
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
  return { date: dayFirst ?? monthFirst, to: at + 1, score: isShort || isOpen ? inferredScore : 1 }
}

/** ثلاثة خمسة ألف وتسعمية وخمسة وثمانين: day, month and year as three numbers. */
const threeNumbers = (words: ReadonlyArray<Word>, at: number, context: DateContext): DateRead | undefined => {
  const day = dayAt(words, at, context)
  const month = day === undefined ? undefined : dayAt(words, day.to, context)
  if (day === undefined || month === undefined || month.value > 12) return undefined
  const year = yearAt(words, month.to, context, false)
  if (year === undefined) return undefined
  return { date: dayOf(year.value, month.value, day.value), to: year.to, score: inferredScore }
}

const shifted = (value: number, unit: string, sign: 1 | -1, { today }: DateContext) => {
  const count = sign * value
  switch (unit) {
    case "h":
    case "min":
      return { date: today, score: inferredScore }
    case "d":
      return { date: daysAfter(today, Math.round(count)), score: 1 }
    /** People round to weeks. */
    case "wk":
      return { date: daysAfter(today, Math.round(count * 7)), score: inferredScore }
    case "mo":
      return { date: monthsAfter(today, Math.round(count)), score: Number.isInteger(value) ? 1 : inferredScore }
    case "a":
      return Number.isInteger(value)
        ? { date: String(yearOf(today) + count), score: 1 }
        : { date: monthsAfter(today, Math.round(count * 12)), score: inferredScore }
    default:
      return undefined
  }
}

/** قبل أسبوعين, three days ago, بعد شهر, in two weeks. */
const timeAgo = (words: ReadonlyArray<Word>, at: number, context: DateContext): DateRead | undefined => {
  const { lexicon } = context
  const before = phraseEnd(words, at, (phrase) => lexicon.before.has(phrase))
  const after = before === undefined ? phraseEnd(words, at, (phrase) => lexicon.after.has(phrase)) : undefined
  const start = before ?? after ?? at
  const measure = measureAt(words, start, lexicon)
  if (measure?.unit === undefined || measure.isCounter) return undefined
  const ago = phraseEnd(words, measure.to, (phrase) => lexicon.ago.has(phrase))
  const later = phraseEnd(words, measure.to, (phrase) => lexicon.fromNow.has(phrase))
  const sign =
    before !== undefined || ago !== undefined ? -1 : after !== undefined || later !== undefined ? 1 : undefined
  const moved = sign === undefined ? undefined : shifted(measure.value, measure.unit, sign, context)
  return moved === undefined
    ? undefined
    : { date: moved.date, to: ago ?? later ?? measure.to, score: Math.min(moved.score, measure.score) }
}

type Direction = "past" | "next" | "current"

const directionAt = (words: ReadonlyArray<Word>, at: number, lexicon: Lexicon) => {
  for (const direction of ["past", "next", "current"] as const) {
    const to = phraseEnd(words, at, (phrase) => lexicon[direction].has(phrase))
    if (to !== undefined) return { direction, to }
  }
  return undefined
}

/** The direction stands before it in English, after it in Arabic. */
const directed = (
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

const weekday = (words: ReadonlyArray<Word>, at: number, context: DateContext): DateRead | undefined => {
  const { lexicon, today } = context
  const found = directed(words, at, lexicon, (start) =>
    phraseEnd(words, start, (phrase) => lexicon.weekdays.has(phrase))
  )
  if (found === undefined) return undefined
  const day = lexicon.weekdays.get(textOf(words, found.start, found.end - found.start)) ?? 0
  const dated = dayMonthYear(words, afterLinks(words, found.to, context), context)
  if (dated?.date !== undefined && dated.date.length === 10) {
    return { ...dated, score: weekdayOf(dated.date) === day ? dated.score : Math.min(dated.score, inferredScore) }
  }
  const since = (weekdayOf(today) - day + 7) % 7
  const last = daysAfter(today, -(since === 0 && found.direction === "past" ? 7 : since))
  const coming = daysAfter(today, (7 - since) % 7 === 0 && found.direction !== "next" ? 0 : 7 - since)
  const isOpen = found.direction === undefined && !isPast(context) && !isFuture(context)
  const isComing = found.direction === "next" || (found.direction !== "past" && isFuture(context))
  return { date: isComing ? coming : last, to: found.to, score: isOpen ? inferredScore : 1 }
}

/** الأسبوع الماضي, last month, this year. */
const period = (words: ReadonlyArray<Word>, at: number, context: DateContext): DateRead | undefined => {
  const { lexicon, today } = context
  const found = directed(words, at, lexicon, (start) =>
    phraseEnd(
      words,
      start,
      (phrase) => lexicon.theWeek.has(phrase) || lexicon.theMonth.has(phrase) || lexicon.theYear.has(phrase)
    )
  )
  if (found?.direction === undefined) return undefined
  const name = textOf(words, found.start, found.end - found.start)
  const step = found.direction === "past" ? -1 : found.direction === "next" ? 1 : 0
  if (lexicon.theMonth.has(name)) return { date: monthsAfter(today, step), to: found.to, score: 1 }
  if (lexicon.theYear.has(name)) return { date: String(yearOf(today) + step), to: found.to, score: 1 }
  return step === 0 ? undefined : { date: daysAfter(today, step * 7), to: found.to, score: inferredScore }
}

const relativeDay = (words: ReadonlyArray<Word>, at: number, { lexicon, today }: DateContext): DateRead | undefined => {
  const to = phraseEnd(words, at, (phrase) => lexicon.days.has(phrase))
  const days = to === undefined ? undefined : lexicon.days.get(textOf(words, at, to - at))
  return to === undefined || days === undefined ? undefined : { date: daysAfter(today, days), to, score: 1 }
}

const yearAlone = (words: ReadonlyArray<Word>, at: number, context: DateContext): DateRead | undefined => {
  const said = phraseEnd(words, at, (phrase) => context.lexicon.yearWords.has(phrase))
  const year = yearAt(words, said ?? at, context, said !== undefined)
  return year === undefined ? undefined : { date: String(year.value), to: year.to, score: year.score }
}

const patterns = [numeric, relativeDay, timeAgo, weekday, period, dayMonthYear, threeNumbers, yearAlone]

/** The longest date that begins at a word. */
export const dateAt = (words: ReadonlyArray<Word>, at: number, context: DateContext): DateRead | undefined => {
  let best: DateRead | undefined
  for (const pattern of patterns) {
    const read = pattern(words, at, context)
    if (read !== undefined && (best === undefined || read.to > best.to)) best = read
  }
  return best
}
