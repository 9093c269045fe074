/** Performs what an interview wants: what must last is written first, then told, then spoken. */
import { Result } from "effect"
import type { InterviewOutput } from "#machines/interview.ts"
import type { AnswerVia } from "#schemas/wire.ts"
import { responseIdOf } from "#src/store/clinic.ts"
import { consentVersion } from "#src/tts/prompts.ts"
import { mayBePaused } from "./pausing.ts"
import { performanceOf } from "./interview.ts"
import { keptOf } from "./kept.ts"
import { completedMessage, resultOf } from "./results.ts"
import type { Session } from "./session.ts"
import type { Started } from "./started.ts"
import { isInterruptible } from "./turn-taking.ts"

/** When all has been tried, a silence so many times as long ends in a pause. */
const patientSilences = 4

/** Whose interview it is, for the audit log. */
const factsOf = (session: Session, { plan }: NonNullable<Started["questionnaire"]>) => {
  const { subject } = session.options.admission
  return {
    session_id: session.id,
    questionnaire: plan.id,
    questionnaire_version: plan.version,
    ...(subject === undefined ? {} : { subject })
  }
}

const ended = (
  session: Session,
  questionnaire: NonNullable<Started["questionnaire"]>,
  output: Extract<InterviewOutput, { type: "interview.ended" }>,
  nowMs: number
): void => {
  const { status } = output
  session.options.record({ event: "questionnaire.ended", status, ...factsOf(session, questionnaire) })
  if (status === "withdrawn") return
  if (status === "declined") return void session.started?.keeping?.journal.erase()
  const { subject } = session.options.admission
  const responseId = responseIdOf(session.id)
  const response = resultOf(questionnaire, output, {
    responseId,
    authoredAtMs: nowMs,
    ...(subject === undefined ? {} : { subject })
  })
  if (response === undefined) return
  const clinician = session.options.token.scopes.includes("clinician")
  const message = completedMessage(questionnaire, output, response, { responseId, clinician })
  const kept = keptOf(questionnaire.plan, output, nowMs)
  // Not written, it is told all the same: a resume ends the interview once more, with the same answers.
  if (!session.sendKept(message, { ...kept, response })) session.send(message)
}

/** False: it could not be, and is all there still. */
export const withdraw = (session: Session, via: AnswerVia): boolean => {
  const { questionnaire, keeping } = session.started ?? {}
  if (questionnaire === undefined || (keeping !== undefined && Result.isFailure(keeping.journal.erase()))) return false
  session.options.record({
    event: "consent.withdrawn",
    consent_version: consentVersion,
    via,
    ...factsOf(session, questionnaire)
  })
  return true
}

export const cannotDelete = [
  "storage_unavailable",
  "nothing can be deleted at the moment: it is tried again until it is done"
] as const

export const performInterview = (session: Session, output: InterviewOutput): void => {
  const { started } = session
  if (started?.questionnaire === undefined) return
  const { plan } = started.questionnaire
  if (output.type === "turn.opened") {
    const { noSpeechMs } = session.options
    if (!output.isPatient) return started.listener.armSilence(noSpeechMs)
    return mayBePaused(session) ? started.listener.armSilence(noSpeechMs * patientSilences) : undefined
  }
  if (output.type === "interview.paused") return session.endNow("paused")
  const nowMs = session.options.nowMs()
  if (output.type === "interview.ended") ended(session, started.questionnaire, output, nowMs)

  const { messages, prompt } = performanceOf(plan, output, session.options.told)
  const kept = keptOf(plan, output, nowMs)
  if (kept?.place !== undefined) started.progress.linkId = kept.place?.linkId
  const [first, ...rest] = messages
  if (output.type === "answer.recording" && first !== undefined) {
    const isStored = session.sendKept(first, kept ?? {})
    const { linkId } = output.record
    // All entries of a list are in the log with the first; each is told.
    if (isStored) for (const message of rest) session.sendKept(message, {})
    if (isStored) started.progress.answered.add(linkId)
    return session.tellInterview({ type: isStored ? "answer.stored" : "answer.store.failed", linkId })
  }
  if (output.type === "alert.raised") {
    return session.tellInterview({ type: session.keep(kept ?? {}) ? "alert.stored" : "alert.store.failed" })
  }
  if (output.type === "consent.recording") {
    const isStored = session.keep(kept ?? {})
    if (isStored) {
      const { via } = output
      const agreed = { consent_version: consentVersion, language: plan.language, via }
      session.options.record({ event: "consent.given", ...agreed, ...factsOf(session, started.questionnaire) })
    }
    return session.tellInterview({ type: isStored ? "consent.stored" : "consent.store.failed" })
  }
  if (output.type === "withdrawal.recording") {
    const isErased = withdraw(session, output.via)
    if (!isErased && output.failures === 0) session.refuse(...cannotDelete)
    return session.tellInterview({ type: isErased ? "withdrawal.stored" : "withdrawal.store.failed" })
  }
  if (first !== undefined) session.sendKept(first, kept ?? {})
  else if (kept !== undefined && output.type !== "interview.ended") session.keep(kept)
  for (const message of rest) session.send(message)
  if (prompt !== undefined)
    session.speak(prompt, { keep: prompt.keep, replace: true, interruptible: isInterruptible(output) })
}
