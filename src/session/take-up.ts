/** How a session comes into the store, and how it goes on where an earlier connection left it. */
import { Effect, Result, Struct } from "effect"
import { reviewLinkId, type InterviewRecord } from "#machines/interview.ts"
import { keptBy } from "#machines/kept.ts"
import { contextOf } from "#machines/interview-setup.ts"
import { Router } from "#machines/routing.ts"
import { WireError } from "#schemas/errors.ts"
import type { RecordedAnswer, RecordEntry, SessionSummary } from "#schemas/record.ts"
import type { LeadingState, ServerMessage, SessionStart } from "#schemas/wire.ts"
import { inLanguage, type LoadedQuestionnaire } from "#src/questionnaire/load.ts"
import type { Questionnaires } from "#src/questionnaire/questionnaires.ts"
import type { Invitations } from "#src/store/invitations.ts"
import type { Owner, Resumed, Store } from "#src/store/store.ts"
import type { Admission } from "./contract.ts"
import { recordedMessage } from "./interview.ts"
import { askedMessage } from "./question.ts"
import type { Session } from "./session.ts"
import type { Keeping, Progress } from "./started.ts"

export interface Taken {
  readonly questionnaire?: LoadedQuestionnaire
  /** Absent where nothing can be kept: only without a questionnaire. */
  readonly keeping?: Keeping
  readonly resumeToken?: string
  /** Of a session that goes on. */
  readonly record?: InterviewRecord
  readonly summary?: SessionSummary
  readonly state: LeadingState
  /** Audio of the connections before. */
  readonly positionMs: number
}

const ownerOf = ({ endpoint, subject, invitation }: Admission): Owner => ({
  endpoint,
  ...(subject === undefined ? {} : { subject }),
  ...(invitation === undefined ? {} : { invitation: invitation.id })
})

const cannotKeep = () =>
  new WireError({ code: "storage_unavailable", message: "nothing can be kept at the moment: try again in a moment" })

const usedUp = new WireError({
  code: "forbidden",
  message:
    "this invitation has been used: its visit goes on with its resume_token, a further one needs a new invitation"
})

export const begin = (
  { store, invitations }: { readonly store: Store["Service"]; readonly invitations: Invitations["Service"] },
  { id, figures: { startedAtMs }, options: { admission, record } }: Session,
  questionnaire: LoadedQuestionnaire | undefined
): Effect.Effect<Taken, WireError> => {
  const state = questionnaire === undefined ? "listening" : "consenting"
  const taken: Taken = { ...(questionnaire === undefined ? {} : { questionnaire }), state, positionMs: 0 }
  const source = questionnaire === undefined ? {} : { questionnaire: questionnaire.source }
  const { invitation } = admission
  const beginning = { id, startedAtMs, ...ownerOf(admission), ...source }
  const kept = invitation === undefined ? store.begin(beginning) : invitations.begin(invitation.id, beginning)
  if (Result.isFailure(kept)) {
    return questionnaire === undefined ? Effect.succeed(taken) : Effect.fail(cannotKeep())
  }
  if (kept.success === undefined) return Effect.fail(usedUp)
  if (invitation !== undefined) {
    record({
      event: "invitation.begun",
      invitation_id: invitation.id,
      session_id: id,
      client_address: admission.clientAddress,
      ...(admission.subject === undefined ? {} : { subject: admission.subject })
    })
  }
  const { journal, resumeToken } = kept.success
  const keeping = {
    journal,
    resumable: resumeToken !== undefined,
    connection: 1,
    lastSeq: 0,
    connectedMs: 0,
    missed: []
  }
  return Effect.succeed({ ...taken, keeping, ...(resumeToken === undefined ? {} : { resumeToken }) })
}

const noSuchSession = new WireError({
  code: "resume_failed",
  message: "there is no such session to resume, or its time is over: start anew"
})

