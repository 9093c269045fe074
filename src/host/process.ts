/**
 * One life of one host process, seen from the server: its pipe, its streams, its requests. Plain callbacks, since every
 * frame of audio passes here. When the process dies by whatever way, what it said before is heard first, then `ended` is
 * called, then every stream and request still open ends with that error.
 */
import { type ChildProcess, spawn } from "node:child_process"
import { Socket } from "node:net"
import { availableParallelism } from "node:os"
import { fileURLToPath } from "node:url"
import { Exit, Schema } from "effect"
import { HostError, HostEvent, type HostCommand, type HostFault, type HostKind } from "#schemas/host.ts"
import { giveWay } from "#src/priorities.ts"
import { compileCacheFolder } from "#src/compile-cache.ts"
import { allocatorEnvironment } from "./allocator.ts"
import { blasEnvironment } from "./blas-kernels.ts"
import { Debt } from "./debt.ts"
import { unexpectedEnd } from "./end.ts"
import { frameKind, FrameReader, FrameWriter, payloadText } from "./frames.ts"
import type { HostStream, HostStreamListener } from "./host.ts"
import { Pace } from "./pace.ts"
import type { HostPolicy, HostUse } from "./policy.ts"
import { Pulse } from "./pulse.ts"
import { readStderr } from "./stderr.ts"

export interface HostSpec {
  readonly kind: HostKind
  /** Given to the backend's `load` as it is: JSON, no secrets. */
  readonly options: object
  /** A shared library that the process loads before all others. */
  readonly preload?: string
}

export type ReadyBackend = Extract<HostEvent, { type: "ready" }>["backends"][number]

export interface HostProcessEvents {
  readonly ready: (backends: ReadonlyArray<ReadyBackend>) => void
  /** Called once, also when the process was told to leave. */
  readonly ended: (error: HostError) => void
  /** Each time a beat was due: how many in a row are unanswered by now. */
  readonly beaten: (missed: number) => void
  /** An answer is owed for longer than the policy allows. */
  readonly overdue: (fault: HostFault) => void
  /** The last open stream ended. */
  readonly idle: () => void
  /** A line that a native library or Node wrote to stderr, bounded and without paths. */
  readonly stderr: (line: string) => void
}

interface OpenStream {
  readonly kind: HostKind
  readonly listener: HostStreamListener
  readonly debt: Debt
}
interface OpenRequest {
  readonly kind: HostKind
  readonly settle: (reply: HostReply) => void
  /** Ticks of the pulse until it is overdue. */
  ticksLeft: number
}

export type HostReply = Exit.Exit<unknown, HostError>

/** Bytes waiting in the pipe at which `sendBinary` answers false: a minute of audio of one session. */
const pendingBytesMax = 2 * 1024 * 1024
/** A host that was asked to leave is killed after this. */
const leaveMs = 1_000

const program = fileURLToPath(new URL("./child.ts", import.meta.url))
const decodeEvent = Schema.decodeUnknownExit(Schema.fromJsonString(HostEvent))

export class HostProcess {
  readonly #child: ChildProcess
  readonly #pipe: Socket
  readonly #writer: FrameWriter
  readonly #kind: HostKind
  readonly #events: HostProcessEvents
  readonly #policy: HostPolicy
  readonly #streams = new Map<number, OpenStream>()
  readonly #requests = new Map<number, OpenRequest>()
  readonly #startedMs = performance.now()
  readonly pace = new Pace()
  #pulse: Pulse | undefined
  #ready = false
  #rssBytes = 0
  #rssAtReadyBytes = 0
  #streamsOpened = 0
  #ended = false
  #lastId = 0
  #leaving: HostFault | undefined
  #failed: { readonly kind: HostKind; readonly fault: HostFault } | undefined
  #memoryRanOut = false
  #killTimer: NodeJS.Timeout | undefined

