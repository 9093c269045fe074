/**
 * The hosts that hear: those of the configured model, and perhaps one of the embedded model that stands in for them. An
 * utterance goes to the ready host that hears the fewest. A standby is simply one host more.
 */
import { Effect } from "effect"
import { mayStandIn } from "#src/fallbacks.ts"
import { type Host, hostHealth } from "#src/host/host.ts"
import type { ModelHealth } from "#src/models.ts"
import { SttError } from "./utterance.ts"

export interface PoolHost {
  readonly host: Host
  /** The name that transcripts carry. */
  readonly model: string
}
export interface StandIn extends PoolHost {
  readonly vocabulary: ReadonlySet<string>
}

type Grammar = ReadonlyArray<string> | undefined

const noModel = Effect.fail(new SttError({ reason: "unavailable", message: "No speech model can hear this." }))
const isReady = ({ host }: PoolHost): boolean => host.status()._tag === "Ready"
const hasFailed = ({ host }: PoolHost): boolean => host.status()._tag === "Failed"

export class Pool {
  readonly #configured: readonly [PoolHost, ...Array<PoolHost>]
  readonly #standIn: StandIn | undefined
  readonly #utterances = new Map<PoolHost, number>()

  constructor(configured: readonly [PoolHost, ...Array<PoolHost>], standIn?: StandIn) {
    this.#configured = configured
    this.#standIn = standIn
  }

  isStandIn(host: PoolHost): boolean {
    return host === this.#standIn
  }

  /** The one that serves, and where none does the first configured one. */
  get serving(): PoolHost {
    return this.hosts.find(isReady) ?? this.#configured[0]
  }

  health(): ModelHealth {
    const { serving } = this
    const own = { ...hostHealth(serving.host.status(), `vosk ${serving.model}`), degraded: this.isStandIn(serving) }
    if (!own.degraded) return own
    const why = hostHealth(this.#configured[0].host.status(), "")
    return { ...own, reason: why.reason ?? `The configured model is ${why.status}.` }
  }

  /**
   * The host that is to hear an utterance of this grammar, waited for: `unavailable` when none can come any more. How long
   * is for the caller to say.
   */
  usable(grammar: Grammar): Effect.Effect<PoolHost, SttError> {
    return this.#once(() => {
      const host = this.#choose(grammar)
      if (host !== undefined) return Effect.succeed(host)
      if (!this.#hopeless(grammar)) return undefined
      // Later: nobody is told of an utterance that is being opened.
      return Effect.andThen(Effect.yieldNow, noModel)
    })
  }

  /** `host` does not answer for now, and another could. */
  outdone(host: PoolHost, grammar: Grammar): Effect.Effect<void> {
    return this.#once(() => (isReady(host) || this.#choose(grammar) === undefined ? undefined : Effect.void))
  }

  /** Counts an utterance as this host's while `hearing` runs. */
  occupying<A, E>(host: PoolHost, hearing: Effect.Effect<A, E>): Effect.Effect<A, E> {
    const add = (count: number) => Effect.sync(() => this.#utterances.set(host, this.#heardBy(host) + count))
    return Effect.acquireUseRelease(
      add(1),
      () => hearing,
      () => add(-1)
    )
  }

  #heardBy(host: PoolHost): number {
    return this.#utterances.get(host) ?? 0
  }

  #choose(grammar: Grammar): PoolHost | undefined {
    const ready = this.#configured.filter(isReady)
    if (ready.length > 0) return ready.reduce((best, host) => (this.#heardBy(host) < this.#heardBy(best) ? host : best))
    return this.#standIn !== undefined && isReady(this.#standIn) && this.#mayStandIn(grammar)
      ? this.#standIn
      : undefined
  }

  #mayStandIn(grammar: Grammar): boolean {
    if (this.#standIn === undefined) return false
    const statuses = this.#configured.map(({ host }) => host.status())
    return mayStandIn(grammar, this.#standIn.vocabulary, statuses)
  }

  #hopeless(grammar: Grammar): boolean {
    const standIn = this.#standIn !== undefined && this.#mayStandIn(grammar) ? [this.#standIn] : []
    return [...this.#configured, ...standIn].every(hasFailed)
  }

  /** Called after each change of a host's state. Returns how to stop. */
  readonly onStatus = (changed: () => void): (() => void) => {
    const stops = this.hosts.map(({ host }) => host.onStatus(changed))
    return () => stops.forEach((stop) => stop())
  }

  get hosts(): ReadonlyArray<PoolHost> {
    return this.#standIn === undefined ? this.#configured : [...this.#configured, this.#standIn]
  }

  /** Asks now and after each change of a host's state, until there is an answer. */
  #once<A, E>(ask: () => Effect.Effect<A, E> | undefined): Effect.Effect<A, E> {
    return Effect.callback((resume) => {
      const now = ask()
      if (now !== undefined) return resume(now)
      const stop = this.onStatus(() => {
        const answer = ask()
        if (answer === undefined) return
        stop()
        resume(answer)
      })
      return Effect.sync(stop)
    })
  }
}
