/** The contract of an utterance at the recogniser: what it is opened with, what it is fed, what it gives. */
import { type Effect, Schema } from "effect"
import { HostReason, type SttWork } from "#schemas/host.ts"

export class SttError extends Schema.TaggedError<SttError>()("SttError", {
  reason: HostReason,
  message: Schema.String
}) {}

export interface TranscriptWord {
  readonly word: string
  /** Milliseconds from the first sample of the utterance. */
  readonly startMs: number
  readonly endMs: number
  readonly confidence: number
}
export interface Transcript {
  /** Empty when nothing was understood. */
  readonly text: string
  /** Words that were heard and are none of the grammar's, left out of `text`; 0 with an empty text: no speech at all. */
  readonly unknownWords: number
  /** Mean of the words, null without words. */
  readonly confidence: number | null
  readonly words: ReadonlyArray<TranscriptWord>
  /** What is heard without a grammar, where the grammar left words out or hardly fits; for safety only, never an answer. */
  readonly freeText?: string
  readonly alternatives: ReadonlyArray<{ readonly text: string; readonly confidence: number }>
  readonly model: string
  /** By a model that stood in for the configured one. */
  readonly degraded: boolean
  /** A host fell while it heard this utterance; another heard all of it again. */
  readonly replayed: boolean
}

/** What a recogniser makes of an utterance up to some point; how sure it is, it knows of a transcript only. */
export interface HeardSoFar {
  readonly text: string
  readonly unknownWords: number
  readonly confidence?: number | null
}

/** One host's hearing of an utterance, from being given it to its transcript or its fault. `performance.now()` times. */
export interface Hearing {
  /** As transcripts name it. */
  readonly model: string
  readonly pid: number
  readonly startedAtMs: number
  readonly endedAtMs: number
  /** In the host's process. Absent where it died, or was left, before it could tell. */
  readonly work?: SttWork
  /** Decoded. */
  readonly audioMs: number
  /** It stood in for the configured model. */
  readonly isStandIn: boolean
  readonly fault?: HostReason
}

export interface UtteranceOptions {
  /** Phrases that may be heard, bare words separated by spaces; `[unk]` is added. Absent: the model's own grammar. */
  readonly grammar?: ReadonlyArray<string>
  readonly alternatives: number
  /** Called when the unstable text changes; absent: no partials are computed. It never goes back over a replay. */
  readonly onPartial?: (text: string) => void
  /** Samples decoded so far: the recogniser's acknowledgement, for backpressure. Never falls. */
  readonly onProgress?: (decodedSamples: number) => void
  /** Before the transcript, or why there is none; more than once where a host fell. */
  readonly onHearing?: (hearing: Hearing) => void
  /** The utterance is lost and nothing more will be decoded; `finish` says why. */
  readonly onFailed?: () => void
}

export interface Utterance {
  /** Kept as they are until the transcript, so that they can be heard again: do not change them afterwards. */
  readonly push: (samples: Int16Array) => void
  /**
   * What is heard of all that has been pushed, once it is decoded; unstable, but of the same samples, with the same peeks
   * between them, always the same. Answered once; undefined when nobody hears this utterance any more.
   */
  readonly peek: (answer: (heard: HeardSoFar | undefined) => void) => void
  /**
   * Makes a transcript of all that has been pushed. Accepted, it is the utterance's and nothing more is taken; otherwise the
   * utterance goes on as if nobody had asked. Nothing may be pushed before the answer.
   */
  readonly conclude: (accept: (transcript: Transcript) => boolean, answer: (accepted: boolean) => void) => void
  /** No more samples; the transcript, or why there is none. Run it once; interrupting it cancels the utterance. */
  readonly finish: Effect.Effect<Transcript, SttError>
  readonly cancel: () => void
}
