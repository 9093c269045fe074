/** How a session comes into the store, and how it goes on where an earlier connection left it. */
import { Effect, Result, Struct } from "effect"
import type { InterviewRecord } from "#machines/interview.ts"
import type { Plan } from "#machines/plan.ts"
import { WireError } from "#schemas/errors.ts"
import type { RecordedAnswer, RecordEntry, SessionSummary } from "#schemas/record.ts"
import type { LeadingState, ServerMessage, SessionStart } from "#schemas/wire.ts"
import type { LoadedQuestionnaire, Questionnaires } from "#src/questionnaire/questionnaires.ts"
import type { Owner, Resumed, Store } from "#src/store/store.ts"
import type { Admission } from "./contract.ts"
import { askedMessage, recordedMessage } from "./interview.ts"
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

const ownerOf = ({ endpoint, subject }: Admission): Owner => ({
  endpoint,
  ...(subject === undefined ? {} : { subject })
})

const cannotKeep = () =>
  new WireError({ code: "storage_unavailable", message: "nothing can be kept at the moment: try again in a moment" })

export const begin = (
  store: Store["Service"],
  { id, figures: { startedAtMs }, options: { admission } }: Session,
  questionnaire: LoadedQuestionnaire | undefined
): Effect.Effect<Taken, WireError> => {
  const state = questionnaire === undefined ? "listening" : "consenting"
  const taken: Taken = { ...(questionnaire === undefined ? {} : { questionnaire }), state, positionMs: 0 }
  const source = questionnaire === undefined ? {} : { questionnaire: questionnaire.source }
  const kept = store.begin({ id, startedAtMs, ...ownerOf(admission), ...source })
  if (Result.isFailure(kept)) {
    return questionnaire === undefined ? Effect.succeed(taken) : Effect.fail(cannotKeep())
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
  const questionnaire =
    resumed.questionnaire === undefined
      ? undefined
      : yield* questionnaires.ofSource(resumed.questionnaire).pipe(Effect.mapError(() => noSuchSession))
  const { id, entries, place, journal, connection, lastSeq, connectedMs, positionMs, resumeToken, summary } = resumed
  const missed = missedOf(resumed, questionnaire?.plan)
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

export const hasEnded = (entries: ReadonlyArray<RecordEntry>): boolean => entries.some(({ type }) => type === "ended")

const stateOf = ({ questionnaire, entries, place }: Resumed): LeadingState => {
  if (questionnaire === undefined) return "listening"
  if (hasEnded(entries)) return "completed"
  if (!entries.some(({ type }) => type === "consent")) return "consenting"
  return place?.pending === undefined ? "asking" : "confirming"
}

/** What the client has not seen: the messages themselves or, where some are no longer kept, what they come to. */
export const missedOf = (resumed: Resumed, plan: Plan | undefined): ReadonlyArray<ServerMessage> => {
  const { missed, entries, place, lastSeq } = resumed
  if (missed.complete || plan === undefined) return missed.messages
  const answers = new Map<string, RecordedAnswer>()
  for (const entry of entries) if (entry.type === "answer") answers.set(entry.record.linkId, entry.record)
  return [
    {
      type: "session.snapshot",
      seq: lastSeq,
      question: place === undefined ? null : Struct.omit(askedMessage(plan, place.linkId, 1), ["type"]),
      answers: [...answers.values()].map((record) => Struct.omit(recordedMessage(record), ["type"]))
    },
    ...missed.messages.filter(({ type }) => type === "questionnaire.notice" || type === "questionnaire.completed")
  ]
}
