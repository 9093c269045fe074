/**
 * Values of answers: from FHIR, to FHIR, as they are shown, and what is wrong with one. Pure.
 * Dates and times are ISO 8601; a choice is its option's code; an open choice may be any text that is no option's code.
 */
import type { PlanOption, PlanQuestion, PlanUnit, QuestionType } from "#machines/plan.ts"
import type { Answer } from "#schemas/record.ts"
import type { Coding, Quantity, ResponseAnswer } from "#schemas/fhir.ts"
import type { AnswerValue } from "#schemas/wire.ts"
import type { Language } from "./extensions.ts"

/** What a value is taken for. */
export interface Valued {
  readonly itemType: QuestionType
  readonly options: ReadonlyArray<PlanOption>
  readonly units?: ReadonlyArray<PlanUnit>
}

export type FhirValue = Omit<ResponseAnswer, "item">

const yesNo = { ar: ["نعم", "لا"], en: ["Yes", "No"] } as const

export const unitName = ({ code, display }: PlanUnit): string => code ?? display

const unitOf = (units: ReadonlyArray<PlanUnit> | undefined, name: string): PlanUnit | undefined =>
  units?.find((unit) => unitName(unit) === name || unit.display === name)

/** An answer as it is shown. */
export const displayOf = ({ itemType, options, units }: Valued, value: AnswerValue, language: Language): string => {
  if (typeof value === "boolean") return yesNo[language][value ? 0 : 1]
  if (typeof value === "number") {
    const [unit] = units ?? []
    return itemType !== "quantity" && unit !== undefined ? `${value} ${unit.display}` : String(value)
  }
  if (typeof value === "string") return options.find(({ code }) => code === value)?.display ?? value
  if ("value" in value) return `${value.value} ${unitOf(units, value.unit)?.display ?? value.unit}`
  return listed(
    value.map((one) => options.find(({ code }) => code === one)?.display ?? one),
    language
  )
}

export const listed = (texts: ReadonlyArray<string>, language: Language): string =>
  texts.join(language === "ar" ? "، " : ", ")

export const answerWith = (valued: Valued, value: AnswerValue, language: Language): Answer => ({
  value,
  display: displayOf(valued, value, language)
})

export const codeOf = (options: ReadonlyArray<PlanOption>, { system, code, display }: Coding): string | undefined =>
  (
    options.find((option) => option.system === system && option.code === (code ?? display)) ??
    options.find((option) => option.code === (code ?? display)) ??
    options.find((option) => option.system === system && option.code === `${system}|${code}`)
  )?.code

const quantity = ({ value, unit, code }: Quantity, units: Valued["units"]): AnswerValue | undefined => {
  if (value === undefined) return undefined
  const name = code ?? unit
  return name === undefined && (units ?? []).length === 0
    ? value
    : { value, unit: name ?? (units?.[0] === undefined ? "" : unitName(units[0])) }
}

/** Undefined: it is no value of this type, or there is no such option. */
export const valueFromFhir = (valued: Valued, value: FhirValue): AnswerValue | undefined => {
  const { itemType, options } = valued
  const { valueCoding: coding } = value
  if (itemType === "choice" || itemType === "open-choice") {
    if (coding !== undefined) {
      const code = codeOf(options, coding)
      return code ?? (itemType === "open-choice" ? (coding.display ?? coding.code) : undefined)
    }
    const plain = value.valueString ?? value.valueInteger ?? value.valueDate ?? value.valueTime
    if (plain === undefined) return undefined
    const code = options.find((option) => option.code === String(plain))?.code
    return code ?? (itemType === "open-choice" ? String(plain) : undefined)
  }
  switch (itemType) {
    case "boolean":
      return value.valueBoolean
    case "integer":
      return value.valueInteger ?? (Number.isInteger(value.valueDecimal) ? value.valueDecimal : undefined)
    case "decimal":
      return value.valueDecimal ?? value.valueInteger ?? value.valueQuantity?.value
    case "quantity":
      return quantity(value.valueQuantity ?? { ...numberOf(value) }, valued.units)
    case "date":
      return value.valueDate
    case "dateTime":
      return value.valueDateTime ?? value.valueDate
    case "time":
      return value.valueTime
    case "url":
      return value.valueUri ?? value.valueString
    default:
      return value.valueString ?? coding?.display
  }
}

