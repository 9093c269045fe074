/**
 * Continuous audio of which only speech is decoded (`?gate=vad`): the same contract as libvosk's own stream, one answer to
 * each piece, with the detector in front. Pieces without speech are answered at once and heard by nobody; from a pre-roll
 * before speech until it has ended pieces go on whole, each utterance to a recogniser of its own. A detector that dies
 * makes pieces wait, not get lost. What a piece is answered with follows from the audio and its pieces alone.
 */
import { giveBack } from "#src/stt/give-back.ts"
import { Live } from "#src/stt/live.ts"
import type { Stt, Verbatim, VerbatimOptions } from "#src/stt/stt.ts"
import { type Vad, vadFrameSamples } from "#src/vad/vad.ts"
import { decodedSampleRateHz } from "./decode.ts"
import { Detection } from "./detection.ts"
import { Endpointer } from "./endpoint.ts"
import { endpointing, framesOf } from "./endpointing.ts"
import { joined, samplesOf } from "./pcm.ts"
import { Resampler } from "./resample.ts"

const sampleBytes = 2
/** As soon as libvosk ends an utterance of its own. */
const endSilenceMs = 500
/** Twice a session's: with less silence before them more words than one in a hundred differ from those of the whole audio. */
const preRollSeconds = 1

const nothing = new Int16Array(0)

/** As libvosk writes them. */
const nothingSaid = Buffer.from('{\n  "partial" : ""\n}')
const nothingHeard = (alternatives: number): Buffer =>
  Buffer.from(
    alternatives === 0
      ? '{\n  "text" : ""\n}'
      : '{\n  "alternatives" : [{\n      "confidence" : 0.000000,\n      "text" : ""\n    }]\n}'
  )

interface Piece {
  /** Absent: a `finish`. */
  readonly bytes?: Uint8Array
  /** Frames that must have been answered before it can be decided on. */
  readonly frames: number
}

/** What a piece is answered with, once all that belongs to it is there. */
class Reply {
  readonly results: Array<Uint8Array> = []
  partial: Uint8Array = nothingSaid
  /** Answers of the recogniser that are still to come. */
  awaited = 0
  readonly isFinish: boolean

  constructor(isFinish: boolean) {
    this.isFinish = isFinish
  }
}

interface Utterance {
  readonly verbatim: Verbatim
  /** What the recogniser owes something, in order; one that owes a partial and a final stands once. */
  readonly awaiting: Array<Reply>
}

export class GatedVerbatim implements Verbatim {
  readonly #stt: Stt["Service"]
  readonly #options: VerbatimOptions
  /** Absent: the detector hears the audio as it is. */
  readonly #resampler: Resampler | undefined
  readonly #detection: Detection
  readonly #live = new Live()
  readonly #endpointer = new Endpointer(endpointing, framesOf(endSilenceMs))
  /** Of a frame, what has come: a copy, since the message may be given back before the next one comes. */
  #rest: Int16Array = nothing
  #framesPushed = 0
  #framesAnswered = 0
  #probabilities: Array<number> = []
  readonly #undecided: Array<Piece> = []
  /** Pieces that no recogniser has, of the utterance or of the silence before one. */
  #unheard: Array<Uint8Array> = []
  #unheardBytes = 0
  /** Of the audio, the bytes that have been decided on. */
  #decidedBytes = 0
  #utterance: Utterance | undefined
  /** In the order of the pieces. */
  readonly #replies: Array<Reply> = []
  #held: Array<Uint8Array> = []
  /** The last one of the utterance. */
  #partial: Uint8Array = nothingSaid

