/** What the client and the clinician get at the end of an interview. Pure. */
import type { InterviewOutput } from "#machines/interview.ts"
import type { ServerMessage } from "#schemas/wire.ts"
import type { LoadedQuestionnaire } from "#src/questionnaire/questionnaires.ts"
import { responseOf, scoresOf } from "#src/questionnaire/response.ts"

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
  { questionnaire, plan }: LoadedQuestionnaire,
  { status, answers }: Extract<InterviewOutput, { type: "interview.ended" }>,
  { responseId, authored, subject, clinician }: ResultHeader
): ServerMessage | undefined => {
  if (status === "declined") return undefined
  const summary = plan.questions.flatMap(({ linkId, text }) => {
    const recorded = answers[linkId]
    return recorded === undefined ? [] : [{ link_id: linkId, text, display: recorded.answer.display }]
  })
  const header = { id: responseId, status, authored, ...(subject === undefined ? {} : { subject }) }
  return {
    type: "questionnaire.completed",
    response_id: responseId,
    status,
    summary,
    ...(clinician
      ? {
          response: { ...responseOf(questionnaire, plan, answers, header) },
          scores: [...scoresOf(plan, answers)],
          alerts: []
        }
      : {})
  }
}
