/** Receivers that hang, refuse or are not there: who speaks does not notice, and what waits stays bounded. */
import { createServer as createHttpServer } from "node:http"
import { createServer } from "node:net"
import type { AddressInfo } from "node:net"
import { once } from "node:events"
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import { resourceFromAttributes } from "@opentelemetry/resources"
import { AlwaysOnSampler } from "@opentelemetry/sdk-trace"
import { Redacted } from "effect"
import { assert, describe, it } from "vitest"
import type { Otlp } from "#schemas/otlp.ts"
import { spanProcessorOf } from "#src/telemetry/otlp-processors.ts"
import { SpanExport } from "#src/telemetry/span-export.ts"
import { spansOfTurn } from "#src/telemetry/spans.ts"
import type { TurnRecord } from "#src/telemetry/turn-record.ts"
import { Caller, noPrompts, spoken } from "#test/e2e/caller.ts"
import { clipOf } from "#test/stt/recordings.ts"
import { startServer } from "../../scripts/server-process.ts"

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

setFlagsFromString("--expose-gc")
const collectGarbage = runInNewContext("gc") as () => void
const heldMb = (): number => {
  collectGarbage()
  return process.memoryUsage().heapUsed / 2 ** 20
}

describe.each(Object.entries(bad))("a receiver that %s", (_, start) => {
  it("is not waited for, and what waits for it is bounded", async () => {
    const receiver = await start()
    const otlp: Otlp = {
      endpoint: receiver.url,
      encoding: "http/protobuf",
      headers: Redacted.make({}),
      timeoutMs: 500,
      signals: { traces: true, metrics: false, logs: false },
      serviceName: "sawt",
      resourceAttributes: {},
      sampler: "always_on",
      sampledRatio: 1,
      gatherMs: 10,
      waitingMax: 2_048,
      metricsEveryMs: 60_000
    }
    const processor = spanProcessorOf(otlp)
    const resource = resourceFromAttributes({ "service.name": "sawt" })
    const spans = new SpanExport({ processor, sampler: new AlwaysOnSampler(), resource, instanceId: "test" })
    const offer = async (turns: number) => {
      for (let number = 1; number <= turns; number++) {
        spans.export(spansOfTurn(turnOf(number)))
        if (number % 100 === 0) await new Promise(setImmediate)
      }
    }
    await offer(2_000)
    const beforeMb = heldMb()
    await offer(6_000)
    assert.isBelow(heldMb() - beforeMb, 10, "24,000 spans more, and the same queue")
    await receiver.close()
    await processor.shutdown().catch(() => {})
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
