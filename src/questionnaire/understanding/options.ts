/**
 * What chooses an option: its display and the questionnaire's own phrases; synonyms of the scale wording that it uses; its
 * number; its place ("the second", "the last one"); on a scale of two weeks, a number of days; and, when nothing else was
 * found, words that sound like one of its phrases.
 */
import type { Ask, AskOption, Item } from "./ask.ts"
import type { Lexicon, Scale } from "./lexicon/lexicon.ts"
import { measureAt } from "./measures.ts"
import { ordinalAt } from "./numbers.ts"
import { PhraseBook } from "./phrase-book.ts"
import { longest, type Reading } from "./reading.ts"
import { doubt } from "./scores.ts"
import { similarity } from "./similarity.ts"
import { foldedPhrase, textAt, type Word } from "./words.ts"

export type ChoiceAsk = Extract<Ask, { readonly options: ReadonlyArray<AskOption> }>

const alikeMin = 0.72
/** The next best option has to sound so much less alike. */
const alikeMargin = 0.1
/** A short word sounds like too many others. */
const alikeLettersMin = 4

export interface Options {
  readonly ask: ChoiceAsk
  readonly book: PhraseBook<AskOption>
  readonly scales: ReadonlyMap<AskOption, ReadonlyArray<Scale>>
}

export const optionItem = ({ code, display }: AskOption): Item => ({ kind: "option", value: code, display })

const ownPhrases = ({ display, phrases }: AskOption): ReadonlyArray<string> => [display, ...phrases]

const owned =
  (own: ReadonlySet<string>) =>
  ({ sure }: Scale): boolean =>
    sure.some((phrase) => own.has(phrase))

const scalesOf = (option: AskOption, lexicon: Lexicon): ReadonlyArray<Scale> => {
  const own = new Set(ownPhrases(option).map(foldedPhrase))
  const yesNo: ReadonlyArray<Scale> = [
    ...([...own].some((phrase) => lexicon.bareYes.has(phrase))
      ? [{ name: "yes", isNegative: false, written: lexicon.written.yes, ...lexicon.yes }]
      : []),
    ...([...own].some((phrase) => lexicon.bareNo.has(phrase))
      ? [{ name: "no", isNegative: true, written: lexicon.written.no, ...lexicon.no }]
      : [])
  ]
  const none = [...own].some((phrase) => lexicon.noneBeginnings.some((start) => `${phrase} `.startsWith(`${start} `)))
  const noneOfIt: Scale = {
    name: "none of it",
    isNegative: true,
    written: lexicon.written.no,
    sure: lexicon.nothing.sure,
    unsure: [...lexicon.nothing.unsure, ...lexicon.bareNo]
  }
  return [...lexicon.scales.filter(owned(own)), ...yesNo, ...(none ? [noneOfIt] : [])]
}

/** Phrases that two options would share mean neither. */
const shared = (lists: ReadonlyArray<readonly [AskOption, ReadonlyArray<string>]>): ReadonlySet<string> => {
  const owners = new Map<string, AskOption>()
  const twice = new Set<string>()
  for (const [option, phrases] of lists) {
    for (const phrase of phrases) {
      if ((owners.get(phrase) ?? option) !== option) twice.add(phrase)
      owners.set(phrase, option)
    }
  }
  return twice
}

/** A question's phrases are folded once. */
const known = new WeakMap<ChoiceAsk, Options>()

export const optionsOf = (ask: ChoiceAsk, lexicon: Lexicon): Options => {
  const found = known.get(ask)
  if (found !== undefined) return found
  const options = madeOf(ask, lexicon)
  known.set(ask, options)
  return options
}

const madeOf = (ask: ChoiceAsk, lexicon: Lexicon): Options => {
  const book = new PhraseBook<AskOption>()
  const scales = new Map(ask.options.map((option) => [option, scalesOf(option, lexicon)] as const))
  for (const option of ask.options) {
    for (const phrase of ownPhrases(option)) book.add(phrase, { meaning: option, score: 1, rule: "option" })
  }
  for (const grade of ["sure", "unsure"] as const) {
    const lists = ask.options.map(
      (option) => [option, (scales.get(option) ?? []).flatMap((scale) => scale[grade])] as const
    )
    const twice = shared(lists)
    const entry = { score: grade === "sure" ? 1 : doubt, rule: grade === "sure" ? "synonym" : "near synonym" }
    for (const [option, phrases] of lists) {
      for (const phrase of phrases) if (!twice.has(phrase)) book.add(phrase, { meaning: option, ...entry }, true)
    }
  }
  return { ask, book, scales }
}

