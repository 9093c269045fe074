/**
 * Starts a model host and keeps it, for the life of the scope: closing that asks its processes to leave, kills them after a
 * second, and returns when they are gone. What happens to it in between is decided by `machines/host.ts`.
 */
import { Effect, type Scope } from "effect"
import { HostError, type HostKind } from "#schemas/host.ts"
import {
  type Host,
  type HostFigures,
  type HostStatus,
  type HostStream,
  type HostStreamListener,
  unservedStream
} from "./host.ts"
import { logHost } from "./log.ts"
import { hostPolicies, type HostPolicy } from "./policy.ts"
import type { HostSpec } from "./process.ts"
import { Supervisor } from "./supervisor.ts"

export { hostPolicies, hostPolicy, type HostPolicy } from "./policy.ts"

class HostView implements Host {
  readonly kind: HostKind
  readonly #supervisor: Supervisor

  constructor(kind: HostKind, supervisor: Supervisor) {
    this.kind = kind
    this.#supervisor = supervisor
  }

  status(): HostStatus {
    const { life, serving } = this.#supervisor
    const { _tag, sinceMs, attempt } = life
    if (_tag === "Loading") return { _tag, sinceMs, attempt }
    const model = serving?.backends.find((candidate) => candidate.kind === this.kind)
    const facts = { pid: serving?.process.pid ?? 0, backend: model?.name ?? this.kind, info: model?.info ?? {} }
    if (_tag === "Ready") return { _tag, sinceMs, ...facts }
    // Not before it is told: an error costs more than all the rest, and this is asked for each utterance.
    const error = life.error ?? this.#error("unavailable", "No host is running.")
    if (_tag === "Recovering") return { _tag, sinceMs, attempt, error }
    return _tag === "Failed" ? { _tag, sinceMs, error } : { _tag, sinceMs, ...facts, error }
  }

  figures(): HostFigures {
    return this.#supervisor.figures
  }

  onStatus(listener: (status: HostStatus) => void): () => void {
    return this.#supervisor.listen(() => listener(this.status()))
  }

  open(params: object, listener: HostStreamListener): HostStream {
    const process = this.#supervisor.serving?.process
    return process?.open(this.kind, params, listener) ?? unservedStream(listener, () => this.#absent())
  }

  /** The supervisor kills a host that answers too late, which fails the request: its clock is not this process's. */
  request(body: object): Effect.Effect<unknown, HostError> {
    return Effect.callback((resume) => {
      const process = this.#supervisor.serving?.process
      if (process === undefined) return resume(Effect.fail(this.#absent()))
      return Effect.sync(process.request(this.kind, body, resume))
    })
  }

  #absent(): HostError {
    const state = this.#supervisor.life._tag.toLowerCase()
    return this.#error("unavailable", `No ${this.kind} host is running: ${state}.`)
  }

  #error(reason: HostError["reason"], message: string): HostError {
    return new HostError({ kind: this.kind, reason, message })
  }
}

const supervise = Effect.fnUntraced(function* (specs: ReadonlyArray<HostSpec>, policy: HostPolicy) {
  const run = Effect.runForkWith(yield* Effect.context<never>())
  return yield* Effect.acquireRelease(
    Effect.sync(() => new Supervisor(specs, policy, (entry) => void run(logHost(entry)))),
    (supervisor) => Effect.callback<void>((resume) => supervisor.stop(() => resume(Effect.void)))
  )
})

/** Starts a host in the background, for the life of the scope; `whenReady` waits for it. */
export const startHost = (
  kind: HostKind,
  options: object,
  policy: HostPolicy = hostPolicies[kind],
  preload?: string
): Effect.Effect<Host, never, Scope.Scope> =>
  Effect.map(
    supervise([{ kind, options, ...(preload === undefined ? {} : { preload }) }], policy),
    (supervisor) => new HostView(kind, supervisor)
  )

/** The same with several kinds in one process; a host for each, in the order of `specs`. */
export const startSharedHost = (
  specs: ReadonlyArray<HostSpec>,
  policy: HostPolicy = hostPolicies[specs[0]?.kind ?? "stt"]
): Effect.Effect<ReadonlyArray<Host>, never, Scope.Scope> =>
  Effect.map(supervise(specs, policy), (supervisor) => specs.map((spec) => new HostView(spec.kind, supervisor)))

/** Waits until the host is ready, or has failed. A host that restarts is waited for. */
export const whenReady = (
  host: Pick<Host, "status" | "onStatus">
): Effect.Effect<Extract<HostStatus, { _tag: "Ready" }>, HostError> =>
  Effect.callback((resume) => {
    const settle = (status: HostStatus): boolean => {
      if (status._tag === "Ready") resume(Effect.succeed(status))
      else if (status._tag === "Failed") resume(Effect.fail(status.error))
      else return false
      return true
    }
    if (settle(host.status())) return
    const stop = host.onStatus((status) => {
      if (settle(status)) stop()
    })
    return Effect.sync(stop)
  })
