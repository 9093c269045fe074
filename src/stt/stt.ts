/** Contract of speech recognition: one utterance is opened, fed with 16 kHz samples, finished, and gives one transcript. */
import { Context, type Effect, Schema } from "effect"
import { HostReason } from "#schemas/host.ts"
import type { ModelHealth } from "#src/models.ts"

export class SttError extends Schema.TaggedError<SttError>()("SttError", { reason: HostReason, message: Schema.String }) {}

export interface TranscriptWord {
  readonly word: string
  /** Milliseconds from the first sample of the utterance. */
  readonly startMs: number
  readonly endMs: number
  readonly confidence: number
}
export interface Transcript {
  /** Empty when nothing was understood; `[unk]` is removed. */
  readonly text: string
  /** Mean of the words, null without words. */
  readonly confidence: number | null
  readonly words: ReadonlyArray<TranscriptWord>
  readonly alternatives: ReadonlyArray<{ readonly text: string; readonly confidence: number }>
  readonly model: string
  readonly degraded: boolean
  readonly replayed: boolean
}

export interface UtteranceOptions {
  /** Phrases that may be heard, bare words separated by spaces; `[unk]` is added. Absent: the model's own grammar. */
  readonly grammar?: ReadonlyArray<string>
  readonly alternatives: number
  /** Called when the unstable text changes; absent: no partials are computed. */
  readonly onPartial?: (text: string) => void
  /** Samples decoded so far: the recogniser's acknowledgement, for backpressure. */
  readonly onProgress?: (decodedSamples: number) => void
}

export interface Utterance {
  readonly push: (samples: Int16Array) => void
  /** No more samples; the transcript, or why there is none. Run it once. */
  readonly finish: Effect.Effect<Transcript, SttError>
  readonly cancel: () => void
}

export class Stt extends Context.Service<Stt, {
  readonly health: () => ModelHealth
  /** Never throws; a host that is down shows in `finish`. The same samples in any split give the same transcript. */
  readonly open: (options: UtteranceOptions) => Utterance
  /** Those of `words` that the loaded model cannot hear. */
  readonly missingWords: (words: ReadonlyArray<string>) => Effect.Effect<ReadonlyArray<string>, SttError>
}>()("sawt/stt/Stt") {}
