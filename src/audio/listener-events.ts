/** What a listener is told of the turn to come, and what it tells of what it hears. */
import type { HeardSoFar, Hearing, SttError, Transcript } from "#src/stt/stt.ts"
import type { Sound } from "./sound.ts"
import type { UtteranceSettings } from "./utterances.ts"

/** How the next utterance is to be heard. The turn in force when speech begins is that utterance's. */
export interface Turn extends UtteranceSettings {
  /**
   * False: nobody is listening (no consent yet, paused): speech is neither told nor decoded, and what was pushed before it
   * turns true is never used. An utterance in progress goes on.
   */
  readonly decode: boolean
  /** Silence that ends the utterance. */
  readonly endSilenceMs: number
  /**
   * The same once something has been heard: asked in each pause of `peekFrames`, with what the recogniser makes of the audio
   * up to there. At least as long as that pause. Absent: the recogniser is not asked.
   */
  readonly endSilenceAfter?: (heard: HeardSoFar) => number
}

export type ListenerEvent =
  | { readonly type: "speech.started"; readonly utteranceId: string; readonly atMs: number }
  /** The person means it: enough speech for a prompt to give way. */
  | { readonly type: "speech.confirmed" }
  /** A short silence within the utterance, and its end. */
  | { readonly type: "speech.paused" }
  | { readonly type: "speech.resumed" }
  | { readonly type: "transcript.partial"; readonly utteranceId: string; readonly text: string }
  | { readonly type: "speech.stopped"; readonly utteranceId: string; readonly atMs: number }
  /** `atMs`: how far had been listened when the end was decided. */
  | { readonly type: "utterance.ended"; readonly utteranceId: string; readonly atMs: number; readonly sound?: Sound }
  | { readonly type: "utterance.cleared"; readonly utteranceId: string }
  /** By one host, well or not; before what comes of it. */
  | { readonly type: "utterance.heard"; readonly utteranceId: string; readonly hearing: Hearing }
  /** Exactly one of the next two for each utterance that has ended, in their order. Word times count from `audioStartMs`. */
  | {
      readonly type: "transcript.final"
      readonly utteranceId: string
      readonly transcript: Transcript
      readonly audioStartMs: number
      readonly startMs: number
      readonly endMs: number
    }
  | { readonly type: "transcript.failed"; readonly utteranceId: string; readonly error: SttError }
  | { readonly type: "silence.elapsed" }
  /** The detector died; what it has not answered waits until it is back. Once for each outage. */
  | { readonly type: "detector.failed" }
  /** Pending audio has fallen to half of its bound. */
  | { readonly type: "drained" }
  /** After `finish`, once: all that was pushed has been listened to, and every utterance has its final. */
  | { readonly type: "finished" }
