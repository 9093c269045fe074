/**
 * FHIR `Questionnaire` → plan of a conversation. What cannot be honoured is refused with the linkId and the reason;
 * nothing is dropped in silence. Pure.
 */
import { Result } from "effect"
import type { Plan, PlanOption, PlanQuestion, PlanScore } from "#machines/plan.ts"
import {
  extensionUrls,
  type AnswerOption,
  type Extension,
  type Questionnaire,
  type QuestionnaireItem
} from "#schemas/fhir.ts"
import { withoutMarks } from "./arabic.ts"

interface Extended {
  readonly extension?: ReadonlyArray<Extension>
}

const all = (element: Extended, url: string): ReadonlyArray<Extension> =>
  (element.extension ?? []).filter((extension) => extension.url === url)
const string = (element: Extended, url: string): string | undefined => all(element, url)[0]?.valueString

const known: ReadonlySet<string> = new Set(Object.values(extensionUrls))

/** The points of an option: R4 places `ordinalValue` on the option or on its coding. */
const pointsOf = (option: AnswerOption): number | undefined => {
  const extension = all(option, extensionUrls.ordinalValue)[0] ?? all(option.valueCoding, extensionUrls.ordinalValue)[0]
  return extension?.valueDecimal ?? extension?.valueInteger
}

const optionsOf = (item: QuestionnaireItem, language: "ar" | "en"): ReadonlyArray<PlanOption> => {
  if (item.type === "boolean") {
    const [yes, no] =
      language === "ar"
        ? [
            ["نعم", "نَعَمْ"],
            ["لا", "لَا"]
          ]
        : [
            ["Yes", "Yes"],
            ["No", "No"]
          ]
    return [
      { code: "true", display: yes?.[0] ?? "", spokenDisplay: yes?.[1] ?? "", phrases: [], key: "1" },
      { code: "false", display: no?.[0] ?? "", spokenDisplay: no?.[1] ?? "", phrases: [], key: "2" }
    ]
  }
  const options = item.answerOption ?? []
  const scaleFromZero = options.length > 0 && options.every((option, index) => pointsOf(option) === index)
  return options.map((option, index) => {
    const { code, system, display = code } = option.valueCoding
    const points = pointsOf(option)
    return {
      code,
      ...(system === undefined ? {} : { system }),
      display,
      spokenDisplay: string(option, extensionUrls.spokenText) ?? display,
      phrases: all(option, extensionUrls.spokenPhrase).flatMap(({ valueString }) =>
        valueString === undefined ? [] : [withoutMarks(valueString)]
      ),
      key: String(scaleFromZero ? index : index + 1),
      ...(points === undefined ? {} : { points })
    }
  })
}

const number = (extension: Extension, url: string): number | undefined => all(extension, url)[0]?.valueInteger

const scoreOf = (item: QuestionnaireItem): PlanScore => ({
  linkId: item.linkId,
  sumOf: all(item, extensionUrls.sumOf).flatMap(({ valueString }) => (valueString === undefined ? [] : [valueString])),
  bands: all(item, extensionUrls.band).map((band) => ({
    min: number(band, "min") ?? 0,
    max: number(band, "max") ?? 0,
    display: string(band, "display") ?? ""
  }))
})

const together = (intros: ReadonlyArray<{ readonly text: string; readonly spokenText: string }>) => ({
  text: intros.map(({ text }) => text).join(" "),
  spokenText: intros.map(({ spokenText }) => spokenText).join(" ")
})

/** One line for each fault. */
export type Refusals = ReadonlyArray<string>

export const compile = (questionnaire: Questionnaire): Result.Result<Plan, Refusals> => {
  const refusals: Array<string> = []
  const questions: Array<PlanQuestion> = []
  const scores: Array<PlanScore> = []
  const linkIds = new Set<string>()
  const language = questionnaire.language ?? "ar"
  let intros: Array<{ readonly text: string; readonly spokenText: string }> = []

  const visit = (item: QuestionnaireItem): void => {
    const refuse = (reason: string) => refusals.push(`${item.linkId}: ${reason}`)
    if (linkIds.has(item.linkId)) refuse("this linkId is used twice")
    linkIds.add(item.linkId)
    for (const { url } of item.extension ?? []) if (!known.has(url)) refuse(`extension ${url} is not supported`)
    const text = item.text ?? ""
    const spokenText = string(item, extensionUrls.spokenText) ?? text
    switch (item.type) {
      case "group":
      case "display": {
        if (spokenText !== "") intros.push({ text, spokenText })
        if (item.type === "display" && (item.item ?? []).length > 0) refuse("a display item cannot hold items")
        for (const child of item.item ?? []) visit(child)
        return
      }
      case "integer": {
        const score = scoreOf(item)
        if (item.readOnly !== true || score.sumOf.length === 0) {
          refuse(`an integer is supported only as a computed total (readOnly, with ${extensionUrls.sumOf})`)
        } else scores.push(score)
        return
      }
      case "boolean":
      case "choice": {
        if (text === "") refuse("a question needs a text")
        if (item.readOnly === true) refuse("a readOnly question cannot be asked")
        if ((item.item ?? []).length > 0) refuse("items under a question are not supported")
        const options = optionsOf(item, language)
        if (options.length === 0) refuse("a choice needs answerOption")
        if (new Set(options.map(({ code }) => code)).size < options.length) refuse("two options have the same code")
        questions.push({
          linkId: item.linkId,
          text,
          spokenText,
          ...(intros.length === 0 ? {} : { intro: together(intros) }),
          itemType: item.type,
          options,
          required: item.required ?? false,
          confirm: all(item, extensionUrls.confirm)[0]?.valueCode === "always" ? "always" : "low"
        })
        intros = []
      }
    }
  }

  for (const item of questionnaire.item) visit(item)
  for (const score of scores) {
    for (const linkId of score.sumOf) {
      const question = questions.find((candidate) => candidate.linkId === linkId)
      if (question === undefined) refusals.push(`${score.linkId}: it adds up ${linkId}, which is no question`)
      else if (question.options.some(({ points }) => points === undefined)) {
        refusals.push(`${score.linkId}: it adds up ${linkId}, whose options have no points`)
      }
    }
  }
  if (questions.length === 0) refusals.push("there is no question in it")
  if (refusals.length > 0) return Result.fail(refusals)
  const { id, url, version, title } = questionnaire
  return Result.succeed({ id, url, version, title, language, questions, scores })
}
