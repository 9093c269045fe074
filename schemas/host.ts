/**
 * What the server and a model host (child process) say to each other over one pipe. A frame is a header - payload bytes
 * (u32), kind (u8), stream (u32), little endian - and its payload: JSON for control, raw samples or numbers for `binary`.
 * Audio never becomes JSON. Stream 0 is the host itself; on the others a backend and its user speak their own messages.
 * The server decodes what it hears with these schemas; a host trusts the server, which is its parent.
 */
// By its own path: a host loads this while somebody waits for the start, and all of effect takes 60 ms more.
import * as Schema from "effect/Schema"

export const HostKind = Schema.Literals(["stt", "vad", "espeak", "piper"])
export type HostKind = typeof HostKind.Type

/** What serves: a host, or a server elsewhere that stands in its place. */
export const ServingKind = Schema.Literals([...HostKind.literals, "xtts"])
export type ServingKind = typeof ServingKind.Type

/** Why a host, or one stream of it, failed. The first six are R4.1's typed reasons of a model that does not load. */
export const HostReason = Schema.Literals([
  "missing",
  "corrupt",
  "out_of_memory",
  "timeout",
  "crash",
  /** It runs, but does not recognise, detect or say what every sound model does. */
  "probe_failed",
  /** A stream's input was refused, or its model call failed; the host goes on. */
  "refused",
  /** No host is running now. */
  "unavailable"
])
export type HostReason = typeof HostReason.Type

export class HostError extends Schema.TaggedError<HostError>()("HostError", {
  kind: ServingKind,
  reason: HostReason,
  /** For operators: what happened and how to repair it. Never speech or text of a person. */
  message: Schema.String
}) {}

export const HostFault = Schema.Struct({ reason: HostReason, message: Schema.String })
export type HostFault = typeof HostFault.Type

/** What the models of a process have done since it started; `cpuMs` of all its threads, while any call was under way. */
export const HostWork = Schema.Struct({ audioMs: Schema.Finite, cpuMs: Schema.Finite })
export type HostWork = typeof HostWork.Type

/** Host → server on stream 0. */
export const HostEvent = Schema.Union([
  /** Every backend of this host is loaded. */
  Schema.Struct({
    type: Schema.Literal("ready"),
    backends: Schema.Array(
      Schema.Struct({ kind: HostKind, name: Schema.String, info: Schema.Record(Schema.String, Schema.Unknown) })
    )
  }),
  Schema.Struct({ type: Schema.Literal("failed"), kind: HostKind, reason: HostReason, message: Schema.String }),
  Schema.Struct({
    type: Schema.Literal("reply"),
    id: Schema.Int,
    result: Schema.optionalKey(Schema.Unknown),
    error: Schema.optionalKey(HostFault)
  }),
  /** Answers a `beat`. */
  Schema.Struct({ type: Schema.Literal("beat"), rssBytes: Schema.Finite, work: HostWork }),
  /** A stream ended; `failed` is absent when it ended well. */
  Schema.Struct({ type: Schema.Literal("closed"), stream: Schema.Int, failed: Schema.optionalKey(HostFault) })
]).pipe(Schema.toTaggedUnion("type"))
export type HostEvent = typeof HostEvent.Type

/** Server → host on stream 0. `start` comes first and once. */
export const HostCommand = Schema.Union([
  Schema.Struct({
    type: Schema.Literal("start"),
    backends: Schema.Array(Schema.Struct({ kind: HostKind, options: Schema.Unknown }))
  }),
  Schema.Struct({ type: Schema.Literal("beat") }),
  /** Every backend does what it is for, once; answered by a `reply`. */
  Schema.Struct({ type: Schema.Literal("probe"), id: Schema.Int }),
  Schema.Struct({ type: Schema.Literal("request"), id: Schema.Int, kind: HostKind, body: Schema.Unknown }),
  Schema.Struct({ type: Schema.Literal("open"), stream: Schema.Int, kind: HostKind, params: Schema.Unknown }),
  Schema.Struct({ type: Schema.Literal("close"), stream: Schema.Int })
]).pipe(Schema.toTaggedUnion("type"))
export type HostCommand = typeof HostCommand.Type

/**
 * Server → `stt` on an utterance's stream; its samples are binary, s16le at 16 kHz. `peek`: what is heard so far, once all
 * that was sent before is decoded; answered by `peeked`, in their order.
 */
export const SttCommand = Schema.Struct({ type: Schema.Literals(["finish", "peek"]) })
export type SttCommand = typeof SttCommand.Type

/** Parameters of an utterance's stream. */
export const SttParams = Schema.Struct({
  grammar: Schema.optionalKey(Schema.Array(Schema.String)),
  alternatives: Schema.Int,
  partials: Schema.Boolean
})
export type SttParams = typeof SttParams.Type

/**
 * What an utterance has cost in its host: milliseconds in calls into the model, and of waits for a processor before them;
 * in Unix time, when it first asked for a processor, had one, and was done.
 */
export const SttWork = Schema.Struct({
  decodeMs: Schema.Finite,
  queueMs: Schema.Finite,
  askedAtUnixMs: Schema.Finite,
  startedAtUnixMs: Schema.Finite,
  endedAtUnixMs: Schema.Finite
})
export type SttWork = typeof SttWork.Type

/**
 * Parameters of a verbatim stream: libvosk decides where utterances end and its JSON is passed on as it is. Each binary
 * frame from the server is given to libvosk by one call and answered by one binary frame: samples decoded so far (u32),
 * `verbatimAnswer` (u8), and libvosk's JSON in UTF-8. `finish` is answered by the final and ends the stream.
 */
export const VerbatimParams = Schema.Struct({
  verbatim: Schema.Struct({
    /** Of the samples that follow. */
    sampleRateHz: Schema.Finite,
    /** Absent: the model's own grammar. */
    phrases: Schema.optionalKey(Schema.Array(Schema.String)),
    /** Whether results tell words with their times. */
    words: Schema.Boolean,
    alternatives: Schema.Int,
    /** Where the first sample stands: added to the times of words. */
    startSeconds: Schema.Finite
  })
})
export type VerbatimParams = typeof VerbatimParams.Type

export const verbatimAnswer = { partial: 0, result: 1 } as const
export const verbatimHeaderBytes = 5

/** `stt` → server on an utterance's stream. Binary: samples decoded so far, u32. */
export const SttEvent = Schema.Union([
  Schema.Struct({ type: Schema.Literal("partial"), text: Schema.String }),
  Schema.Struct({ type: Schema.Literal("peeked"), text: Schema.String, unknownWords: Schema.Int }),
  Schema.Struct({
    type: Schema.Literal("final"),
    text: Schema.String,
    unknownWords: Schema.Int,
    confidence: Schema.NullOr(Schema.Finite),
    words: Schema.Array(
      Schema.Struct({
        word: Schema.String,
        startMs: Schema.Finite,
        endMs: Schema.Finite,
        confidence: Schema.Finite
      })
    ),
    alternatives: Schema.Array(Schema.Struct({ text: Schema.String, confidence: Schema.Finite })),
    work: Schema.optionalKey(SttWork)
  })
]).pipe(Schema.toTaggedUnion("type"))
export type SttEvent = typeof SttEvent.Type