const numberOf = ({ valueDecimal, valueInteger }: FhirValue): Quantity => {
  const value = valueDecimal ?? valueInteger
  return value === undefined ? {} : { value }
}

const fhirOption = ({ code, system, display, as }: PlanOption): FhirValue => {
  switch (as) {
    case "string":
      return { valueString: code }
    case "integer":
      return { valueInteger: Number(code) }
    case "date":
      return { valueDate: code }
    case "time":
      return { valueTime: code }
    case "display":
      return { valueCoding: { ...(system === undefined ? {} : { system }), display: code } }
    default: {
      const prefix = system === undefined ? "" : `${system}|`
      const bare = prefix !== "" && code.startsWith(prefix) ? code.slice(prefix.length) : code
      return { valueCoding: { ...(system === undefined ? {} : { system }), code: bare, display } }
    }
  }
}

const time = (value: string): string => (/^\d{2}:\d{2}$/.test(value) ? `${value}:00` : value)

const fhirScalar = ({ itemType, options, units }: Valued, value: string | number | boolean): FhirValue => {
  if (itemType === "choice" || itemType === "open-choice") {
    const option = options.find(({ code }) => code === String(value))
    if (option !== undefined) return fhirOption(option)
    return itemType === "choice" ? { valueCoding: { code: String(value) } } : { valueString: String(value) }
  }
  switch (itemType) {
    case "boolean":
      return { valueBoolean: value === true }
    case "integer":
      return { valueInteger: Number(value) }
    case "decimal":
      return { valueDecimal: Number(value) }
    case "quantity":
      return { valueQuantity: fhirQuantity(Number(value), units?.[0]) }
    case "date":
      return { valueDate: String(value) }
    case "dateTime":
      return { valueDateTime: String(value) }
    case "time":
      return { valueTime: time(String(value)) }
    case "url":
      return { valueUri: String(value) }
    default:
      return { valueString: String(value) }
  }
}

const fhirQuantity = (value: number, unit: PlanUnit | undefined): Quantity => ({
  value,
  ...(unit === undefined ? {} : { unit: unit.display }),
  ...(unit?.system === undefined ? {} : { system: unit.system }),
  ...(unit?.code === undefined ? {} : { code: unit.code })
})

/** One for each of several chosen. */
export const fhirValues = (valued: Valued, { value }: Answer): ReadonlyArray<FhirValue> => {
  if (typeof value !== "object") return [fhirScalar(valued, value)]
  if (!("value" in value)) return value.map((one) => fhirScalar(valued, one))
  return [{ valueQuantity: fhirQuantity(value.value, unitOf(valued.units, value.unit) ?? { display: value.unit }) }]
}

const isDate = /^\d{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?)?$/
const isDateTime = /^\d{4}(-\d{2}(-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2}))?)?)?$/
const isTime = /^([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d+)?)?$/
const isUrl = /^[A-Za-z][A-Za-z0-9+.-]*:\S+$/

/** The 31st of February is no day. */
const isRealDay = (value: string): boolean => {
  const [year = 0, month = 1, day = 1] = value.slice(0, 10).split("-").map(Number)
  return month <= 12 && day <= new Date(Date.UTC(year, month, 0)).getUTCDate()
}

const decimalPlaces = (value: number): number => {
  const [mantissa = "", exponent = "0"] = String(value).split("e")
  return Math.max(0, (mantissa.split(".")[1] ?? "").length - Number(exponent))
}

const outOfBounds = ({ min, max }: PlanQuestion, value: number | string): string | undefined => {
  if (min !== undefined && typeof min === typeof value && value < min) return `at least ${min}`
  if (max !== undefined && typeof max === typeof value && value > max) return `at most ${max}`
  return undefined
}

const textFault = ({ minLength, maxLength, pattern }: PlanQuestion, value: string): string | undefined => {
  if (value.trim() === "") return "a text that is not empty"
  if (maxLength !== undefined && value.length > maxLength) return `at most ${maxLength} characters`
  if (minLength !== undefined && value.length < minLength) return `at least ${minLength} characters`
  if (pattern !== undefined && !new RegExp(`^(?:${pattern})$`, "u").test(value)) return `a text like ${pattern}`
  return undefined
}

