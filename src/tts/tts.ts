/**
 * Speech synthesis: a text in, its sentences out as levelled PCM in order, each as soon as it is ready. Each comes from the
 * configured voice (its cache first), else as `src/fallbacks.ts` says; at last speech fails and the session goes on by
 * text. Neither engine has to be installed for a start. Live speech goes before what is prepared.
 */
import { Context, Effect, Layer, Schema, Scope, Stream } from "effect"
import { type HostError, HostReason, type ServingKind } from "#schemas/host.ts"
import type { XttsSettings } from "#schemas/config.ts"
import { firstThatWorks, voiceReturnWaitMs } from "#src/fallbacks.ts"
import { type Host, hostHealth, type WatchedHost } from "#src/host/host.ts"
import { startHost, whenReady } from "#src/host/start.ts"
import { type HealthListener, type ModelHealth, watchHealth } from "#src/models.ts"
import { type Language, speakable } from "./arabic-text.ts"
import { keyOf, SpeechCache } from "./cache.ts"
import { type Engine, espeakOver, piperOver } from "./engine.ts"
import { type Lane, Lanes } from "./lane.ts"
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

export interface SpeakOptions {
  readonly language: "ar" | "en"
  /** `xtts`, `piper` or `espeak`; absent: the configured voice. */
  readonly voice?: string
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
}

const isPath = (voice: string): boolean => voice.includes("/") || voice.endsWith(".onnx")

const sourceOf = (kind: ServingKind): SpeechSource => (kind === "piper" || kind === "xtts" ? kind : "espeak")

const toTtsError = ({ reason, message }: HostError): TtsError => new TtsError({ reason, message })

type Sound = Omit<SpokenSentence, "text" | "degraded">

/** A prepared text's second name, for the day on which no voice can say it. */
const keyOfAnyVoice = (text: string, language: Language): string =>
  keyOf({ text, speed: 1, voice: `any ${language}`, engine: "any" })

const silent = new TtsError({ reason: "unavailable", message: "No speech engine speaks this language." })

const startPiper = Effect.fnUntraced(function* (voicePath: string, espeak: Host, speed: number) {
  return piperOver(yield* startHost("piper", { voicePath }), espeak, voicePath, speed)
})

/** The best engine first. */
class Speaker {
  readonly #engines: ReadonlyArray<Engine>
  readonly #cache: SpeechCache
  readonly #scope: Scope.Scope
  readonly #speed: number
  readonly #lanes = new Lanes()
  /** A server elsewhere does not wait for the processors here, nor they for it. */
  readonly #lanesOfServer = new Lanes()

