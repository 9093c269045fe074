/**
 * Every span, event and attribute that is exported: what `docs/reference/traces.md` is printed from, and what the types of
 * `spans.ts` allow. Names follow OpenTelemetry's semantic conventions where there is one (http, session, user, gen_ai,
 * process, error), else they begin with `sawt.`. No attribute holds what a person said, is called or comes from.
 */
import { turnCauses, turnOutcomes } from "./turn-record.ts"

type AttributeType = "string" | "number" | "boolean"
interface AttributeRow {
  readonly type: AttributeType
  readonly about: string
  /** The values that there are. Absent: free, but never personal. */
  readonly values?: ReadonlyArray<string>
}
const attribute = <const Row extends AttributeRow>(row: Row): Row => row

export const attributeTable = {
  "session.id": attribute({ type: "string", about: "The session, whatever the number of its connections." }),
  "user.hash": attribute({
    type: "string",
    about: "Keyed hash of the subject, the same as in the audit log and in `/admin/sessions`."
  }),
  "http.request.method": attribute({ type: "string", about: "Of the upgrade.", values: ["GET"] }),
  "http.route": attribute({ type: "string", about: "The socket's path; absent where there is none." }),
  "http.response.status_code": attribute({ type: "number", about: "101 where it became a WebSocket." }),
  "network.protocol.name": attribute({ type: "string", about: "What was asked for.", values: ["websocket"] }),
  "error.type": attribute({ type: "string", about: "Code of the refusal, reason of the fault, or what failed." }),
  "gen_ai.operation.name": attribute({
    type: "string",
    about: "What the model did.",
    values: ["speech_to_text", "text_to_speech"]
  }),
  "gen_ai.provider.name": attribute({
    type: "string",
    about: "The engine.",
    values: ["vosk", "espeak", "piper", "cache", "xtts"]
  }),
  "gen_ai.request.model": attribute({ type: "string", about: "The model, as transcripts name it." }),
  "process.pid": attribute({ type: "number", about: "Process of the model host." }),
  "sawt.endpoint": attribute({
    type: "string",
    about: "The kind of socket; `canary`: the service's own trial.",
    values: ["basic", "secure", "healthcare", "canary"]
  }),
  "sawt.mode": attribute({ type: "string", about: "`file`: audio came at any speed.", values: ["live", "file"] }),
  "sawt.questionnaire": attribute({ type: "string", about: "Id of the questionnaire." }),
  "sawt.question": attribute({ type: "string", about: "`linkId` of what was asked when the turn began." }),
  "sawt.session.end": attribute({ type: "string", about: "Why the session ended." }),
  "sawt.session.turns": attribute({ type: "number", about: "Turns of this connection." }),
  "sawt.session.turns_slow": attribute({ type: "number", about: "Those that were slow." }),
  "sawt.session.turns_failed": attribute({ type: "number", about: "Those in which something failed." }),
  "sawt.turn.number": attribute({ type: "number", about: "From 1, in this connection." }),
  "sawt.turn.cause": attribute({ type: "string", about: "What began the turn.", values: turnCauses }),
  "sawt.turn.outcome": attribute({ type: "string", about: "What came of it.", values: turnOutcomes }),
  "sawt.turn.reprompt": attribute({
    type: "string",
    about: "Why it was asked again.",
    values: ["no_speech", "no_match", "low_confidence", "out_of_range", "too_long"]
  }),
  "sawt.turn.response_ms": attribute({
    type: "number",
    about: "From the end of the utterance to the first byte of speech, else to the transcript."
  }),
  "sawt.turn.slow": attribute({
    type: "boolean",
    about: "The response took longer than `turnSlowMs` (src/limits.ts)."
  }),
  "sawt.turn.failed": attribute({ type: "boolean", about: "Something failed; the status is an error too." }),
  "sawt.audio_ms": attribute({ type: "number", about: "Of the speech that was heard or said." }),
  "sawt.replay": attribute({ type: "boolean", about: "Another host had lost the utterance; linked to that span." }),
  "sawt.stand_in": attribute({ type: "boolean", about: "Not the configured model or voice." }),
  "sawt.decode.busy_ms": attribute({ type: "number", about: "In calls into the model." }),
  "sawt.decode.queue_ms": attribute({ type: "number", about: "Of all waits for a processor, in the host." }),
  "sawt.decode.real_time_factor": attribute({ type: "number", about: "`busy_ms` for each millisecond of audio." }),
  "sawt.store.stored": attribute({ type: "boolean", about: "False: it could not be written." }),
  "sawt.prompt.end": attribute({
    type: "string",
    about: "`dropped`: another took its place.",
    values: ["completed", "interrupted", "failed", "dropped"]
  }),
  "sawt.cache.hit": attribute({ type: "boolean", about: "The sentence had been rendered before." }),
  "sawt.machine": attribute({ type: "string", about: "Which machine.", values: ["session", "interview"] }),
  "sawt.state.from": attribute({ type: "string", about: "The state that was left." }),
  "sawt.state.to": attribute({ type: "string", about: "The state that was entered." }),
  "sawt.state.event": attribute({ type: "string", about: "The type of the event that led there." })
} as const satisfies Readonly<Record<string, AttributeRow>>

export type AttributeName = keyof typeof attributeTable
type ValueOf<Row extends AttributeRow> = Row extends { readonly values: ReadonlyArray<infer Value> }
  ? Value
  : Row["type"] extends "string"
    ? string
    : Row["type"] extends "number"
      ? number
      : boolean
