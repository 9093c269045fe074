/** What answers a question for a date, a time of day, or both. */
import type { Ask, Language, Today } from "./ask.ts"
import { isWithin } from "./calendar.ts"
import type { DateContext } from "./date-context.ts"
import { dateAt } from "./dates.ts"
import { dateItem, dateTimeItem, timeItem } from "./display.ts"
import type { Lexicon } from "./lexicon/lexicon.ts"
import { numberAt, ordinalAt } from "./numbers.ts"
import type { Reading } from "./reading.ts"
import { phraseEnd, timeAt, type UsualHalf } from "./times.ts"
import { wordsOf, type Word } from "./words.ts"

export type MomentAsk = Extract<Ask, { readonly type: "date" | "dateTime" | "time" }>

const bounds = ({ min, max }: MomentAsk) => ({
  ...(min === undefined ? {} : { min }),
  ...(max === undefined ? {} : { max })
})

const partOfDayAt = (words: ReadonlyArray<Word>, at: number, lexicon: Lexicon): Reading | undefined => {
  const to = phraseEnd(words, at, (phrase) => lexicon.partsOfDay.has(phrase))
  return to === undefined ? undefined : { kind: "neutral", to }
}

const dateAnswerAt = (
  ask: MomentAsk,
  words: ReadonlyArray<Word>,
  at: number,
  context: DateContext
): Reading | undefined => {
  const read = dateAt(words, at, context)
  if (read === undefined) {
    // What is told of the time of day, a date has no place for.
    const link = phraseEnd(words, at, (phrase) => context.lexicon.inDates.has(phrase))
    const stray = numberAt(words, at, context.lexicon) ?? ordinalAt(words, at, context.lexicon)
    return (
      partOfDayAt(words, at, context.lexicon) ??
      (link === undefined ? undefined : { kind: "neutral", to: link }) ??
      (stray === undefined ? undefined : { kind: "stray", to: stray.to })
    )
  }
  const { date, to, score } = read
  if (date === undefined) return { kind: "unknown", to }
  const item = dateItem(date, context.language)
  return isWithin(date, bounds(ask))
    ? { kind: "item", item, to, score, rule: "date" }
    : { kind: "out", item, to, rule: "range" }
}

const halfAskedFor = (text: string, lexicon: Lexicon): UsualHalf => {
  const words = wordsOf(text)
  const asks = (phrases: ReadonlySet<string>): boolean =>
    words.some((_, at) => phraseEnd(words, at, (phrase) => phrases.has(phrase)) !== undefined)
  return asks(lexicon.eveningQuestions) ? "evening" : asks(lexicon.morningQuestions) ? "morning" : "waking"
}

const timeAnswerAt = (
  ask: MomentAsk,
  words: ReadonlyArray<Word>,
  at: number,
  lexicon: Lexicon
): Reading | undefined => {
  const read = timeAt(words, at, lexicon, halfAskedFor(ask.text ?? "", lexicon))
  if (read === undefined) return undefined
  const item = timeItem(read.time)
  return isWithin(read.time, bounds(ask))
    ? { kind: "item", item, to: read.to, score: read.score, rule: "time" }
    : { kind: "out", item, to: read.to, rule: "range" }
}

/** A date, then perhaps a time; or a time, then a date. */
const dateTimeAnswerAt = (
  ask: MomentAsk,
  words: ReadonlyArray<Word>,
  at: number,
  context: DateContext,
  utcOffset: string
): Reading | undefined => {
  const { lexicon, language } = context
  const linked = (place: number): number =>
    phraseEnd(words, place, (phrase) => lexicon.inDates.has(phrase) && !lexicon.oclock.has(phrase)) ?? place
  const first = dateAt(words, at, context)
  const timeAfter = first === undefined ? undefined : timeAt(words, linked(first.to), lexicon)
  const timeFirst = first === undefined ? timeAt(words, at, lexicon) : undefined
  const dateAfter = timeFirst === undefined ? undefined : dateAt(words, linked(timeFirst.to), context)
  const [date, time] = first === undefined ? [dateAfter, timeFirst] : [first, timeAfter]
  if (date === undefined) return time === undefined ? undefined : { kind: "unknown", to: time.to }
  const to = Math.max(date.to, time?.to ?? 0)
  if (date.date === undefined) return { kind: "unknown", to }
  const isWhole = date.date.length === 10
  const item = dateTimeItem(date.date, isWhole ? time?.time : undefined, utcOffset, language)
  const score = Math.min(date.score, time?.score ?? 1)
  return isWithin(date.date, bounds(ask))
    ? { kind: "item", item, to, score, rule: "date" }
    : { kind: "out", item, to, rule: "range" }
}

export const momentAnswerAt = (
  ask: MomentAsk,
  words: ReadonlyArray<Word>,
  at: number,
  lexicon: Lexicon,
  language: Language,
  today: Today
): Reading | undefined => {
  const context: DateContext = { lexicon, language, today: today.date, ...bounds(ask) }
  switch (ask.type) {
    case "date":
      return dateAnswerAt(ask, words, at, context)
    case "dateTime":
      return dateTimeAnswerAt(ask, words, at, context, today.utcOffset)
    case "time":
      return timeAnswerAt(ask, words, at, lexicon)
  }
}
