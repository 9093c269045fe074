/** What answers a question for a number or a quantity: in its range, in its unit, and in whole numbers where those are asked. */
import type { Ask, Item, Language } from "./ask.ts"
import { cardinalAt } from "./cardinals.ts"
import { numberItem, quantityItem } from "./display.ts"
import type { Lexicon } from "./lexicon/lexicon.ts"
import { measureAt, type Measure } from "./measures.ts"
import type { Reading } from "./reading.ts"
import { doubt } from "./scores.ts"
import { phraseEnd } from "./times.ts"
import { converted, smallerUnit } from "./units.ts"
import { textAt, type Word } from "./words.ts"

export type NumberAsk = Extract<Ask, { readonly type: "integer" | "decimal" }>
export type QuantityAsk = Extract<Ask, { readonly type: "quantity" }>

const digitsMax = 6
/** Nobody answers in another unit of these kinds by mistake. */
const plainUnits: ReadonlySet<string> = new Set(["Cel", "%", "/min"])

const isInside = (value: number, { min, max }: { readonly min?: number; readonly max?: number }): boolean =>
  (min === undefined || value >= min) && (max === undefined || value <= max)

/** سبعة من عشرة, seven out of ten: the top of the scale adds nothing. */
const afterTop = (words: ReadonlyArray<Word>, to: number, max: number | undefined, lexicon: Lexicon): number => {
  const link = phraseEnd(words, to, (phrase) => lexicon.outOf.has(phrase))
  const top = link === undefined ? undefined : measureAt(words, link, lexicon)
  return top !== undefined && top.value === max ? top.to : to
}

/** ثلاثة خمسة: a number told digit by digit. */
const digitByDigit = (words: ReadonlyArray<Word>, at: number, ask: NumberAsk | QuantityAsk, lexicon: Lexicon) => {
  let digits = ""
  let to = at
  let score = doubt
  while (to < words.length && digits.length < digitsMax) {
    const text = textAt(words, to)
    const read = /^\d$/u.test(text)
      ? { value: Number(text), to: to + 1, score: 1, form: "digit" }
      : cardinalAt(words, to, lexicon)
    if (read?.form !== "digit") break
    digits += String(read.value)
    score = Math.min(score, read.score)
    to = read.to
  }
  const value = Number(digits)
  return digits.length < 2 || !isInside(value, ask) ? undefined : { value, to, score }
}

/** To the question's unit; undefined where it measures something else. */
const inUnit = ({ value, unit, isCounter, score }: Measure, wanted: string | undefined) => {
  if (unit === undefined || isCounter || unit === wanted) return { value, score }
  if (wanted === undefined) return { value, score: plainUnits.has(unit) ? score : Math.min(score, doubt) }
  const other = converted(value, unit, wanted)
  return other === undefined ? undefined : { value: other, score: Math.min(score, doubt) }
}

const ranged = (item: Item, value: number, ask: NumberAsk | QuantityAsk, to: number, score: number): Reading =>
  isInside(value, ask) ? { kind: "item", item, to, score, rule: "number" } : { kind: "out", item, to, rule: "range" }

/** Plurals without a number (أولاد, days) add nothing. */
const unitAlone = (words: ReadonlyArray<Word>, at: number, lexicon: Lexicon): Reading | undefined => {
  const to = phraseEnd(words, at, (phrase) => lexicon.units.has(phrase))
  return to === undefined ? undefined : { kind: "neutral", to }
}

const noneAt = (words: ReadonlyArray<Word>, at: number, ask: NumberAsk, lexicon: Lexicon): Reading | undefined => {
  const found = isInside(0, ask) ? lexicon.none.at(words, at) : undefined
  return found === undefined
    ? undefined
    : {
        kind: "item",
        item: numberItem(0),
        to: found.to,
        score: ask.unit === undefined ? found.score : Math.min(found.score, doubt),
        rule: "none"
      }
}

