/**
 * Times of day: الساعة ثلاثة ونص العصر, الحادية عشرة إلا ربع مساء, half past three, ten thirty pm, 23:30. Where nothing tells
 * which half of the day is meant, the waking one is assumed and read back.
 */
import { cardinalAt } from "./cardinals.ts"
import type { Lexicon, PartOfDay } from "./lexicon/lexicon.ts"
import { addedFractionAt, ordinalAt } from "./numbers.ts"
import { doubt } from "./scores.ts"
import { respeltAt, textAt, textOf, withoutAnd, type Word } from "./words.ts"

export interface TimeRead {
  /** `HH:MM:SS`, as FHIR has it. */
  readonly time: string
  readonly to: number
  readonly score: number
}

interface Clock {
  readonly hour: number
  readonly minute: number
  readonly to: number
  readonly score: number
}

const phraseWordsMax = 4

/** The longest phrase of a set that begins at a word. */
export const phraseEnd = (
  words: ReadonlyArray<Word>,
  at: number,
  has: (phrase: string) => boolean
): number | undefined => {
  for (let length = Math.min(phraseWordsMax, words.length - at); length > 0; length--) {
    if (has(textOf(words, at, length))) return at + length
  }
  return undefined
}

const partAt = (words: ReadonlyArray<Word>, at: number, lexicon: Lexicon) => {
  const to = phraseEnd(words, at, (phrase) => lexicon.partsOfDay.has(phrase))
  const part = to === undefined ? undefined : lexicon.partsOfDay.get(textOf(words, at, to - at))
  return to === undefined || part === undefined ? undefined : { part, to }
}

/** 12-hour clock and part of the day → hour of 0 to 23. */
const placed = (hour: number, part: PartOfDay): number => {
  if (hour > 12) return hour
  switch (part) {
    case "morning":
      return hour % 12
    case "noon":
      return hour <= 3 ? hour + 12 : hour
    case "afternoon":
    case "evening":
      return hour === 12 ? 12 : hour + 12
    case "night":
      return hour === 12 ? 0 : hour >= 6 ? hour + 12 : hour
  }
}

/** Which half of the day an hour belongs to, where that is not said. */
export type UsualHalf = "morning" | "evening" | "waking"

/** Waking: seven in the morning until six in the evening. Evening: six until five in the morning. */
const usual = (hour: number, half: UsualHalf): number => {
  if (hour > 12) return hour
  if (half === "waking") return hour < 7 ? hour + 12 : hour
  return half === "morning" ? hour % 12 : hour === 12 ? 0 : hour >= 6 ? hour + 12 : hour
}

interface Minutes {
  readonly value: number
  readonly to: number
  /** Below 1: it may have been meant as part of the number before it. */
  readonly score: number
}

/** ونص, وربع, إلا ثلث, وعشرين دقيقة, ونص وخمسة: minutes after (or before) the hour. */
const minutesAt = (words: ReadonlyArray<Word>, at: number, lexicon: Lexicon): Minutes | undefined => {
  const word = textAt(words, at)
  const sign = lexicon.lessThan.has(word) ? -1 : 1
  const isLinked = sign < 0 || lexicon.and.has(word)
  const bare = withoutAnd(word)
  const rest = isLinked ? words : bare === undefined || lexicon.small.has(word) ? words : respeltAt(words, at, bare)
  const start = isLinked ? at + 1 : at
  if (lexicon.onesFirst && !isLinked && rest === words) return undefined
  const unit = lexicon.units.get(textAt(rest, start))
  const fraction = lexicon.hourFractions.get(textAt(rest, start)) ?? (unit?.unit === "min" ? unit.count : undefined)
  const read = fraction === undefined ? cardinalAt(rest, start, lexicon) : { value: fraction, to: start + 1, score: 1 }
  if (read === undefined || read.value < 0 || read.value > 59) return undefined
  const to = lexicon.minutesWord.has(textAt(words, read.to)) ? read.to + 1 : read.to
  const more = sign > 0 && fraction !== undefined ? minutesAt(words, to, lexicon) : undefined
  const isPlain = fraction === undefined && sign > 0 && to === read.to && lexicon.onesFirst
  return { value: sign * read.value + (more?.value ?? 0), to: more?.to ?? to, score: isPlain ? doubt : 1 }
}

const clock = (hour: number, minute: number, to: number, score: number): Clock | undefined => {
  const total = hour * 60 + minute
  return total < 0 || total >= 24 * 60 || hour > 23
    ? undefined
    : { hour: Math.floor(total / 60), minute: total % 60, to, score }
}

