/**
 * Endpointing: when does the person begin to speak, and when have they finished? Decided frame by frame (32 ms) from the
 * probabilities of a voice activity detector, by audio time alone and never by the clock, so that the same audio gives the
 * same utterances in whatever pieces and at whatever speed it comes. Pure; figures in docs/decisions/006-endpointing.md.
 */
export interface EndpointOptions {
  /** A frame at or over this begins speech, or goes on with it after a pause … */
  readonly startProbability: number
  /** … when this many follow each other; a click is one frame. */
  readonly startFrames: number
  /** A frame under this is silence; between the two it is what the frame before was. */
  readonly stopProbability: number
  /** Frames of speech after which the person surely means it: a prompt gives way (barge-in). */
  readonly confirmFrames: number
  /** Frames of silence after which the voice counts as paused: a ducked prompt comes back. */
  readonly pauseFrames: number
  /** An utterance ends after this many frames, whatever is heard. */
  readonly utteranceFramesMax: number
}

export type EndpointEvent =
  /** `frame`: the first frame of speech. */
  | { readonly type: "started"; readonly frame: number }
  | { readonly type: "confirmed" }
  | { readonly type: "paused" }
  | { readonly type: "resumed" }
  /** `frame`: the last frame of speech. */
  | { readonly type: "ended"; readonly frame: number }

export class Endpointer {
  readonly #options: EndpointOptions
  /** Frames of silence that end the utterance in progress; may change within it. */
  endSilenceFrames: number
  #frame = 0
  #speaking = false
  #voiced = false
  #paused = false
  #confirmed = false
  #startedAt = 0
  #lastVoiced = 0
  #voicedRun = 0
  #voicedFrames = 0

  constructor(options: EndpointOptions, endSilenceFrames: number) {
    this.#options = options
    this.endSilenceFrames = endSilenceFrames
  }

  /** Frames taken so far. */
  get frame(): number {
    return this.#frame
  }

  get speaking(): boolean {
    return this.#speaking
  }

  /** The last frame that held speech. */
  get lastVoiced(): number {
    return this.#lastVoiced
  }

  /** Frames of silence since the last one of speech. */
  get silentFrames(): number {
    return this.#frame - 1 - this.#lastVoiced
  }

  /** Takes the next frame; at most two events (a forced end and a new start) come of it. */
  step(probability: number, emit: (event: EndpointEvent) => void): void {
    const { startProbability, stopProbability, startFrames, confirmFrames, pauseFrames, utteranceFramesMax } =
      this.#options
    const frame = this.#frame++
    this.#voiced = probability >= startProbability || (this.#voiced && probability >= stopProbability)
    this.#voicedRun = this.#voiced ? this.#voicedRun + 1 : 0
    if (!this.#speaking) {
      if (this.#voicedRun >= startFrames) this.#start(frame - startFrames + 1, frame, emit)
      return
    }
    // After a pause speech goes on as it begins: a click in the silence does not hold an utterance open.
    if (this.#voiced && (!this.#paused || this.#voicedRun >= startFrames)) {
      this.#lastVoiced = frame
      this.#voicedFrames++
      if (this.#paused) {
        this.#paused = false
        emit({ type: "resumed" })
      }
      if (!this.#confirmed && this.#voicedFrames >= confirmFrames) {
        this.#confirmed = true
        emit({ type: "confirmed" })
      }
    } else if (!this.#paused && frame - this.#lastVoiced >= pauseFrames) {
      this.#paused = true
      emit({ type: "paused" })
    }
    if (frame - this.#lastVoiced >= this.endSilenceFrames) this.#end(emit)
    else if (frame - this.#startedAt + 1 >= utteranceFramesMax) {
      this.finish(emit)
      if (this.#voiced) this.#start(frame + 1, frame, emit)
    }
  }

  /** Ends the utterance in progress now. */
  finish(emit: (event: EndpointEvent) => void): void {
    if (!this.#speaking) return
    this.#voicedRun = 0
    this.#end(emit)
  }

  /** Forgets the utterance in progress; speech that goes on begins another. */
  drop(): void {
    this.#speaking = false
    this.#voicedRun = 0
  }

  #end(emit: (event: EndpointEvent) => void): void {
    this.#speaking = false
    emit({ type: "ended", frame: this.#lastVoiced })
  }

  #start(startedAt: number, lastVoiced: number, emit: (event: EndpointEvent) => void): void {
    this.#speaking = true
    this.#paused = false
    this.#confirmed = false
    this.#startedAt = startedAt
    this.#lastVoiced = lastVoiced
    this.#voicedFrames = Math.max(1, lastVoiced - startedAt + 1)
    emit({ type: "started", frame: startedAt })
  }
}
