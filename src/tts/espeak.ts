/**
 * eSpeak NG, in a child process of its own: the package is GPL-3.0 and optional (decision 004), so only this file names
 * it and nothing else links it. One synthesis is one synchronous call of some tens of milliseconds; sentences wait in
 * line, and one whose stream has closed is never begun. Text is respelled first (`espeak-spelling.ts`).
 */
// By its own path: a host loads this while somebody waits for the start, and all of effect takes 60 ms more.
import * as Schema from "effect/Schema"
import {
  BackendFault,
  type Backend,
  type BackendSink,
  type BackendStream,
  type LoadedBackend
} from "#src/host/backend.ts"
import { work } from "#src/host/work.ts"
import { espeakEngine, espeakPackage } from "./espeak-engine.ts"
import { espeakSpelling } from "./espeak-spelling.ts"
import { floatsOf, fromFloats } from "#src/audio/pcm.ts"
import { level } from "./level.ts"
import {
  EspeakSpeech,
  type Phonemes,
  PhonemesRequest,
  renderedMsMax,
  type Rendered,
  type SpokenWord
} from "./rendering.ts"

/** Words a minute at speed 1. */
const rateWpm = 160

interface EspeakEvent {
  readonly type: string
  /** 1-based index of a character of the text. */
  readonly text_position: number
  readonly audio_position: number
}
interface EspeakWorker {
  readonly samplerate: number
  readonly set_voice: (name: string) => number
  readonly set_rate: (wpm: number) => number
  /** The callback gets 100 ms at a time; `true` from it stops. */
  readonly synthesize: (
    text: string,
    heard: (audio: Int16Array | null, events: ReadonlyArray<EspeakEvent>) => boolean
  ) => void
  readonly synthesize_ipa: (text: string) => { readonly ipa: string }
}
interface EspeakModule {
  readonly default: () => Promise<{ readonly eSpeakNGWorker: new () => EspeakWorker }>
}

/** One sentence in each turn of the event loop, so that the `close` of a waiting one is read before its turn comes. */
class Line {
  readonly #waiting: Array<() => void> = []

  /** Returns how to step out of the line. */
  join(work: () => void): () => void {
    this.#waiting.push(work)
    if (this.#waiting.length === 1) setImmediate(() => this.#next())
    return () => {
      const at = this.#waiting.indexOf(work)
      if (at > 0) this.#waiting.splice(at, 1)
      else if (at === 0) this.#waiting[0] = () => {}
    }
  }

  #next(): void {
    this.#waiting[0]?.()
    this.#waiting.shift()
    if (this.#waiting.length > 0) setImmediate(() => this.#next())
  }
}

const parse = <A>(schema: Schema.Decoder<A>, input: unknown): A => {
  try {
    return Schema.decodeUnknownSync(schema)(input)
  } catch {
    throw new BackendFault("refused", "The engine was asked for something that it does not know")
  }
}

const wordStarts = (text: string): ReadonlyArray<{ readonly word: string; readonly at: number }> =>
  Array.from(text.matchAll(/\S+/gu), (match) => ({ word: match[0], at: match.index }))

/** Marks by the words of the caller's text; the respelling has the same words at other positions. */
const marksOf = (
  text: string,
  respelt: string,
  events: ReadonlyArray<EspeakEvent>,
  durationMs: number
): Array<SpokenWord> => {
  const written = wordStarts(text)
  const read = wordStarts(respelt)
  const spoken: Array<SpokenWord> = []
  let last = -1
  for (const event of events) {
    const before = spoken.at(-1)
    if (event.type === "end" && before !== undefined)
      spoken[spoken.length - 1] = { ...before, endMs: event.audio_position }
    if (event.type !== "word") continue
    const index = read.findLastIndex((word) => word.at < event.text_position)
    const word = written[index]
    if (word === undefined || index === last) continue
    if (before !== undefined && before.endMs > event.audio_position) {
      spoken[spoken.length - 1] = { ...before, endMs: event.audio_position }
    }
    spoken.push({ word: word.word, startMs: event.audio_position, endMs: durationMs })
    last = index
  }
  return spoken
}

/** Punctuation by which Piper voices were taught to pause. */
const pauses: Readonly<Record<string, string>> = {
  "،": ",",
  ",": ",",
  "؛": ";",
  ";": ";",
  ":": ":",
  ".": ".",
  "؟": "?",
  "?": "?",
  "!": "!"
}

class Espeak implements LoadedBackend {
  readonly name = espeakEngine
  readonly info: Readonly<Record<string, unknown>>
  readonly #worker: EspeakWorker
  readonly #line = new Line()
  #voice = ""

  constructor(worker: EspeakWorker) {
    this.#worker = worker
    this.info = { sampleRateHz: worker.samplerate }
  }

