/**
 * Recorded answers → FHIR `QuestionnaireResponse` in the shape of its questionnaire, and scores. Pure.
 * A total exists only when every item that it adds up has an answer.
 */
import type { Plan, PlanQuestion } from "#machines/plan.ts"
import type { RecordedAnswer } from "#schemas/record.ts"
import type {
  Questionnaire,
  QuestionnaireItem,
  QuestionnaireResponse,
  ResponseAnswer,
  ResponseItem
} from "#schemas/fhir.ts"
import type { Score } from "#schemas/wire.ts"

export type Answers = Readonly<Record<string, RecordedAnswer>>

const pointsOf = (question: PlanQuestion | undefined, answers: Answers): number | undefined =>
  question?.options.find(({ code }) => code === String(answers[question.linkId]?.answer.value))?.points

export const scoresOf = (plan: Plan, answers: Answers): ReadonlyArray<Score> =>
  plan.scores.flatMap(({ linkId, sumOf, bands }) => {
    const points = sumOf.map((part) =>
      pointsOf(
        plan.questions.find((question) => question.linkId === part),
        answers
      )
    )
    if (!points.every((value) => value !== undefined)) return []
    const value = points.reduce((sum, part) => sum + part, 0)
    const band = bands.find(({ min, max }) => min <= value && value <= max)?.display
    return [band === undefined ? { id: linkId, value } : { id: linkId, value, band }]
  })

const answerFor = (question: PlanQuestion, { answer }: RecordedAnswer): ResponseAnswer => {
  if (typeof answer.value === "boolean") return { valueBoolean: answer.value }
  const option = question.options.find(({ code }) => code === answer.value)
  return {
    valueCoding: {
      ...(option?.system === undefined ? {} : { system: option.system }),
      code: String(answer.value),
      display: answer.display
    }
  }
}

export interface ResponseHeader {
  readonly id: string
  readonly status: QuestionnaireResponse["status"]
  /** ISO 8601 with zone. */
  readonly authored: string
  readonly subject?: string
}

export const responseOf = (
  questionnaire: Questionnaire,
  plan: Plan,
  answers: Answers,
  header: ResponseHeader
): QuestionnaireResponse => {
  const scores = new Map(scoresOf(plan, answers).map(({ id, value }) => [id, value]))
  const answerOf = (item: QuestionnaireItem): ResponseAnswer | undefined => {
    const total = scores.get(item.linkId)
    if (total !== undefined) return { valueInteger: total }
    const recorded = answers[item.linkId]
    const question = plan.questions.find(({ linkId }) => linkId === item.linkId)
    return recorded === undefined || question === undefined ? undefined : answerFor(question, recorded)
  }
  /** Groups without answers, displays and unanswered questions are left out. */
  const convert = (items: ReadonlyArray<QuestionnaireItem>): ReadonlyArray<ResponseItem> =>
    items.flatMap((item): ReadonlyArray<ResponseItem> => {
      const head = { linkId: item.linkId, ...(item.text === undefined ? {} : { text: item.text }) }
      if (item.type === "group") {
        const children = convert(item.item ?? [])
        return children.length === 0 ? [] : [{ ...head, item: children }]
      }
      const answer = answerOf(item)
      return answer === undefined ? [] : [{ ...head, answer: [answer] }]
    })
  const item = convert(questionnaire.item)
  return {
    resourceType: "QuestionnaireResponse",
    id: header.id,
    questionnaire: `${questionnaire.url}|${questionnaire.version}`,
    status: header.status,
    language: plan.language,
    ...(header.subject === undefined ? {} : { subject: { identifier: { value: header.subject } } }),
    authored: header.authored,
    ...(item.length === 0 ? {} : { item })
  }
}
