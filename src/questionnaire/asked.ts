/** A question of a plan as the matcher knows questions, and what the matcher understood as values of the plan. Pure. */
import { mayBeSeveral, type PlanQuestion, type PlanUnit } from "#machines/plan.ts"
import type { AnswerValue } from "#schemas/wire.ts"
import type { Ask, Item, Language } from "./understanding/ask.ts"
import { lexicons } from "./understanding/lexicon/lexicon.ts"
import { foldedPhrase } from "./understanding/words.ts"
import { unitName } from "./values.ts"

/** A unit without a code is known by its name. */
const ucumOf = (unit: PlanUnit, language: Language): string => {
  const known = [unit.display, unit.code ?? ""].map((name) => lexicons[language].units.get(foldedPhrase(name)))
  return known.find((word) => word !== undefined && !word.isCounter)?.unit ?? unitName(unit)
}

const bounds = <Bound extends "number" | "string">(
  { min, max }: PlanQuestion,
  type: Bound
): {
  readonly min?: Bound extends "number" ? number : string
  readonly max?: Bound extends "number" ? number : string
} => Object.fromEntries(Object.entries({ min, max }).filter(([, bound]) => typeof bound === type))

const made = (question: PlanQuestion, language: Language): Ask => {
  const { itemType, text, options, units = [], maxLength } = question
  const common = { text, ...(mayBeSeveral(question) ? { repeats: true } : {}) }
  switch (itemType) {
    case "boolean":
      return { ...common, type: itemType }
    case "choice":
    case "open-choice":
      return { ...common, type: itemType, options }
    case "integer":
    case "decimal": {
      const [unit] = units
      return {
        ...common,
        type: itemType,
        ...bounds(question, "number"),
        ...(unit === undefined ? {} : { unit: ucumOf(unit, language) })
      }
    }
    case "quantity":
      return {
        ...common,
        type: itemType,
        ...bounds(question, "number"),
        ...(units.length === 0 ? {} : { units: units.map((unit) => ucumOf(unit, language)) })
      }
    case "date":
    case "dateTime":
    case "time":
      return { ...common, type: itemType, ...bounds(question, "string") }
    case "string":
    case "text":
    case "url":
      return { ...common, type: itemType, ...(maxLength === undefined ? {} : { lengthMax: maxLength }) }
  }
}

/** A question's phrases are folded once. */
const known: Readonly<Record<Language, WeakMap<PlanQuestion, Ask>>> = { ar: new WeakMap(), en: new WeakMap() }

export const askOf = (question: PlanQuestion, language: Language): Ask => {
  const ask = known[language].get(question) ?? made(question, language)
  known[language].set(question, ask)
  return ask
}

export const valueOfItem = ({ units = [] }: PlanQuestion, { value }: Item, language: Language): AnswerValue => {
  if (typeof value !== "object") return value
  const unit = units.find((candidate) => ucumOf(candidate, language) === value.unit)
  const name = unit === undefined ? value.unit : unitName(unit)
  return name === undefined ? value.value : { value: value.value, unit: name }
}
