/**
 * What the server and a model host (child process) say to each other over one pipe. A frame is a header - payload bytes
 * (u32), kind (u8), stream (u32), little endian - and its payload: JSON for control, raw samples or numbers for `binary`.
 * Audio never becomes JSON. Stream 0 is the host itself; others are opened by the server and closed by either side.
 */
import { Schema } from "effect"

export const HostKind = Schema.Literals(["stt", "vad", "espeak", "piper"])
export type HostKind = typeof HostKind.Type

/** Why a host, or one stream of it, failed. The first five are R4.1's typed reasons of a model that does not load. */
export const HostReason = Schema.Literals([
  "missing", "corrupt", "out_of_memory", "timeout", "crash",
  /** A stream's input was refused, or its model call failed; the host goes on. */
  "refused",
  /** No host is running now. */
  "unavailable"
])
export type HostReason = typeof HostReason.Type

export class HostError extends Schema.TaggedError<HostError>()("HostError", {
  kind: HostKind,
  reason: HostReason,
  /** For operators: what happened and how to repair it. Never speech or text of a person. */
  message: Schema.String
}) {}

/** Host → server on stream 0. */
export const HostEvent = Schema.Union([
  Schema.Struct({ type: Schema.Literal("ready"), backend: Schema.String, info: Schema.Record(Schema.String, Schema.Unknown) }),
  Schema.Struct({ type: Schema.Literal("failed"), reason: HostReason, message: Schema.String }),
  Schema.Struct({ type: Schema.Literal("reply"), id: Schema.Int, result: Schema.optionalKey(Schema.Unknown), error: Schema.optionalKey(Schema.Struct({ reason: HostReason, message: Schema.String })) })
]).pipe(Schema.toTaggedUnion("type"))
export type HostEvent = typeof HostEvent.Type

/** Server → host on stream 0. */
export const HostCommand = Schema.Union([
  Schema.Struct({ type: Schema.Literal("request"), id: Schema.Int, body: Schema.Unknown }),
  Schema.Struct({ type: Schema.Literal("open"), stream: Schema.Int, params: Schema.Unknown }),
  Schema.Struct({ type: Schema.Literal("close"), stream: Schema.Int })
]).pipe(Schema.toTaggedUnion("type"))
export type HostCommand = typeof HostCommand.Type

/** Host → server on a stream that ends: `failed` is absent when it ended well. */
export const StreamClosed = Schema.Struct({
  type: Schema.Literal("closed"),
  failed: Schema.optionalKey(Schema.Struct({ reason: HostReason, message: Schema.String }))
})
export type StreamClosed = typeof StreamClosed.Type
