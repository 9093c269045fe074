/**
 * Starts a model host and keeps it: three attempts at the start, then a restart after every crash, with backoff and
 * jitter. A model that is missing or corrupt is not tried again, since nothing would differ. The host lives as long as
 * the scope: closing it asks the process to leave, kills it after a second, and returns when it is gone.
 */
import { Clock, Effect, Random, type Scope } from "effect"
import { HostError, type HostKind } from "#schemas/host.ts"
import type { Host, HostStatus, HostStream, HostStreamListener } from "./host.ts"
import { HostProcess, type HostReply, type HostSpec, type ReadyBackend } from "./process.ts"

export interface HostPolicy {
  /** A host that is not ready by then is killed, reason `timeout`. */
  readonly readyTimeoutMs: number
  /** Attempts before the first `Ready`; after these the host is `Failed`. */
  readonly startAttempts: number
  /** Wait before the second attempt; doubled for each further one, ±25 %. */
  readonly backoffMs: number
  readonly backoffMsMax: number
  /** A host that ran this long begins its backoff anew. */
  readonly healthyMs: number
  /** An unanswered request fails after this, reason `timeout`. */
  readonly requestTimeoutMs: number
}

export const hostPolicy: HostPolicy = {
  readyTimeoutMs: 60_000,
  startAttempts: 3,
  backoffMs: 200,
  backoffMsMax: 15_000,
  healthyMs: 30_000,
  requestTimeoutMs: 30_000
}

type Life =
  | { readonly _tag: "Loading"; readonly sinceMs: number; readonly attempt: number }
  | {
      readonly _tag: "Ready"
      readonly sinceMs: number
      readonly process: HostProcess
      readonly backends: ReadonlyArray<ReadyBackend>
    }
  | { readonly _tag: "Recovering"; readonly sinceMs: number; readonly attempt: number; readonly error: HostError }
  | { readonly _tag: "Failed"; readonly sinceMs: number; readonly error: HostError }

const stopping = { reason: "unavailable", message: "The service is stopping." } as const

/** The facts of one host process, whatever number of kinds it serves; changed by `Supervised` alone. */
class Supervised {
  life: Life
  readonly #listeners = new Set<() => void>()
  readonly #policy: HostPolicy
  readonly #nowMs: () => number
  #failures = 0
  #wasReady = false

  constructor(policy: HostPolicy, nowMs: () => number) {
    this.#policy = policy
    this.#nowMs = nowMs
    this.life = { _tag: "Loading", sinceMs: nowMs(), attempt: 1 }
  }

