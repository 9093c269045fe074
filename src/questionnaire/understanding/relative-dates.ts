/** Dates as seen from today: أمس, قبل أسبوعين, الخميس الماضي, three days ago, last month. As exact as they were said. */
import { daysAfter, monthsAfter, weekdayOf, yearOf } from "./calendar.ts"
import { afterLinks, dayMonthYear } from "./calendar-dates.ts"
import { directed, isFuture, isPast, stepOf, type DateContext, type DateRead } from "./date-context.ts"
import { measureAt } from "./measures.ts"
import { doubt } from "./scores.ts"
import { phraseEnd } from "./times.ts"
import { textOf, type Word } from "./words.ts"

const shifted = (value: number, unit: string, sign: 1 | -1, { today }: DateContext) => {
  const count = sign * value
  switch (unit) {
    case "h":
    case "min":
      return { date: today, score: doubt }
    case "d":
      return { date: daysAfter(today, Math.round(count)), score: 1 }
    /** People round to weeks. */
    case "wk":
      return { date: daysAfter(today, Math.round(count * 7)), score: doubt }
    case "mo":
      return { date: monthsAfter(today, Math.round(count)), score: Number.isInteger(value) ? 1 : doubt }
    case "a":
      return Number.isInteger(value)
        ? { date: String(yearOf(today) + count), score: 1 }
        : { date: monthsAfter(today, Math.round(count * 12)), score: doubt }
    default:
      return undefined
  }
}

/** قبل أسبوعين, three days ago, بعد شهر, in two weeks. */
export const timeAgo = (words: ReadonlyArray<Word>, at: number, context: DateContext): DateRead | undefined => {
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

export const weekday = (words: ReadonlyArray<Word>, at: number, context: DateContext): DateRead | undefined => {
  const { lexicon, today } = context
  const found = directed(words, at, lexicon, (start) =>
    phraseEnd(words, start, (phrase) => lexicon.weekdays.has(phrase))
  )
  if (found === undefined) return undefined
  const day = lexicon.weekdays.get(textOf(words, found.start, found.end - found.start)) ?? 0
  const dated = dayMonthYear(words, afterLinks(words, found.to, context), context)
  if (dated?.date !== undefined && dated.date.length === 10) {
    return { ...dated, score: weekdayOf(dated.date) === day ? dated.score : Math.min(dated.score, doubt) }
  }
  const since = (weekdayOf(today) - day + 7) % 7
  const last = daysAfter(today, -(since === 0 && found.direction === "past" ? 7 : since))
  const coming = daysAfter(today, (7 - since) % 7 === 0 && found.direction !== "next" ? 0 : 7 - since)
  const isOpen = found.direction === undefined && !isPast(context) && !isFuture(context)
  const isComing = found.direction === "next" || (found.direction !== "past" && isFuture(context))
  return { date: isComing ? coming : last, to: found.to, score: isOpen ? doubt : 1 }
}

/** الأسبوع الماضي, last month, this year. */
export const period = (words: ReadonlyArray<Word>, at: number, context: DateContext): DateRead | undefined => {
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
  const step = stepOf(found.direction)
  if (lexicon.theMonth.has(name)) return { date: monthsAfter(today, step), to: found.to, score: 1 }
  if (lexicon.theYear.has(name)) return { date: String(yearOf(today) + step), to: found.to, score: 1 }
  return step === 0 ? undefined : { date: daysAfter(today, step * 7), to: found.to, score: doubt }
}

export const relativeDay = (
  words: ReadonlyArray<Word>,
  at: number,
  { lexicon, today }: DateContext
): DateRead | undefined => {
  const to = phraseEnd(words, at, (phrase) => lexicon.days.has(phrase))
  const days = to === undefined ? undefined : lexicon.days.get(textOf(words, at, to - at))
  return to === undefined || days === undefined ? undefined : { date: daysAfter(today, days), to, score: 1 }
}
