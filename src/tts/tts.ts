/**
 * Speech synthesis: a text in, its sentences out as levelled PCM in order, each as soon as it is ready. Each comes from the
 * configured voice (its cache first), else as `src/fallbacks.ts` says; at last speech fails and the session goes on by
 * text. Neither engine has to be installed for a start. Live speech goes before what is prepared.
 */
import { Context, Effect, Layer, Schema, Scope, Stream } from "effect"
import { type HostError, HostReason, type ServingKind } from "#schemas/host.ts"
import type { XttsSettings } from "#schemas/config.ts"
import { firstThatWorks, voiceReturnWaitMs } from "#src/fallbacks.ts"
import { hostHealth, type WatchedHost } from "#src/host/host.ts"
import { startHost, whenReady } from "#src/host/start.ts"
import { type HealthListener, type ModelHealth, watchHealth } from "#src/models.ts"
import { type Language, speakable } from "./arabic-text.ts"
import { keyOf, SpeechCache } from "./cache.ts"
import { type Engine, espeakOver } from "./engine.ts"
import { type Lane, Lanes } from "./lane.ts"
import { isPath, NamedVoices, startPiper } from "./named-voices.ts"
import { sentences } from "./sentences.ts"
import type { Speech } from "./speech-file.ts"
import { startXtts } from "./xtts.ts"

export class TtsError extends Schema.TaggedError<TtsError>()("TtsError", {
  reason: Schema.Union([HostReason, Schema.Literals(["text"])]),
  message: Schema.String
}) {}

export const speechSources = ["cache", "espeak", "piper", "xtts"] as const
export type SpeechSource = (typeof speechSources)[number]

export interface SpokenSentence {
  readonly text: string
  /** Mono. */
  readonly pcm: Int16Array
  readonly sampleRateHz: number
  /** When each word begins and ends, milliseconds into this sentence; empty where the engine cannot tell. */
  readonly words: ReadonlyArray<{ readonly word: string; readonly startMs: number; readonly endMs: number }>
  readonly source: SpeechSource
  readonly degraded: boolean
}

export interface Manner {
  /** The name of a voice; where it is not here, or fails, the configured one stands in. */
  readonly voice?: string
  /** 0.5 to 2; absent: as the service speaks. */
  readonly speed?: number
}

export interface SpeakOptions {
  readonly language: "ar" | "en"
  /** `xtts`, `piper` or `espeak`, and no other; absent: the configured voice. */
  readonly voice?: string
  /** How a questionnaire is to be spoken where no `voice` is asked for. */
  readonly manner?: Manner
  /** Read-backs of a person's answer are never kept on disk (R3.8). */
  readonly keep: boolean
}

export interface TtsOptions {
  /** Folder of the rendered speech; made when the first sentence is kept. */
  readonly ttsHome: string
  readonly cacheBytesMax: number
  /** Path of a Piper `voice.onnx`, or the name of an Arabic voice of eSpeak NG; absent: eSpeak's own. */
  readonly voice?: string
  /** Of the voices here, 0.5 to 2; absent: 1, their own pace. A server has its own settings. */
  readonly speed?: number
  /** A server that speaks before them. */
  readonly xtts?: XttsSettings
  /** Where the voice of a name is: a path, or a name of eSpeak's. Absent: names are eSpeak's, or paths. */
  readonly placeOfVoice?: (name: string) => string
}

const sourceOf = (kind: ServingKind): SpeechSource => (kind === "piper" || kind === "xtts" ? kind : "espeak")

const toTtsError = ({ reason, message }: HostError): TtsError => new TtsError({ reason, message })

type Sound = Omit<SpokenSentence, "text" | "degraded">

/** A prepared text's second name, for the day on which no voice can say it. */
const keyOfAnyVoice = (text: string, language: Language): string =>
  keyOf({ text, speed: 1, voice: `any ${language}`, engine: "any" })

const silent = new TtsError({ reason: "unavailable", message: "No speech engine speaks this language." })

interface SpeakerOptions {
  /** The best first. */
  readonly engines: ReadonlyArray<Engine>
  readonly named: NamedVoices
  readonly cache: SpeechCache
  readonly scope: Scope.Scope
  readonly speed: number
}

/** Who may speak a sentence, the best first; undefined: who was wished for and is not here. */
type Candidates = ReadonlyArray<Engine | undefined>

class Speaker {
  readonly #engines: ReadonlyArray<Engine>
  readonly #named: NamedVoices
  readonly #cache: SpeechCache
  readonly #scope: Scope.Scope
  readonly #speed: number
  readonly #lanes = new Lanes()
  /** A server elsewhere does not wait for the processors here, nor they for it. */
  readonly #lanesOfServer = new Lanes()

