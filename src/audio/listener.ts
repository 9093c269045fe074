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
import { type HeardSoFar, type Stt, SttError } from "#src/stt/stt.ts"
import { type Vad, vadFrameSamples as frameSamples } from "#src/vad/vad.ts"
import { AwaitedSilence } from "./awaited-silence.ts"
import { Detection } from "./detection.ts"
import type { Verdict } from "./echo-gate.ts"
import { Endpointer, type EndpointEvent } from "./endpoint.ts"
import { endpointing, frameMs, framesOf } from "./endpointing.ts"
import { HeldAnswers } from "./held-answers.ts"
import type { ListenerEvent, Turn } from "./listener-events.ts"
import { Utterances, type SettledUtterance } from "./utterances.ts"

/** The detector holds on for about this long (median 76 ms) after a word: so much less silence is counted. */
const detectorHoldMs = 32
const silenceFramesOf = (endSilenceMs: number): number => framesOf(endSilenceMs - detectorHoldMs)

export interface ListenerOptions {
  readonly vad: Vad["Service"]
  readonly stt: Stt["Service"]
  readonly turnDetection: "server_vad" | "none"
  readonly emit: (event: ListenerEvent) => void
  /** Position of the first sample: audio heard before a resume. */
  readonly offsetMs?: number
  /** Whether a frame that begins here is an echo of what the service plays. Absent: nothing comes back. */
  readonly judge?: (frame: Int16Array, atMs: number) => Verdict
}

export class Listener {
  readonly #options: ListenerOptions
  readonly #endpointer: Endpointer
  readonly #utterances: Utterances
  readonly #detection: Detection
  readonly #answers = new HeldAnswers((probability) => this.#hear(probability))
  readonly #silence = new AwaitedSilence()
  #turn: Turn = { decode: false, endSilenceMs: 500, alternatives: 0, partials: false }
  /** Of the utterance in progress. */
  #utteranceTurn = this.#turn
  /** The frame being filled. */
  #partial = new Int16Array(frameSamples)
  #partialFilled = 0
  #pushedFrames = 0
  /** The first frame that no utterance has used. */
  #unusedFrame = 0
  /** The next frame for the utterance in progress. */
  #nextToFeed = 0
  /** Its first frame of speech. */
  #startFrame = 0
  /** Where the person's client ended utterances that the detector has not come to yet. */
  #commits: Array<number> = []
  /** What was said before this frame has been cleared. */
  #clearedUntil = 0
  /** What was pushed before this frame, nobody was to hear. */
  #decodeFrom = 0
  /** Samples of the frame being filled that no utterance to come may use; without turn detection only. */
  #partialUsed = 0
  #pressed = false
  #finishing = false
  #closed = false
  readonly #onEndpoint = (event: EndpointEvent): void => this.#endpoint(event)

