/**
 * Messages of subprotocol `sawt.v1`. Text frames carry one of these, binary frames carry audio. Both unions are closed
 * on `type`, and unknown fields are refused. A client may put a `ref` on any message and finds it in the reply.
 * Times are milliseconds; positions (`*_ms`) count from the first audio sample of the session.
 */
import { Schema } from "effect"
import { ErrorCode } from "./errors.ts"
import { hasHiddenCharacters } from "./text.ts"

export const subprotocol = "sawt.v1"

/** UTF-16 units; the wire bound is 16 KiB of UTF-8 for the whole frame. */
const textMax = 4_000
const Id = Schema.String.check(Schema.isPattern(/^[A-Za-z0-9_.:/-]{1,128}$/))
/** The client's own name for a message: it comes back as it is, so it holds nothing that could deceive a reader of logs. */
export const Ref = Schema.String.check(
  Schema.isMinLength(1),
  Schema.isMaxLength(64),
  Schema.makeFilter((ref: string) => !hasHiddenCharacters(ref), { expected: "no control characters" })
)
const Ms = Schema.Finite.check(Schema.isGreaterThanOrEqualTo(0))
const Count = Schema.Int.check(Schema.isGreaterThanOrEqualTo(0))
const Text = Schema.String.check(Schema.isMinLength(1), Schema.isMaxLength(textMax))
/** Hz. */
const SampleRateHz = Schema.Int.check(Schema.isBetween({ minimum: 8_000, maximum: 48_000 }))

export const Encoding = Schema.Literals(["pcm_s16le", "mulaw", "opus"])
export type Encoding = typeof Encoding.Type
/** Speech is sent as PCM or µ-law; an Opus encoder is not part of the engine. */
export const SpeechEncoding = Schema.Literals(["pcm_s16le", "mulaw"])

export const AudioFormat = Schema.Struct({ encoding: Encoding, sample_rate: SampleRateHz })
export type AudioFormat = typeof AudioFormat.Type
export const SpeechFormat = Schema.Struct({ encoding: SpeechEncoding, sample_rate: SampleRateHz })
export type SpeechFormat = typeof SpeechFormat.Type

export const defaultAudio: AudioFormat = { encoding: "pcm_s16le", sample_rate: 16_000 }
export const defaultSpeech: SpeechFormat = { encoding: "pcm_s16le", sample_rate: 22_050 }

const message = <const Type extends string, const Fields extends Schema.Struct.Fields>(type: Type, fields: Fields) =>
  Schema.Struct({ type: Schema.Literal(type), ref: Schema.optionalKey(Ref), ...fields })

export const SessionStart = message("session.start", {
  audio: Schema.optionalKey(AudioFormat),
  speech: Schema.optionalKey(SpeechFormat),
  mode: Schema.optionalKey(Schema.Literals(["live", "file"])),
  language: Schema.optionalKey(Schema.Literals(["ar", "en"])),
  questionnaire: Schema.optionalKey(Id),
  turn_detection: Schema.optionalKey(Schema.Literals(["server_vad", "none"])),
  partials: Schema.optionalKey(Schema.Boolean),
  alternatives: Schema.optionalKey(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 5 }))),
  resume_token: Schema.optionalKey(Id),
  last_seq: Schema.optionalKey(Count),
  traceparent: Schema.optionalKey(
    Schema.String.check(Schema.isPattern(/^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/))
  )
})
export type SessionStart = typeof SessionStart.Type

/**
 * What a recorded answer holds: an option's code or a plain value of the item's type (dates and times as ISO 8601); several
 * codes or texts where several may be chosen; a number in a unit.
 */
export const AnswerValue = Schema.Union([
  Schema.String,
  Schema.Finite,
  Schema.Boolean,
  Schema.Array(Schema.String),
  Schema.Struct({ value: Schema.Finite, unit: Schema.String })
])
export type AnswerValue = typeof AnswerValue.Type

