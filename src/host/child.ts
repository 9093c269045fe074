/**
 * The program of a model host: `node src/host/child.ts`, its pipe at descriptor 3. The first frame names the backends to
 * load; only their modules are imported. It lives as long as the pipe, so it goes when the server does, by whatever end,
 * and it never writes to stdout. A fault of one stream ends that stream; what nobody caught ends the process.
 */
import "#src/young-generation.ts"
import { Socket } from "node:net"
import type { HostCommand, HostEvent, HostFault, HostKind } from "#schemas/host.ts"
import { type Backend, BackendFault, type BackendSink, type BackendStream, type LoadedBackend } from "./backend.ts"
import { work } from "./work.ts"
import { frameKind, FrameReader, FrameWriter, payloadText } from "./frames.ts"

const modules: Readonly<Record<HostKind, () => Promise<{ readonly backend: Backend }>>> = {
  stt: () => import("#src/stt/vosk.ts"),
  vad: () => import("#src/vad/silero.ts"),
  espeak: () => import("#src/tts/espeak.ts"),
  piper: () => import("#src/tts/piper.ts")
}

const pipe = new Socket({ fd: 3, readable: true, writable: true })
const writer = new FrameWriter(pipe)
const loaded = new Map<HostKind, LoadedBackend>()
const sinks = new Map<number, BackendSink>()

const tell = (event: HostEvent): void => writer.json(0, event)

/** Details stay here, on stderr, which the server keeps for debugging; the server is told what it may repeat. */
const fault = (thrown: unknown, otherwise: HostFault): HostFault => {
  if (thrown instanceof BackendFault) return { reason: thrown.reason, message: thrown.message }
  console.error(thrown)
  return otherwise
}

const end = (stream: number, failed?: HostFault): void => {
  if (!sinks.delete(stream)) return
  tell(failed === undefined ? { type: "closed", stream } : { type: "closed", stream, failed })
}

const refused: HostFault = { reason: "refused", message: "The model refused this input." }

/** Runs a backend's code for one stream, which alone ends when it throws. */
const guarded = (stream: number, run: () => void): void => {
  try {
    run()
  } catch (thrown) {
    const sink = sinks.get(stream)
    end(stream, fault(thrown, refused))
    sink?.closed()
  }
}

const open = (stream: number, kind: HostKind, params: unknown): void => {
  const backend = loaded.get(kind)
  if (backend === undefined) {
    tell({ type: "closed", stream, failed: { reason: "unavailable", message: `This host has no ${kind} backend.` } })
    return
  }
  const side: BackendStream = {
    send: (message) => {
      if (sinks.has(stream)) writer.json(stream, message)
    },
    sendBinary: (bytes) => {
      if (sinks.has(stream)) writer.binary(stream, bytes)
    },
    close: (failed) => end(stream, failed && { reason: failed.reason, message: failed.message })
  }
  // Known before it opens, so that a backend may speak, close or throw while it opens.
  sinks.set(stream, { message: () => {}, binary: () => {}, closed: () => {} })
  guarded(stream, () => {
    const sink = backend.open(side, params)
    if (sinks.has(stream)) sinks.set(stream, sink)
  })
}

const request = async (id: number, kind: HostKind, body: unknown): Promise<void> => {
  try {
    const result = await loaded.get(kind)?.request?.(body)
    tell({ type: "reply", id, result })
  } catch (thrown) {
    tell({ type: "reply", id, error: fault(thrown, { reason: "refused", message: "The model refused this request." }) })
  }
}

const probe = async (id: number): Promise<void> => {
  try {
    for (const model of loaded.values()) await model.probe()
    tell({ type: "reply", id })
  } catch (thrown) {
    tell({ type: "reply", id, error: fault(thrown, { reason: "probe_failed", message: "The model's probe failed." }) })
  }
}

const start = async (
  backends: ReadonlyArray<{ readonly kind: HostKind; readonly options: unknown }>
): Promise<void> => {
  for (const { kind, options } of backends) {
    try {
      const { backend } = await modules[kind]()
      const model = await backend.load(options)
      await model.probe()
      loaded.set(kind, model)
    } catch (thrown) {
      const absent = thrown instanceof Error && "code" in thrown && thrown.code === "ERR_MODULE_NOT_FOUND"
      const otherwise: HostFault = absent
        ? { reason: "missing", message: `A package that ${kind} needs is not installed.` }
        : { reason: "crash", message: `The ${kind} backend failed while it loaded.` }
      tell({ type: "failed", kind, ...fault(thrown, otherwise) })
      return
    }
  }
  tell({
    type: "ready",
    backends: Array.from(loaded, ([kind, backend]) => ({ kind, name: backend.name, info: backend.info }))
  })
}

const command = (message: HostCommand): void => {
  switch (message.type) {
    case "start":
      void start(message.backends)
      return
    case "beat":
      return tell({ type: "beat", rssBytes: process.memoryUsage.rss(), work: work.total })
    case "probe":
      void probe(message.id)
      return
    case "request":
      void request(message.id, message.kind, message.body)
      return
    case "open":
      open(message.stream, message.kind, message.params)
      return
    case "close": {
      const sink = sinks.get(message.stream)
      sinks.delete(message.stream)
      sink?.closed()
      return
    }
  }
}

const reader = new FrameReader((kind, stream, payload) => {
  if (kind === frameKind.binary) return guarded(stream, () => sinks.get(stream)?.binary(payload))
  const message = JSON.parse(payloadText(payload))
  if (stream === 0) return command(message)
  guarded(stream, () => sinks.get(stream)?.message(message))
})

const leave = (): void => {
  for (const backend of loaded.values()) backend.close()
  process.exit(0)
}

pipe.on("data", (bytes) => reader.push(bytes))
pipe.once("end", leave)
pipe.once("error", leave)
// Ctrl-C and a service manager signal the whole group, but the server still drains its sessions through this host.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => {})
