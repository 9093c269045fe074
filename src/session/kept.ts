/** What of an interview's output outlives the connection. Pure. */
import { raisedBy, raisedBySkip } from "#machines/alerts.ts"
import { reviewLinkId, type InterviewOutput, type RaisedAlert } from "#machines/interview.ts"
import type { At } from "#machines/kept.ts"
import type { Plan } from "#machines/plan.ts"
import type { SessionSummary } from "#schemas/record.ts"
import type { Write } from "#src/store/store.ts"
import { consentVersion } from "#src/tts/prompts.ts"

export type KeptOutput = Omit<Write, "message">

/** What changes where the session stands is written with how that looks. */
export const described = (kept: KeptOutput, summary: () => SessionSummary): KeptOutput =>
  kept.entry === undefined && kept.place === undefined ? kept : { ...kept, summary: summary() }

/** As the store keeps them. Whether one was raised before, the store knows. */
export const alertsOf = (plan: Plan, raised: ReadonlyArray<RaisedAlert>): Pick<Write, "alerts"> => {
  const questionnaire = { id: plan.id, version: plan.version }
  return raised.length === 0 ? {} : { alerts: raised.map((alert) => ({ ...alert, questionnaire })) }
}

const placeOf = (linkId: string, at: At | undefined) => ({ linkId, ...(at === undefined ? {} : { at }) })

/** Undefined: it changes nothing that a later connection must know. */
export const keptOf = (plan: Plan, output: InterviewOutput, atMs: number): KeptOutput | undefined => {
  switch (output.type) {
    case "consent.recording":
      return { entry: { type: "consent", via: output.via, version: consentVersion, language: plan.language, atMs } }
    case "question.asked":
      // Also when it is asked once more: what waited for a yes or no may have been denied.
      return output.again ? undefined : { place: placeOf(output.linkId, output.at) }
    case "another.asked":
      return output.again ? undefined : { place: { ...placeOf(output.linkId, output.at), another: true } }
    case "help.given":
      return { place: placeOf(output.linkId, output.at) }
    case "touch.offered":
      return output.linkId === undefined || output.another ? undefined : { place: placeOf(output.linkId, output.at) }
    case "answer.confirming":
    case "answer.adding":
      return output.again ? undefined : { place: { ...placeOf(output.linkId, output.at), pending: output.pending } }
    case "answer.recording":
      return {
        entry: { type: "answer", record: output.record, atMs },
        place: null,
        ...alertsOf(plan, [...raisedBy(plan, [], output.record), ...(output.alerts ?? [])])
      }
    case "question.skipped":
      return {
        entry: { type: "skip", ...placeOf(output.linkId, output.at), atMs },
        place: null,
        ...alertsOf(plan, raisedBySkip(plan, [], output.linkId))
      }
    case "another.told": {
      const { linkId, at, count, wanted } = output
      return { entry: { type: "another", ...placeOf(linkId, at), count, wanted, atMs }, place: null }
    }
    case "alert.raised": {
      const { linkId, at, rule } = output
      return { entry: { type: "alert", ...placeOf(linkId, at), rule, atMs }, ...alertsOf(plan, [{ linkId, rule }]) }
    }
    case "interview.ended":
      return output.status === "declined" || output.status === "withdrawn"
        ? undefined
        : { entry: { type: "ended", status: output.status, atMs }, place: null, ...alertsOf(plan, output.alerts) }
    case "consent.asked":
    case "review.offered":
    case "review.read":
    case "review.which":
      return { place: { linkId: reviewLinkId } }
    case "review.ended":
      return { place: null }
    case "stop.confirming":
    case "withdrawal.confirming":
    case "withdrawal.recording":
    case "pause.confirming":
    case "pause.told":
    case "interview.paused":
    case "notice.told":
    case "storing.delayed":
    case "turn.opened":
      return undefined
  }
}
