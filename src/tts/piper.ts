/**
 * A voice in Piper's ONNX format, in a child process: onnxruntime's `run` blocks its thread, and a crash in it must cost
 * one sentence only. Ids are `^ _`, then every NFD code point of the phonemes followed by `_`, then `$`; sounds that the
 * voice has not learnt are left out and counted. A second output, where a voice has it, is frames per id: exact marks.
 */
import { stat } from "node:fs/promises"
import { Schema } from "effect"
import type { InferenceSession, Tensor, TypedTensor } from "onnxruntime-node"
import {
  BackendFault,
  type Backend,
  type BackendSink,
  type BackendStream,
  type LoadedBackend
} from "#src/host/backend.ts"
import { work } from "#src/host/work.ts"
import { fromFloats } from "#src/audio/pcm.ts"
import { level } from "./level.ts"
import { readVoiceConfig, type VoiceConfig, voiceFacts, voiceFault } from "./piper-voice.ts"
import { type Phonemes, PiperSpeech, renderedMsMax, type Rendered, type SpokenWord } from "./rendering.ts"

const Options = Schema.Struct({ voicePath: Schema.String })

/** What Piper itself assumes where the file is silent. */
const defaults = { noiseScale: 0.667, lengthScale: 1, noiseW: 0.8, hopLength: 256 } as const
/** Ids of one run; at 1,000 phonemes a run takes a third of a second. */
const idsMax = 4_000
/** Of 1: far below any speech. */
const audible = 0.01

interface Encoded {
  readonly ids: Array<number>
  /** For each id the word it belongs to, -1 for what stands around the words. */
  readonly wordOf: Array<number>
  readonly skipped: number
}

class Piper implements LoadedBackend {
  readonly name: string
  readonly info: Readonly<Record<string, unknown>>
  readonly #session: InferenceSession
  readonly #TensorOf: typeof Tensor
  readonly #config: VoiceConfig
  #turn: Promise<void> = Promise.resolve()

  constructor(session: InferenceSession, TensorOf: typeof Tensor, config: VoiceConfig) {
    this.#session = session
    this.#TensorOf = TensorOf
    this.#config = config
    const facts = voiceFacts(config)
    this.name = `piper ${facts.language} ${facts.sampleRateHz} Hz`
    this.info = { ...facts }
  }

