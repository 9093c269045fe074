/**
 * One hearing of one utterance by one host: samples in, one final out, or the fault of the host. Samples go out in blocks
 * of one size, whatever pieces they come in, so that the same samples always give the same final.
 */
import { Exit, Schema } from "effect"
import { HostError, type HostReason, SttEvent, type SttParams } from "#schemas/host.ts"
import type { Host, HostStream } from "#src/host/host.ts"
import type { HeardSoFar } from "./utterance.ts"

export type Final = Extract<SttEvent, { type: "final" }>

export interface RecognitionListener {
  readonly partial: (text: string) => void
  readonly progress: (decodedSamples: number) => void
  /** Once, and nothing follows it. */
  readonly settled: (outcome: Exit.Exit<Final, HostError>) => void
}

/** 200 ms: libvosk decodes in steps of that, and a wake-up of its host costs more than the wait. */
const blockSamples = 3_200

const decodeEvent = Schema.decodeUnknownExit(SttEvent)

export class Recognition {
  readonly #stream: HostStream
  readonly #listener: RecognitionListener
  /** Views of what was pushed; the pipe is the first to copy them. */
  #block: Array<Uint8Array> = []
  #blockSamples = 0
  #settled = false
  /** Whoever peeked and has no answer yet, oldest first. */
  readonly #peeks: Array<(heard: HeardSoFar) => void> = []

  constructor(host: Host, params: SttParams, listener: RecognitionListener) {
    this.#listener = listener
    this.#stream = host.open(params, {
      message: (message) => {
        const decoded = decodeEvent(message)
        if (Exit.isFailure(decoded)) return this.#fail("crash", "The speech host said something unknown.")
        const event = decoded.value
        if (event.type === "partial") listener.partial(event.text)
        else if (event.type === "peeked") {
          const { text, unknownWords } = event
          this.#peeks.shift()?.({ text, unknownWords })
        } else this.#settle(Exit.succeed(event))
      },
      binary: (bytes) =>
        listener.progress(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(0, true)),
      closed: (error) =>
        error === undefined
          ? this.#fail("crash", "The speech host ended an utterance without a transcript.")
          : this.#settle(Exit.fail(error))
    })
  }

  /** Left as they are until they have gone out. */
  push(samples: Int16Array): void {
    for (let at = 0; at < samples.length;) {
      const taken = samples.subarray(at, at + blockSamples - this.#blockSamples)
      this.#block.push(new Uint8Array(taken.buffer, taken.byteOffset, taken.byteLength))
      this.#blockSamples += taken.length
      at += taken.length
      if (this.#blockSamples === blockSamples) this.#sendBlock()
    }
  }

  /** The block being filled is sent as it is: where somebody peeks is a matter of the audio, never of its pieces. */
  peek(answer: (heard: HeardSoFar) => void): void {
    this.#sendBlock()
    this.#peeks.push(answer)
    this.#stream.send({ type: "peek" })
  }

  finish(): void {
    this.#sendBlock()
    this.#stream.send({ type: "finish" })
  }

  /** Nothing is told any more. */
  close(): void {
    this.#settled = true
    this.#stream.close()
  }

  #sendBlock(): void {
    if (this.#blockSamples === 0) return
    this.#stream.sendBinary(...this.#block)
    this.#block = []
    this.#blockSamples = 0
  }

  #fail(reason: HostReason, message: string): void {
    this.#settle(Exit.fail(new HostError({ kind: "stt", reason, message })))
  }

  /** The first outcome counts: the stream's end follows the final. */
  #settle(outcome: Exit.Exit<Final, HostError>): void {
    if (this.#settled) return
    this.#settled = true
    this.#listener.settled(outcome)
  }
}
