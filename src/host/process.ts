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
import { frameKind, FrameReader, FrameWriter, payloadText } from "./frames.ts"
import type { HostStream, HostStreamListener } from "./host.ts"

export interface HostSpec {
  readonly kind: HostKind
  /** Given to the backend's `load` as it is: JSON, no secrets. */
  readonly options: object
}

export type ReadyBackend = Extract<HostEvent, { type: "ready" }>["backends"][number]

export interface HostProcessEvents {
  readonly ready: (backends: ReadonlyArray<ReadyBackend>) => void
  /** Called once, also when the process was told to leave. */
  readonly ended: (error: HostError) => void
  /** A line that a native library or Node wrote to stderr, bounded and without paths. */
  readonly stderr: (line: string) => void
}

export type HostReply = Exit.Exit<unknown, HostError>

/** Bytes waiting in the pipe at which `sendBinary` answers false: a minute of audio of one session. */
const pendingBytesMax = 2 * 1024 * 1024
/** A host that was asked to leave is killed after this. */
const leaveMs = 1_000
/** Lines of stderr passed on from one process, and characters of one line. Over it: dropped. */
const stderrLinesMax = 100
const stderrLineMax = 300

const program = fileURLToPath(new URL("./child.ts", import.meta.url))
const decodeEvent = Schema.decodeUnknownExit(Schema.fromJsonString(HostEvent))
/** Every folder of a path goes, its last name stays: messages never show where things lie. */
const withoutPaths = (text: string): string => text.replaceAll(/(?:file:\/\/)?(?:\/[^\s/:'"]+)+\/([^\s/:'"]+)/g, "…/$1")

export class HostProcess {
  readonly #child: ChildProcess
  readonly #pipe: Socket
  readonly #writer: FrameWriter
  readonly #kind: HostKind
  readonly #events: HostProcessEvents
  readonly #streams = new Map<number, { readonly kind: HostKind; readonly listener: HostStreamListener }>()
  readonly #requests = new Map<number, { readonly kind: HostKind; readonly settle: (reply: HostReply) => void }>()
  #ready = false
  #ended = false
  #lastId = 0
  #leaving: HostFault | undefined
  #failed: { readonly kind: HostKind; readonly fault: HostFault } | undefined
  #memoryRanOut = false
  #killTimer: NodeJS.Timeout | undefined

  constructor(specs: ReadonlyArray<HostSpec>, events: HostProcessEvents) {
    this.#kind = specs[0]?.kind ?? "stt"
    this.#events = events
    // No environment of the service's, so that a host cannot see its secrets. More native calls at once than there are
    // processors only push each other out of the caches.
    const env = { UV_THREADPOOL_SIZE: String(availableParallelism()) }
    this.#child = spawn(process.execPath, [program], { stdio: ["ignore", "ignore", "pipe", "pipe"], env })
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
    this.#readStderr()
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

  /** Asks the process to leave, and kills it when it does not; `why` is what open streams are told. */
  leave(why: HostFault): void {
    if (this.#ended || this.#leaving !== undefined) return
    this.#leaving = why
    this.#pipe.end()
    this.#killTimer = setTimeout(() => this.#child.kill("SIGKILL"), leaveMs)
  }

  open(kind: HostKind, params: object, listener: HostStreamListener): HostStream {
    const stream = ++this.#lastId
    this.#streams.set(stream, { kind, listener })
    this.#command({ type: "open", stream, kind, params })
    return {
      send: (message) => {
        if (this.#streams.has(stream)) this.#writer.json(stream, message)
      },
      sendBinary: (bytes) => {
        if (this.#streams.has(stream)) this.#writer.binary(stream, bytes)
        return this.#writer.pendingBytes < pendingBytesMax
      },
      close: () => {
        if (this.#streams.delete(stream)) this.#command({ type: "close", stream })
      }
    }
  }

  /** `settle` is called once and later; the answer forgets the request. */
  request(kind: HostKind, body: object, settle: (reply: HostReply) => void): () => void {
    const id = ++this.#lastId
    this.#requests.set(id, { kind, settle })
    this.#command({ type: "request", id, kind, body })
    return () => void this.#requests.delete(id)
  }

  #command(command: HostCommand): void {
    if (!this.#ended) this.#writer.json(0, command)
  }

  #frame(json: boolean, stream: number, payload: Uint8Array): void {
    if (stream === 0) return json ? this.#event(payloadText(payload)) : this.#violated()
    const listener = this.#streams.get(stream)?.listener
    if (listener === undefined) return
    if (json) listener.message(JSON.parse(payloadText(payload)))
    else listener.binary(payload)
  }

  #event(text: string): void {
    const decoded = decodeEvent(text)
    if (Exit.isFailure(decoded)) return this.#violated()
    const event = decoded.value
    switch (event.type) {
      case "ready":
        this.#ready = true
        this.#events.ready(event.backends)
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
        entry?.listener.closed(event.failed && this.#error(event.failed, entry.kind))
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
    const how = signal === null ? `with exit code ${code}` : `by ${signal}`
    // While a model loads, SIGKILL comes from the kernel that has no memory left.
    if (this.#memoryRanOut || (signal === "SIGKILL" && !this.#ready)) {
      return {
        reason: "out_of_memory",
        message: `The host ended ${how}: this machine has too little memory for the model.`
      }
    }
    return { reason: "crash", message: `The host ended ${how}${this.#ready ? "" : " while it loaded the model"}.` }
  }

  #error(fault: HostFault, kind: HostKind): HostError {
    return new HostError({ kind, reason: fault.reason, message: fault.message })
  }

  #end(fault: HostFault): void {
    if (this.#ended) return
    this.#ended = true
    clearTimeout(this.#killTimer)
    this.#events.ended(this.#error(fault, this.#failed?.kind ?? this.#kind))
    for (const { kind, listener } of this.#streams.values()) listener.closed(this.#error(fault, kind))
    this.#streams.clear()
    for (const { kind, settle } of this.#requests.values()) settle(Exit.fail(this.#error(fault, kind)))
    this.#requests.clear()
  }

  #readStderr(): void {
    let rest = ""
    let lines = 0
    this.#child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      const parts = (rest + text).split("\n")
      rest = (parts.pop() ?? "").slice(0, stderrLineMax)
      for (const part of parts) {
        if (/bad_alloc|out of memory|Cannot allocate memory/i.test(part)) this.#memoryRanOut = true
        if (part.trim() === "" || lines++ >= stderrLinesMax) continue
        this.#events.stderr(withoutPaths(part.slice(0, stderrLineMax)))
      }
    })
  }
}
