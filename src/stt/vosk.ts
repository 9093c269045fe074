/**
 * Vosk as a host's backend: a stream is an utterance. What has come is decoded by calls on a pool thread, one at a time for
 * a recogniser, when it is its turn (`lanes.ts`); the host's loop stays free.
 * A recogniser that gave a final result starts the next utterance from nothing and is kept for its grammar; one whose
 * utterance was dropped, or failed, is freed as soon as no call runs on it.
 */
import { availableParallelism } from "node:os"
import type { SttCommand, SttParams, VerbatimParams } from "#schemas/host.ts"
import { type Backend, BackendFault, type BackendSink, type BackendStream } from "#src/host/backend.ts"
import { probeWord, readProbeClip } from "#src/host/probe-clip.ts"
import { work } from "#src/host/work.ts"
import { Lanes } from "./lanes.ts"
import { type Libvosk, loadLibvosk, type VoskModel, type VoskRecognizer } from "./libvosk.ts"
import { OwnLoop } from "./own-loop.ts"
import { inspectModel } from "./vosk-model.ts"
import { VerbatimHearing, type VerbatimModel } from "./vosk-verbatim.ts"
import { emptyFinal, parseFinal, withoutUnknown } from "./vosk-result.ts"

const sampleRateHz = 16_000
const sampleBytes = 2
/** Samples of one utterance that may wait here, a minute; over it the stream is closed as `refused`. */
const waitingBytesMax = 60 * sampleRateHz * sampleBytes
/** libvosk counts a recogniser's time in 32-bit floats: after this much they are too coarse for equal word times. */
const recognizerSamplesMax = 120 * sampleRateHz
/** Blocks that wait are decoded together, up to a second: a recogniser that stays on its thread keeps its caches. */
const mergedBytesMax = sampleRateHz * sampleBytes
/** Who has no more than this waiting speaks now: two blocks. */
const urgentBytesMax = 0.4 * sampleRateHz * sampleBytes
/** A recording gives way to the next one after so much of it, though nobody who speaks now waits. */
const turnBytesMax = 4 * sampleRateHz * sampleBytes
/** Readings asked of libvosk when alternatives are wanted: enough to tell how sure each word is. */
const readingsAsked = 10

export interface VoskOptions {
  readonly modelPath: string
  readonly libraryPath?: string
  /** Recognisers kept ready, by grammar; over it the least recently used is freed. */
  readonly idleRecognizersMax: number
}

interface Recognizer {
  readonly handle: VoskRecognizer
  readonly key: string
  samplesHeard: number
}

class Recognizers {
  readonly #vosk: Libvosk
  readonly #model: VoskModel
  readonly #idleMax: number
  readonly #runtimeGrammar: boolean
  /** Least recently used first. */
  readonly #idle: Array<Recognizer> = []
  readonly #known = new Map<string, boolean>()

  constructor(vosk: Libvosk, model: VoskModel, runtimeGrammar: boolean, idleMax: number) {
    this.#vosk = vosk
    this.#model = model
    this.#runtimeGrammar = runtimeGrammar
    this.#idleMax = idleMax
  }

  get takesGrammar(): boolean {
    return this.#runtimeGrammar
  }

  knows(word: string): boolean {
    let known = this.#known.get(word)
    if (known === undefined) {
      known = this.#vosk.findWord(this.#model, word) >= 0
      this.#known.set(word, known)
    }
    return known
  }

  take(grammar: ReadonlyArray<string> | undefined): Recognizer {
    const key = grammar === undefined || !this.#runtimeGrammar ? "" : this.#grammarKey(grammar)
    const kept = this.#idle.findLastIndex((recognizer) => recognizer.key === key)
    const [recognizer] = kept < 0 ? [] : this.#idle.splice(kept, 1)
    return recognizer ?? { handle: this.#make(key), key, samplesHeard: 0 }
  }

  /** Only after a final result. */
  keep(recognizer: Recognizer): void {
    if (recognizer.samplesHeard > recognizerSamplesMax) return this.free(recognizer)
    this.#idle.push(recognizer)
    if (this.#idle.length <= this.#idleMax) return
    const oldest = this.#idle.shift()
    if (oldest !== undefined) this.free(oldest)
  }

  free(recognizer: Recognizer): void {
    this.#vosk.freeRecognizer(recognizer.handle)
  }

  #make(key: string): VoskRecognizer {
    const handle =
      key === ""
        ? this.#vosk.newRecognizer(this.#model, sampleRateHz)
        : this.#vosk.newGrammarRecognizer(this.#model, sampleRateHz, key)
    if (handle === null) throw new BackendFault("refused", "libvosk made no recogniser for this grammar.")
    this.#vosk.setWords(handle, 1)
    return handle
  }

  /** libvosk's grammar. A phrase with a word that the model lacks is left out: what is left of it would mean another. */
  #grammarKey(grammar: ReadonlyArray<string>): string {
    const phrases = new Set<string>()
    for (const phrase of grammar) {
      const words = phrase.split(/\s+/).filter((word) => word !== "")
      if (words.length > 0 && words.every((word) => this.knows(word))) phrases.add(words.join(" "))
    }
    return JSON.stringify([...phrases, "[unk]"])
  }
}