  open(stream: BackendStream, params: unknown): BackendSink {
    const decoded = Schema.decodeUnknownExit(PiperSpeech)(params)
    if (decoded._tag === "Failure")
      throw new BackendFault("refused", "The voice was asked for something that it does not know")
    const speech = decoded.value
    let wanted = true
    this.#turn = this.#turn.then(async () => {
      // A turn of the event loop, in which the `close` of a waiting sentence is read.
      await new Promise(setImmediate)
      if (!wanted) return
      try {
        await this.#speak(stream, speech)
        stream.close()
      } catch (error) {
        stream.close(
          error instanceof BackendFault ? error : new BackendFault("refused", "The voice could not say this sentence")
        )
      }
    })
    const closed = (): void => {
      wanted = false
    }
    return { message: () => {}, binary: () => {}, closed }
  }

  close(): void {
    void this.#session.release()
  }

  #encode(words: Phonemes): Encoded {
    const map = this.#config.phoneme_id_map
    const [begin, pad, end] = ["^", "_", "$"].map((mark) => map[mark] ?? [])
    const ids = [...(begin ?? []), ...(pad ?? [])]
    const wordOf = ids.map(() => -1)
    let skipped = 0
    words.forEach(({ phonemes }, index) => {
      const sounds = index === words.length - 1 ? phonemes : `${phonemes} `
      for (const sound of sounds.normalize("NFD")) {
        const own = map[sound]
        if (own === undefined) {
          skipped++
          continue
        }
        ids.push(...own, ...(pad ?? []))
        while (wordOf.length < ids.length) wordOf.push(sound === " " ? -1 : index)
      }
    })
    if (wordOf.every((word) => word === -1)) throw new BackendFault("refused", "The voice knows none of these sounds")
    ids.push(...(end ?? []))
    while (wordOf.length < ids.length) wordOf.push(-1)
    if (ids.length > idsMax) throw new BackendFault("refused", `A sentence may have at most ${idsMax} sounds`)
    return { ids, wordOf, skipped }
  }

  /** Shows that the graph takes these inputs and gives sound; nobody hears it. */
  async probe(): Promise<void> {
    try {
      const { ids } = this.#encode([{ word: "", phonemes: "salaːm" }])
      const { audio } = await this.#run(ids, { speed: 1 })
      if (audio.every((sample) => Math.abs(sample) < audible))
        throw new BackendFault("probe_failed", "The voice gives no sound")
    } catch (error) {
      const isSilent = error instanceof BackendFault && error.reason === "probe_failed"
      throw isSilent ? error : voiceFault(error, "The voice's .onnx")
    }
  }

  async #run(ids: ReadonlyArray<number>, { noiseScale, speed }: Omit<PiperSpeech, "words">) {
    const { inference, num_speakers: speakers } = this.#config
    const scales = Float32Array.of(
      noiseScale ?? inference?.noise_scale ?? defaults.noiseScale,
      (inference?.length_scale ?? defaults.lengthScale) / speed,
      inference?.noise_w ?? defaults.noiseW
    )
    const outputs = await this.#session.run({
      input: new this.#TensorOf("int64", BigInt64Array.from(ids, BigInt), [1, ids.length]),
      input_lengths: new this.#TensorOf("int64", BigInt64Array.of(BigInt(ids.length)), [1]),
      scales: new this.#TensorOf("float32", scales, [3]),
      ...((speakers ?? 1) > 1 && { sid: new this.#TensorOf("int64", BigInt64Array.of(0n), [1]) })
    })
    const [audioName, framesName] = this.#session.outputNames
    const audio = floats(outputs[audioName ?? ""])
    if (audio === undefined) throw new BackendFault("refused", "The voice's output is not sound")
    return { audio, frames: floats(outputs[framesName ?? ""]) }
  }

  async #speak(stream: BackendStream, speech: PiperSpeech): Promise<void> {
    const { ids, wordOf, skipped } = this.#encode(speech.words)
    work.begin()
    const { audio, frames } = await this.#run(ids, speech).finally(() => work.end())
    const sampleRateHz = this.#config.audio.sample_rate
    work.did((audio.length * 1_000) / sampleRateHz)
    const samples = audio.slice(0, (renderedMsMax / 1000) * sampleRateHz)
    level(samples, sampleRateHz)
    const pcm = fromFloats(samples)
    const words = frames === undefined ? [] : this.#marks(speech.words, wordOf, frames)
    stream.sendBinary(new Uint8Array(pcm.buffer, pcm.byteOffset, pcm.byteLength))
    stream.send({ type: "speech.rendered", sampleRateHz, words, skippedPhonemes: skipped } satisfies Rendered)
  }

  #marks(words: Phonemes, wordOf: ReadonlyArray<number>, frames: Float32Array): Array<SpokenWord> {
    const frameMs = ((this.#config.hop_length ?? defaults.hopLength) / this.#config.audio.sample_rate) * 1000
    const spoken: Array<SpokenWord> = []
    let atMs = 0
    let last = -1
    frames.forEach((count, i) => {
      const endMs = atMs + count * frameMs
      const index = wordOf[i] ?? -1
      const before = spoken.at(-1)
      if (index !== -1 && index === last && before !== undefined) spoken[spoken.length - 1] = { ...before, endMs }
      else if (index !== -1) spoken.push({ word: words[index]?.word ?? "", startMs: atMs, endMs })
      if (index !== -1) last = index
      atMs = endMs
    })
    return spoken
  }
}

const floats = (tensor: TypedTensor<Tensor.Type> | undefined): Float32Array | undefined =>
  tensor?.data instanceof Float32Array ? tensor.data : undefined

export const backend: Backend = {
  load: async (options) => {
    const { voicePath } = Schema.decodeUnknownSync(Options)(options)
    const config = await readVoiceConfig(voicePath)
    try {
      await stat(voicePath)
    } catch (error) {
      throw voiceFault(error, "The voice's .onnx")
    }
    const ort = await import("onnxruntime-node")
    try {
      const session = await ort.InferenceSession.create(voicePath, {
        intraOpNumThreads: 1,
        interOpNumThreads: 1,
        executionMode: "sequential",
        logSeverityLevel: 3
      })
      return new Piper(session, ort.Tensor, config)
    } catch (error) {
      throw voiceFault(error, "The voice's .onnx")
    }
  }
}
