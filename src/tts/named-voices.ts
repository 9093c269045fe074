/**
 * Voices that questionnaires name, each started when it is first wished for and kept as long as the service. One that is not
 * here is looked for again with each wish: it may be downloaded while the service runs.
 */
import { existsSync } from "node:fs"
import { Effect, Scope, Semaphore } from "effect"
import type { Host } from "#src/host/host.ts"
import { startHost } from "#src/host/start.ts"
import { type Engine, espeakOver, piperOver } from "./engine.ts"

/** A Piper voice is a file, or where one would be; anything else is eSpeak's. */
export const isPath = (voice: string): boolean => voice.includes("/") || voice.endsWith(".onnx")

/** Until the scope closes. */
export const startPiper = (voicePath: string, espeakHost: Host): Effect.Effect<Engine, never, Scope.Scope> =>
  Effect.map(startHost("piper", { voicePath }), (host) => piperOver(host, espeakHost, voicePath))

export interface NamedVoicesOptions {
  readonly espeakHost: Host
  /** Where the voice of a name is: a path, or a name of eSpeak's. */
  readonly placeOf: (name: string) => string
  readonly scope: Scope.Scope
}

export class NamedVoices {
  readonly #options: NamedVoicesOptions
  readonly #engines = new Map<string, Engine>()
  /** Two sessions that begin at once share one host. */
  readonly #oneAtATime = Semaphore.makeUnsafe(1)

  constructor(options: NamedVoicesOptions) {
    this.#options = options
  }

  /** Of those that were wished for, beside eSpeak's own. */
  get hosts(): ReadonlyArray<Engine["host"]> {
    return [...this.#engines.values()].map(({ host }) => host).filter((host) => host !== this.#options.espeakHost)
  }

  /** The configured one is there already. */
  add(place: string, engine: Engine): void {
    this.#engines.set(place, engine)
  }

  /** Undefined: it is not here. */
  get(name: string): Effect.Effect<Engine | undefined> {
    const { espeakHost, placeOf, scope } = this.#options
    const found = Effect.suspend(() => {
      const place = placeOf(name)
      const known = this.#engines.get(place)
      if (known !== undefined || (isPath(place) && !existsSync(place))) return Effect.succeed(known)
      const started = isPath(place)
        ? Scope.provide(startPiper(place, espeakHost), scope)
        : Effect.succeed(espeakOver(espeakHost, { [place.startsWith("en") ? "en" : "ar"]: place }))
      return Effect.tap(started, (engine) => Effect.sync(() => this.#engines.set(place, engine)))
    })
    return this.#oneAtATime.withPermits(1)(found)
  }
}