  constructor(stt: Stt["Service"], vad: Vad["Service"], options: VerbatimOptions) {
    this.#stt = stt
    this.#options = options
    if (options.sampleRateHz !== decodedSampleRateHz)
      this.#resampler = new Resampler(options.sampleRateHz, decodedSampleRateHz)
    this.#detection = new Detection({
      vad,
      onProbability: (probability) => void this.#probabilities.push(probability),
      onAnswered: () => this.#decideAll(),
      onFailed: () => {},
      isPatient: () => this.#live.mayWait
    })
  }

  push(bytes: Uint8Array): void {
    const samples = samplesOf(bytes)
    this.#live.came((samples.length / this.#options.sampleRateHz) * 1_000)
    const frames = this.#cut(this.#resampler === undefined ? samples : this.#resampler.push(samples))
    this.#framesPushed += frames.length
    this.#undecided.push({ bytes, frames: this.#framesPushed })
    for (const frame of frames) this.#detection.push(frame)
    this.#decideAll()
  }

  finish(): void {
    this.#undecided.push({ frames: this.#framesPushed })
    this.#detection.hurry()
    this.#decideAll()
  }

  close(): void {
    this.#detection.close()
    this.#utterance?.verbatim.close()
    this.#undecided.length = 0
  }

  /** The frames that are whole with these samples, views of them but for one that has begun before. */
  #cut(samples: Int16Array): ReadonlyArray<Int16Array> {
    const frames: Array<Int16Array> = []
    for (let at = 0; at < samples.length;) {
      const taken = samples.subarray(at, at + vadFrameSamples - this.#rest.length)
      const frame = this.#rest.length === 0 ? taken : joined(this.#rest, taken)
      at += taken.length
      const isWhole = frame.length === vadFrameSamples
      this.#rest = isWhole ? nothing : frame.slice()
      if (isWhole) frames.push(frame)
    }
    return frames
  }

  #decideAll(): void {
    for (;;) {
      const [piece] = this.#undecided
      if (piece === undefined || piece.frames > this.#framesAnswered + this.#probabilities.length) return
      this.#undecided.shift()
      const isSpeech = this.#hasSpeech(piece.frames - this.#framesAnswered)
      this.#detection.forget(this.#framesAnswered)
      const reply = new Reply(piece.bytes === undefined)
      this.#replies.push(reply)
      if (piece.bytes === undefined) this.#end(reply)
      else this.#decide(piece.bytes, isSpeech, reply)
      this.#give()
    }
  }

  /** Whether any of the next frames is of an utterance, its tail included. */
  #hasSpeech(frames: number): boolean {
    let isSpeech = false
    for (let frame = 0; frame < frames; frame++) {
      this.#endpointer.step(this.#probabilities[frame] ?? 0, () => {})
      isSpeech ||= this.#endpointer.speaking && this.#endpointer.silentFrames <= endpointing.tailFrames
    }
    this.#probabilities.splice(0, frames)
    this.#framesAnswered += frames
    return isSpeech
  }

  #decide(bytes: Uint8Array, isSpeech: boolean, reply: Reply): void {
    if (this.#utterance === undefined) this.#trim()
    else reply.partial = this.#partial
    this.#unheard.push(bytes)
    this.#unheardBytes += bytes.byteLength
    this.#decidedBytes += bytes.byteLength
    if (isSpeech) this.#hear(reply)
    if (!this.#endpointer.speaking) this.#end(reply)
  }

  #hear(reply: Reply): void {
    const { verbatim, awaiting } = (this.#utterance ??= this.#begin())
    const [only] = this.#unheard
    const isOne = this.#unheard.length === 1 && only !== undefined
    const bytes = isOne ? only : Buffer.concat(this.#unheard)
    if (!isOne) this.#unheard.forEach(giveBack)
    this.#unheard = []
    this.#unheardBytes = 0
    awaiting.push(reply)
    reply.awaited++
    verbatim.push(bytes)
  }

  #begin(): Utterance {
    const awaiting: Array<Reply> = []
    const verbatim = this.#stt.openVerbatim({
      ...this.#options,
      startSeconds: (this.#decidedBytes - this.#unheardBytes) / sampleBytes / this.#options.sampleRateHz,
      onAnswer: (json, isResult) => {
        const [reply] = awaiting
        if (reply === undefined) return
        this.#partial = isResult ? nothingSaid : json
        if (isResult) reply.results.push(json)
        else reply.partial = json
        if (--reply.awaited === 0) awaiting.shift()
        this.#give()
      },
      onFinished: () => {}
    })
    return { verbatim, awaiting }
  }

  #end(reply: Reply): void {
    const utterance = this.#utterance
    if (utterance === undefined) {
      if (reply.isFinish) reply.results.push(nothingHeard(this.#options.alternatives))
      return
    }
    this.#endpointer.finish(() => {})
    this.#utterance = undefined
    if (utterance.awaiting.at(-1) !== reply) utterance.awaiting.push(reply)
    reply.awaited++
    utterance.verbatim.finish()
  }

  /** Before speech no more is kept than the pre-roll. */
  #trim(): void {
    const bytesMax = Math.floor(preRollSeconds * this.#options.sampleRateHz) * sampleBytes
    while (this.#unheardBytes > bytesMax) {
      const first = this.#unheard.shift() ?? nothingSaid
      const over = Math.min(this.#unheardBytes - bytesMax, first.byteLength)
      if (over < first.byteLength) this.#unheard.unshift(first.subarray(over))
      else giveBack(first)
      this.#unheardBytes -= over
    }
  }

  /** In order; a result that finds no place of its own is given with the next reply. */
  #give(): void {
    for (;;) {
      const [reply] = this.#replies
      if (reply === undefined || reply.awaited > 0) return
      this.#replies.shift()
      this.#held.push(...reply.results)
      if (this.#held.length === 0) this.#options.onAnswer(reply.partial, false)
      const given = this.#held.splice(0, reply.isFinish ? this.#held.length : 1)
      for (const json of given) this.#options.onAnswer(json, true)
      if (reply.isFinish) this.#options.onFinished()
    }
  }
}