  constructor(engines: ReadonlyArray<Engine>, cache: SpeechCache, scope: Scope.Scope, speed: number) {
    this.#speed = speed
    this.#engines = engines
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
    const engines =
      options.voice === undefined ? this.#engines : this.#engines.filter(({ host }) => host.kind === options.voice)
    if (engines.length === 0) {
      const names = this.#engines.map(({ host }) => host.kind).join(", ")
      return Stream.fail(
        new TtsError({ reason: "refused", message: `There is no voice of this name; there is: ${names}.` })
      )
    }
    return Stream.fromIterable(sentences(speakable(text, options.language))).pipe(
      Stream.rechunk(1),
      Stream.mapEffect((sentence) => this.#sentence(sentence, engines, options))
    )
  }

  readonly prepare = Effect.fn("Tts.prepare")(
    { self: this },
    function* (texts: ReadonlyArray<string>, { language }: { readonly language: "ar" | "en" }) {
      const wanted = new Set(texts.flatMap((text) => sentences(speakable(text, language))))
      for (const text of wanted) {
        const engine = yield* this.#preferred(language)
        const key = yield* this.#key(text, engine, language)
        if (key === undefined || (yield* Effect.promise(() => this.#cache.has(key)))) continue
        const speech = yield* Effect.mapError(this.#rendered("prepare", engine, text, language), toTtsError)
        // Where nothing can be kept there is nothing to prepare.
        if (!(yield* Effect.promise(() => this.#cache.put(key, speech)))) return
        yield* Effect.promise(() => this.#cache.put(keyOfAnyVoice(text, language), speech))
      }
    }
  )

  readonly #sentence = Effect.fn("Tts.sentence")(
    { self: this },
    function* (text: string, engines: ReadonlyArray<Engine>, options: SpeakOptions) {
      const voices: Array<Effect.Effect<Sound, TtsError>> = []
      for (const engine of engines) {
        const key = yield* this.#key(text, engine, options.language)
        if (key !== undefined) voices.push(this.#spoken(text, key, engine, options))
      }
      const [first, ...others] = voices
      if (first === undefined) return yield* silent
      const last = voices.at(-1) ?? first
      const sound = yield* firstThatWorks([
        first,
        ...others,
        this.#renderedBefore(text, options.language),
        Effect.andThen(this.#back(engines), last)
      ])
      return { text, ...sound } satisfies SpokenSentence
    }
  )

  readonly #spoken = Effect.fnUntraced(
    { self: this },
    function* (text: string, key: string, engine: Engine, { keep, language }: SpeakOptions) {
      const kept = yield* Effect.promise(() => this.#cache.get(key))
      if (kept !== undefined) return { ...kept, source: "cache" as const }
      const speech = yield* Effect.mapError(this.#rendered("live", engine, text, language), toTtsError)
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
  #back(engines: ReadonlyArray<Engine>): Effect.Effect<void, TtsError> {
    return Effect.suspend(() => {
      const host = engines.at(-1)?.host
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

  /** The configured voice where it speaks this language. */
  readonly #preferred = Effect.fnUntraced({ self: this }, function* (language: "ar" | "en") {
    for (const engine of this.#engines) if ((yield* engine.identity(language)) !== undefined) return engine
    return yield* silent
  })

  #key(text: string, engine: Engine, language: "ar" | "en"): Effect.Effect<string | undefined> {
    return Effect.map(engine.identity(language), (identity) =>
      identity === undefined
        ? undefined
        : keyOf({ text, speed: engine.host.kind === "xtts" ? 1 : this.#speed, ...identity })
    )
  }

  #rendered(lane: Lane, engine: Engine, text: string, language: "ar" | "en"): Effect.Effect<Speech, HostError> {
    return (engine.host.kind === "xtts" ? this.#lanesOfServer : this.#lanes).run(lane, engine.render(text, language))
  }
}

export class Tts extends Context.Service<
  Tts,
  {
    readonly health: () => ModelHealth
    /** Tells each change of it. Returns how to stop. */
    readonly onHealth: (listener: HealthListener) => () => void
    /** The configured voice first. */
    readonly hosts: ReadonlyArray<WatchedHost>
    /** Interrupting the stream stops the synthesis. */
    readonly speak: (text: string, options: SpeakOptions) => Stream.Stream<SpokenSentence, TtsError>
    /** Synthesises what is not cached yet, one at a time, behind live speech. */
    readonly prepare: (
      texts: ReadonlyArray<string>,
      options: { readonly language: "ar" | "en" }
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
        const espeak = espeakOver(espeakHost, path === undefined ? (options.voice ?? "ar") : "ar", speed)
        const piper = path === undefined ? [] : [yield* startPiper(path, espeakHost, speed)]
        const cache = new SpeechCache(options.ttsHome, options.cacheBytesMax)
        const xtts = options.xtts === undefined ? [] : [yield* startXtts(options.xtts)]
        const engines = [...xtts, ...piper, espeak]
        const speaker = new Speaker(engines, cache, yield* Effect.scope, speed)
        return Tts.of({
          health: () => speaker.health(),
          onHealth: (listener) => watchHealth(() => speaker.health(), speaker.onStatus, listener),
          hosts: engines.map(({ host }) => host),
          speak: (text, speakOptions) => speaker.speak(text, speakOptions),
          prepare: (texts, prepareOptions) => speaker.prepare(texts, prepareOptions)
        })
      })
    )
}
