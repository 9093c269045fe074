/** The bounds of an answer: values, lengths, units, how many. Pure. */
import type { PlanQuestion, PlanUnit } from "#machines/plan.ts"
import type { Coding, QuestionnaireItem } from "#schemas/fhir.ts"
import { all, extensionUrls, first } from "./extensions.ts"

type Bounds = Pick<PlanQuestion, "min" | "max" | "minLength" | "maxLength" | "maxDecimalPlaces" | "pattern" | "units">

const bound = (item: QuestionnaireItem, ...urls: ReadonlyArray<string>): number | string | undefined => {
  const extension = first(item, ...urls)
  return (
    extension?.valueInteger ??
    extension?.valueDecimal ??
    extension?.valueQuantity?.value ??
    extension?.valueDate ??
    extension?.valueDateTime ??
    extension?.valueTime
  )
}

const unit = ({ system, code, display }: Coding): PlanUnit => ({
  display: display ?? code ?? "",
  ...(code === undefined ? {} : { code }),
  ...(system === undefined ? {} : { system })
})

export const unitsOf = (item: QuestionnaireItem): ReadonlyArray<PlanUnit> => {
  const given = [...all(item, extensionUrls.unit), ...all(item, extensionUrls.unitOption)].flatMap(({ valueCoding }) =>
    valueCoding === undefined ? [] : [unit(valueCoding)]
  )
  const offered = (item.initial ?? []).flatMap(({ valueQuantity }) =>
    valueQuantity?.unit === undefined && valueQuantity?.code === undefined
      ? []
      : [unit({ ...valueQuantity, display: valueQuantity.unit ?? valueQuantity.code ?? "" })]
  )
  const units = given.length > 0 ? given : offered
  return units.filter(
    ({ display, code }, index) =>
      units.findIndex((other) => (other.code ?? other.display) === (code ?? display)) === index
  )
}

export const boundsOf = (item: QuestionnaireItem, refuse: (reason: string) => void): Bounds => {
  const min = bound(item, extensionUrls.minValue, extensionUrls.minQuantity)
  const max = bound(item, extensionUrls.maxValue, extensionUrls.maxQuantity)
  const minLength = first(item, extensionUrls.minLength)?.valueInteger
  const maxDecimalPlaces = first(item, extensionUrls.maxDecimalPlaces)?.valueInteger
  const pattern = first(item, extensionUrls.regex)?.valueString
  const units = unitsOf(item)
  if (min !== undefined && max !== undefined && min > max) refuse("its least value is above its greatest")
  if (pattern !== undefined && !isPattern(pattern)) refuse(`its regular expression ${pattern} cannot be read`)
  return {
    ...(min === undefined ? {} : { min }),
    ...(max === undefined ? {} : { max }),
    ...(minLength === undefined ? {} : { minLength }),
    ...(item.maxLength === undefined ? {} : { maxLength: item.maxLength }),
    ...(maxDecimalPlaces === undefined ? {} : { maxDecimalPlaces }),
    ...(pattern === undefined ? {} : { pattern }),
    ...(units.length === 0 ? {} : { units: item.type === "quantity" ? units : units.slice(0, 1) })
  }
}

const isPattern = (pattern: string): boolean => {
  try {
    return new RegExp(pattern, "u").source !== ""
  } catch {
    return false
  }
}

/** What repeats is asked for so often at most where it says nothing else. */
const occurrencesMax = 20

export const occurrences = (item: QuestionnaireItem): { readonly min: number; readonly max: number } => {
  const min = first(item, extensionUrls.minOccurs)?.valueInteger ?? 0
  const max = first(item, extensionUrls.maxOccurs)?.valueInteger ?? Math.max(occurrencesMax, min)
  return { min: item.required === true ? Math.max(1, min) : min, max: Math.max(1, max) }
}