  constructor({ engines, named, cache, scope, speed }: SpeakerOptions) {
    this.#speed = speed
    this.#engines = engines
    this.#named = named
    this.#cache = cache
    this.#scope = scope
  }

  health(): ModelHealth {
    const states = this.#engines.map(({ host }) => hostHealth(host.status(), host.kind))
    const first = states[0]
    if (first === undefined) throw new Error("a speaker without an engine")
    const ready = states.find((state) => state.status === "ready")
    if (first.status === "ready" || ready === undefined) return first
    return { ...ready, degraded: true, ...(first.reason !== undefined && { reason: first.reason }) }
  }

  /** Called after each change of an engine's state. Returns how to stop. */
  readonly onStatus = (changed: () => void): (() => void) => {
    const stops = this.#engines.map(({ host }) => host.onStatus(changed))
    return () => stops.forEach((stop) => stop())
  }

  speak(text: string, options: SpeakOptions): Stream.Stream<SpokenSentence, TtsError> {
    return Stream.unwrap(
      Effect.map(this.#candidates(options), (candidates) =>
        Stream.fromIterable(sentences(speakable(text, options.language))).pipe(
          Stream.rechunk(1),
          Stream.mapEffect((sentence) => this.#sentence(sentence, candidates, options))
        )
      )
    )
  }

  #candidates({ voice, manner = {} }: Pick<SpeakOptions, "voice" | "manner">): Effect.Effect<Candidates, TtsError> {
    if (voice !== undefined) {
      const engines = this.#engines.filter(({ host }) => host.kind === voice)
      const names = this.#engines.map(({ host }) => host.kind).join(", ")
      const message = `There is no voice of this name; there is: ${names}.`
      return engines.length > 0 ? Effect.succeed(engines) : Effect.fail(new TtsError({ reason: "refused", message }))
    }
    if (manner.voice === undefined) return Effect.succeed(this.#engines)
    return Effect.map(this.#named.get(manner.voice), (named) => [
      named,
      ...this.#engines.filter((one) => one !== named)
    ])
  }