/** "to", "ate", alone: what a recogniser writes for a number. */
const homophone = (ask: NumberAsk, words: ReadonlyArray<Word>, lexicon: Lexicon): Reading | undefined => {
  const value = words.length === 1 ? lexicon.soundsLike.get(textAt(words, 0)) : undefined
  return value === undefined ? undefined : ranged(numberItem(value), value, ask, 1, doubt)
}

export const numberAnswerAt = (
  ask: NumberAsk,
  words: ReadonlyArray<Word>,
  at: number,
  lexicon: Lexicon
): Reading | undefined => {
  const none = noneAt(words, at, ask, lexicon)
  const measure = measureAt(words, at, lexicon)
  if (none !== undefined && none.to >= (measure?.to ?? 0)) return none
  if (measure === undefined) return homophone(ask, words, lexicon) ?? unitAlone(words, at, lexicon)
  const spelt = measure.unit === undefined ? digitByDigit(words, at, ask, lexicon) : undefined
  if (spelt !== undefined && spelt.to > measure.to) {
    return { kind: "item", item: numberItem(spelt.value), to: spelt.to, score: spelt.score, rule: "digit by digit" }
  }
  if (measure.isBare && measure.isCounter && ask.unit !== undefined) return { kind: "unknown", to: measure.to }
  const meant = inUnit(measure, ask.unit)
  if (meant === undefined) return { kind: "unknown", to: measure.to }
  const { value } = meant
  const to = afterTop(words, measure.to, ask.max, lexicon)
  const item = numberItem(value)
  if (ask.type === "integer" && !Number.isInteger(value) && measure.unit !== undefined && measure.unit !== ask.unit) {
    return { kind: "unknown", to }
  }
  if (ask.type === "integer" && !Number.isInteger(value)) return { kind: "out", item, to, rule: "not whole" }
  /** A counted thing by itself: "a child" is one, and may be a way of speaking. */
  const score = measure.isBare && measure.value === 1 ? Math.min(meant.score, doubt) : meant.score
  return ranged(item, value, ask, to, score)
}

/** 1.70 where centimetres are asked for. */
const inLargerUnit = (value: number, unit: string, ask: QuantityAsk): number | undefined => {
  const larger = Object.entries(smallerUnit).find(([, smaller]) => smaller === unit)?.[0]
  const inUnit = larger === undefined ? undefined : converted(value, larger, unit)
  return inUnit !== undefined && isInside(inUnit, ask) ? inUnit : undefined
}

export const quantityAnswerAt = (
  ask: QuantityAsk,
  words: ReadonlyArray<Word>,
  at: number,
  lexicon: Lexicon,
  language: Language
): Reading | undefined => {
  const measure = measureAt(words, at, lexicon)
  if (measure === undefined) return unitAlone(words, at, lexicon)
  const { unit, value, to, score, isCounter } = measure
  if (isCounter) return { kind: measure.isBare ? "neutral" : "unknown", to }
  const { units } = ask
  if (unit === undefined) {
    const spelt = digitByDigit(words, at, ask, lexicon)
    const said = spelt !== undefined && spelt.to > to ? spelt : measure
    const [only, ...others] = units ?? []
    if (others.length > 0) {
      const candidates = (units ?? []).map((each) => quantityItem({ value: said.value, unit: each }, language))
      return { kind: "open", candidates, to: said.to, rule: "unit not said" }
    }
    const quantity = only === undefined ? { value: said.value } : { value: said.value, unit: only }
    const larger = only === undefined || isInside(said.value, ask) ? undefined : inLargerUnit(said.value, only, ask)
    if (larger !== undefined && only !== undefined) {
      return ranged(quantityItem({ value: larger, unit: only }, language), larger, ask, said.to, doubt)
    }
    return ranged(quantityItem(quantity, language), said.value, ask, said.to, said.score)
  }
  if (units === undefined || units.includes(unit)) {
    return ranged(quantityItem({ value, unit }, language), value, ask, to, score)
  }
  for (const wanted of units) {
    const other = converted(value, unit, wanted)
    if (other === undefined) continue
    const item = quantityItem({ value: other, unit: wanted }, language)
    return ranged(item, other, ask, to, Math.min(score, doubt))
  }
  return { kind: "unknown", to }
}
