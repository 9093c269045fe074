/**
 * The hearing of one session: 16 kHz samples in; speech, partials and finals out. Frames go to the voice activity
 * detector; from where speech begins (with a pre-roll) they also go to the recogniser, and no further than a short tail
 * after the last word: silence is never decoded.
 *
 * Bounds: frames that the detector has not answered and samples that the recogniser has not decoded count as pending; the
 * session stops reading its socket over `unackedAudioMsMax` and goes on at `drained`. An utterance ends at
 * `utteranceMsMax`. A detector that dies is opened again and fed from the first frame it has not answered.
 */
import { Exit } from "effect"
import { limits } from "#src/limits.ts"
import { type Stt, SttError, type Transcript } from "#src/stt/stt.ts"
import { type Vad, vadFrameSamples as frameSamples } from "#src/vad/vad.ts"
import { Detection } from "./detection.ts"
import { Endpointer, type EndpointEvent, type EndpointOptions } from "./endpoint.ts"
import { Utterances, type SettledUtterance, type UtteranceSettings } from "./utterances.ts"

export const frameMs = 32
const framesOf = (durationMs: number): number => Math.max(1, Math.round(durationMs / frameMs))

/** The detector holds on for about this long (median 76 ms) after a word: so much less silence is counted. */
const detectorHoldMs = 32
const silenceFramesOf = ({ endSilenceMs }: Turn): number => framesOf(endSilenceMs - detectorHoldMs)

/** How the next utterance is to be heard. The turn in force when speech begins is that utterance's. */
export interface Turn extends UtteranceSettings {
  /**
   * False: nobody is listening (no consent yet, paused): speech is neither told nor decoded, and what was pushed before it
   * turns true is never used. An utterance in progress goes on.
   */
  readonly decode: boolean
  readonly endSilenceMs: number
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
  | { readonly type: "utterance.ended"; readonly utteranceId: string }
  | { readonly type: "utterance.cleared"; readonly utteranceId: string }
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

export interface ListenerOptions {
  readonly vad: Vad["Service"]
  readonly stt: Stt["Service"]
  readonly turnDetection: "server_vad" | "none"
  readonly emit: (event: ListenerEvent) => void
  /** Position of the first sample: audio heard before a resume. */
  readonly offsetMs?: number
}

/** Chosen on the recordings in test/fixtures; measured in docs/decisions/006-endpointing.md. */
export const endpointing: EndpointOptions & { readonly preRollFrames: number; readonly tailFrames: number } = {
  startProbability: 0.5,
  startFrames: 2,
  stopProbability: 0.35,
  confirmFrames: 5,
  pauseFrames: 4,
  utteranceFramesMax: Math.floor(limits.utteranceMsMax / frameMs),
  /** Audio before the first frame of speech that is decoded too: soft onsets. */
  preRollFrames: 14,
  /** Silence after the last frame of speech that is decoded; more is held back until speech goes on. */
  tailFrames: 8
}

export class Listener {
  readonly #options: ListenerOptions
  readonly #endpointer: Endpointer
  readonly #utterances: Utterances
  readonly #detection: Detection
  #turn: Turn = { decode: false, endSilenceMs: 500, alternatives: 0, partials: false }
  /** The frame being filled. */
  #partial = new Int16Array(frameSamples)
  #partialFilled = 0
  #pushedFrames = 0
  /** The first frame that no utterance has used. */
  #unusedFrame = 0
  /** The next frame for the utterance in progress. */
  #nextToFeed = 0
  /** Where the person's client ended utterances that the detector has not come to yet. */
  #commits: Array<number> = []
  /** What was said before this frame has been cleared. */
  #clearedUntil = 0
  /** What was pushed before this frame, nobody was to hear. */
  #decodeFrom = 0
  /** Samples of the frame being filled that no utterance to come may use; without turn detection only. */
  #partialUsed = 0
  /** `frames` of silence are awaited, from frame `since`. */
  #silence: { readonly frames: number; since: number } | undefined
  #pressed = false
  #closed = false
  readonly #onEndpoint = (event: EndpointEvent): void => this.#endpoint(event)

