/**
 * The hearing of one session: 16 kHz samples in; speech, partials and finals out. Frames go to the voice activity
 * detector; from where speech begins (with a pre-roll) they also go to the recogniser, and no further than a short tail
 * after the last word: silence is never decoded. The audio of an utterance is kept until its final is delivered.
 *
 * Bounds: frames that the detector has not answered and samples that the recogniser has not decoded count as pending; the
 * session stops reading its socket over `unackedAudioMsMax` and goes on at `drained`. An utterance ends at
 * `utteranceMsMax`. A detector that dies is opened again and fed from the first frame it has not answered.
 */
import { Exit } from "effect"
import { limits } from "#src/limits.ts"
import type { Stt, SttError, Transcript } from "#src/stt/stt.ts"
import { type Vad, vadFrameSamples as frameSamples, type VadStream } from "#src/vad/vad.ts"
import { Endpointer, type EndpointEvent, type EndpointOptions } from "./endpoint.ts"
import { Utterances, type SettledUtterance, type UtteranceSettings } from "./utterances.ts"

export const frameMs = 32
const framesOf = (durationMs: number): number => Math.max(1, Math.round(durationMs / frameMs))

/** How the next utterance is to be heard. The turn in force when speech begins is that utterance's. */
export interface Turn extends UtteranceSettings {
  /** False: nobody is listening (no consent yet, paused): speech is neither told nor decoded. */
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
  preRollFrames: 10,
  /** Silence after the last frame of speech that is decoded; more is held back until speech goes on. */
  tailFrames: 8
}

/** A dead detector is tried again after this. */
const vadRetryMs = 250

export class Listener {
  readonly #options: ListenerOptions
  readonly #endpointer: Endpointer
  readonly #utterances: Utterances
  #vad: VadStream | undefined
  #vadRetry: NodeJS.Timeout | undefined
  #turn: Turn = { decode: false, endSilenceMs: 500, alternatives: 0, partials: false }
  /** The frame being filled. */
  #partial = new Int16Array(frameSamples)
  #partialFilled = 0
  /** Frames still needed: unanswered, held back, or pre-roll. `#firstKept` is the number of the first. */
  #kept: Array<Int16Array> = []
  #firstKept = 0
  #pushedFrames = 0
  /** The first frame that no utterance has used. */
  #unusedFrame = 0
  /** The next frame for the utterance in progress. */
  #nextToFeed = 0
  /** Where the person's client ended utterances that the detector has not come to yet. */
  #commits: Array<number> = []
  /** What was said before this frame has been cleared. */
  #clearedUntil = 0
  #silenceAt: number | undefined
  #pressed = false
  #closed = false
  readonly #onEndpoint = (event: EndpointEvent): void => this.#endpoint(event)

