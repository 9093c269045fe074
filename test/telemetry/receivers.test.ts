/** Receivers that hang, refuse or are not there: who speaks does not notice, and what waits stays bounded. */
import { createServer as createHttpServer } from "node:http"
import { createServer } from "node:net"
import type { AddressInfo } from "node:net"
import { once } from "node:events"
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import { resourceFromAttributes } from "@opentelemetry/resources"
import { Redacted } from "effect"
import { assert, describe, it } from "vitest"
import type { Otlp } from "#schemas/otlp.ts"
import { samplerOf, spanProcessorOf } from "#src/telemetry/otlp-processors.ts"
import { SpanExport } from "#src/telemetry/span-export.ts"
import { spansOfSession, spansOfTurn, spansOfUpgrade } from "#src/telemetry/spans.ts"
import { newSpanId, newTraceId } from "#src/telemetry/trace-context.ts"
import type { TurnRecord } from "#src/telemetry/turn-record.ts"
import { Caller, noPrompts, spoken } from "#test/e2e/caller.ts"
import { clipOf } from "#test/stt/recordings.ts"
import { startServer } from "../../scripts/server-process.ts"
import { startReceiver } from "./otlp-receiver.ts"

/** Takes connections and never says a word. */
const silent = async () => {
  const sockets = new Set<{ readonly destroy: () => void }>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on("error", () => {})
    socket.resume()
  }).listen(0, "127.0.0.1")
  await once(server, "listening")
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    connections: () => sockets.size,
    close: async () => {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, "close")
    }
  }
}
/** A port that nobody listens at. */
const absent = async () => {
  const { url, close } = await silent()
  await close()
  return { url, connections: () => 0, close: () => Promise.resolve() }
}
const refusing = async () => {
  let requests = 0
  const server = createHttpServer((request, response) => {
    requests++
    request.resume()
    response.writeHead(503, { "retry-after": "1" }).end()
  }).listen(0, "127.0.0.1")
  await once(server, "listening")
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    connections: () => requests,
    close: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, "close")
    }
  }
}
const bad = { "says nothing": silent, refuses: refusing, "is not there": absent } as const

const turnOf = (number: number): TurnRecord => ({
  session: { id: "s", traceId: "1".repeat(32), spanId: "2".repeat(16), endpoint: "secure", mode: "live" },
  traceId: number.toString(16).padStart(32, "3"),
  spanId: number.toString(16).padStart(16, "4"),
  number,
  unixOffsetMs: 1_700_000_000_000,
  cause: "speech",
  startedAtMs: 0,
  endedAtMs: 2_000,
  outcome: "transcribed",
  speech: { startedAtMs: 0, stoppedAtMs: 900, endedAtMs: 1_400, audioMs: 900, audioGaps: 0 },
  hearings: [],
  settledAtMs: 1_500,
  matchedAtMs: 1_501,
  writes: [],
  transitions: Array.from({ length: 20 }, (_, atMs) => ({
    atMs,
    machine: "session" as const,
    from: "a",
    to: "b",
    event: "c"
  })),
  spoken: [],
  isSlow: false
})

const otlpTo = (endpoint: string, gatherMs: number): Otlp => ({
  endpoint,
  encoding: "http/protobuf",
  headers: Redacted.make({}),
  timeoutMs: 500,
  signals: { traces: true, metrics: false, logs: false },
  serviceName: "sawt",
  resourceAttributes: {},
  sampler: "always_on",
  sampledRatio: 1,
  gatherMs,
  waitingMax: 2_048,
  metricsEveryMs: 60_000
})
const exporting = (otlp: Otlp) => {
  const processor = spanProcessorOf(otlp)
  const resource = resourceFromAttributes({ "service.name": "sawt" })
  return { processor, spans: new SpanExport({ processor, sampler: samplerOf(otlp), resource, instanceId: "test" }) }
}

setFlagsFromString("--expose-gc")
const collectGarbage = runInNewContext("gc") as () => void
const heldMb = (): number => {
  collectGarbage()
  return process.memoryUsage().heapUsed / 2 ** 20
}

