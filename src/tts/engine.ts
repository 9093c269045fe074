/**
 * A speech engine as the server sees it: a host that renders one sentence. Interrupting `render` closes its stream, so
 * that a sentence which has not begun never does. eSpeak speaks by itself and is Piper's reader: phonemes come from it.
 */
import { Effect, Schema } from "effect"
import { HostError } from "#schemas/host.ts"
import { renderTimeoutMs, voiceLoadingWaitMs } from "#src/fallbacks.ts"
import type { Host, WatchedHost } from "#src/host/host.ts"
import { whenReady } from "#src/host/start.ts"
import type { Language } from "./arabic-text.ts"
import { espeakEngine } from "./espeak-engine.ts"
import { readVoiceConfig, voiceFacts, type VoiceFacts, voiceFingerprint } from "./piper-voice.ts"
import { type EspeakSpeech, type Phonemes, PhonemesReply, type PiperSpeech, Rendered } from "./rendering.ts"
import type { Speech } from "./speech-file.ts"

export interface Identity {
  readonly voice: string
  /** Name and version. */
  readonly engine: string
}

export type VoiceHost = WatchedHost & Pick<Host, "onStatus">

export interface Engine {
  readonly host: VoiceHost
  /** What decides the sound besides the text; undefined: it does not speak this language. Known while the host is down. */
  readonly identity: (language: Language) => Effect.Effect<Identity | undefined>
  /** `speed`: 1 is the voice's own. */
  readonly render: (text: string, language: Language, speed: number) => Effect.Effect<Speech, HostError>
}

const decodeRendered = Schema.decodeUnknownOption(Rendered)

/** Bytes of a pipe's frame stand anywhere; samples want an aligned address. */
const toSamples = (bytes: Uint8Array): Int16Array => {
  const pcm = new Int16Array(bytes.byteLength / Int16Array.BYTES_PER_ELEMENT)
  new Uint8Array(pcm.buffer).set(bytes)
  return pcm
}

const broken = (host: Host, message: string): HostError =>
  new HostError({ kind: host.kind, reason: "refused", message })

const renderOn = (host: Host, params: EspeakSpeech | PiperSpeech): Effect.Effect<Speech, HostError> =>
  Effect.callback<Speech, HostError>((resume) => {
    let pcm: Int16Array | undefined
    let rendered: Rendered | undefined
    const stream = host.open(params, {
      message: (message) => {
        const decoded = decodeRendered(message)
        if (decoded._tag === "Some") rendered = decoded.value
      },
      binary: (bytes) => {
        pcm = toSamples(bytes)
      },
      closed: (error) => {
        if (error !== undefined) resume(Effect.fail(error))
        else if (pcm === undefined || rendered === undefined)
          resume(Effect.fail(broken(host, "The engine gave no speech.")))
        else resume(Effect.succeed({ pcm, sampleRateHz: rendered.sampleRateHz, words: rendered.words }))
      }
    })
    return Effect.sync(stream.close)
  })

/** Only while it loads for the first time; a host that recovers is not waited for. */
const loaded = (host: Host): Effect.Effect<void, HostError> =>
  Effect.suspend(() =>
    host.status()._tag !== "Loading"
      ? Effect.void
      : Effect.asVoid(Effect.timeoutOption(whenReady(host), voiceLoadingWaitMs))
  )

const bounded = (host: Host, speech: Effect.Effect<Speech, HostError>): Effect.Effect<Speech, HostError> =>
  loaded(host).pipe(
    Effect.andThen(
      Effect.timeoutOrElse(speech, {
        duration: renderTimeoutMs,
        orElse: () =>
          Effect.fail(
            new HostError({ kind: host.kind, reason: "timeout", message: `The ${host.kind} host took too long.` })
          )
      })
    )
  )

/** A language without a voice is not spoken. */
export const espeakOver = (host: Host, voices: Readonly<Partial<Record<Language, string>>>): Engine => ({
  host,
  identity: (language) => {
    const voice = voices[language]
    return Effect.succeed(voice === undefined ? undefined : { voice, engine: espeakEngine })
  },
  render: (text, language, speed) => {
    const voice = voices[language]
    return voice === undefined
      ? Effect.fail(broken(host, "This voice does not speak the language."))
      : bounded(host, renderOn(host, { text, voice, speed }))
  }
})

const phonemesOf = (espeak: Host, text: string, voice: string): Effect.Effect<Phonemes, HostError> =>
  loaded(espeak).pipe(
    Effect.andThen(espeak.request({ phonemes: text, voice })),
    Effect.flatMap((reply) => Schema.decodeUnknownEffect(PhonemesReply)(reply)),
    Effect.map((reply) => reply.words),
    Effect.catchTag("SchemaError", () => Effect.fail(broken(espeak, "eSpeak NG gave no phonemes.")))
  )

interface Voice {
  readonly facts: VoiceFacts
  readonly fingerprint: string
}

/** `espeak` reads for a voice that wants phonemes; a `text` voice needs it not. */
export const piperOver = (host: Host, espeak: Host, voicePath: string): Engine => {
  let read: Voice | undefined
  // Unknown while the files cannot be read: then the host says why. They may come later.
  const voice = Effect.suspend(() =>
    read === undefined
      ? Effect.tryPromise(async (): Promise<Voice> => ({
          facts: voiceFacts(await readVoiceConfig(voicePath)),
          fingerprint: await voiceFingerprint(voicePath)
        })).pipe(
          Effect.option,
          Effect.map((found) => (read = found._tag === "Some" ? found.value : undefined))
        )
      : Effect.succeed(read)
  )
  const render = Effect.fnUntraced(function* (text: string, speed: number) {
    const known = yield* voice
    if (known === undefined) return yield* broken(host, "The voice's files cannot be read.")
    const words =
      known.facts.phonemeType === "text"
        ? text.split(/\s+/u).map((word) => ({ word, phonemes: word }))
        : yield* phonemesOf(espeak, text, known.facts.espeakVoice)
    return yield* renderOn(host, { words, speed })
  })
  const engine: Engine = {
    host,
    identity: (language) =>
      Effect.map(voice, (known) =>
        known === undefined || known.facts.language === language
          ? { voice: known?.fingerprint ?? "unknown", engine: `piper ${espeakEngine}` }
          : undefined
      ),
    render: (text, _, speed) => bounded(host, render(text, speed))
  }
  return engine
}
