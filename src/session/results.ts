/** What the client and the clinician get at the end of an interview. Pure. */
import { formOf } from "#machines/form.ts"
import type { InterviewOutput } from "#machines/interview.ts"
import type { ServerMessage } from "#schemas/wire.ts"
import type { LoadedQuestionnaire } from "#src/questionnaire/load.ts"
import { responseOf } from "#src/questionnaire/response.ts"
import { scoresOf } from "#src/questionnaire/scores.ts"
import type { NewResponse } from "#src/store/clinic.ts"

export interface ResultHeader {
  readonly responseId: string
  readonly authoredAtMs: number
  readonly subject?: string
}

export type Ended = Extract<InterviewOutput, { type: "interview.ended" }>
type Held = Pick<LoadedQuestionnaire, "questionnaire" | "plan" | "evaluate">

/** Undefined when nothing was agreed to, so nothing is kept. */
export const resultOf = (
  { questionnaire, plan, evaluate }: Held,
  { status, kept, alerts }: Ended,
  { responseId, authoredAtMs, subject }: ResultHeader
): NewResponse | undefined => {
  if (status === "declined" || status === "withdrawn") return undefined
  const form = formOf(plan, kept, evaluate)
  const authored = new Date(authoredAtMs).toISOString()
  const header = { id: responseId, status, authored, ...(subject === undefined ? {} : { subject }) }
  return {
    questionnaire: { id: plan.id, version: plan.version },
    status,
    authoredAtMs,
    content: {
      response: responseOf(questionnaire, plan, form, header),
      scores: scoresOf(plan, form),
      alerts: alerts.map(({ linkId, rule }) => ({ link_id: linkId, rule }))
    }
  }
}

/** `clinician`: the FHIR response and the scores are for that scope only (R7.9). */
export const completedMessage = (
  { plan, evaluate }: Held,
  { kept }: Ended,
  { status, content }: NewResponse,
  { responseId, clinician }: { readonly responseId: string; readonly clinician: boolean }
): ServerMessage => {
  const summary = formOf(plan, kept, evaluate).steps.flatMap(({ asks, key, at, index, linkId }) => {
    const recorded = kept.answers[key]
    if (asks !== "answer" || recorded === undefined) return []
    const text = plan.questions[index]?.text ?? ""
    const place = at.length === 0 ? {} : { occurrence: [...at] }
    return [{ link_id: linkId, text, display: recorded.answer.display, ...place }]
  })
  const { response, scores, alerts } = content
  return {
    type: "questionnaire.completed",
    response_id: responseId,
    status,
    summary,
    ...(clinician ? { response: { ...response }, scores: [...scores], alerts: [...alerts] } : {})
  }
}