export const ClientMessage = Schema.Union([
  SessionStart,
  message("audio.commit", {}),
  message("audio.clear", {}),
  message("consent.give", { version: Id }),
  message("consent.decline", { version: Id }),
  message("consent.withdraw", {}),
  message("text.input", { text: Text }),
  message("answer.select", {
    link_id: Id,
    code: Schema.optionalKey(Id),
    value: Schema.optionalKey(AnswerValue)
  }),
  message("dtmf", { digits: Schema.String.check(Schema.isPattern(/^[0-9*#]{1,32}$/)) }),
  message("question.repeat", {}),
  message("question.back", {}),
  message("question.skip", {}),
  message("question.goto", { link_id: Id }),
  message("session.pause", {}),
  message("session.continue", {}),
  message("help.request", {}),
  message("speech.say", {
    text: Text,
    voice: Schema.optionalKey(Id),
    interruptible: Schema.optionalKey(Schema.Boolean)
  }),
  message("speech.cancel", { id: Schema.optionalKey(Id) }),
  message("speech.played", { id: Id, played_ms: Ms, at_ms: Schema.optionalKey(Ms) }),
  message("session.refresh", { token: Schema.String.check(Schema.isMinLength(1), Schema.isMaxLength(4_096)) }),
  message("ack", { seq: Count }),
  message("session.end", {}),
  message("ping", { id: Schema.optionalKey(Id) })
]).pipe(Schema.toTaggedUnion("type"))
export type ClientMessage = typeof ClientMessage.Type

/** The one leading state of a session; the person's speech is detected beside it. */
export const LeadingState = Schema.Literals([
  "authenticating",
  "consenting",
  "listening",
  "transcribing",
  "speaking",
  "asking",
  "confirming",
  "recording",
  "paused",
  "completed",
  "recovering",
  "draining",
  "ended"
])
export type LeadingState = typeof LeadingState.Type

export const ModelStatus = Schema.Literals(["loading", "ready", "recovering", "failed"])
export type ModelStatus = typeof ModelStatus.Type
const ModelKind = Schema.Literals(["stt", "vad", "tts"])
const ModelState = Schema.Struct({ status: ModelStatus, backend: Schema.String })

export const Word = Schema.Struct({
  word: Schema.String,
  start_ms: Ms,
  end_ms: Ms,
  confidence: Schema.optionalKey(Schema.Finite)
})
export type Word = typeof Word.Type

export const Option = Schema.Struct({
  code: Schema.String,
  display: Schema.String,
  /** Phrases that choose this option when spoken, bare (no vowel marks). */
  spoken: Schema.Array(Schema.String),
  /** Keypad digits that choose it. */
  key: Schema.String
})
export type Option = typeof Option.Type

export const RepromptReason = Schema.Literals(["no_speech", "no_match", "low_confidence", "out_of_range", "too_long"])
export type RepromptReason = typeof RepromptReason.Type
export const AnswerVia = Schema.Literals(["voice", "text", "touch", "dtmf"])
export type AnswerVia = typeof AnswerVia.Type

export const Score = Schema.Struct({
  id: Schema.String,
  /** What it is called, in the session's language. */
  text: Schema.optionalKey(Schema.String),
  value: Schema.Finite,
  /** As the questionnaire writes it, the same in every language. */
  band: Schema.optionalKey(Schema.String),
  /** The same in the session's language. */
  band_text: Schema.optionalKey(Schema.String)
})
export type Score = typeof Score.Type

/** Durable messages carry `seq`. */
const Seq = Schema.optionalKey(Count)

const Occurrence = Schema.optionalKey(Schema.Array(Count))

const QuestionFields = {
  link_id: Id,
  text: Schema.String,
  item_type: Schema.String,
  options: Schema.Array(Option),
  required: Schema.Boolean,
  index: Count,
  total: Count,
  attempt: Count,
  /** Where something repeats: the number of each occurrence around and of the question, from 0, outermost first. */
  occurrence: Occurrence,
  /** So many options may be chosen in one answer; absent: one. */
  choose_max: Schema.optionalKey(Count),
  /** Yes or no: is there another one? `link_id` is what repeats. */
  another: Schema.optionalKey(Schema.Literal(true)),
  /** The answers are read back: yes or no, or which one is to be corrected. `link_id` is none of the questionnaire's. */
  review: Schema.optionalKey(Schema.Literal(true)),
  /** Of a number, or of a date or time as ISO 8601. */
  min: Schema.optionalKey(Schema.Union([Schema.Finite, Schema.String])),
  max: Schema.optionalKey(Schema.Union([Schema.Finite, Schema.String])),
  min_length: Schema.optionalKey(Count),
  max_length: Schema.optionalKey(Count),
  max_decimal_places: Schema.optionalKey(Count),
  /** What a quantity may be given in; the first is meant by a bare number. */
  units: Schema.optionalKey(
    Schema.Array(Schema.Struct({ display: Schema.String, code: Schema.optionalKey(Schema.String) }))
  ),
  help: Schema.optionalKey(Schema.String),
  /** Offered: `answer.select` with this value keeps it. */
  initial: Schema.optionalKey(Schema.Struct({ value: AnswerValue, display: Schema.String }))
}
const AnswerFields = {
  link_id: Id,
  value: AnswerValue,
  display: Schema.String,
  via: AnswerVia,
  confidence: Schema.optionalKey(Schema.Finite),
  revised: Schema.Boolean,
  occurrence: Occurrence
}

export const ServerMessage = Schema.Union([
  message("session.ready", {
    session_id: Id,
    /** Absent where nothing can be kept, or nothing may be resumed. */
    resume_token: Schema.optionalKey(Schema.String),
    resumed: Schema.Boolean,
    state: LeadingState,
    audio: AudioFormat,
    speech: SpeechFormat,
    limits: Schema.Struct({
      frame_bytes_max: Count,
      text_bytes_max: Count,
      utterance_ms_max: Count,
      session_minutes_max: Count,
      idle_seconds_max: Count
    }),
    models: Schema.Struct({ stt: ModelState, tts: ModelState, vad: ModelState }),
    questionnaire: Schema.optionalKey(
      Schema.Struct({ id: Id, title: Schema.String, version: Schema.String, total: Count })
    ),
    trace_id: Schema.String
  }),
  message("session.snapshot", {
    /** Stands for all messages up to this number. */
    seq: Count,
    question: Schema.NullOr(Schema.Struct(QuestionFields)),
    answers: Schema.Array(Schema.Struct(AnswerFields))
  }),
  message("state.changed", { state: LeadingState, previous: LeadingState }),
  message("consent.requested", { text: Schema.String, version: Id }),
  message("consent.withdrawn", {}),
  message("speech.started", { at_ms: Ms }),
  message("speech.stopped", { at_ms: Ms }),
  message("transcript.partial", { utterance_id: Id, text: Schema.String }),
  message("transcript.final", {
    seq: Seq,
    utterance_id: Id,
    text: Schema.String,
    confidence: Schema.NullOr(Schema.Finite),
    words: Schema.Array(Word),
    alternatives: Schema.optionalKey(Schema.Array(Schema.Struct({ text: Schema.String, confidence: Schema.Finite }))),
    start_ms: Ms,
    end_ms: Ms,
    model: Schema.String,
    degraded: Schema.Boolean,
    replayed: Schema.Boolean,
    trace_id: Schema.String
  }),
  message("question.asked", { seq: Seq, ...QuestionFields }),
  message("question.reprompt", {
    link_id: Id,
    reason: RepromptReason,
    attempt: Count,
    /** Why the answer was not taken, in the questionnaire's words. */
    message: Schema.optionalKey(Schema.String)
  }),
  message("answer.confirm", {
    seq: Seq,
    link_id: Id,
    value: AnswerValue,
    display: Schema.String,
    occurrence: Occurrence
  }),
  message("answer.recorded", { seq: Seq, ...AnswerFields }),
  message("questionnaire.notice", { seq: Seq, link_id: Id, message: Schema.String }),
  message("questionnaire.completed", {
    seq: Seq,
    response_id: Id,
    status: Schema.Literals(["completed", "stopped", "amended"]),
    summary: Schema.Array(
      Schema.Struct({ link_id: Id, text: Schema.String, display: Schema.String, occurrence: Occurrence })
    ),
    /** FHIR QuestionnaireResponse; scope `clinician` only, like `scores` and `alerts`. */
    response: Schema.optionalKey(Schema.Record(Schema.String, Schema.Unknown)),
    scores: Schema.optionalKey(Schema.Array(Score)),
    alerts: Schema.optionalKey(Schema.Array(Schema.Struct({ link_id: Id, rule: Schema.String })))
  }),
  message("audio.begin", {
    id: Id,
    text: Schema.String,
    encoding: SpeechEncoding,
    sample_rate: SampleRateHz,
    interruptible: Schema.Boolean,
    degraded: Schema.Boolean
  }),
  message("audio.duck", { id: Id, ducked: Schema.Boolean }),
  message("audio.end", {
    id: Id,
    reason: Schema.Literals(["completed", "interrupted", "failed"]),
    duration_ms: Ms,
    heard_ms: Schema.optionalKey(Ms),
    /** The words of it that were heard. */
    heard_text: Schema.optionalKey(Schema.String)
  }),
  message("models.changed", {
    model: ModelKind,
    status: ModelStatus,
    backend: Schema.String,
    degraded: Schema.Boolean
  }),
  message("session.refreshed", { expires_in_ms: Ms, scope: Schema.String }),
  message("session.expiring", { reason: Schema.Literals(["token", "idle", "duration", "draining"]), in_ms: Ms }),
  message("session.ended", { seq: Seq, reason: Schema.String, resumable: Schema.Boolean, trace_id: Schema.String }),
  message("error", {
    code: ErrorCode,
    message: Schema.String,
    retryable: Schema.Boolean,
    retry_after_ms: Schema.optionalKey(Count),
    trace_id: Schema.optionalKey(Schema.String)
  }),
  message("pong", { id: Schema.optionalKey(Id) })
]).pipe(Schema.toTaggedUnion("type"))
export type ServerMessage = typeof ServerMessage.Type
export type ServerMessageOf<Type extends ServerMessage["type"]> = Extract<ServerMessage, { readonly type: Type }>
