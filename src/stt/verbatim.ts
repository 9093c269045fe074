/**
 * Continuous audio heard as libvosk by itself hears it, for clients of other recognisers' protocols: each piece pushed
 * gets one answer, libvosk's own JSON, in which utterances end where libvosk ends them. The pieces since the last result
 * are kept: when a host dies they are heard again by the next one, and only what had no answer yet is answered. Results
 * that come at another place the second time are given with the next answer, never lost. Bounds: `keptSecondsMax` of audio
 * is kept (libvosk ends an utterance before that); what is pushed and unanswered is for the caller to bound.
 */
import { Effect, type Fiber } from "effect"
import { HostError, verbatimAnswer, verbatimHeaderBytes, type VerbatimParams } from "#schemas/host.ts"
import { hostsPerUtteranceMax, hostWaitMs } from "#src/fallbacks.ts"
import type { HostStream } from "#src/host/host.ts"
import { limits } from "#src/limits.ts"
import { giveBack } from "./give-back.ts"
import { Live } from "./live.ts"
import type { Pool, PoolHost } from "./pool.ts"
import type { Fork } from "./replay.ts"
import { SttError } from "./utterance.ts"

const sampleBytes = 2
const keptSecondsMax = (limits.utteranceMsMax + 2_000) / 1_000

export interface VerbatimOptions extends Omit<VerbatimParams["verbatim"], "startSeconds"> {
  /** Where the first sample stands, for the times of words; absent: at the beginning. */
  readonly startSeconds?: number
  /** One for each `push` and each `finish`, in their order; `json` is UTF-8 and the caller's to keep. */
  readonly onAnswer: (json: Uint8Array, isResult: boolean) => void
  /** All that belongs to a `finish` has been answered. */
  readonly onFinished: () => void
  /** Nothing is heard any more. */
  readonly onFailed: (error: SttError) => void
}

export interface Verbatim {
  /** Whole samples. They are the stream's from now on: a buffer that holds nothing else is empty once they are heard. */
  readonly push: (bytes: Uint8Array) => void
  /** Ends the utterance; what is pushed after it begins anew, and the times of words go on. */
  readonly finish: () => void
  readonly close: () => void
}

const finish = Symbol("finish")
type Item = Uint8Array | typeof finish

const samplesIn = (item: Item | undefined): number =>
  item === undefined || item === finish ? 0 : item.byteLength / sampleBytes

const silentHost = new HostError({ kind: "stt", reason: "timeout", message: "The speech host does not answer." })
const noHost = Effect.fail(
  new SttError({ reason: "unavailable", message: `No speech host became ready in ${hostWaitMs} ms.` })
)

export class ReplayedVerbatim implements Verbatim {
  readonly #pool: Pool
  readonly #options: VerbatimOptions
  readonly #fork: Fork
  /** Since the last result. A hearing goes up to the first `finish`. */
  #items: Array<Item> = []
  #keptSamples = 0
  /** Of the first item. */
  #startSamples: number
  /** Of the items, those that the client has an answer to, and those that the present hearing has answered. */
  #answered = 0
  #heard = 0
  /** Results that belong to items which were answered before. */
  #held: Array<Uint8Array> = []
  /** Answered items since the last result had to be forgotten. */
  #isCut = false
  #falls = 0
  readonly #live = new Live()
  #stream: HostStream | undefined
  #hearing: Fiber.Fiber<void, never> | undefined
  #closed = false

  constructor(pool: Pool, options: VerbatimOptions, fork: Fork) {
    this.#pool = pool
    this.#options = options
    this.#fork = fork
    this.#startSamples = (options.startSeconds ?? 0) * options.sampleRateHz
  }

  push(bytes: Uint8Array): void {
    this.#live.came((bytes.byteLength / sampleBytes / this.#options.sampleRateHz) * 1_000)
    this.#add(bytes)
  }

