/** Contract of speech synthesis: a text in, its sentences out as levelled PCM in order, each as soon as it is ready. */
import { Context, type Effect, Schema, type Stream } from "effect"
import { HostReason } from "#schemas/host.ts"
import type { ModelHealth } from "#src/models.ts"

export class TtsError extends Schema.TaggedError<TtsError>()("TtsError", {
  reason: Schema.Union([HostReason, Schema.Literals(["text"])]),
  message: Schema.String
}) {}

export interface SpokenSentence {
  readonly text: string
  /** Mono. */
  readonly pcm: Int16Array
  readonly sampleRateHz: number
  /** When each word begins and ends, milliseconds into this sentence; empty where the engine cannot tell. */
  readonly words: ReadonlyArray<{ readonly word: string; readonly startMs: number; readonly endMs: number }>
  readonly source: "cache" | "espeak" | "piper"
  readonly degraded: boolean
}

export interface SpeakOptions {
  readonly language: "ar" | "en"
  /** Absent: the configured voice. */
  readonly voice?: string
  /** Read-backs of a person's answer are never kept on disk (R3.8). */
  readonly keep: boolean
}

export class Tts extends Context.Service<Tts, {
  readonly health: () => ModelHealth
  /** Interrupting the stream stops the synthesis. */
  readonly speak: (text: string, options: SpeakOptions) => Stream.Stream<SpokenSentence, TtsError>
  /** Synthesises what is not cached yet, one at a time, behind live speech. */
  readonly prepare: (texts: ReadonlyArray<string>, options: { readonly language: "ar" | "en" }) => Effect.Effect<void, TtsError>
}>()("sawt/tts/Tts") {}