describe.each(Object.entries(bad))("a receiver that %s", (_, start) => {
  it("is not waited for, and what waits for it is bounded", async () => {
    const receiver = await start()
    const { processor, spans } = exporting(otlpTo(receiver.url, 10))
    const offer = async (turns: number) => {
      for (let number = 1; number <= turns; number++) {
        spans.export(spansOfTurn(turnOf(number)))
        if (number % 100 === 0) await new Promise(setImmediate)
      }
    }
    await offer(700)
    const beforeMb = heldMb()
    await offer(2_000)
    assert.isBelow(heldMb() - beforeMb, 10, "8,000 spans more, and the same queue")
    await receiver.close()
    await processor.shutdown().catch(() => {})
  })
})

describe("a receiver that takes what it gets", () => {
  it("is sent all that waits when the service ends", async () => {
    const receiver = await startReceiver()
    const { processor, spans } = exporting({ ...otlpTo(receiver.url, 60_000), timeoutMs: 10_000 })
    for (let number = 1; number <= 500; number++) spans.export(spansOfTurn(turnOf(number)))
    await processor.shutdown()
    assert.lengthOf(receiver.spans, 2_000)
    await receiver.close()
  })
})

describe("the sampler", () => {
  it("takes or leaves a turn with all its parts", async () => {
    const receiver = await startReceiver()
    const otlp = { ...otlpTo(receiver.url, 60_000), timeoutMs: 10_000, sampler: "parentbased_traceidratio" as const }
    const { processor, spans } = exporting({ ...otlp, sampledRatio: 0.5 })
    for (let number = 1; number <= 100; number++)
      spans.export(spansOfTurn({ ...turnOf(number), traceId: newTraceId() }))
    await processor.shutdown()
    const traces = new Set(receiver.spans.map(({ traceId }) => traceId))
    assert.isAbove(traces.size, 10)
    assert.isBelow(traces.size, 90)
    assert.lengthOf(receiver.spans, 4 * traces.size)
    await receiver.close()
  })

  it("leaves out a session whose upgrade was left out", async () => {
    const receiver = await startReceiver()
    const { processor, spans } = exporting({ ...otlpTo(receiver.url, 60_000), sampler: "parentbased_always_off" })
    const upgrade = { traceId: newTraceId(), spanId: newSpanId(), isSampled: true }
    const times = { unixOffsetMs: 1_700_000_000_000, startedAtMs: 0, endedAtMs: 5 }
    const visit = { ...times, end: "ended", turns: 0, turnsSlow: 0, turnsFailed: 0 }
    spans.export(spansOfUpgrade({ ...times, ...upgrade, admittedAtMs: 3, status: 101 }))
    spans.export(spansOfSession({ ...visit, session: turnOf(1).session, parent: upgrade }))
    // Whoever asks for it gets it: the client's own span says so.
    spans.export(spansOfSession({ ...visit, session: turnOf(1).session, parent: { ...upgrade, spanId: newSpanId() } }))
    await processor.shutdown()
    assert.deepStrictEqual(
      receiver.spans.map(({ name }) => name),
      ["session"]
    )
    await receiver.close()
  })
})

describe("a service whose receiver says nothing", () => {
  it("hears and speaks as ever, and ends when it is told to", async () => {
    const receiver = await silent()
    const server = await startServer({
      ...noPrompts,
      OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
      OTEL_BSP_SCHEDULE_DELAY: "10",
      OTEL_METRIC_EXPORT_INTERVAL: "200"
    })
    const caller = await Caller.started(server.url)
    for (let turn = 1; turn <= 5; turn++) {
      await caller.play(spoken("yes"))
      await caller.count("transcript.final", turn)
    }
    assert.isAbove(receiver.connections(), 0, "it was asked")
    assert.deepStrictEqual([...new Set(caller.finals)], [clipOf("yes").text])
    await caller.end()
    await server.stop()
    await receiver.close()
  }, 30_000)
})