/** `replace` ends the connection that the session may still have, and returns when what it held is kept. */
export const takeUp = Effect.fnUntraced(function* (
  services: { readonly store: Store["Service"]; readonly questionnaires: Questionnaires["Service"] },
  admission: Admission,
  start: SessionStart & { readonly resume_token: string },
  replace: (id: string) => Effect.Effect<void>
) {
  const { store, questionnaires } = services
  const owner = ownerOf(admission)
  const known = yield* Effect.fromResult(store.find(start.resume_token, owner)).pipe(Effect.mapError(cannotKeep))
  if (known === undefined) return yield* noSuchSession
  yield* replace(known)
  const resumed = yield* Effect.fromResult(store.resume(start.resume_token, owner, start.last_seq ?? 0)).pipe(
    Effect.mapError(cannotKeep)
  )
  if (resumed === undefined) return yield* noSuchSession
  const loaded =
    resumed.questionnaire === undefined
      ? undefined
      : yield* questionnaires.ofSource(resumed.questionnaire).pipe(Effect.mapError(() => noSuchSession))
  // It goes on in the language that was agreed to.
  const agreed = resumed.entries.findLast((entry) => entry.type === "consent")?.language
  const questionnaire = loaded === undefined ? undefined : inLanguage(loaded, agreed ?? start.language)
  const { id, entries, place, journal, connection, lastSeq, connectedMs, positionMs, resumeToken, summary } = resumed
  const missed = missedOf(resumed, questionnaire)
  return {
    id,
    ...(questionnaire === undefined ? {} : { questionnaire }),
    keeping: { journal, resumable: true, connection, lastSeq, connectedMs, missed },
    ...(resumeToken === undefined ? {} : { resumeToken }),
    record: { entries, ...(place === undefined ? {} : { place }) },
    state: stateOf(resumed),
    positionMs,
    ...(summary === undefined ? {} : { summary })
  } satisfies Taken & { readonly id: string }
})

export const progressOf = (record: InterviewRecord | undefined): Progress => ({
  answered: new Set(record?.entries.flatMap((entry) => (entry.type === "answer" ? [entry.record.linkId] : []))),
  linkId: record?.place?.linkId
})

const hasEnded = (entries: ReadonlyArray<RecordEntry>): boolean => entries.some(({ type }) => type === "ended")

/** Ended for good; what was completed may still be corrected. */
export const hasStopped = (entries: ReadonlyArray<RecordEntry>): boolean =>
  entries.some((entry) => entry.type === "ended" && entry.status === "stopped")

/** The question that an interview stands at. */
const standing = (loaded: LoadedQuestionnaire, record: InterviewRecord) => {
  const { plan, evaluate } = loaded
  const next = new Router(plan, evaluate).resume(contextOf(plan, { record }))?.next
  return next === undefined ? null : Struct.omit(askedMessage(plan, next, 1), ["type"])
}

const stateOf = ({ questionnaire, entries, place }: Resumed): LeadingState => {
  if (questionnaire === undefined) return "listening"
  if (place?.linkId === reviewLinkId) return "asking"
  if (hasEnded(entries)) return "completed"
  if (!entries.some(({ type }) => type === "consent")) return "consenting"
  return place?.pending === undefined ? "asking" : "confirming"
}

/** What the client has not seen: the messages themselves or, where some are no longer kept, what they come to. */
export const missedOf = (resumed: Resumed, loaded: LoadedQuestionnaire | undefined): ReadonlyArray<ServerMessage> => {
  const { missed, entries, place, lastSeq } = resumed
  if (missed.complete || loaded === undefined) return missed.messages
  const answers: ReadonlyArray<RecordedAnswer> = Object.values(keptBy(loaded.plan, entries).answers)
  return [
    {
      type: "session.snapshot",
      seq: lastSeq,
      question: place === undefined ? null : standing(loaded, { entries, place }),
      answers: answers.map((record) => Struct.omit(recordedMessage(record), ["type"]))
    },
    ...missed.messages.filter(({ type }) => type === "questionnaire.notice" || type === "questionnaire.completed")
  ]
}
