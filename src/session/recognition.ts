/**
 * One connection of vosk-server's protocol: configuration, then audio, each message of which gets one answer of libvosk's.
 * It is bounded as a session of `mode: "file"` is: by flow control, since the socket is not read while the recogniser, or the
 * client's own reading, is behind. Settings that come after the first audio are not taken, as vosk-server takes none then.
 * What goes wrong is told in one `error` and ends it: a client that counts answers could not go on.
 */
import { Effect } from "effect"
import { randomUUID } from "node:crypto"
import type { EndReason } from "#machines/session-events.ts"
import { closeCodes, errorRow, type ErrorCode, type WireError } from "#schemas/errors.ts"
import type { SessionSummary } from "#schemas/record.ts"
import type { VoskConfig, VoskMessage } from "#schemas/vosk-server.ts"
import { GatedVerbatim } from "#src/audio/gated.ts"
import { bytesOf, samplesOf } from "#src/audio/pcm.ts"
import { Resampler } from "#src/audio/resample.ts"
import { limits } from "#src/limits.ts"
import type { Stt, Verbatim, VerbatimOptions } from "#src/stt/stt.ts"
import type { Vad } from "#src/vad/vad.ts"
import type { Admission, SessionHandle, TextConnection } from "./contract.ts"
import { endings } from "./endings.ts"
import { Reading } from "./reading.ts"
import { WireBounds } from "./wire-limits.ts"

/** libvosk makes less of more, but not more of less. */
const modelRateHz = 16_000

export interface RecognitionOptions {
  readonly admission: Admission
  readonly connection: TextConnection
  readonly stt: Stt["Service"]
  readonly vad: Vad["Service"]
  /** Of audio before which no `config` says another. */
  readonly sampleRateHz: number
  readonly nowMs: () => number
  readonly onNotice: (notice: string) => void
  readonly onEnded: (reason: string) => void
}

interface Hearing {
  readonly verbatim: Verbatim
  readonly resampler: Resampler | undefined
}