  constructor(specs: ReadonlyArray<HostSpec>, policy: HostPolicy, events: HostProcessEvents) {
    const [{ kind = "stt", preload } = {}] = specs
    this.#kind = kind
    this.#events = events
    this.#policy = policy
    // No environment of the service's, so that a host cannot see its secrets. More native calls at once than there are
    // processors only push each other out of the caches.
    const env = {
      UV_THREADPOOL_SIZE: String(availableParallelism()),
      NODE_COMPILE_CACHE: compileCacheFolder,
      ...blasEnvironment(),
      ...allocatorEnvironment(preload)
    }
    this.#child = spawn(process.execPath, [program], { stdio: ["ignore", "ignore", "pipe", "pipe"], env })
    giveWay(this.#child, "model")
    this.#child.once("error", () => {
      if (this.#child.pid === undefined) this.#end({ reason: "crash", message: "The host could not be started." })
    })
    // Without a free descriptor there is no `stdio` at all.
    const pipe = this.#child.stdio?.[3]
    if (!(pipe instanceof Socket)) throw new Error("no pipe to the host")
    this.#pipe = pipe
    this.#writer = new FrameWriter(pipe)
    const reader = new FrameReader((kind, stream, payload) => this.#frame(kind === frameKind.json, stream, payload))
    pipe.on("data", (bytes: Buffer) => {
      try {
        reader.push(bytes)
      } catch {
        this.#violated()
      }
    })
    pipe.on("error", () => {})
    readStderr(this.#child.stderr, (line) => {
      if (/bad_alloc|out of memory|Cannot allocate memory/i.test(line)) this.#memoryRanOut = true
      events.stderr(line)
    })
    // Not `exit`: at `close` everything that the process wrote has been read.
    this.#child.once("close", (code, signal) => this.#end(this.#causeOfEnd(code, signal)))
    this.#command({ type: "start", backends: specs })
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  get ended(): boolean {
    return this.#ended
  }

  get openStreams(): number {
    return this.#streams.size
  }

  /** Streams and requests that are owed an answer. */
  get queueDepth(): number {
    let owed = this.#requests.size
    for (const { debt } of this.#streams.values()) if (debt.isOwed) owed++
    return owed
  }

  get use(): HostUse {
    return {
      rssBytes: this.#rssBytes,
      rssAtReadyBytes: this.#rssAtReadyBytes,
      ageMs: performance.now() - this.#startedMs,
      streamsOpened: this.#streamsOpened
    }
  }

  /** Ends it now; `why` is what open streams are told. */
  kill(why: HostFault): void {
    if (this.#ended) return
    this.#leaving ??= why
    this.#child.kill("SIGKILL")
  }

  /** Asks the process to leave, and kills it when it does not; `why` is what open streams are told. */
  leave(why: HostFault): void {
    if (this.#ended || this.#leaving !== undefined) return
    this.#leaving = why
    this.#pipe.end()
    this.#killTimer = setTimeout(() => this.#child.kill("SIGKILL"), leaveMs)
  }

  open(kind: HostKind, params: object, listener: HostStreamListener): HostStream {
    const stream = ++this.#lastId
    const debt = new Debt(kind)
    this.#streams.set(stream, { kind, listener, debt })
    this.#streamsOpened++
    this.#command({ type: "open", stream, kind, params })
    return {
      send: (message) => {
        if (!this.#streams.has(stream)) return
        debt.sentMessage(message)
        this.#writer.json(stream, message)
      },
      sendBinary: (...parts) => {
        if (this.#streams.has(stream)) debt.sentBytes(this.#writer.binary(stream, ...parts))
        return this.#writer.pendingBytes < pendingBytesMax
      },
      sendPatiently: (bytes) => {
        if (this.#streams.has(stream)) debt.sentBytes(this.#writer.patient(stream, bytes))
        return this.#writer.pendingBytes < pendingBytesMax
      },
      close: () => {
        if (!this.#streams.delete(stream)) return
        this.#command({ type: "close", stream })
        if (this.#streams.size === 0) this.#events.idle()
      }
    }
  }

  /** `settle` is called once and later; the answer forgets the request. */
  request(kind: HostKind, body: object, settle: (reply: HostReply) => void): () => void {
    const id = this.#ask(kind, settle, this.#policy.requestTimeoutMs)
    this.#command({ type: "request", id, kind, body })
    return () => void this.#requests.delete(id)
  }

  /** Every backend does what it is for. */
  probe(settle: (reply: HostReply) => void): void {
    this.#command({ type: "probe", id: this.#ask(this.#kind, settle, this.#policy.probeTimeoutMs) })
  }

  #ask(kind: HostKind, settle: (reply: HostReply) => void, timeoutMs: number): number {
    const id = ++this.#lastId
    this.#requests.set(id, { kind, settle, ticksLeft: this.#ticks(timeoutMs) })
    return id
  }

  #ticks(durationMs: number): number {
    return Math.ceil(durationMs / this.#policy.beatMs)
  }

  #tick(missed: number): void {
    this.#events.beaten(missed)
    if (this.#isOverdue()) this.#events.overdue({ reason: "timeout", message: "The host owed an answer for too long." })
  }

  #isOverdue(): boolean {
    let overdue = false
    for (const request of this.#requests.values()) if (--request.ticksLeft < 0) overdue = true
    const quietMax = this.#ticks(this.#policy.answerTimeoutMs)
    for (const { debt } of this.#streams.values()) if (debt.tick() > quietMax) overdue = true
    return overdue
  }

  #command(command: HostCommand): void {
    if (!this.#ended) this.#writer.json(0, command)
  }

  #frame(json: boolean, stream: number, payload: Uint8Array): void {
    this.#pulse?.heard()
    if (stream === 0) return json ? this.#event(payloadText(payload)) : this.#violated()
    const open = this.#streams.get(stream)
    if (open === undefined) return
    open.debt.heard(json ? undefined : payload)
    if (json) open.listener.message(JSON.parse(payloadText(payload)))
    else open.listener.binary(payload)
  }

  #event(text: string): void {
    const decoded = decodeEvent(text)
    if (Exit.isFailure(decoded)) return this.#violated()
    const event = decoded.value
    switch (event.type) {
      case "ready":
        this.#ready = true
        this.#pulse = new Pulse(
          this.#policy.beatMs,
          () => this.#streams.size > 0 || this.#requests.size > 0,
          () => this.#command({ type: "beat" }),
          (missed) => this.#tick(missed)
        )
        this.#events.ready(event.backends)
        return
      case "beat":
        this.#rssBytes = event.rssBytes
        this.#rssAtReadyBytes ||= event.rssBytes
        this.pace.note(event.work, performance.now())
        return
      case "failed":
        this.#failed = { kind: event.kind, fault: event }
        this.leave(event)
        return
      case "reply": {
        const request = this.#requests.get(event.id)
        this.#requests.delete(event.id)
        request?.settle(
          event.error === undefined ? Exit.succeed(event.result) : Exit.fail(this.#error(event.error, request.kind))
        )
        return
      }
      case "closed": {
        const entry = this.#streams.get(event.stream)
        this.#streams.delete(event.stream)
        if (entry?.debt.waitsInLine) for (const { debt } of this.#streams.values()) debt.heard()
        entry?.listener.closed(event.failed && this.#error(event.failed, entry.kind))
        if (entry !== undefined && this.#streams.size === 0) this.#events.idle()
      }
    }
  }

  #violated(): void {
    this.#failed = { kind: this.#kind, fault: { reason: "crash", message: "The host broke the protocol of its pipe." } }
    this.#pipe.destroy()
    this.#child.kill("SIGKILL")
  }

  #causeOfEnd(code: number | null, signal: NodeJS.Signals | null): HostFault {
    if (this.#failed !== undefined) return this.#failed.fault
    if (this.#leaving !== undefined) return this.#leaving
    return unexpectedEnd(code, signal, this.#ready, this.#memoryRanOut)
  }

  #error(fault: HostFault, kind: HostKind): HostError {
    return new HostError({ kind, reason: fault.reason, message: fault.message })
  }

  #end(fault: HostFault): void {
    if (this.#ended) return
    this.#ended = true
    this.#pulse?.stop()
    clearTimeout(this.#killTimer)
    this.#events.ended(this.#error(fault, this.#failed?.kind ?? this.#kind))
    for (const { kind, listener } of this.#streams.values()) listener.closed(this.#error(fault, kind))
    this.#streams.clear()
    for (const { kind, settle } of this.#requests.values()) settle(Exit.fail(this.#error(fault, kind)))
    this.#requests.clear()
  }
}