  open(stream: BackendStream, params: unknown): BackendSink {
    const speech = parse(EspeakSpeech, params)
    const leave = this.#line.join(() => {
      try {
        this.#speak(stream, speech)
        stream.close()
      } catch (error) {
        stream.close(
          error instanceof BackendFault ? error : new BackendFault("refused", "eSpeak NG could not read this text")
        )
      }
    })
    return { message: () => {}, binary: () => {}, closed: leave }
  }

  request(body: unknown): { readonly words: Phonemes } {
    const { phonemes, voice } = parse(PhonemesRequest, body)
    this.#useVoice(voice)
    return { words: phonemes.split(/(?<=[،,؛;:.؟?!])\s+/u).flatMap((clause) => this.#clause(clause)) }
  }

  probe(): Promise<void> {
    let loudest = 0
    this.#useVoice("ar")
    this.#worker.synthesize(probeText, (audio) => {
      for (const sample of audio ?? []) loudest = Math.max(loudest, Math.abs(sample))
      return false
    })
    return loudest < audible
      ? Promise.reject(new BackendFault("probe_failed", `The package ${espeakPackage} gives no sound; run: npm ci`))
      : Promise.resolve()
  }

  close(): void {}

  #speak(stream: BackendStream, speech: EspeakSpeech): void {
    this.#useVoice(speech.voice)
    this.#worker.set_rate(Math.round(rateWpm * speech.speed))
    const respelt = speech.voice.startsWith("ar") ? espeakSpelling(speech.text) : speech.text
    const sampleRateHz = this.#worker.samplerate
    const blocks: Array<Int16Array> = []
    const events: Array<EspeakEvent> = []
    let length = 0
    work.begin()
    try {
      this.#worker.synthesize(respelt, (audio, heard) => {
        events.push(...heard)
        if (audio !== null && audio.length > 0) {
          blocks.push(audio.slice())
          length += audio.length
        }
        return length >= (renderedMsMax / 1000) * sampleRateHz
      })
    } finally {
      work.end()
    }
    work.did((length / sampleRateHz) * 1000)
    const samples = new Float32Array(length)
    let at = 0
    for (const block of blocks) {
      samples.set(floatsOf(block), at)
      at += block.length
    }
    level(samples, sampleRateHz)
    const pcm = fromFloats(samples)
    const words = marksOf(speech.text, respelt, events, (length / sampleRateHz) * 1000)
    stream.sendBinary(new Uint8Array(pcm.buffer, pcm.byteOffset, pcm.byteLength))
    stream.send({ type: "speech.rendered", sampleRateHz, words, skippedPhonemes: 0 } satisfies Rendered)
  }

  #clause(clause: string): Phonemes {
    const written = clause.split(/\s+/u).filter((word) => word !== "")
    // `_` parts phonemes, `(en)` marks a change of language, a line is a clause as eSpeak sees it.
    const sounds = this.#worker
      .synthesize_ipa(espeakSpelling(clause))
      .ipa.replace(/_|\([a-z-]+\)/gu, "")
      .split(/\s+/u)
      .filter((sound) => sound !== "")
    const pause = pauses[clause.trimEnd().at(-1) ?? ""] ?? ""
    if (sounds.length !== written.length) return [{ word: written.join(" "), phonemes: sounds.join(" ") + pause }]
    return written.map((word, i) => ({ word, phonemes: (sounds[i] ?? "") + (i === written.length - 1 ? pause : "") }))
  }

  #useVoice(voice: string): void {
    if (voice === this.#voice) return
    if (this.#worker.set_voice(voice) !== 0) throw new BackendFault("refused", "eSpeak NG has no voice of this name")
    this.#voice = voice
  }
}

/** Said to nobody while the host loads and when it is probed: it shows that the engine speaks, and has its code compiled before a person waits. */
const probeText = "يُمْكِنُ التَّوَقُّفُ فِي أَيِّ وَقْت، وَيُمْكِنُ سَحْبُ المُوَافَقَةِ فَتُحْذَفُ الإِجَابَات."

/** Of 32,768: far below any speech. */
const audible = 1_000

const importEspeak = async (): Promise<EspeakModule> => {
  try {
    return (await import(espeakPackage)) as EspeakModule
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined
    throw code === "ERR_MODULE_NOT_FOUND"
      ? new BackendFault(
          "missing",
          `The optional package ${espeakPackage} is not installed; run: npm install --include=optional`
        )
      : new BackendFault("corrupt", `The package ${espeakPackage} does not load; run: npm ci`)
  }
}

export const backend: Backend = {
  load: async () => {
    const module = await importEspeak()
    const { eSpeakNGWorker } = await module.default()
    return new Espeak(new eSpeakNGWorker())
  }
}
