/** Totals with their bands, and what staff must hear of: read from a questionnaire's extensions. Pure. */
import type { PlanAlert, PlanBand, PlanOption, PlanScore } from "#machines/plan.ts"
import type { QuestionnaireItem } from "#schemas/fhir.ts"
import { all, extensionUrls, first, string } from "./extensions.ts"
import type { Texts } from "./texts.ts"

const number = (extension: Parameters<typeof first>[0], name: string): number =>
  first(extension, name)?.valueInteger ?? first(extension, name)?.valueDecimal ?? 0

const bandsOf = (item: QuestionnaireItem, texts: Texts): ReadonlyArray<PlanBand> =>
  all(item, extensionUrls.band).map((band) => {
    const text = texts.forStaff(first(band, "display")?._valueString)
    return {
      min: number(band, "min"),
      max: number(band, "max"),
      display: string(band, "display") ?? "",
      ...(text === undefined ? {} : { text })
    }
  })

export const isNumber = ({ type }: QuestionnaireItem): boolean => type === "integer" || type === "decimal"

export const scoreOf = (item: QuestionnaireItem, sumOf: ReadonlyArray<string>, texts: Texts): PlanScore => {
  const missingMax = first(item, extensionUrls.missingMax)?.valueInteger
  const text = texts.forStaff(item._text) ?? item.text
  return {
    linkId: item.linkId,
    ...(text === undefined ? {} : { text }),
    sumOf,
    bands: bandsOf(item, texts),
    ...(missingMax === undefined ? {} : { missingMax })
  }
}

/** `options`: of the question with this linkId, if there is one. */
export const scoreFaults = (
  item: QuestionnaireItem,
  sumOf: ReadonlyArray<string>,
  options: (linkId: string) => ReadonlyArray<PlanOption> | undefined
): ReadonlyArray<string> => [
  ...(isNumber(item) ? [] : ["a total is an integer or a decimal"]),
  ...sumOf.flatMap((part) => {
    const known = options(part)
    if (known === undefined) return [`it adds up ${part}, which is no question`]
    const hasPoints = known.length > 0 && known.every(({ points }) => points !== undefined)
    return hasPoints ? [] : [`it adds up ${part}, whose options have no points`]
  })
]

export const alertsOf = (item: QuestionnaireItem, options: ReadonlyArray<PlanOption>): ReadonlyArray<PlanAlert> => {
  const { linkId } = item
  const rules = new Map<string, Array<string>>()
  for (const [index, option] of (item.answerOption ?? []).entries()) {
    const rule = string(option, extensionUrls.alert)
    const code = options[index]?.code
    if (rule !== undefined && code !== undefined) rules.set(rule, [...(rules.get(rule) ?? []), code])
  }
  const unanswered = string(item, extensionUrls.alertUnanswered)
  return [
    ...[...rules].map(([rule, codes]) => ({ linkId, rule, codes })),
    ...(unanswered === undefined ? [] : [{ linkId, rule: unanswered, codes: null }])
  ]
}
