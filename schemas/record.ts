/**
 * What is kept of a session, and what can go wrong with keeping it. The log of an interview - consent, answers, skips,
 * alerts, its end - is the truth from which a session is rebuilt; everything personal in it is sealed (`src/store/cipher.ts`).
 */
import { Schema } from "effect"
import { AnswerValue, AnswerVia, LeadingState } from "./wire.ts"

/** An answer as it is kept: what it means, and how it is shown. */
export const Answer = Schema.Struct({ value: AnswerValue, display: Schema.String })
export type Answer = typeof Answer.Type

/** The number of each occurrence around and of an item that repeats, from 0, outermost first; absent where nothing does. */
const At = Schema.optionalKey(Schema.Array(Schema.Int))

export const RecordedAnswer = Schema.Struct({
  linkId: Schema.String,
  at: At,
  answer: Answer,
  /** Said in the same breath: further entries of the list that it is one of; each goes to the next free place of it. */
  more: Schema.optionalKey(Schema.Array(Answer)),
  /** "… and nothing else": nobody is asked for another one. */
  isLast: Schema.optionalKey(Schema.Boolean),
  via: AnswerVia,
  confidence: Schema.optionalKey(Schema.Finite),
  revised: Schema.Boolean
})
export type RecordedAnswer = typeof RecordedAnswer.Type

const AtMs = Schema.Finite

/** One line of a session's log, in order. Times are wall-clock milliseconds since 1970. */
export const RecordEntry = Schema.Union([
  Schema.Struct({
    type: Schema.Literal("consent"),
    via: AnswerVia,
    version: Schema.String,
    language: Schema.Literals(["ar", "en"]),
    atMs: AtMs
  }),
  Schema.Struct({ type: Schema.Literal("answer"), record: RecordedAnswer, atMs: AtMs }),
  Schema.Struct({ type: Schema.Literal("skip"), linkId: Schema.String, at: At, atMs: AtMs }),
  /** Of what repeats: whether there is another one than the `count` that there are. */
  Schema.Struct({
    type: Schema.Literal("another"),
    linkId: Schema.String,
    at: At,
    count: Schema.Int,
    wanted: Schema.Boolean,
    atMs: AtMs
  }),
  /** Staff must hear of it, and no answer tells: what was said sounds like danger, or a human is asked for. */
  Schema.Struct({ type: Schema.Literal("alert"), linkId: Schema.String, at: At, rule: Schema.String, atMs: AtMs }),
  Schema.Struct({
    type: Schema.Literal("ended"),
    status: Schema.Literals(["completed", "amended", "stopped"]),
    atMs: AtMs
  })
]).pipe(Schema.toTaggedUnion("type"))
export type RecordEntry = typeof RecordEntry.Type

/** Where an interview stands between two answers: the question that was asked, and what waits for a yes or no. */
export const Place = Schema.Struct({
  linkId: Schema.String,
  at: At,
  /** Whether there is another one was asked, not the question itself. */
  another: Schema.optionalKey(Schema.Boolean),
  pending: Schema.optionalKey(RecordedAnswer)
})
export type Place = typeof Place.Type

/** What an operator may see of a session: figures and names of questions, never what was said or answered. */
export const SessionSummary = Schema.Struct({
  protocol: Schema.String,
  clientAddress: Schema.String,
  traceId: Schema.String,
  /** The last one that the client was told. */
  state: LeadingState,
  startedAtMs: AtMs,
  lastActivityAtMs: AtMs,
  questionnaire: Schema.optionalKey(
    Schema.Struct({
      id: Schema.String,
      version: Schema.String,
      answered: Schema.Int,
      total: Schema.Int,
      /** The question that stands. */
      linkId: Schema.optionalKey(Schema.String)
    })
  ),
  /** Of all connections of the session. */
  audioInMs: Schema.Finite,
  audioOutMs: Schema.Finite,
  /** That have ended, understood or not. */
  utterances: Schema.Int,
  /** Frames of the client's that nobody heard: before `session.ready`, malformed, or while it was leaving. */
  droppedFrames: Schema.Int
})
export type SessionSummary = typeof SessionSummary.Type

/** Why nothing can be kept now; stands in `/health`. */
export const StoreReason = Schema.Literals([
  /** The folder or file cannot be opened or made. */
  "cannot_open",
  /** The file was removed or replaced under the running service. */
  "gone",
  "full",
  "read_only",
  /** Another process holds the database. */
  "busy",
  /** The file is no database, or a damaged one. */
  "corrupt",
  "failed"
])
export type StoreReason = typeof StoreReason.Type

export class StoreError extends Schema.TaggedError<StoreError>()("StoreError", {
  reason: StoreReason,
  /** For operators: what happened and how to repair it. Never what is kept. */
  message: Schema.String
}) {}

/** What is kept cannot be read with the key at hand: the service does not start with it. */
export class StorageKeyError extends Schema.TaggedError<StorageKeyError>()("StorageKeyError", {
  message: Schema.String
}) {}
