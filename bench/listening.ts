/** A listener over the real detector and recogniser, for benches that count in audio: no socket and no pace. */
import { Context, Effect, Exit, Layer, Scope } from "effect"
import type { ListenerEvent, Turn } from "#src/audio/listener-events.ts"
import { Listener } from "#src/audio/listener.ts"
import { Stt } from "#src/stt/stt.ts"
import { Vad } from "#src/vad/vad.ts"

interface Services {
  readonly vad: Vad["Service"]
  readonly stt: Stt["Service"]
}

export class Listening {
  readonly #services: Services
  readonly #scope: Scope.Closeable

  private constructor(services: Services, scope: Scope.Closeable) {
    this.#services = services
    this.#scope = scope
  }

  /** Ready to hear when it resolves; `close` ends its processes. */
  static async start(): Promise<Listening> {
    const scope = Scope.makeUnsafe()
    const context = await Effect.runPromise(Layer.buildWithScope(Layer.mergeAll(Stt.layer(), Vad.layer()), scope))
    const services: Services = { vad: Context.get(context, Vad), stt: Context.get(context, Stt) }
    while (services.stt.health().status !== "ready" || services.vad.health().status !== "ready") {
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
    return new Listening(services, scope)
  }

  /** All that is told of these samples, until the last utterance in them has its final. */
  async hear(samples: Int16Array, turn: Turn): Promise<ReadonlyArray<ListenerEvent>> {
    const events: Array<ListenerEvent> = []
    const pending = new Set<string>()
    let told: () => void = () => {}
    const listener = new Listener({
      ...this.#services,
      turnDetection: "server_vad",
      emit: (event) => {
        events.push(event)
        if (event.type === "utterance.ended") pending.add(event.utteranceId)
        if (event.type === "transcript.final" || event.type === "transcript.failed") pending.delete(event.utteranceId)
        told()
      }
    })
    listener.setTurn(turn)
    listener.push(samples)
    while (listener.pendingMs() > 0 || pending.size > 0) {
      const { promise, resolve } = Promise.withResolvers<void>()
      told = resolve
      const timer = setTimeout(resolve, 5)
      await promise
      clearTimeout(timer)
    }
    listener.close()
    return events
  }

  /** Each of them by `work`, four at a time. */
  async each<A>(all: ReadonlyArray<A>, work: (one: A, index: number) => Promise<void>): Promise<void> {
    let next = 0
    const worker = async () => {
      for (let index = next++; index < all.length; index = next++) await work(all[index] as A, index)
    }
    await Promise.all(Array.from({ length: 4 }, worker))
  }

  close(): Promise<void> {
    return Effect.runPromise(Scope.close(this.#scope, Exit.void))
  }
}
