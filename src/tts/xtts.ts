/**
 * A voice on a Coqui XTTS server. It is looked at now and then; after a sentence that it did not give it is left alone for
 * a while that doubles, so that the next voice speaks at once. Its sound is levelled and kept like any other.
 */
import { Effect, type Scope } from "effect"
import { HostError } from "#schemas/host.ts"
import type { XttsSettings } from "#schemas/config.ts"
import { readWav } from "#src/audio/wav.ts"
import { floatsOf, fromFloats } from "#src/audio/pcm.ts"
import { whenReady } from "#src/host/start.ts"
import type { HostStatus } from "#src/host/host.ts"
import { renderTimeoutMs, voiceLoadingWaitMs } from "#src/fallbacks.ts"
import type { Language } from "./arabic-text.ts"
import type { Engine, VoiceHost } from "./engine.ts"
import { level } from "./level.ts"
import { renderedMsMax } from "./rendering.ts"
import type { Speech } from "./speech-file.ts"
import { type Dialect, dialectOf } from "./xtts-dialects.ts"
import { type Ask, asking, XttsFault } from "./xtts-http.ts"

const lookEveryMs = 30_000
const restMs = 1_000
const restMsMax = 60_000

const errorOf = (fault: unknown): HostError =>
  fault instanceof XttsFault
    ? new HostError({ kind: "xtts", reason: fault.reason, message: fault.message })
    : new HostError({ kind: "xtts", reason: "corrupt", message: "The XTTS server's answer is no sound." })

class XttsServer implements VoiceHost {
  readonly kind = "xtts"
  readonly #settings: XttsSettings
  readonly #dialect: Dialect
  readonly #listeners = new Set<(status: HostStatus) => void>()
  readonly #ending = new AbortController()
  #status: HostStatus = { _tag: "Loading", sinceMs: Date.now(), attempt: 1 }
  #faultsInARow = 0
  #faults = 0
  #last: { readonly error: HostError; readonly atMs: number } | undefined
  #timer: NodeJS.Timeout | undefined

  constructor(settings: XttsSettings) {
    this.#settings = settings
    this.#dialect = dialectOf(settings.dialect, settings.speaker)
    void this.#look()
  }

  status(): HostStatus {
    return this.#status
  }

  figures() {
    const last = this.#last && {
      reason: this.#last.error.reason,
      message: this.#last.error.message,
      atMs: this.#last.atMs
    }
    return { restarts: this.#faults, ...(last !== undefined && { lastFault: last }) }
  }

  onStatus(listener: (status: HostStatus) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  close(): void {
    this.#ending.abort()
    clearTimeout(this.#timer)
  }

  /** Interrupting it closes the connection. */
  say(text: string, language: Language): Effect.Effect<Speech, HostError> {
    return Effect.suspend(() => {
      const status = this.#status
      if (status._tag !== "Ready") {
        const message = "error" in status ? status.error.message : "The XTTS server has not answered yet."
        return Effect.fail(new HostError({ kind: "xtts", reason: "unavailable", message }))
      }
      return Effect.tryPromise({
        try: (signal) => this.#said(this.#ask(signal), text, language),
        catch: errorOf
      }).pipe(
        Effect.tapError((error) => Effect.sync(() => this.#fell(error))),
        Effect.tap(() => Effect.sync(() => (this.#faultsInARow = 0))),
        Effect.timeoutOrElse({
          duration: renderTimeoutMs,
          orElse: () => {
            const error = new HostError({ kind: "xtts", reason: "timeout", message: "The XTTS server took too long." })
            this.#fell(error)
            return Effect.fail(error)
          }
        })
      )
    })
  }

  #ask(signal: AbortSignal): Ask {
    return asking(this.#settings.url, AbortSignal.any([signal, this.#ending.signal]))
  }

  async #said(ask: Ask, text: string, language: Language): Promise<Speech> {
    const { samples, sampleRateHz } = readWav(await this.#dialect.say(ask, text, language))
    if (samples.length === 0) throw new XttsFault("refused", "The XTTS server gave no speech: see its log.")
    const floats = floatsOf(samples.subarray(0, (renderedMsMax / 1_000) * sampleRateHz))
    level(floats, sampleRateHz)
    return { pcm: fromFloats(floats), sampleRateHz, words: [] }
  }

  async #look(): Promise<void> {
    try {
      await this.#dialect.look(this.#ask(this.#ending.signal))
      if (this.#status._tag !== "Ready") {
        const backend = `xtts ${this.#settings.speaker}`
        this.#become({ _tag: "Ready", sinceMs: Date.now(), pid: 0, backend, info: {} })
      }
      this.#lookAfter(lookEveryMs)
    } catch (fault) {
      if (!this.#ending.signal.aborted) this.#fell(errorOf(fault))
    }
  }

  #fell(error: HostError): void {
    this.#faults++
    this.#last = { error, atMs: Date.now() }
    this.#dialect.forget()
    this.#become({ _tag: "Failed", sinceMs: Date.now(), error })
    this.#lookAfter(Math.min(restMs * 2 ** this.#faultsInARow++, restMsMax))
  }

  #lookAfter(ms: number): void {
    clearTimeout(this.#timer)
    if (!this.#ending.signal.aborted) this.#timer = setTimeout(() => void this.#look(), ms).unref()
  }

  #become(status: HostStatus): void {
    this.#status = status
    for (const listener of this.#listeners) listener(status)
  }
}

/** For the life of the scope. */
export const startXtts = (settings: XttsSettings): Effect.Effect<Engine, never, Scope.Scope> =>
  Effect.map(
    Effect.acquireRelease(
      Effect.sync(() => new XttsServer(settings)),
      (server) => Effect.sync(() => server.close())
    ),
    (server) => ({
      host: server,
      identity: () =>
        Effect.succeed({ voice: `${settings.url} ${settings.speaker}`, engine: `xtts ${settings.dialect}` }),
      render: (text, language) =>
        Effect.andThen(
          server.status()._tag === "Loading"
            ? Effect.ignore(Effect.timeoutOption(whenReady(server), voiceLoadingWaitMs))
            : Effect.void,
          server.say(text, language)
        )
    })
  )