const numberFault = (question: PlanQuestion, value: number): string | undefined => {
  const { maxDecimalPlaces } = question
  if (!Number.isFinite(value)) return "a number"
  if (maxDecimalPlaces !== undefined && decimalPlaces(value) > maxDecimalPlaces)
    return `a number with at most ${maxDecimalPlaces} decimal places`
  return outOfBounds(question, value)
}

const fault = (question: PlanQuestion, value: string | number | boolean): string | undefined => {
  switch (question.itemType) {
    case "boolean":
      return typeof value === "boolean" ? undefined : "true or false"
    case "choice":
      return question.options.some(({ code }) => code === value) ? undefined : "one of its options"
    case "open-choice": {
      if (typeof value !== "string") return "one of its options, or a text"
      return question.options.some(({ code }) => code === value) ? undefined : textFault(question, value)
    }
    case "integer":
      if (typeof value !== "number" || !Number.isInteger(value) || Math.abs(value) > 2_147_483_647)
        return "a whole number"
      return numberFault(question, value)
    case "decimal":
    case "quantity":
      return typeof value === "number" ? numberFault(question, value) : "a number"
    case "date":
      if (typeof value !== "string" || !isDate.test(value) || !isRealDay(value)) return "a date as YYYY-MM-DD"
      return outOfBounds(question, value)
    case "dateTime":
      if (typeof value !== "string" || !isDateTime.test(value) || !isRealDay(value))
        return "a date and time as YYYY-MM-DDThh:mm:ss+hh:mm"
      return outOfBounds(question, value)
    case "time":
      if (typeof value !== "string" || !isTime.test(value)) return "a time as hh:mm"
      return outOfBounds(question, value)
    case "url":
      return typeof value === "string" && isUrl.test(value) ? textFault(question, value) : "an address as https://…"
    case "string":
    case "text":
      return typeof value === "string" ? textFault(question, value) : "a text"
  }
}

/** What a value would have to be for this question to take it; undefined: it is. */
export const valueFault = (question: PlanQuestion, value: AnswerValue): string | undefined => {
  const { itemType, units = [], chooseMax, chooseMin = 0 } = question
  if (typeof value !== "object") {
    return chooseMin > 1 ? `at least ${chooseMin} of its options` : fault(question, value)
  }
  if ("value" in value) {
    if (itemType !== "quantity") return "a value without a unit"
    if (unitOf(units, value.unit) === undefined)
      return `one of these units: ${units.map(unitName).join(", ") || "none"}`
    return numberFault(question, value.value)
  }
  if (chooseMax === undefined) return "a single value"
  if (value.length === 0 || value.length < chooseMin) return `at least ${Math.max(1, chooseMin)} of its options`
  if (value.length > chooseMax) return `at most ${chooseMax} of its options`
  if (new Set(value).size < value.length) return "each option once"
  return value.map((one) => fault(question, one)).find((found) => found !== undefined)
}

const range = ({ min, max }: PlanQuestion): string => {
  if (min !== undefined && max !== undefined) return ` from ${min} to ${max}`
  if (min !== undefined) return ` of at least ${min}`
  return max === undefined ? "" : ` of at most ${max}`
}

/** What a question takes, for whoever gave it something else. */
export const takes = (question: PlanQuestion): string => {
  const { itemType, options, units = [], chooseMax } = question
  const named = options.map(({ code, key }) => `${code} (key ${key})`).join(", ")
  switch (itemType) {
    case "boolean":
      return "true or false"
    case "choice":
      return `${chooseMax === undefined ? "one" : "some"} of: ${named}`
    case "open-choice":
      return named === "" ? "a text" : `${chooseMax === undefined ? "one" : "some"} of: ${named}; or a text`
    case "integer":
      return `a whole number${range(question)}`
    case "decimal":
      return `a number${range(question)}`
    case "quantity":
      return `a number${range(question)} in ${units.map(unitName).join(", ") || "no unit"}`
    case "date":
      return `a date as YYYY-MM-DD${range(question)}`
    case "dateTime":
      return `a date and time as YYYY-MM-DDThh:mm:ss+hh:mm${range(question)}`
    case "time":
      return `a time as hh:mm${range(question)}`
    case "url":
      return "an address as https://…"
    case "string":
    case "text":
      return "a text"
  }
}
