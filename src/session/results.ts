/** What the client and the clinician get at the end of an interview. Pure. */
import { formOf } from "#machines/form.ts"
import type { InterviewOutput } from "#machines/interview.ts"
import type { ServerMessage } from "#schemas/wire.ts"
import type { LoadedQuestionnaire } from "#src/questionnaire/load.ts"
import { responseOf } from "#src/questionnaire/response.ts"
import { scoresOf } from "#src/questionnaire/scores.ts"

export interface ResultHeader {
  readonly responseId: string
  /** ISO 8601 with zone. */
  readonly authored: string
  readonly subject?: string
  /** The FHIR response and the scores are for scope `clinician` only (R7.9). */
  readonly clinician: boolean
}

/** Undefined when nothing was agreed to, so nothing is kept. */
export const completedMessage = (
  { questionnaire, plan, evaluate }: Pick<LoadedQuestionnaire, "questionnaire" | "plan" | "evaluate">,
  { status, kept, alerts }: Extract<InterviewOutput, { type: "interview.ended" }>,
  { responseId, authored, subject, clinician }: ResultHeader
): ServerMessage | undefined => {
  if (status === "declined") return undefined
  const form = formOf(plan, kept, evaluate)
  const summary = form.steps.flatMap(({ asks, key, at, index, linkId }) => {
    const recorded = kept.answers[key]
    if (asks !== "answer" || recorded === undefined) return []
    const text = plan.questions[index]?.text ?? ""
    const place = at.length === 0 ? {} : { occurrence: [...at] }
    return [{ link_id: linkId, text, display: recorded.answer.display, ...place }]
  })
  const header = { id: responseId, status, authored, ...(subject === undefined ? {} : { subject }) }
  return {
    type: "questionnaire.completed",
    response_id: responseId,
    status,
    summary,
    ...(clinician
      ? {
          response: { ...responseOf(questionnaire, plan, form, header) },
          scores: [...scoresOf(plan, form)],
          alerts: alerts.map(({ linkId, rule }) => ({ link_id: linkId, rule }))
        }
      : {})
  }
}
