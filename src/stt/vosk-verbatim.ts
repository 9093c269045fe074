/**
 * A verbatim stream in the host: libvosk endpoints and formats by itself, and each block of audio is one call and one
 * answer, so that a client hears exactly what it would hear of libvosk in its own process. A recogniser is made for the
 * stream and freed with it: one that has lived counts its words' times from its own beginning.
 */
import { verbatimAnswer, verbatimHeaderBytes, type VerbatimParams } from "#schemas/host.ts"
import { BackendFault, type BackendSink, type BackendStream } from "#src/host/backend.ts"
import { work } from "#src/host/work.ts"
import type { Lanes } from "./lanes.ts"
import type { Libvosk, VoskModel, VoskRecognizer } from "./libvosk.ts"
import { Live } from "./live.ts"
import type { OwnLoop } from "./own-loop.ts"

const sampleBytes = 2
/** Audio of one stream that may wait here; over it the stream is closed as `refused`. */
const waitingMsMax = 60_000
/** Who has no more than this waiting, and sends no faster than time, speaks now. Who is at the end goes first as well. */
const urgentMsMax = 400
/** A recording gives way to the next one after so much of it. */
const turnMsMax = 4_000

/** `libvosk`'s own way of writing a time: six decimals. */
const times = /"(start|end)" : (\d+\.\d+)/g
const shifted = (json: string, seconds: number): string =>
  seconds === 0 ? json : json.replace(times, (_, name, value) => `"${name}" : ${(Number(value) + seconds).toFixed(6)}`)

/**
 * As libvosk reads it, without the words that the model lacks: libvosk leaves them out as well, but not without printing
 * them to its log.
 */
const grammarOf = (phrases: ReadonlyArray<string>, knows: (word: string) => boolean): string =>
  JSON.stringify(
    phrases.map((phrase) =>
      phrase
        .split(" ")
        .filter((word) => word !== "" && knows(word))
        .join(" ")
    )
  )

export interface VerbatimModel {
  readonly vosk: Libvosk
  readonly model: VoskModel
  readonly lanes: Lanes
  readonly loop: OwnLoop
  readonly runtimeGrammar: boolean
  readonly knows: (word: string) => boolean
}

export class VerbatimHearing implements BackendSink {
  readonly #vosk: Libvosk
  readonly #lanes: Lanes
  readonly #loop: OwnLoop
  readonly #recognizer: VoskRecognizer
  readonly #stream: BackendStream
  readonly #bytesPerMs: number
  readonly #startSeconds: number
  readonly #waiting: Array<Uint8Array> = []
  readonly #live = new Live()
  #waitingBytes = 0
  #decodedSamples = 0
  #decoding = false
  #finishing = false
  #closed = false

  constructor(model: VerbatimModel, stream: BackendStream, { verbatim }: VerbatimParams) {
    const { vosk, lanes, loop, runtimeGrammar, knows } = model
    const { sampleRateHz, phrases, words, alternatives, startSeconds } = verbatim
    const recognizer =
      phrases === undefined || !runtimeGrammar
        ? vosk.newRecognizer(model.model, sampleRateHz)
        : vosk.newGrammarRecognizer(model.model, sampleRateHz, grammarOf(phrases, knows))
    if (recognizer === null) throw new BackendFault("refused", "libvosk made no recogniser for these settings.")
    vosk.setWords(recognizer, words ? 1 : 0)
    vosk.setMaxAlternatives(recognizer, alternatives)
    this.#vosk = vosk
    this.#lanes = lanes
    this.#loop = loop
    loop.opened()
    this.#recognizer = recognizer
    this.#stream = stream
    this.#bytesPerMs = (sampleRateHz * sampleBytes) / 1_000
    this.#startSeconds = startSeconds
  }

  /** The only message is `finish`. */
  message(): void {
    this.#finishing = true
    void this.#decode()
  }

