/**
 * Performs what `machines/host.ts` decides for one host: starts, replaces and kills its processes, and tells the machine how
 * they fare. Of its processes one serves new streams, one may be loading, and those replaced finish the streams they have.
 * Plain callbacks, since every frame of audio passes between a stream and its process.
 */
import { createActor } from "xstate"
import { type HostActor, hostMachine, type HostMachineEvent } from "#machines/host.ts"
import { HostError, type HostFault } from "#schemas/host.ts"
import type { HostFigures } from "./host.ts"
import { type Life, lifeOf } from "./life.ts"
import type { HostLog } from "./log.ts"
import { exceedsMemory, type HostPolicy, recyclingDue } from "./policy.ts"
import { HostProcess, type HostSpec, type ReadyBackend } from "./process.ts"

export interface Serving {
  readonly process: HostProcess
  readonly backends: ReadonlyArray<ReadyBackend>
}

const stopping: HostFault = { reason: "unavailable", message: "The service is stopping." }
const hung: HostFault = { reason: "timeout", message: "The host did not answer." }
const recycled: HostFault = { reason: "unavailable", message: "The host is being replaced." }
const overMemory: HostFault = { reason: "out_of_memory", message: "The host used more memory than it may." }

export class Supervisor {
  readonly #specs: ReadonlyArray<HostSpec>
  readonly #policy: HostPolicy
  readonly #log: (entry: HostLog) => void
  readonly #actor: HostActor
  readonly #listeners = new Set<() => void>()
  readonly #processes = new Set<HostProcess>()
  #serving: Serving | undefined
  #loading: Serving | undefined
  #life: Life
  #onGone: (() => void) | undefined
  #lastRecycledMs = -Infinity
  #launches = 0
  #lastFault: HostFigures["lastFault"]

  /** Starts at once. */
  constructor(specs: ReadonlyArray<HostSpec>, policy: HostPolicy, log: (entry: HostLog) => void) {
    this.#specs = specs
    this.#policy = policy
    this.#log = log
    this.#actor = createActor(hostMachine, { input: policy })
    this.#life = this.#lifeNow()
    this.#actor.on("launch", () => this.#launch())
    this.#actor.on("serve", () => this.#serve())
    this.#actor.on("kill", ({ error }) => this.#serving?.process.kill(error))
    this.#actor.on("retire", () => this.#retire())
    this.#actor.on("probe", ({ whenBusy }) => this.#probe(whenBusy))
    this.#actor.subscribe(() => this.#lives())
    this.#actor.start()
  }

  get life(): Life {
    return this.#life
  }

  /** The process that new streams go to. */
  get serving(): Serving | undefined {
    return this.#serving?.process.ended === false ? this.#serving : undefined
  }