  readonly prepare = Effect.fn("Tts.prepare")(
    { self: this },
    function* (texts: ReadonlyArray<string>, { language, manner = {} }: Omit<SpeakOptions, "keep" | "voice">) {
      const wanted = new Set(texts.flatMap((text) => sentences(speakable(text, language))))
      const candidates = yield* this.#candidates({ manner })
      const speed = manner.speed ?? this.#speed
      for (const text of wanted) {
        const engine = yield* firstThatSpeaks(candidates, language)
        const key = yield* keyFor(text, engine, language, speed)
        if (key === undefined || (yield* Effect.promise(() => this.#cache.has(key)))) continue
        const speech = yield* Effect.mapError(this.#rendered("prepare", engine, text, language, speed), toTtsError)
        // Where nothing can be kept there is nothing to prepare.
        if (!(yield* Effect.promise(() => this.#cache.put(key, speech)))) return
        yield* Effect.promise(() => this.#cache.put(keyOfAnyVoice(text, language), speech))
      }
    }
  )

  readonly #sentence = Effect.fn("Tts.sentence")(
    { self: this },
    function* (text: string, candidates: Candidates, options: SpeakOptions) {
      const speed = options.manner?.speed ?? this.#speed
      const voices: Array<Effect.Effect<Sound, TtsError>> = []
      for (const engine of candidates) {
        const key = engine && (yield* keyFor(text, engine, options.language, speed))
        if (engine === undefined) voices.push(Effect.fail(silent))
        else if (key !== undefined) voices.push(this.#spoken(text, key, engine, options, speed))
      }
      const [first, ...others] = voices
      if (first === undefined) return yield* silent
      const last = voices.at(-1) ?? first
      const sound = yield* firstThatWorks([
        first,
        ...others,
        this.#renderedBefore(text, options.language),
        Effect.andThen(this.#back(candidates.at(-1)), last)
      ])
      return { text, ...sound } satisfies SpokenSentence
    }
  )

  readonly #spoken = Effect.fnUntraced(
    { self: this },
    function* (text: string, key: string, engine: Engine, { keep, language }: SpeakOptions, speed: number) {
      const kept = yield* Effect.promise(() => this.#cache.get(key))
      if (kept !== undefined) return { ...kept, source: "cache" as const }
      const speech = yield* Effect.mapError(this.#rendered("live", engine, text, language, speed), toTtsError)
      // The caller hears it now; writing it down can wait.
      if (keep)
        yield* Effect.forkIn(
          Effect.promise(() => this.#cache.put(key, speech)),
          this.#scope
        )
      return { ...speech, source: sourceOf(engine.host.kind) }
    }
  )

  /** A voice that fell is being replaced; one that cannot serve is not waited for. */
  #back(engine: Engine | undefined): Effect.Effect<void, TtsError> {
    return Effect.suspend(() => {
      const host = engine?.host
      if (host === undefined || host.status()._tag === "Failed") return Effect.fail(silent)
      return Effect.timeoutOrElse(Effect.ignore(whenReady(host)), {
        duration: voiceReturnWaitMs,
        orElse: () => Effect.fail(silent)
      })
    })
  }

  /** What was prepared, by whatever voice: also one that has been taken away since. */
  #renderedBefore(text: string, language: Language): Effect.Effect<Sound, TtsError> {
    return Effect.flatMap(
      Effect.promise(() => this.#cache.get(keyOfAnyVoice(text, language))),
      (speech) => (speech === undefined ? Effect.fail(silent) : Effect.succeed({ ...speech, source: "cache" }))
    )
  }

  #rendered(
    lane: Lane,
    engine: Engine,
    text: string,
    language: Language,
    speed: number
  ): Effect.Effect<Speech, HostError> {
    const lanes = engine.host.kind === "xtts" ? this.#lanesOfServer : this.#lanes
    return lanes.run(lane, engine.render(text, language, speed))
  }
}

const firstThatSpeaks = Effect.fnUntraced(function* (candidates: Candidates, language: Language) {
  for (const engine of candidates) {
    if (engine !== undefined && (yield* engine.identity(language)) !== undefined) return engine
  }
  return yield* silent
})

/** Undefined: it does not speak this language. */
const keyFor = (text: string, engine: Engine, language: Language, speed: number): Effect.Effect<string | undefined> =>
  Effect.map(engine.identity(language), (identity) =>
    identity === undefined ? undefined : keyOf({ text, speed: engine.host.kind === "xtts" ? 1 : speed, ...identity })
  )

export class Tts extends Context.Service<
  Tts,
  {
    readonly health: () => ModelHealth
    /** Tells each change of it. Returns how to stop. */
    readonly onHealth: (listener: HealthListener) => () => void
    /** The configured voice first; those that questionnaires name last. */
    readonly hosts: ReadonlyArray<WatchedHost>
    /** Interrupting the stream stops the synthesis. */
    readonly speak: (text: string, options: SpeakOptions) => Stream.Stream<SpokenSentence, TtsError>
    /** Synthesises what is not cached yet, one at a time, behind live speech. */
    readonly prepare: (
      texts: ReadonlyArray<string>,
      options: Omit<SpeakOptions, "keep" | "voice">
    ) => Effect.Effect<void, TtsError>
  }
>()("sawt/tts/Tts") {
  /** Starts the hosts in the background: `health` says when speech is ready. */
  static readonly layer = (options: TtsOptions): Layer.Layer<Tts> =>
    Layer.effect(
      Tts,
      Effect.gen(function* () {
        const path = options.voice !== undefined && isPath(options.voice) ? options.voice : undefined
        const speed = options.speed ?? 1
        const espeakHost = yield* startHost("espeak", {})
        const ar = path === undefined ? (options.voice ?? "ar") : "ar"
        const espeak = espeakOver(espeakHost, { ar, en: "en" })
        const piper = path === undefined ? [] : [yield* startPiper(path, espeakHost)]
        const cache = new SpeechCache(options.ttsHome, options.cacheBytesMax)
        const xtts = options.xtts === undefined ? [] : [yield* startXtts(options.xtts)]
        const engines = [...xtts, ...piper, espeak]
        const scope = yield* Effect.scope
        const named = new NamedVoices({ espeakHost, placeOf: options.placeOfVoice ?? ((name) => name), scope })
        if (path !== undefined && piper[0] !== undefined) named.add(path, piper[0])
        const speaker = new Speaker({ engines, named, cache, scope, speed })
        return Tts.of({
          health: () => speaker.health(),
          onHealth: (listener) => watchHealth(() => speaker.health(), speaker.onStatus, listener),
          get hosts() {
            return [...new Set([...engines.map(({ host }) => host), ...named.hosts])]
          },
          speak: (text, speakOptions) => speaker.speak(text, speakOptions),
          prepare: (texts, prepareOptions) => speaker.prepare(texts, prepareOptions)
        })
      })
    )
}