  listen(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  ready(process: HostProcess, backends: ReadonlyArray<ReadyBackend>): void {
    this.#wasReady = true
    this.#become({ _tag: "Ready", sinceMs: this.#nowMs(), process, backends })
  }

  /** Decides what follows the end of a process. */
  ended(error: HostError): void {
    const sinceMs = this.#nowMs()
    if (this.life._tag === "Ready" && sinceMs - this.life.sinceMs >= this.#policy.healthyMs) this.#failures = 0
    this.#failures += 1
    const hopeless = error.reason === "missing" || error.reason === "corrupt" || error.reason === "unavailable"
    if (hopeless || (!this.#wasReady && this.#failures >= this.#policy.startAttempts)) {
      return this.#become({ _tag: "Failed", sinceMs, error })
    }
    const attempt = this.#failures + 1
    this.#become(
      this.#wasReady ? { _tag: "Recovering", sinceMs, attempt, error } : { _tag: "Loading", sinceMs, attempt }
    )
  }

  /** Milliseconds before the next attempt, without jitter. */
  get backoffMs(): number {
    return Math.min(this.#policy.backoffMsMax, this.#policy.backoffMs * 2 ** (this.#failures - 1))
  }

  #become(life: Life): void {
    this.life = life
    for (const listener of Array.from(this.#listeners)) listener()
  }
}

/** One process from its start to its end; interrupting it waits until the process is gone. */
const live = (
  specs: ReadonlyArray<HostSpec>,
  supervised: Supervised,
  policy: HostPolicy,
  onStderr: (line: string) => void
): Effect.Effect<HostError> =>
  Effect.callback((resume) => {
    let gone = (): void => {}
    let readyTimer: NodeJS.Timeout | undefined
    const ended = (error: HostError): void => {
      clearTimeout(readyTimer)
      supervised.ended(error)
      resume(Effect.succeed(error))
      gone()
    }
    let process: HostProcess
    try {
      process = new HostProcess(specs, {
        ready: (backends) => {
          clearTimeout(readyTimer)
          supervised.ready(process, backends)
        },
        ended,
        stderr: onStderr
      })
    } catch {
      const kind = specs[0]?.kind ?? "stt"
      return ended(new HostError({ kind, reason: "crash", message: "The host process could not be started." }))
    }
    const { readyTimeoutMs } = policy
    readyTimer = setTimeout(
      () => process.leave({ reason: "timeout", message: `The host was not ready after ${readyTimeoutMs} ms.` }),
      readyTimeoutMs
    )
    return Effect.callback<void>((done) => {
      if (process.ended) return done(Effect.void)
      gone = () => done(Effect.void)
      process.leave(stopping)
    })
  })

const keepAlive = Effect.fnUntraced(function* (
  specs: ReadonlyArray<HostSpec>,
  supervised: Supervised,
  policy: HostPolicy
) {
  const log = Effect.runForkWith(yield* Effect.context<never>())
  const name = specs.map((spec) => spec.kind).join("+")
  const onStderr = (line: string): void => {
    log(Effect.logDebug("model host stderr", { host: name, line }))
  }
  while (true) {
    const error = yield* live(specs, supervised, policy, onStderr)
    yield* Effect.logWarning("model host ended", { host: name, reason: error.reason, message: error.message })
    if (supervised.life._tag === "Failed") return
    yield* Effect.sleep(supervised.backoffMs * (yield* Random.nextBetween(0.75, 1.25)))
  }
})

const absentStream: HostStream = { send: () => {}, sendBinary: () => true, close: () => {} }

class HostView implements Host {
  readonly kind: HostKind
  readonly #supervised: Supervised
  readonly #requestTimeoutMs: number

  constructor(kind: HostKind, supervised: Supervised, policy: HostPolicy) {
    this.kind = kind
    this.#supervised = supervised
    this.#requestTimeoutMs = policy.requestTimeoutMs
  }

  status(): HostStatus {
    const life = this.#supervised.life
    if (life._tag !== "Ready") return life
    const backend = life.backends.find((candidate) => candidate.kind === this.kind)
    const { sinceMs, process } = life
    return { _tag: "Ready", sinceMs, pid: process.pid, backend: backend?.name ?? this.kind, info: backend?.info ?? {} }
  }

  onStatus(listener: (status: HostStatus) => void): () => void {
    return this.#supervised.listen(() => listener(this.status()))
  }

  open(params: object, listener: HostStreamListener): HostStream {
    const process = this.#running()
    if (process !== undefined) return process.open(this.kind, params, listener)
    const telling = setImmediate(() => listener.closed(this.#absent()))
    return { ...absentStream, close: () => clearImmediate(telling) }
  }

  request(body: object): Effect.Effect<unknown, HostError> {
    const asked = Effect.callback<unknown, HostError>((resume) => {
      const process = this.#running()
      if (process === undefined) return resume(Effect.fail(this.#absent()))
      const forget = process.request(this.kind, body, (reply: HostReply) => resume(reply))
      return Effect.sync(forget)
    })
    return Effect.timeoutOrElse(asked, {
      duration: this.#requestTimeoutMs,
      orElse: () => Effect.fail(this.#error("timeout", `The ${this.kind} host did not answer in time.`))
    })
  }

  #running(): HostProcess | undefined {
    const life = this.#supervised.life
    return life._tag === "Ready" && !life.process.ended ? life.process : undefined
  }

  #absent(): HostError {
    return this.#error("unavailable", `No ${this.kind} host is running: ${this.#supervised.life._tag.toLowerCase()}.`)
  }

  #error(reason: HostError["reason"], message: string): HostError {
    return new HostError({ kind: this.kind, reason, message })
  }
}

const supervise = Effect.fnUntraced(function* (specs: ReadonlyArray<HostSpec>, policy: HostPolicy) {
  const clock = yield* Clock.Clock
  const supervised = new Supervised(policy, () => clock.currentTimeMillisUnsafe())
  yield* Effect.forkScoped(keepAlive(specs, supervised, policy))
  return supervised
})

/** Starts a host in the background, for the life of the scope; `whenReady` waits for it. */
export const startHost = (
  kind: HostKind,
  options: object,
  policy: HostPolicy = hostPolicy
): Effect.Effect<Host, never, Scope.Scope> =>
  Effect.map(supervise([{ kind, options }], policy), (supervised) => new HostView(kind, supervised, policy))

/** The same with several kinds in one process; a host for each, in the order of `specs`. */
export const startSharedHost = (
  specs: ReadonlyArray<HostSpec>,
  policy: HostPolicy = hostPolicy
): Effect.Effect<ReadonlyArray<Host>, never, Scope.Scope> =>
  Effect.map(supervise(specs, policy), (supervised) => specs.map((spec) => new HostView(spec.kind, supervised, policy)))

/** Waits until the host is ready, or has failed for good. A host that restarts is waited for. */
export const whenReady = (host: Host): Effect.Effect<Extract<HostStatus, { _tag: "Ready" }>, HostError> =>
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