  constructor(options: ListenerOptions) {
    this.#options = options
    this.#endpointer = new Endpointer(endpointing, framesOf(this.#turn.endSilenceMs))
    this.#utterances = new Utterances({
      stt: options.stt,
      onPartial: (utteranceId, text) => options.emit({ type: "transcript.partial", utteranceId, text }),
      onSettled: (settled) => this.#settled(settled),
      onProgress: () => this.#relieve()
    })
  }

  setTurn(turn: Turn): void {
    this.#turn = turn
    this.#endpointer.endSilenceFrames = framesOf(turn.endSilenceMs)
  }

  push(samples: Int16Array): void {
    for (let at = 0; at < samples.length;) {
      const taken = Math.min(frameSamples - this.#partialFilled, samples.length - at)
      this.#partial.set(samples.subarray(at, at + taken), this.#partialFilled)
      this.#partialFilled += taken
      at += taken
      if (this.#partialFilled < frameSamples) continue
      const frame = this.#partial
      this.#partial = new Int16Array(frameSamples)
      this.#partialFilled = 0
      this.#take(frame)
    }
    if (this.pendingMs() > limits.unackedAudioMsMax) this.#pressed = true
  }

  /** Ends the utterance in progress, once all that was pushed has been listened to. */
  commit(): void {
    if (this.#options.turnDetection === "none") {
      if (this.#turn.decode && this.#speaking) this.#feedUndetected(this.#partial.slice(0, this.#partialFilled))
      this.#end(this.#pushedFrames)
    } else if (this.#endpointer.frame === this.#pushedFrames) this.#endpointer.finish(this.#onEndpoint)
    else this.#commits.push(this.#pushedFrames)
  }

  /** Drops the utterance in progress, with all that was pushed of it. */
  clear(): void {
    this.#commits = []
    this.#clearedUntil = this.#pushedFrames
    this.#endpointer.drop()
    const utteranceId = this.#utterances.clear()
    if (utteranceId !== undefined) this.#options.emit({ type: "utterance.cleared", utteranceId })
  }

  /** One `silence.elapsed` after this much further audio without speech; speech or `disarmSilence` calls it off. */
  armSilence(durationMs: number): void {
    this.#silenceAt = this.#heardFrames + framesOf(durationMs)
  }

  disarmSilence(): void {
    this.#silenceAt = undefined
  }

  /** Where the session's audio has come to. */
  positionMs(): number {
    return this.#atMs(this.#pushedFrames) + Math.floor((this.#partialFilled * 1_000) / 16_000)
  }

  /** Audio taken and not yet answered by detector and recogniser. */
  pendingMs(): number {
    return (this.#pushedFrames - this.#heardFrames) * frameMs + this.#utterances.pendingSamples() / 16
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    clearTimeout(this.#vadRetry)
    this.#vad?.close()
    this.#utterances.close()
    this.#kept = []
  }

  get #heardFrames(): number {
    return this.#options.turnDetection === "none" ? this.#pushedFrames : this.#endpointer.frame
  }

  #atMs(frame: number): number {
    return (this.#options.offsetMs ?? 0) + frame * frameMs
  }

  #take(frame: Int16Array): void {
    if (this.#closed) return
    this.#pushedFrames++
    if (this.#options.turnDetection === "none") {
      if (this.#turn.decode) this.#feedUndetected(frame)
      if (this.#utterances.currentFrames >= endpointing.utteranceFramesMax) this.#end(this.#pushedFrames)
      return
    }
    this.#kept.push(frame)
    if (this.#vadRetry !== undefined) return
    if (this.#vad === undefined) this.#openVad()
    else this.#vad.push(frame)
  }

  #openVad(): void {
    this.#vadRetry = undefined
    const stream = this.#options.vad.open({
      probabilities: (values) => {
        if (this.#vad !== stream) return
        for (let index = 0; index < values.length && !this.#closed; index++) this.#hear(values[index] ?? 0)
        this.#relieve()
      },
      failed: () => {
        if (this.#vad !== stream || this.#closed) return
        this.#vad = undefined
        this.#vadRetry = setTimeout(() => this.#openVad(), vadRetryMs)
      }
    })
    this.#vad = stream
    for (let frame = this.#endpointer.frame; frame < this.#pushedFrames; frame++) {
      const samples = this.#kept[frame - this.#firstKept]
      if (samples !== undefined) stream.push(samples)
    }
  }

  /** The detector's answer for the next frame. */
  #hear(probability: number): void {
    const isCleared = this.#endpointer.frame < this.#clearedUntil
    this.#endpointer.step(isCleared ? 0 : probability, this.#onEndpoint)
    const heard = this.#endpointer.frame
    if (this.#speaking) this.#feedUpTo(Math.min(heard, this.#endpointer.lastVoiced + 1 + endpointing.tailFrames))
    else if (this.#silenceAt !== undefined && heard >= this.#silenceAt) {
      this.#silenceAt = undefined
      this.#options.emit({ type: "silence.elapsed" })
    }
    for (; heard >= (this.#commits[0] ?? Infinity); this.#commits.shift()) this.#endpointer.finish(this.#onEndpoint)
    this.#forget(this.#speaking ? this.#nextToFeed : heard - endpointing.preRollFrames)
  }

  #endpoint(event: EndpointEvent): void {
    switch (event.type) {
      case "started":
        if (!this.#turn.decode) return this.#endpointer.drop()
        this.#silenceAt = undefined
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
    const free = Math.max(this.#unusedFrame, this.#clearedUntil, this.#firstKept)
    const firstFrame = Math.max(free, startFrame - endpointing.preRollFrames)
    this.#nextToFeed = firstFrame
    const utteranceId = this.#utterances.begin(firstFrame, startFrame, this.#turn)
    this.#options.emit({ type: "speech.started", utteranceId, atMs: this.#atMs(startFrame) })
  }

  #feedUpTo(frame: number): void {
    for (; this.#nextToFeed < frame; this.#nextToFeed++) {
      const samples = this.#kept[this.#nextToFeed - this.#firstKept]
      if (samples !== undefined) this.#utterances.feed(samples)
    }
  }

  /** Without turn detection: everything between two commits is one utterance. */
  #feedUndetected(samples: Int16Array): void {
    if (!this.#speaking) this.#begin(this.#pushedFrames - 1)
    this.#utterances.feed(samples)
  }

  #end(endFrame: number): void {
    const utteranceId = this.#utterances.currentId
    if (utteranceId === undefined) return
    this.#unusedFrame = this.#nextToFeed
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
    if (failure._tag === "None") return
    this.#options.emit({ type: "transcript.failed", utteranceId: id, error: failure.value })
  }

  #relieve(): void {
    if (!this.#pressed || this.pendingMs() > limits.unackedAudioMsMax / 2) return
    this.#pressed = false
    this.#options.emit({ type: "drained" })
  }

  #forget(before: number): void {
    const count = Math.min(before, this.#endpointer.frame) - this.#firstKept
    if (count <= 0) return
    this.#kept.splice(0, count)
    this.#firstKept += count
  }
}