  finish(): void {
    this.#add(finish)
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#hearing?.interruptUnsafe()
    for (const item of this.#items) if (item !== finish) giveBack(item)
    this.#items = []
  }

  #add(item: Item): void {
    if (this.#closed) return
    const isFollowing = this.#items.includes(finish)
    this.#items.push(item)
    this.#keptSamples += samplesIn(item)
    this.#bound()
    if (this.#hearing === undefined) this.#hear()
    else if (!isFollowing) this.#send(item)
  }

  #send(item: Item): void {
    if (item === finish) this.#stream?.send({ type: "finish" })
    else if (this.#live.mayWait) this.#stream?.sendPatiently(item)
    else this.#stream?.sendBinary(item)
  }

  #bound(): void {
    while (
      this.#keptSamples > keptSecondsMax * this.#options.sampleRateHz &&
      Math.min(this.#answered, this.#heard) > 0
    ) {
      this.#forget(1)
      this.#isCut = true
    }
  }

  #forget(count: number): void {
    for (const item of this.#items.splice(0, count)) {
      this.#keptSamples -= samplesIn(item)
      this.#startSamples += samplesIn(item)
      if (item !== finish) giveBack(item)
    }
    this.#answered = Math.max(0, this.#answered - count)
    this.#heard -= count
  }

  #hear(): void {
    this.#hearing = this.#fork(
      this.#heardBySomebody().pipe(
        Effect.match({
          onSuccess: () => this.#begin(),
          onFailure: (error) => {
            if (this.#closed) return
            this.#closed = true
            this.#options.onFailed(error)
          }
        })
      )
    )
  }

  /** After a `finish`: what has been pushed meanwhile. */
  #begin(): void {
    this.#hearing = undefined
    if (this.#items.length > 0 && !this.#closed) this.#hear()
  }

  #heardBySomebody(): Effect.Effect<void, SttError> {
    return this.#pool.usable(this.#options.phrases).pipe(
      Effect.timeoutOrElse({ duration: hostWaitMs, orElse: () => noHost }),
      Effect.flatMap((host) => this.#heardBy(host)),
      Effect.catchTag("HostError", ({ reason, message }) => {
        if (this.#isCut || ++this.#falls >= hostsPerUtteranceMax) return Effect.fail(new SttError({ reason, message }))
        const told = Effect.logWarning("a speech host lost a continuous utterance", { reason, falls: this.#falls })
        return Effect.andThen(told, this.#heardBySomebody())
      })
    )
  }

  /** From the last result on, until a `finish` has been answered. */
  #heardBy(pooled: PoolHost): Effect.Effect<void, HostError> {
    const { host } = pooled
    const { sampleRateHz, phrases, words, alternatives } = this.#options
    const heard = Effect.callback<void, HostError>((resume) => {
      this.#heard = 0
      const startSeconds = this.#startSamples / sampleRateHz
      const settings = { sampleRateHz, words, alternatives, startSeconds, ...(phrases !== undefined && { phrases }) }
      const stream = host.open({ verbatim: settings } satisfies VerbatimParams, {
        message: () => {},
        binary: (bytes) => this.#answer(bytes),
        closed: (error) => resume(error === undefined ? Effect.void : Effect.fail(error))
      })
      this.#stream = stream
      for (const item of this.#items) {
        this.#send(item)
        if (item === finish) break
      }
      return Effect.sync(() => stream.close())
    })
    const outdone = Effect.flatMap(this.#pool.outdone(pooled, phrases), () => {
      const status = host.status()
      return Effect.fail("error" in status ? status.error : silentHost)
    })
    return this.#pool
      .occupying(pooled, Effect.raceFirst(heard, outdone))
      .pipe(Effect.ensuring(Effect.sync(() => (this.#stream = undefined))))
  }

  #answer(bytes: Uint8Array): void {
    if (this.#closed) return
    const isResult = bytes[verbatimHeaderBytes - 1] === verbatimAnswer.result
    const json = new Uint8Array(bytes.subarray(verbatimHeaderBytes))
    const item = this.#items[this.#heard++]
    const isRepeated = this.#heard <= this.#answered
    if (!isRepeated) this.#answered++
    if (isResult) {
      this.#forget(this.#heard)
      this.#isCut = false
      this.#falls = 0
    }
    if (isRepeated) {
      if (isResult) this.#held.push(json)
      return
    }
    if (this.#held.length === 0) this.#options.onAnswer(json, isResult)
    else this.#giveHeld(json, isResult, item === finish)
    if (item === finish) this.#options.onFinished()
  }

  #giveHeld(json: Uint8Array, isResult: boolean, isLast: boolean): void {
    if (isResult) this.#held.push(json)
    const given = this.#held.splice(0, isLast ? this.#held.length : 1)
    for (const held of given) this.#options.onAnswer(held, true)
  }
}