  constructor(options: ListenerOptions) {
    this.#options = options
    const { judge } = options
    this.#endpointer = new Endpointer(endpointing, silenceFramesOf(this.#turn.endSilenceMs))
    this.#utterances = new Utterances({
      stt: options.stt,
      onPartial: (utteranceId, text) => options.emit({ type: "transcript.partial", utteranceId, text }),
      onHearing: (utteranceId, hearing) => options.emit({ type: "utterance.heard", utteranceId, hearing }),
      onSettled: (settled) => this.#settled(settled),
      onProgress: () => this.#relieve()
    })
    this.#detection = new Detection({
      vad: options.vad,
      onProbability: (probability) => this.#answers.push(probability),
      onAnswered: () => this.#relieve(),
      onFailed: () => options.emit({ type: "detector.failed" }),
      ...(judge === undefined ? {} : { judge: (frame, number) => judge(frame, this.#atMs(number)) })
    })
  }

  setTurn(turn: Turn): void {
    if (turn.decode && !this.#turn.decode) {
      this.#decodeFrom = Math.ceil(this.#position)
      this.#partialUsed = this.#partialFilled
    }
    this.#turn = turn
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
    this.#detection.flush()
    if (this.#options.turnDetection === "none") {
      this.#feedUndetected(this.#partial.slice(this.#partialUsed, this.#partialFilled), this.#position)
      this.#partialUsed = this.#partialFilled
      this.#end(this.#position)
    } else if (this.#endpointer.frame === this.#pushedFrames) this.#endpointer.finish(this.#onEndpoint)
    else if (this.#commits.at(-1) !== this.#pushedFrames) this.#commits.push(this.#pushedFrames)
  }

  /** Nothing more comes: `finished` once the rest has been listened to and the last utterance has its final. */
  finish(): void {
    this.#finishing = true
    this.commit()
    this.#relieve()
  }

  /** Drops the utterance in progress, with all that was pushed of it. */
  clear(): void {
    this.#commits = []
    this.#clearedUntil = this.#pushedFrames
    this.#partialUsed = this.#partialFilled
    this.#endpointer.drop()
    const utteranceId = this.#utterances.clear()
    if (utteranceId === undefined) return
    this.#silence.restart(this.#pushedFrames)
    this.#options.emit({ type: "utterance.cleared", utteranceId })
    this.#answers.release()
  }

  /**
   * One `silence.elapsed` after this much further audio without speech. Speech that begins, or `disarmSilence`, calls it
   * off; speech in progress is waited for. Without turn detection there is no silence.
   */
  armSilence(durationMs: number): void {
    this.#silence.arm(framesOf(durationMs), this.#heardFrames)
  }

  disarmSilence(): void {
    this.#silence.disarm()
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

  /** The detector's answer for the next frame, while nothing is held back. */
  #hear(probability: number): void {
    const isCleared = this.#endpointer.frame < this.#clearedUntil
    this.#endpointer.step(isCleared ? 0 : probability, this.#onEndpoint)
    const heard = this.#endpointer.frame
    if (this.#speaking) {
      this.#feedUpTo(Math.min(heard, this.#endpointer.lastVoiced + 1 + endpointing.tailFrames))
      if (this.#endpointer.silentFrames === endpointing.peekFrames) this.#peek()
    } else if (this.#silence.passes(heard)) this.#options.emit({ type: "silence.elapsed" })
    for (; heard >= (this.#commits[0] ?? Infinity); this.#commits.shift()) this.#endpointer.finish(this.#onEndpoint)
    // The frame that completes a start is `startFrames` - 1 after the first one of speech.
    const preRollFrames = this.#turn.decode ? endpointing.preRollFrames + endpointing.startFrames - 1 : 0
    this.#detection.forget(this.#speaking ? this.#nextToFeed : heard - preRollFrames)
  }

  /**
   * How long a silence ends the utterance, by what has been heard of it. Where this one would, the transcript has to be of
   * the same mind: what is heard before that is unstable. Nothing further is listened to meanwhile, so that the answer is
   * one for this frame, whenever the recogniser gets here.
   */
  #peek(): void {
    const { endSilenceAfter } = this.#utteranceTurn
    if (endSilenceAfter === undefined) return
    const silenceFrames = (heard: HeardSoFar) => silenceFramesOf(endSilenceAfter(heard))
    const { silentFrames } = this.#endpointer
    this.#answers.hold()
    this.#utterances.peek((heard) => {
      if (heard === undefined) return this.#goOn()
      this.#endpointer.endSilenceFrames = silenceFrames(heard)
      if (this.#endpointer.endSilenceFrames > silentFrames) return this.#goOn()
      const accept = (transcript: HeardSoFar) =>
        (this.#endpointer.endSilenceFrames = silenceFrames(transcript)) <= silentFrames
      this.#utterances.conclude(accept, (accepted) => {
        if (!accepted) return this.#goOn()
        // The end of it lets go of what is held; by now the next utterance may hold again.
        this.#endpointer.finish(this.#onEndpoint)
        this.#relieve()
      })
    })
  }

  #goOn(): void {
    this.#answers.release()
    this.#relieve()
  }

  #endpoint(event: EndpointEvent): void {
    switch (event.type) {
      case "started":
        if (!this.#turn.decode || event.frame < this.#decodeFrom) return this.#endpointer.drop()
        this.#silence.disarm()
        return this.#begin(event.frame)
      case "resumed":
        this.#endpointer.endSilenceFrames = silenceFramesOf(this.#utteranceTurn.endSilenceMs)
        if (this.#speaking) this.#options.emit({ type: "speech.resumed" })
        return
      case "confirmed":
      case "paused":
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
    this.#startFrame = startFrame
    this.#open(firstFrame, startFrame)
  }

  #open(firstFrame: number, startFrame: number): void {
    this.#utteranceTurn = this.#turn
    this.#endpointer.endSilenceFrames = silenceFramesOf(this.#turn.endSilenceMs)
    const utteranceId = this.#utterances.begin(firstFrame, startFrame, this.#turn)
    this.#options.emit({ type: "speech.started", utteranceId, atMs: this.#atMs(startFrame) })
  }

  #feedUpTo(frame: number): void {
    for (; this.#nextToFeed < frame; this.#nextToFeed++) {
      const frame = this.#nextToFeed
      const samples = frame < this.#startFrame ? this.#detection.frameBefore(frame) : this.#detection.frame(frame)
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
    this.#silence.restart(endFrame)
    this.#options.emit({ type: "speech.stopped", utteranceId, atMs: this.#atMs(endFrame) })
    const sound = this.#utterances.currentSound
    this.#options.emit({
      type: "utterance.ended",
      utteranceId,
      atMs: this.#atMs(this.#heardFrames),
      ...(sound === undefined ? {} : { sound })
    })
    this.#utterances.end(endFrame)
    this.#answers.release()
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
    if (this.#closed) return
    const pendingMs = this.pendingMs()
    if (this.#pressed && pendingMs <= limits.unackedAudioMsMax / 2) {
      this.#pressed = false
      this.#options.emit({ type: "drained" })
    }
    if (!this.#finishing || pendingMs > 0 || this.#utterances.busy) return
    this.#finishing = false
    this.#options.emit({ type: "finished" })
  }
}