/** Half past three, twenty to ten. */
const beforeHour = (words: ReadonlyArray<Word>, at: number, lexicon: Lexicon): Clock | undefined => {
  const halfEnd = phraseEnd(words, at, (phrase) => lexicon.half.has(phrase))
  const quarterEnd = phraseEnd(words, at, (phrase) => lexicon.quarter.has(phrase))
  const number = cardinalAt(words, at, lexicon)
  const minutes =
    halfEnd !== undefined
      ? { value: 30, to: halfEnd }
      : quarterEnd !== undefined
        ? { value: 15, to: quarterEnd }
        : number
  if (minutes === undefined) return undefined
  const link = lexicon.minutesWord.has(textAt(words, minutes.to)) ? minutes.to + 1 : minutes.to
  const sign = lexicon.minutesPast.has(textAt(words, link)) ? 1 : lexicon.minutesTo.has(textAt(words, link)) ? -1 : 0
  const hour = sign === 0 ? undefined : cardinalAt(words, link + 1, lexicon)
  if (hour === undefined || hour.value < 1 || hour.value > 12) return undefined
  return clock(hour.value, sign * minutes.value, hour.to, 1)
}

const literalClock = (words: ReadonlyArray<Word>, at: number): Clock | undefined => {
  const found = /^(\d{1,2}):(\d{2})(?::\d{2})?$/u.exec(textAt(words, at))
  if (found === null) return undefined
  return clock(Number(found[1]), Number(found[2]), at + 1, 1)
}

/** Ten, العاشرة, ten thirty, عشرة ونص. */
const hourFirst = (words: ReadonlyArray<Word>, at: number, lexicon: Lexicon): Clock | undefined => {
  const isDigits = /^\d{1,2}$/u.test(textAt(words, at))
  const hour = isDigits
    ? { value: Number(textAt(words, at)), to: at + 1, score: 1 }
    : (hourOrdinal(words, at, lexicon) ?? hourCardinal(words, at, lexicon))
  if (hour === undefined || hour.value > 23 || hour.value < 0) return undefined
  const half = addedFractionAt(words, hour.to, lexicon)
  const minutes: Minutes | undefined =
    minutesAt(words, hour.to, lexicon) ??
    (half === undefined ? undefined : { value: half.value * 60, to: half.to, score: 1 })
  const score = Math.min(hour.score, minutes?.score ?? 1)
  return clock(hour.value, minutes?.value ?? 0, minutes?.to ?? hour.to, score)
}

/** الثالثة, الحادية عشرة; what follows with "and" are minutes. */
const hourOrdinal = (words: ReadonlyArray<Word>, at: number, lexicon: Lexicon) => {
  if (!lexicon.onesFirst) return undefined
  const length = lexicon.ordinalTen.has(textAt(words, at + 1)) ? 2 : 1
  return ordinalAt(words.slice(0, at + length), at, lexicon)
}

/** In Arabic an hour is one number word: ثلاثة وعشرين is twenty past three. English says "twenty two thirty". */
const hourCardinal = (words: ReadonlyArray<Word>, at: number, lexicon: Lexicon) => {
  const whole = cardinalAt(words, at, lexicon)
  if (!lexicon.onesFirst)
    return whole !== undefined && whole.value > 23 ? cardinalAt(words.slice(0, at + 1), at, lexicon) : whole
  const pair = cardinalAt(words.slice(0, at + 2), at, lexicon)
  return pair !== undefined && pair.to === at + 2 && pair.value < 20
    ? pair
    : cardinalAt(words.slice(0, at + 1), at, lexicon)
}

export const timeAt = (
  words: ReadonlyArray<Word>,
  at: number,
  lexicon: Lexicon,
  half: UsualHalf = "waking"
): TimeRead | undefined => {
  const named = (has: ReadonlySet<string>, time: string): TimeRead | undefined => {
    const to = phraseEnd(words, at, (phrase) => has.has(phrase))
    return to === undefined ? undefined : { time, to, score: 1 }
  }
  const whole = named(lexicon.midnight, "00:00:00") ?? named(lexicon.noon, "12:00:00")
  if (whole !== undefined && whole.to > at + 1) return whole
  const before = partAt(words, at, lexicon)
  const marked = phraseEnd(words, before?.to ?? at, (phrase) => lexicon.oclock.has(phrase))
  const start = marked ?? before?.to ?? at
  const read = beforeHour(words, start, lexicon) ?? literalClock(words, start) ?? hourFirst(words, start, lexicon)
  if (read === undefined) return whole
  const oclockEnd = phraseEnd(words, read.to, (phrase) => lexicon.oclock.has(phrase))
  const after = partAt(words, oclockEnd ?? read.to, lexicon)
  const part = after?.part ?? before?.part
  const to = after?.to ?? oclockEnd ?? read.to
  /** 03:30 and 15:30 are on the 24-hour clock; 3:30 may be either. */
  const isFull = read.hour > 12 || /^0\d:|^1\d:/u.test(textAt(words, start))
  const hour = part !== undefined ? placed(read.hour, part) : isFull ? read.hour : usual(read.hour, half)
  const isSure = part !== undefined || isFull
  const time = `${String(hour).padStart(2, "0")}:${String(read.minute).padStart(2, "0")}:00`
  return { time, to, score: isSure ? read.score : Math.min(read.score, doubt) }
}