  binary(bytes: Uint8Array): void {
    if (this.#finishing) return
    this.#live.came(bytes.byteLength / this.#bytesPerMs)
    this.#waitingBytes += bytes.byteLength
    if (this.#waitingBytes > waitingMsMax * this.#bytesPerMs) {
      throw new BackendFault("refused", "Audio came much faster than it was decoded.")
    }
    this.#waiting.push(bytes.slice())
    void this.#decode()
  }

  closed(): void {
    if (this.#closed) return
    this.#closed = true
    // A call under way still uses the recogniser; `#decode` frees it after that.
    if (!this.#decoding) this.#free()
  }

  async #decode(): Promise<void> {
    if (this.#decoding || this.#closed) return
    this.#decoding = true
    try {
      while (!this.#closed && (this.#waiting.length > 0 || this.#finishing)) await this.#takeTurn()
    } catch (thrown) {
      if (!(thrown instanceof BackendFault)) console.error(thrown)
      this.#closed = true
      this.#stream.close(new BackendFault("refused", "The decoder failed on this audio."))
    }
    this.#decoding = false
    if (this.#closed) this.#free()
  }

  /** Somebody waits for a last result, too: it is short, and a client that sends as fast as it is answered waits for it alone. */
  get #isUrgent(): boolean {
    return this.#isLive || (this.#finishing && this.#waitingBytes <= urgentMsMax * this.#bytesPerMs)
  }

  get #isLive(): boolean {
    return this.#live.isLive && this.#waitingBytes <= urgentMsMax * this.#bytesPerMs
  }

  async #takeTurn(): Promise<void> {
    await this.#lanes.take(this.#isUrgent)
    work.begin()
    try {
      const turnBytesMax = turnMsMax * this.#bytesPerMs
      for (let taken = 0; !this.#closed;) {
        const block = this.#waiting.shift()
        if (block === undefined) break
        await this.#answer(block)
        taken += block.byteLength
        if (this.#lanes.pressed || (taken >= turnBytesMax && this.#lanes.awaited)) break
      }
      if (this.#finishing && this.#waiting.length === 0 && !this.#closed) await this.#finish()
    } finally {
      work.end()
      this.#lanes.release()
    }
  }

  async #answer(block: Uint8Array): Promise<void> {
    const outcome = await this.#accept(block)
    if (outcome < 0) throw new BackendFault("refused", "libvosk reported a decoder error.")
    this.#waitingBytes -= block.byteLength
    this.#decodedSamples += Math.floor(block.byteLength / sampleBytes)
    work.did(block.byteLength / this.#bytesPerMs)
    if (this.#closed) return
    if (outcome === 0) return this.#tell(verbatimAnswer.partial, this.#vosk.partialResult(this.#recognizer))
    this.#tell(verbatimAnswer.result, await this.#vosk.result(this.#recognizer))
  }

  async #accept(block: Uint8Array): Promise<number> {
    const audioMs = block.byteLength / this.#bytesPerMs
    if (this.#loop.takes(audioMs, this.#isLive, this.#waiting.length)) {
      const before = process.threadCpuUsage()
      const outcome = this.#vosk.acceptHere(this.#recognizer, block)
      this.#loop.took(process.threadCpuUsage(before), audioMs)
      return outcome
    }
    if (!this.#lanes.isAlone) return this.#vosk.accept(this.#recognizer, block)
    const before = process.cpuUsage()
    const outcome = await this.#vosk.accept(this.#recognizer, block)
    this.#loop.took(process.cpuUsage(before), audioMs)
    return outcome
  }

  async #finish(): Promise<void> {
    this.#tell(verbatimAnswer.result, await this.#vosk.finalResult(this.#recognizer))
    this.#closed = true
    this.#stream.close()
  }

  #tell(kind: number, json: string): void {
    const text = kind === verbatimAnswer.result ? shifted(json, this.#startSeconds) : json
    const answer = Buffer.allocUnsafe(verbatimHeaderBytes + Buffer.byteLength(text))
    answer.writeUInt32LE(this.#decodedSamples, 0)
    answer[4] = kind
    answer.write(text, verbatimHeaderBytes)
    this.#stream.sendBinary(answer)
  }

  #free(): void {
    this.#loop.closed()
    this.#vosk.freeRecognizer(this.#recognizer)
  }
}