export class Recognition implements SessionHandle<VoskMessage> {
  readonly id = randomUUID()
  readonly disconnected = Effect.sync(() => this.#finish(closeCodes.ended, "disconnected"))
  readonly end = Effect.sync(() => this.leave("ended"))
  readonly #options: RecognitionOptions
  readonly #bounds = new WireBounds()
  readonly #reading: Reading
  readonly #startedAtMs: number
  #lastActivityAtMs: number
  #config: VoskConfig = {}
  #hearing: Hearing | undefined
  /** Milliseconds of each message that has no answer yet, oldest first, and of all of them. */
  readonly #pending: Array<number> = []
  #pendingMs = 0
  #unsent = 0
  #audioInMs = 0
  #results = 0
  #droppedFrames = 0
  #ending = false
  ended = false

  constructor(options: RecognitionOptions) {
    this.#options = options
    this.#reading = new Reading(options.connection)
    this.#startedAtMs = this.#lastActivityAtMs = options.nowMs()
  }

  /** Without any message or answer. */
  get idleMs(): number {
    return this.#options.nowMs() - this.#lastActivityAtMs
  }

  readonly summary = (): SessionSummary => {
    const { protocol, clientAddress, traceId } = this.#options.admission
    return {
      protocol,
      clientAddress,
      traceId,
      state: this.#pending.length > 0 ? "transcribing" : "listening",
      startedAtMs: this.#startedAtMs,
      lastActivityAtMs: this.#lastActivityAtMs,
      audioInMs: this.#audioInMs,
      audioOutMs: 0,
      utterances: this.#results,
      droppedFrames: this.#droppedFrames
    }
  }

  receive(message: VoskMessage): void {
    if (!this.#isTaken()) return
    if (this.#bounds.messages.hit(this.#options.nowMs())) {
      return this.#fail("rate_limited", "too many messages in a second")
    }
    if (message.type === "config") return this.#configure(message)
    this.#ending = message.type === "eof"
    const { verbatim } = this.#hear()
    this.#owe(0)
    verbatim.finish()
  }

  receiveAudio(bytes: Uint8Array): void {
    if (!this.#isTaken()) return void this.#droppedFrames++
    const { verbatim, resampler } = this.#hear()
    // The half of a sample at the end, which libvosk passes over too.
    const whole = bytes.subarray(0, bytes.byteLength & ~1)
    const durationMs = (whole.byteLength / 2 / this.#sampleRateHz) * 1_000
    this.#audioInMs += durationMs
    this.#owe(Math.max(durationMs, limits.frameMsMin))
    // The one copy in this process besides the pipe's: a message's own bytes are those of the socket's reading. Not `slice`:
    // a Buffer's is a view.
    verbatim.push(resampler === undefined ? new Uint8Array(whole) : bytesOf(resampler.push(samplesOf(whole))))
    this.#reading.pending(this.#pendingMs)
  }

  refused({ code, message }: WireError): void {
    this.#fail(code, message)
  }

  leave(reason: EndReason): void {
    const ending = endings[reason]
    if (ending !== undefined) return this.#fail(ending.code, ending.message)
    this.#finish(closeCodes.ended, reason)
  }

  #isTaken(): boolean {
    this.#lastActivityAtMs = this.#options.nowMs()
    return !this.ended && !this.#ending
  }

  get #sampleRateHz(): number {
    return this.#config.sample_rate ?? this.#options.sampleRateHz
  }

  #configure({ config, ignored }: Extract<VoskMessage, { type: "config" }>): void {
    const { onNotice } = this.#options
    if (ignored.length > 0) onNotice(`vosk-server: settings that mean nothing here: ${ignored.join(", ")}`)
    if (this.#hearing === undefined) this.#config = { ...this.#config, ...config }
    else onNotice("vosk-server: settings that came after the first audio were not taken")
  }

  #hear(): Hearing {
    if (this.#hearing !== undefined) return this.#hearing
    const { words = true, phrase_list: phrases = [], max_alternatives: alternatives = 0 } = this.#config
    const isLow = this.#sampleRateHz < modelRateHz
    const { stt, vad, admission } = this.#options
    const options: VerbatimOptions = {
      sampleRateHz: isLow ? modelRateHz : this.#sampleRateHz,
      words: Boolean(words),
      alternatives,
      ...(phrases.length === 0 ? {} : { phrases }),
      onAnswer: (json, isResult) => this.#answer(json, isResult),
      onFinished: () => {
        if (this.#ending) this.#finish(closeCodes.ended, "ended")
      },
      onFailed: ({ message }) => this.#fail("stt_unavailable", message)
    }
    return (this.#hearing = {
      verbatim: admission.gate === "vad" ? new GatedVerbatim(stt, vad, options) : stt.openVerbatim(options),
      resampler: isLow ? new Resampler(this.#sampleRateHz, modelRateHz) : undefined
    })
  }

  #owe(durationMs: number): void {
    this.#pending.push(durationMs)
    this.#pendingMs += durationMs
  }

  #answer(json: Uint8Array, isResult: boolean): void {
    if (this.ended) return
    const { connection, nowMs } = this.#options
    this.#lastActivityAtMs = nowMs()
    this.#pendingMs -= this.#pending.shift() ?? 0
    if (isResult) this.#results++
    if (connection.bufferedBytes() > limits.socketBufferBytesMax) {
      this.#unsent++
      this.#reading.pause()
      connection.sendText(json, () => {
        this.#unsent--
        this.#goOn()
      })
    } else connection.sendText(json)
    this.#goOn()
  }

  #goOn(): void {
    if (this.#unsent === 0 && this.#pendingMs <= limits.unackedAudioMsMax) this.#reading.goOn()
  }

  #fail(code: ErrorCode, message: string): void {
    if (this.ended) return
    const { closeCode = errorRow("internal").closeCode, retryable } = errorRow(code)
    this.#options.connection.send({ type: "error", code, message, retryable })
    this.#finish(closeCode ?? closeCodes.ended, code)
  }

  #finish(closeCode: number, reason: string): void {
    if (this.ended) return
    this.ended = true
    this.#hearing?.verbatim.close()
    this.#options.connection.close(closeCode, reason)
    this.#options.onEnded(reason)
  }
}