  constructor(options: ListenerOptions) {
    this.#options = options
    this.#endpointer = new Endpointer(endpointing, silenceFramesOf(this.#turn))
    this.#utterances = new Utterances({
      stt: options.stt,
      onPartial: (utteranceId, text) => options.emit({ type: "transcript.partial", utteranceId, text }),
      onSettled: (settled) => this.#settled(settled),
      onProgress: () => this.#relieve()
    })
    this.#detection = new Detection({
      vad: options.vad,
      onProbability: (probability) => this.#hear(probability),
      onAnswered: () => this.#relieve(),
      onFailed: () => options.emit({ type: "detector.failed" })
    })
  }

  setTurn(turn: Turn): void {
    if (turn.decode && !this.#turn.decode) {
      this.#decodeFrom = Math.ceil(this.#position)
      this.#partialUsed = this.#partialFilled
    }
    this.#turn = turn
    this.#endpointer.endSilenceFrames = silenceFramesOf(turn)
  }

  push(samples: Int16Array): void {
    for (let at = 0; at < samples.length;) {
      const taken = Math.min(frameSamples - this.#partialFilled, samples.length - at)
      this.#partial.set(samples.subarray(at, at + taken), this.#partialFilled)
      this.#partialFilled += taken
      at += taken
      if (this.#partialFilled < frameSamples) continue
      const frame = this.#partial
      const used = this.#partialUsed
      this.#partial = new Int16Array(frameSamples)
      this.#partialFilled = this.#partialUsed = 0
      this.#take(frame, used)
    }
    if (this.pendingMs() > limits.unackedAudioMsMax) this.#pressed = true
  }

  /**
   * Ends the utterance in progress, once all that was pushed has been listened to: in whole frames with turn detection (31
   * ms at most are left for what follows), to the sample without.
   */
  commit(): void {
    if (this.#options.turnDetection === "none") {
      this.#feedUndetected(this.#partial.slice(this.#partialUsed, this.#partialFilled), this.#position)
      this.#partialUsed = this.#partialFilled
      this.#end(this.#position)
    } else if (this.#endpointer.frame === this.#pushedFrames) this.#endpointer.finish(this.#onEndpoint)
    else if (this.#commits.at(-1) !== this.#pushedFrames) this.#commits.push(this.#pushedFrames)
  }

  /** Drops the utterance in progress, with all that was pushed of it. */
  clear(): void {
    this.#commits = []
    this.#clearedUntil = this.#pushedFrames
    this.#partialUsed = this.#partialFilled
    this.#endpointer.drop()
    const utteranceId = this.#utterances.clear()
    if (utteranceId === undefined) return
    this.#restartSilence(this.#pushedFrames)
    this.#options.emit({ type: "utterance.cleared", utteranceId })
  }

  /**
   * One `silence.elapsed` after this much further audio without speech. Speech that begins, or `disarmSilence`, calls it
   * off; speech in progress is waited for. Without turn detection there is no silence.
   */
  armSilence(durationMs: number): void {
    this.#silence = { frames: framesOf(durationMs), since: this.#heardFrames }
  }

  disarmSilence(): void {
    this.#silence = undefined
  }

  /** Where the session's audio has come to. */
  positionMs(): number {
    return this.#atMs(this.#position)
  }

  /** Audio taken and not yet answered by detector and recogniser. */
  pendingMs(): number {
    return (this.#pushedFrames - this.#heardFrames) * frameMs + this.#utterances.pendingSamples() / 16
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#detection.close()
    this.#utterances.close()
  }

  get #heardFrames(): number {
    return this.#options.turnDetection === "none" ? this.#pushedFrames : this.#endpointer.frame
  }

  /** All that was pushed, in frames. */
  get #position(): number {
    return this.#pushedFrames + this.#partialFilled / frameSamples
  }

  #atMs(frame: number): number {
    return (this.#options.offsetMs ?? 0) + Math.floor(frame * frameMs)
  }

  #take(frame: Int16Array, used: number): void {
    if (this.#closed) return
    this.#pushedFrames++
    if (this.#options.turnDetection === "none") {
      this.#feedUndetected(frame.subarray(used), this.#pushedFrames)
      if (this.#utterances.currentFrames >= endpointing.utteranceFramesMax) this.#end(this.#pushedFrames)
      return
    }
    this.#detection.push(frame)
  }

  /** The detector's answer for the next frame. */
  #hear(probability: number): void {
    const isCleared = this.#endpointer.frame < this.#clearedUntil
    this.#endpointer.step(isCleared ? 0 : probability, this.#onEndpoint)
    const heard = this.#endpointer.frame
    if (this.#speaking) this.#feedUpTo(Math.min(heard, this.#endpointer.lastVoiced + 1 + endpointing.tailFrames))
    else if (this.#silence !== undefined && heard - this.#silence.since >= this.#silence.frames) {
      this.#silence = undefined
      this.#options.emit({ type: "silence.elapsed" })
    }
    for (; heard >= (this.#commits[0] ?? Infinity); this.#commits.shift()) this.#endpointer.finish(this.#onEndpoint)
    // The frame that completes a start is `startFrames` - 1 after the first one of speech.
    const preRollFrames = this.#turn.decode ? endpointing.preRollFrames + endpointing.startFrames - 1 : 0
    this.#detection.forget(this.#speaking ? this.#nextToFeed : heard - preRollFrames)
  }

  /** Silence that was awaited while somebody spoke counts from where they stopped. */
  #restartSilence(frame: number): void {
    if (this.#silence !== undefined) this.#silence.since = Math.max(this.#silence.since, frame)
  }

  #endpoint(event: EndpointEvent): void {
    switch (event.type) {
      case "started":
        if (!this.#turn.decode || event.frame < this.#decodeFrom) return this.#endpointer.drop()
        this.#silence = undefined
        return this.#begin(event.frame)
      case "confirmed":
      case "paused":
      case "resumed":
        if (this.#speaking) this.#options.emit({ type: `speech.${event.type}` })
        return
      case "ended":
        this.#feedUpTo(Math.min(this.#endpointer.frame, event.frame + 1 + endpointing.tailFrames))
        return this.#end(event.frame + 1)
    }
  }

  get #speaking(): boolean {
    return this.#utterances.currentId !== undefined
  }

  #begin(startFrame: number): void {
    const free = Math.max(this.#unusedFrame, this.#clearedUntil, this.#decodeFrom, this.#detection.firstKept)
    const firstFrame = Math.max(free, startFrame - endpointing.preRollFrames)
    this.#nextToFeed = firstFrame
    this.#open(firstFrame, startFrame)
  }

  #open(firstFrame: number, startFrame: number): void {
    const utteranceId = this.#utterances.begin(firstFrame, startFrame, this.#turn)
    this.#options.emit({ type: "speech.started", utteranceId, atMs: this.#atMs(startFrame) })
  }

  #feedUpTo(frame: number): void {
    for (; this.#nextToFeed < frame; this.#nextToFeed++) {
      const samples = this.#detection.frame(this.#nextToFeed)
      if (samples !== undefined) this.#utterances.feed(samples)
    }
  }

  /** Without turn detection: everything between two commits is one utterance. `end`: where these samples end. */
  #feedUndetected(samples: Int16Array, end: number): void {
    if (!this.#turn.decode || samples.length === 0) return
    const start = end - samples.length / frameSamples
    if (!this.#speaking) this.#open(start, start)
    this.#utterances.feed(samples)
  }

  #end(endFrame: number): void {
    const utteranceId = this.#utterances.currentId
    if (utteranceId === undefined) return
    this.#unusedFrame = this.#nextToFeed
    this.#restartSilence(endFrame)
    this.#options.emit({ type: "speech.stopped", utteranceId, atMs: this.#atMs(endFrame) })
    this.#options.emit({ type: "utterance.ended", utteranceId })
    this.#utterances.end(endFrame)
  }

  #settled({ id, outcome, firstFrame, startFrame, endFrame }: SettledUtterance): void {
    if (Exit.isSuccess(outcome)) {
      return this.#options.emit({
        type: "transcript.final",
        utteranceId: id,
        transcript: outcome.value,
        audioStartMs: this.#atMs(firstFrame),
        startMs: this.#atMs(startFrame),
        endMs: this.#atMs(endFrame)
      })
    }
    const failure = Exit.findErrorOption(outcome)
    const error =
      failure._tag === "Some" ? failure.value : new SttError({ reason: "crash", message: "The recogniser broke down." })
    this.#options.emit({ type: "transcript.failed", utteranceId: id, error })
  }

  #relieve(): void {
    if (this.#closed || !this.#pressed || this.pendingMs() > limits.unackedAudioMsMax / 2) return
    this.#pressed = false
    this.#options.emit({ type: "drained" })
  }
}
