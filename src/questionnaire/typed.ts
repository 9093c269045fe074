/**
 * The plain reading of what was written or keyed at a question that is no choice: digits in any script, ISO dates and times,
 * text as it is. Pure; undefined is no value of this type.
 */
import type { PlanQuestion, PlanUnit } from "#machines/plan.ts"
import type { AnswerValue } from "#schemas/wire.ts"
import { comparable, numberWords } from "./arabic.ts"
import type { Language } from "./extensions.ts"
import { unitName } from "./values.ts"

const western = (text: string): string =>
  text
    .replace(/[٠-٩]/g, (digit) => String(digit.charCodeAt(0) - 0x0660))
    .replace(/[۰-۹]/g, (digit) => String(digit.charCodeAt(0) - 0x06f0))
    .replace(/٫/g, ".")
    .trim()

const numberIn = (text: string, language: Language): number | undefined => {
  const digits = /^[+-]?\d+(?:[.,]\d+)?$/.exec(western(text))?.[0]
  if (digits !== undefined) return Number(digits.replace(",", "."))
  const word = comparable(text)
  const index = numberWords[language].findIndex((words) => words.some((known) => comparable(known) === word))
  return index < 0 ? undefined : index
}

const isUnit = (text: string, { code, display }: PlanUnit): boolean =>
  [code, display].some((name) => name !== undefined && comparable(name) === comparable(text))

const quantityIn = (text: string, units: ReadonlyArray<PlanUnit>, language: Language): AnswerValue | undefined => {
  const [, digits = text, rest = ""] = /^([+-]?\d+(?:[.,]\d+)?)\s*(\S.*)?$/.exec(western(text)) ?? []
  const value = numberIn(digits, language)
  const unit = rest === "" ? units[0] : units.find((candidate) => isUnit(rest, candidate))
  if (value === undefined) return undefined
  if (unit === undefined) return rest === "" ? value : undefined
  return { value, unit: unitName(unit) }
}

export const typedValue = (question: PlanQuestion, text: string, language: Language): AnswerValue | undefined => {
  const { itemType, units = [] } = question
  const plain = western(text)
  switch (itemType) {
    case "integer":
    case "decimal":
      return numberIn(units[0] === undefined ? text : plain.replace(/^([\d.,+-]+)\s.*$/u, "$1"), language)
    case "quantity":
      return quantityIn(text, units, language)
    case "date":
      return /^\d{4}-\d{2}-\d{2}$/.test(plain) ? plain : undefined
    case "dateTime":
      return /^\d{4}-\d{2}-\d{2}(T\S+)?$/.test(plain) ? plain : undefined
    case "time":
      return /^\d{2}:\d{2}(:\d{2})?$/.test(plain) ? plain : undefined
    case "string":
    case "text":
    case "url":
    case "open-choice":
      return text.trim() === "" ? undefined : text.trim()
    default:
      return undefined
  }
}

/** 19840531 is a date, 0930 a time. */
export const keyedValue = (question: PlanQuestion, digits: string): AnswerValue | undefined => {
  switch (question.itemType) {
    case "date":
    case "dateTime":
      return digits.length === 8 ? `${digits.slice(0, 4)}-${digits.slice(4, 6)}-${digits.slice(6)}` : undefined
    case "time":
      return digits.length === 4 ? `${digits.slice(0, 2)}:${digits.slice(2)}` : undefined
    case "integer":
    case "decimal":
    case "quantity":
      return typedValue(question, digits, "en")
    default:
      return undefined
  }
}
