/** What may be chosen at an item: its options or its value set, with the words, keys and points of each. Pure. */
import type { PlanOption } from "#machines/plan.ts"
import type { AnswerOption, Coding, QuestionnaireItem } from "#schemas/fhir.ts"
import { extensionUrls, type Language, pointsOf, unknownUrls } from "./extensions.ts"
import type { Texts } from "./texts.ts"

const yesNo = {
  ar: [
    ["نعم", "نَعَمْ"],
    ["لا", "لَا"]
  ],
  en: [
    ["Yes", "Yes"],
    ["No", "No"]
  ]
} as const

export const booleanOptionsIn = (language: Language): ReadonlyArray<PlanOption> =>
  (["true", "false"] as const).map((code, index) => {
    const [display = "", spokenDisplay = ""] = yesNo[language][index] ?? []
    return { code, display, spokenDisplay, phrases: [], key: String(index + 1) }
  })

type Named = Pick<PlanOption, "code" | "display" | "as" | "system">

const named = (option: AnswerOption, texts: Texts, whose: string): Named | undefined => {
  const { valueCoding, valueString, valueInteger, valueDate, valueTime } = option
  if (valueCoding !== undefined) {
    const code = valueCoding.code ?? valueCoding.display
    if (code === undefined) return undefined
    const display = texts.text(valueCoding.display, valueCoding._display, whose) ?? code
    const { system } = valueCoding
    return {
      code,
      display,
      ...(system === undefined ? {} : { system }),
      ...(valueCoding.code === undefined ? { as: "display" as const } : {})
    }
  }
  if (valueString !== undefined) {
    return { code: valueString, display: texts.text(valueString, option._valueString, whose) ?? "", as: "string" }
  }
  if (valueInteger !== undefined) return { code: String(valueInteger), display: String(valueInteger), as: "integer" }
  if (valueDate !== undefined) return { code: valueDate, display: valueDate, as: "date" }
  return valueTime === undefined ? undefined : { code: valueTime, display: valueTime, as: "time" }
}

/** `concepts` are those of its value set. */
export const optionsOf = (
  item: QuestionnaireItem,
  concepts: ReadonlyArray<Coding>,
  texts: Texts,
  refuse: (reason: string) => void
): ReadonlyArray<PlanOption> => {
  const given = item.answerOption ?? concepts.map((valueCoding): AnswerOption => ({ valueCoding }))
  const scaleFromZero = given.length > 0 && given.every((option, index) => pointsOf(option) === index)
  const codes = new Set<string>()
  return given.flatMap((option, index) => {
    const whose = `${item.linkId}: option ${index + 1}`
    for (const url of [option, option.valueCoding].flatMap(unknownUrls)) refuse(`extension ${url} is not supported`)
    if (option.valueReference !== undefined) return refuse("an option cannot be a reference") ?? []
    const one = named(option, texts, whose)
    if (one === undefined) return refuse(`option ${index + 1} has neither code nor text`) ?? []
    const code = codes.has(one.code) && one.system !== undefined ? `${one.system}|${one.code}` : one.code
    if (codes.has(code)) return refuse(`two options have the same code ${code}`) ?? []
    codes.add(code)
    const points = pointsOf(option)
    const spokenDisplay = texts.spoken(option) ?? one.display
    return [
      {
        ...one,
        code,
        spokenDisplay,
        phrases: texts.phrases(option, extensionUrls.spokenPhrase),
        key: String(scaleFromZero ? index : index + 1),
        ...(points === undefined ? {} : { points })
      }
    ]
  })
}