export type Attributes = { readonly [Name in AttributeName]?: ValueOf<(typeof attributeTable)[Name]> }

interface SpanRow {
  readonly about: string
  /** Absent: a trace begins with it, or the client's goes on. */
  readonly parent?: string
  readonly attributes: ReadonlyArray<AttributeName>
}
const span = <const Row extends SpanRow>(row: Row): Row => row

export const spanTable = {
  upgrade: span({
    about: "A request to open a socket, let in or refused. In the client's trace where it sends `traceparent`.",
    attributes: [
      "http.request.method",
      "http.route",
      "http.response.status_code",
      "network.protocol.name",
      "error.type"
    ]
  }),
  admission: span({
    about: "What is asked of a client before it is let in: origin, token, scope, rate.",
    parent: "upgrade",
    attributes: ["error.type"]
  }),
  session: span({
    about: "One connection's session. In the trace that `session.start` names, else in the upgrade's.",
    parent: "upgrade",
    attributes: [
      "session.id",
      "user.hash",
      "sawt.endpoint",
      "sawt.mode",
      "sawt.questionnaire",
      "sawt.session.end",
      "sawt.session.turns",
      "sawt.session.turns_slow",
      "sawt.session.turns_failed"
    ]
  }),
  turn: span({
    about: "One turn, in a trace of its own, linked to its session's span.",
    attributes: [
      "session.id",
      "user.hash",
      "sawt.endpoint",
      "sawt.mode",
      "sawt.questionnaire",
      "sawt.question",
      "sawt.turn.number",
      "sawt.turn.cause",
      "sawt.turn.outcome",
      "sawt.turn.reprompt",
      "sawt.turn.response_ms",
      "sawt.turn.slow",
      "sawt.turn.failed",
      "error.type"
    ]
  }),
  speech: span({
    about: "From the first to the last of what a person said.",
    parent: "turn",
    attributes: ["sawt.audio_ms"]
  }),
  endpointing: span({
    about: "The silence that it took to believe that it was the last.",
    parent: "turn",
    attributes: []
  }),
  recognition: span({
    about: "One model host's hearing of the utterance, as the server waits for it; a second one is a replay.",
    parent: "turn",
    attributes: [
      "gen_ai.operation.name",
      "gen_ai.provider.name",
      "gen_ai.request.model",
      "process.pid",
      "sawt.audio_ms",
      "sawt.replay",
      "sawt.stand_in",
      "error.type"
    ]
  }),
  queue: span({
    about: "In the host's process: waiting for a processor to begin with.",
    parent: "recognition",
    attributes: ["process.pid"]
  }),
  decode: span({
    about: "In the host's process: decoding, from the first block of audio to the final.",
    parent: "recognition",
    attributes: [
      "process.pid",
      "gen_ai.operation.name",
      "gen_ai.provider.name",
      "gen_ai.request.model",
      "sawt.audio_ms",
      "sawt.decode.busy_ms",
      "sawt.decode.queue_ms",
      "sawt.decode.real_time_factor"
    ]
  }),
  match: span({
    about: "What was said becomes an answer, or none.",
    parent: "turn",
    attributes: ["sawt.turn.outcome"]
  }),
  store: span({
    about: "One write: on disk before the client is told.",
    parent: "turn",
    attributes: ["sawt.store.stored", "error.type"]
  }),
  prompt: span({
    about: "One thing that is said back, from being asked for until it has been played.",
    parent: "turn",
    attributes: ["sawt.prompt.end", "sawt.audio_ms", "error.type"]
  }),
  synthesis: span({
    about: "One sentence, from the cache or a voice.",
    parent: "prompt",
    attributes: ["gen_ai.operation.name", "gen_ai.provider.name", "sawt.cache.hit", "sawt.stand_in", "sawt.audio_ms"]
  }),
  playback: span({
    about: "From the first byte that left for the client until it has been played, or was cut off.",
    parent: "prompt",
    attributes: ["sawt.prompt.end"]
  })
} as const satisfies Readonly<Record<string, SpanRow>>
export type SpanName = keyof typeof spanTable
export const spanNames = Object.keys(spanTable) as ReadonlyArray<SpanName>
export const spanRow = (name: SpanName): SpanRow => spanTable[name]

interface EventRow {
  readonly about: string
  readonly on: SpanName
  readonly attributes: ReadonlyArray<AttributeName>
}
const event = <const Row extends EventRow>(row: Row): Row => row

export const eventTable = {
  "state.entered": event({
    about: "A machine of the session went from one state to another.",
    on: "turn",
    attributes: ["sawt.machine", "sawt.state.from", "sawt.state.to", "sawt.state.event"]
  }),
  first_byte: event({ about: "The first audio of the reply left for the client.", on: "turn", attributes: [] }),
  "barge_in.ducked": event({ about: "What was being said was lowered.", on: "turn", attributes: [] }),
  "barge_in.stopped": event({ about: "What was being said was cut off.", on: "turn", attributes: [] }),
  "host.lost": event({
    about: "The model host fell, or did not answer; the utterance is heard again by another.",
    on: "turn",
    attributes: ["process.pid", "error.type"]
  }),
  "utterance.replayed": event({
    about: "Another host, or the replacement, began to hear it from its first sample.",
    on: "turn",
    attributes: ["process.pid"]
  })
} as const satisfies Readonly<Record<string, EventRow>>
export type EventName = keyof typeof eventTable
export const eventNames = Object.keys(eventTable) as ReadonlyArray<EventName>
export const eventRow = (name: EventName): EventRow => eventTable[name]