  get figures(): HostFigures {
    const process = this.serving?.process
    return {
      ...(process === undefined
        ? {}
        : {
            serving: {
              pid: process.pid,
              memoryBytes: process.use.rssBytes,
              queueDepth: process.queueDepth,
              work: process.pace.total,
              recentWork: process.pace.recent
            }
          }),
      restarts: Math.max(0, this.#launches - 1),
      ...(this.#lastFault === undefined ? {} : { lastFault: this.#lastFault })
    }
  }

  listen(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  /** `gone` is called when no process is left. */
  stop(gone: () => void): void {
    this.#actor.send({ type: "stop.requested" })
    this.#onGone = gone
    for (const process of this.#processes) process.leave(stopping)
    this.#tellWhenGone()
  }

  #send(event: HostMachineEvent): void {
    if (this.#onGone === undefined) this.#actor.send(event)
  }

  #launch(): void {
    this.#launches++
    const startedMs = performance.now()
    const { attempt } = this.#life
    let process: HostProcess | undefined
    let readyTimer: NodeJS.Timeout | undefined
    const ended = (error: HostError): void => {
      clearTimeout(readyTimer)
      const { reason, message } = error
      if (reason !== stopping.reason) {
        const durationMs = Math.round(performance.now() - startedMs)
        this.#lastFault = { reason, message, atMs: Date.now() }
        this.#log({ event: "fault", host: this.name, reason, message, attempt, pid: process?.pid ?? 0, durationMs })
      }
      if (process !== undefined) this.#processes.delete(process)
      const end = { error, atMs: performance.now(), jitter: 0.75 + Math.random() / 2 }
      if (process === this.#loading?.process) {
        this.#loading = undefined
        this.#send({ type: "loading.ended", ...end })
      } else if (process === this.#serving?.process) {
        this.#serving = undefined
        this.#send({ type: "serving.ended", ...end })
      }
      this.#tellWhenGone()
    }
    try {
      process = this.#start(ended, startedMs, attempt)
    } catch {
      // A moment later, as if it had started: the machine is not told of the end of what it does not know yet.
      setImmediate(() => ended(this.#error({ reason: "crash", message: "The host process could not be started." })))
      return
    }
    this.#processes.add(process)
    this.#loading = { process, backends: [] }
    const { readyTimeoutMs } = this.#policy
    const late: HostFault = { reason: "timeout", message: `The host was not ready after ${readyTimeoutMs} ms.` }
    // Judged after the pipe was read: this loop may have been blocked when the host got ready.
    readyTimer = setTimeout(
      () => setImmediate(() => this.#loading?.process === process && process.kill(late)),
      readyTimeoutMs
    )
  }

  #start(ended: (error: HostError) => void, startedMs: number, attempt: number): HostProcess {
    const process = new HostProcess(this.#specs, this.#policy, {
      ready: (backends) => {
        if (this.#loading?.process !== process) return
        this.#loading = { process, backends }
        const durationMs = Math.round(performance.now() - startedMs)
        this.#log({ event: "ready", host: this.name, attempt, pid: process.pid, durationMs })
        this.#send({ type: "loading.ready" })
      },
      ended,
      beaten: (missed) => this.#beaten(process, missed),
      overdue: (fault) => this.#unfit(process, fault),
      idle: () => this.#idle(process),
      stderr: (line) => this.#log({ event: "stderr", host: this.name, pid: process.pid, line })
    })
    return process
  }

  #serve(): void {
    const before = this.#serving?.process
    this.#serving = this.#loading
    this.#loading = undefined
    if (before !== undefined && before.openStreams === 0) before.leave(recycled)
  }

  #retire(): void {
    this.#serving?.process.leave(recycled)
  }

  #probe(whenBusy: boolean): void {
    const process = this.serving?.process
    if (process === undefined) return
    // Streams that are owed answers watch a busy host better than a probe does.
    if (!whenBusy && process.openStreams > 0) return this.#send({ type: "probe.passed" })
    process.probe((reply) => {
      if (this.#serving?.process !== process || process.ended) return
      if (reply._tag === "Success") this.#send({ type: "probe.passed" })
      else this.#unfit(process, { reason: "probe_failed", message: "The host failed its probe while it ran." })
    })
  }

  #beaten(process: HostProcess, missed: number): void {
    if (exceedsMemory(this.#policy, process.use)) return this.#unfit(process, overMemory)
    if (process !== this.#serving?.process) {
      if (missed >= this.#policy.lostBeats) process.kill(hung)
      return
    }
    if (missed > 0) return this.#send({ type: "beat.missed", count: missed, error: this.#error(hung) })
    // It changes nothing for one that nobody suspects, and comes ten times a second.
    if (this.#life._tag === "Suspect") this.#send({ type: "beat.answered" })
    this.#recycleIfDue(process)
  }

  #unfit(process: HostProcess, fault: HostFault): void {
    if (process === this.#serving?.process) this.#send({ type: "fault.found", error: this.#error(fault) })
    else process.kill(fault)
  }

  #recycleIfDue(process: HostProcess): void {
    const { use } = process
    const why = recyclingDue(this.#policy, use)
    const nowMs = performance.now()
    // One that was replaced still has streams, or one loads: enough at a time.
    if (why === undefined || this.#processes.size > 1 || !this.#actor.getSnapshot().matches("ready")) return
    if (nowMs - this.#lastRecycledMs < this.#policy.recycleEveryMs) return
    this.#lastRecycledMs = nowMs
    const roomForTwo = globalThis.process.availableMemory() > use.rssBytes * 1.25
    this.#log({ event: "recycling", host: this.name, why, pid: process.pid, durationMs: Math.round(use.ageMs) })
    this.#send({ type: "recycling.due", error: this.#error(recycled), roomForTwo })
    if (process.openStreams === 0) this.#idle(process)
  }

  #idle(process: HostProcess): void {
    if (process === this.#serving?.process) this.#send({ type: "streams.ended" })
    else if (process !== this.#loading?.process) process.leave(recycled)
  }

  #lifeNow(): Life {
    return lifeOf(this.#actor.getSnapshot(), this.#specs[0]?.kind ?? "stt", Date.now())
  }

  #lives(): void {
    const before = this.#life
    const life = this.#lifeNow()
    const pid = this.serving?.process.pid
    this.#life = life._tag === before._tag ? { ...life, sinceMs: before.sinceMs } : life
    if (life._tag === before._tag && life.attempt === before.attempt && life.error?.reason === before.error?.reason) {
      return
    }
    if (life._tag === "Suspect") this.#log({ event: "suspect", host: this.name, pid: pid ?? 0 })
    for (const listener of Array.from(this.#listeners)) listener()
  }

  #tellWhenGone(): void {
    if (this.#processes.size === 0) this.#onGone?.()
  }

  get name(): string {
    return this.#specs.map(({ kind }) => kind).join("+")
  }

  #error(fault: HostFault): HostError {
    return new HostError({ kind: this.#specs[0]?.kind ?? "stt", ...fault })
  }
}