/** It means none of what is asked about: "no, never" agrees with itself. */
export const isNegative = ({ scales }: Options, code: unknown): boolean =>
  [...scales].some(([option, found]) => option.code === code && found.some((scale) => scale.isNegative))

const byKey = ({ ask }: Options, value: number): AskOption | undefined =>
  ask.options.find(({ key }) => key !== undefined && Number(key) === value)

const place = ({ ask }: Options, position: number, to: number): Reading | undefined => {
  const option = ask.options.at(position)
  if (option === undefined) return undefined
  /** On a scale from zero the second option is number one: which was meant? */
  const isPlain = position < 0 || Number(option.key) === position + 1
  return { kind: "item", item: optionItem(option), to, score: isPlain ? 1 : doubt, rule: "place" }
}

const placeAt = (options: Options, words: ReadonlyArray<Word>, at: number, lexicon: Lexicon): Reading | undefined => {
  const last = lexicon.last.at(words, at)
  if (last !== undefined) return place(options, -1, last.to)
  const ordinal = ordinalAt(words, at, lexicon)
  if (ordinal === undefined) return undefined
  const to = lexicon.oneOfThem.has(textAt(words, ordinal.to)) ? ordinal.to + 1 : ordinal.to
  return place(options, ordinal.value - 1, to)
}

const daysOption = ({ ask, scales }: Options, days: number): AskOption | undefined => {
  const ranged = ask.options.flatMap((option) =>
    (scales.get(option) ?? []).flatMap(({ days: range }) => (range === undefined ? [] : [{ option, range }]))
  )
  return ranged.length < 4 ? undefined : ranged.find(({ range: [from, to] }) => days >= from && days <= to)?.option
}

/** A number that counts something chooses nothing by itself: ثلاث مرات is not option three. */
const numberAt = (options: Options, words: ReadonlyArray<Word>, at: number, lexicon: Lexicon): Reading | undefined => {
  const measure = measureAt(words, at, lexicon)
  if (measure === undefined) return undefined
  const { value, unit, to, score } = measure
  if (unit !== undefined) {
    // "a day", يوم: a word of something else more often than an answer.
    const isWord = measure.isBare && value === 1
    const days = isWord ? undefined : unit === "d" ? value : unit === "wk" ? value * 7 : undefined
    const option = days === undefined ? undefined : daysOption(options, days)
    if (option !== undefined) return { kind: "item", item: optionItem(option), to, score: doubt, rule: "days" }
    return measure.isBare ? undefined : { kind: "unknown", to }
  }
  const option = byKey(options, value)
  if (option !== undefined) return { kind: "item", item: optionItem(option), to, score, rule: "number" }
  if (!Number.isInteger(value)) return undefined
  const item: Item = { kind: "number", value, display: String(value) }
  return options.ask.options.some(({ key }) => key !== undefined)
    ? { kind: "out", item, to, rule: "number" }
    : undefined
}

const soundsLikeNumber = (options: Options, words: ReadonlyArray<Word>, lexicon: Lexicon): Reading | undefined => {
  const value = words.length === 1 ? lexicon.soundsLike.get(textAt(words, 0)) : undefined
  const option = value === undefined ? undefined : byKey(options, value)
  return option === undefined
    ? undefined
    : { kind: "item", item: optionItem(option), to: 1, score: doubt, rule: "sounds like a number" }
}

export const optionAt = (
  options: Options,
  words: ReadonlyArray<Word>,
  at: number,
  lexicon: Lexicon
): Reading | undefined => {
  const found = options.book.at(words, at)
  const phrase: Reading | undefined =
    found === undefined
      ? undefined
      : {
          kind: "item",
          item: optionItem(found.meaning),
          to: found.to,
          score: found.score,
          rule: found.rule,
          denies: words.slice(at, found.to).some(({ text }) => lexicon.denials.has(text))
        }
  return longest([
    phrase,
    soundsLikeNumber(options, words, lexicon),
    placeAt(options, words, at, lexicon),
    numberAt(options, words, at, lexicon)
  ])
}

/** The one option that words sound like. */
export const optionAlike = (options: Options, text: string): { item: Item; score: number } | undefined => {
  if (text.length < alikeLettersMin) return undefined
  const best = new Map<AskOption, number>()
  for (const [phrase, { meaning, score }] of options.book.phrases) {
    if (score < 1 || phrase.length < alikeLettersMin) continue
    best.set(meaning, Math.max(best.get(meaning) ?? 0, similarity(text, phrase, alikeMin - alikeMargin)))
  }
  const [first, second] = [...best].sort((a, b) => b[1] - a[1])
  if (first === undefined || first[1] < alikeMin || first[1] - (second?.[1] ?? 0) < alikeMargin) return undefined
  return { item: optionItem(first[0]), score: first[1] * doubt }
}