/** Stands among the blocks that wait, where the server asks what is heard so far. */
const peek = Symbol("peek")

class Utterance implements BackendSink {
  readonly #vosk: Libvosk
  readonly #lanes: Lanes
  readonly #recognizers: Recognizers
  readonly #recognizer: Recognizer
  readonly #stream: BackendStream
  readonly #params: SttParams
  readonly #startSeconds: number
  readonly #waiting: Array<Uint8Array | typeof peek> = []
  readonly #decoded = new Uint32Array(1)
  readonly #work = { decodeMs: 0, queueMs: 0, askedAtUnixMs: 0, startedAtUnixMs: 0 }
  #waitingBytes = 0
  #partial = ""
  #decoding = false
  #finishing = false
  #dropped = false
  /** The recogniser is idle again and no longer this utterance's. */
  #kept = false

  constructor(vosk: Libvosk, lanes: Lanes, recognizers: Recognizers, stream: BackendStream, params: SttParams) {
    this.#vosk = vosk
    this.#lanes = lanes
    this.#recognizers = recognizers
    this.#stream = stream
    this.#params = params
    this.#recognizer = recognizers.take(params.grammar)
    this.#startSeconds = this.#recognizer.samplesHeard / sampleRateHz
    vosk.setMaxAlternatives(this.#recognizer.handle, params.alternatives > 0 ? readingsAsked : 0)
  }

  message(message: unknown): void {
    if (this.#finishing) return
    if ((message as SttCommand).type === "peek") this.#waiting.push(peek)
    else this.#finishing = true
    void this.#decode()
  }

  binary(bytes: Uint8Array): void {
    if (this.#finishing) return
    if (bytes.byteLength % sampleBytes !== 0) throw new BackendFault("refused", "A block held half a sample.")
    this.#waitingBytes += bytes.byteLength
    if (this.#waitingBytes > waitingBytesMax) {
      throw new BackendFault("refused", "Audio came much faster than it was decoded.")
    }
    this.#waiting.push(bytes.slice())
    void this.#decode()
  }

  closed(): void {
    this.#dropped = true
    // A call under way still uses the recogniser; `#decode` frees it after that.
    if (!this.#decoding) this.#free()
  }

  async #decode(): Promise<void> {
    if (this.#decoding || this.#dropped) return
    this.#decoding = true
    try {
      while (!this.#dropped && (this.#waiting.length > 0 || this.#finishing) && !this.#kept) await this.#takeTurn()
    } catch (thrown) {
      if (!(thrown instanceof BackendFault)) console.error(thrown)
      this.#dropped = true
      this.#stream.close(new BackendFault("refused", "The decoder failed on this utterance."))
    }
    this.#decoding = false
    if (this.#dropped) this.#free()
  }

  /** Decodes what waits, as long as nobody with more right to the processor does, and finishes when that was all. */
  async #takeTurn(): Promise<void> {
    const askedAtMs = performance.now()
    this.#work.askedAtUnixMs ||= Date.now()
    await this.#lanes.take(this.#waitingBytes <= urgentBytesMax)
    this.#work.queueMs += performance.now() - askedAtMs
    this.#work.startedAtUnixMs ||= Date.now()
    work.begin()
    try {
      for (let taken = 0; !this.#dropped;) {
        const block = this.#nextBlock()
        if (block === undefined) break
        if (block === peek) {
          this.#stream.send({ type: "peeked", ...this.#heardSoFar() })
          continue
        }
        await this.#accept(block)
        taken += block.byteLength
        if (this.#lanes.pressed || (taken >= turnBytesMax && this.#lanes.awaited)) break
      }
      if (this.#finishing && this.#waiting.length === 0 && !this.#dropped) await this.#finish()
    } finally {
      work.end()
      this.#lanes.release()
    }
  }

  #nextBlock(): Uint8Array | typeof peek | undefined {
    const first = this.#waiting.shift()
    if (first === undefined || first === peek) return first
    const taken = [first]
    let bytes = first.byteLength
    for (;;) {
      const [next] = this.#waiting
      if (next === undefined || next === peek || bytes + next.byteLength > mergedBytesMax) break
      taken.push(next)
      bytes += next.byteLength
      this.#waiting.shift()
    }
    return taken.length === 1 ? first : Buffer.concat(taken, bytes)
  }

  async #timed<A>(call: Promise<A>): Promise<A> {
    const calledAtMs = performance.now()
    const result = await call
    this.#work.decodeMs += performance.now() - calledAtMs
    return result
  }

  #heardSoFar() {
    const { partial } = JSON.parse(this.#vosk.partialResult(this.#recognizer.handle)) as { readonly partial?: string }
    return withoutUnknown(partial ?? "")
  }

  async #accept(block: Uint8Array): Promise<void> {
    // 1 means that libvosk would end the utterance here; endpointing is not its task, and the next call goes on.
    const outcome = await this.#timed(this.#vosk.accept(this.#recognizer.handle, block))
    if (outcome < 0) throw new BackendFault("refused", "libvosk reported a decoder error.")
    const samples = block.byteLength / sampleBytes
    this.#waitingBytes -= block.byteLength
    this.#recognizer.samplesHeard += samples
    work.did((samples * 1_000) / sampleRateHz)
    if (this.#dropped) return
    this.#decoded[0] = (this.#decoded[0] ?? 0) + samples
    this.#stream.sendBinary(new Uint8Array(this.#decoded.buffer))
    if (!this.#params.partials) return
    const { text } = this.#heardSoFar()
    if (text === this.#partial) return
    this.#partial = text
    this.#stream.send({ type: "partial", text })
  }

  async #finish(): Promise<void> {
    const heard = (this.#decoded[0] ?? 0) > 0
    const final = heard
      ? parseFinal(
          await this.#timed(this.#vosk.finalResult(this.#recognizer.handle)),
          this.#startSeconds,
          this.#params.alternatives
        )
      : emptyFinal
    this.#kept = true
    this.#recognizers.keep(this.#recognizer)
    this.#stream.send({ ...final, work: { ...this.#work, endedAtUnixMs: Date.now() } })
    this.#stream.close()
  }

  #free(): void {
    if (!this.#kept) this.#recognizers.free(this.#recognizer)
  }
}

/** Words beside the probe's own, so that it does more than match the only word there is. */
const otherWords = ["لا", "واحد", "توقف"]

/**
 * Recognises a recorded word, first without a grammar: a graph cut short is read without complaint, and fails, or brings
 * the process down, only when it is used. Better here than in somebody's first utterance. A model that lacks the word, or
 * takes no grammar, may write something else, but hears something.
 */
const probe = async (vosk: Libvosk, recognizers: Recognizers, clip: Uint8Array, name: string): Promise<void> => {
  const hear = async (grammar?: ReadonlyArray<string>) => {
    let recognizer: Recognizer | undefined
    try {
      recognizer = recognizers.take(grammar)
      vosk.setMaxAlternatives(recognizer.handle, 0)
      if ((await vosk.accept(recognizer.handle, clip)) < 0) throw new Error("decoder error")
      return parseFinal(await vosk.finalResult(recognizer.handle), 0, 0)
    } catch {
      throw new BackendFault("corrupt", `libvosk read the model ${name} but cannot decode with it: download it again.`)
    } finally {
      if (recognizer !== undefined) recognizers.free(recognizer)
    }
  }
  const freely = await hear()
  const isHeard = freely.text !== "" || freely.unknownWords > 0
  const takesWord = recognizers.takesGrammar && recognizers.knows(probeWord)
  if (isHeard && (!takesWord || (await hear([probeWord, ...otherWords])).text === probeWord)) return
  throw new BackendFault("probe_failed", `The model ${name} does not recognise a recorded word.`)
}

export const backend: Backend = {
  load: async (options) => {
    const { modelPath, libraryPath, idleRecognizersMax } = options as VoskOptions
    const folder = inspectModel(modelPath)
    const vosk = await loadLibvosk(libraryPath)
    const model = vosk.newModel(folder.path)
    if (model === null) {
      throw new BackendFault("corrupt", `libvosk cannot read the model ${folder.name}: unpack or download it again.`)
    }
    const recognizers = new Recognizers(vosk, model, folder.runtimeGrammar, idleRecognizersMax)
    const lanes = new Lanes(availableParallelism())
    const clip = readProbeClip()
    const { runtimeGrammar } = folder
    const verbatim: VerbatimModel = {
      vosk,
      model,
      lanes,
      loop: new OwnLoop(),
      runtimeGrammar,
      knows: (word) => recognizers.knows(word)
    }
    return {
      name: `vosk ${folder.name}`,
      info: { model: folder.name, runtimeGrammar },
      open: (stream, params) =>
        "verbatim" in (params as SttParams | VerbatimParams)
          ? new VerbatimHearing(verbatim, stream, params as VerbatimParams)
          : new Utterance(vosk, lanes, recognizers, stream, params as SttParams),
      request: (body) =>
        (body as { readonly missingWords: ReadonlyArray<string> }).missingWords.filter(
          (word) => !recognizers.knows(word)
        ),
      probe: () => probe(vosk, recognizers, clip, folder.name),
      // The process ends now, and the model with it.
      close: () => {}
    }
  }
}
