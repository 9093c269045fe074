/**
 * What a real receiver gets of a spoken questionnaire whose speech host is killed in the middle of an answer: the whole tree,
 * in both encodings of OTLP, and nothing of what was said. And what a receiver that fails costs those who speak: nothing.
 */
import { readFileSync } from "node:fs"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import type { Timeline } from "#schemas/timeline.ts"
import type { ServerMessage } from "#schemas/wire.ts"
import {
  attributeTable,
  eventNames,
  eventRow,
  type EventName,
  type SpanName,
  spanRow
} from "#src/telemetry/span-table.ts"
import { auditText } from "#test/support/audit-log.ts"
import { findCanaries } from "#test/e2e/canaries.ts"
import { Caller, noPrompts, spoken, tokenOf } from "#test/e2e/caller.ts"
import { type Conversation, converse } from "../../scripts/demo/conversation.ts"
import { Patient } from "../../scripts/demo/patient.ts"
import { loadRecordings } from "../../scripts/demo/recordings.ts"
import { startServer, type ServerProcess } from "../../scripts/server-process.ts"
import { VoskClient } from "../../scripts/vosk-client.ts"
import { type ReceivedSpan, type Receiver, startReceiver } from "./otlp-receiver.ts"

const clientTrace = "4bf92f3577b34da6a3ce929d0e0e4736"
const clientSpan = "00f067aa0ba902b7"
const subject = "Patient/f3c1a9d07e"

const exportingTo = (receiver: Receiver, env: Readonly<Record<string, string>> = {}) => ({
  ...noPrompts,
  OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
  OTEL_BSP_SCHEDULE_DELAY: "50",
  ...env
})

const sttPids = ({ process: { pid } }: ServerProcess): ReadonlyArray<number> =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8")
    .trim()
    .split(" ")
    .filter((child) => readFileSync(`/proc/${child}/maps`, "utf8").includes("libvosk"))
    .map(Number)

const named = (spans: ReadonlyArray<ReceivedSpan>, name: SpanName) => spans.filter((span) => span.name === name)

describe("a spoken questionnaire, with its speech host killed on the way", () => {
  let receiver: Receiver
  let server: ServerProcess
  let interview: Conversation
  let killed = 0
  beforeAll(async () => {
    receiver = await startReceiver()
    server = await startServer(exportingTo(receiver, { LOG_LEVEL: "TRACE" }))
    let utterances = 0
    const onMessage = ({ type }: ServerMessage): void => {
      if (type !== "speech.started" || ++utterances !== 4) return
      killed = sttPids(server)[0] ?? 0
      process.kill(killed, "SIGKILL")
    }
    interview = await converse({
      server: server.url,
      token: await tokenOf(server, "voice healthcare clinician", subject),
      questionnaire: "phq-9",
      realTime: false,
      patient: new Patient(1, 10, 8_000),
      recordings: loadRecordings(),
      tell: () => {},
      onMessage
    })
    await server.stop()
  }, 120_000)
  afterAll(() => receiver.close())

  it("leaves no span without its parent, and links turns to their session", () => {
    const { spans } = receiver
    const ids = new Set(spans.map(({ traceId, spanId }) => `${traceId} ${spanId}`))
    const orphans = spans.filter(
      ({ traceId, parentSpanId }) => parentSpanId !== "" && !ids.has(`${traceId} ${parentSpanId}`)
    )
    assert.deepStrictEqual(
      orphans.map(({ name }) => name),
      []
    )
    const [session, ...others] = named(spans, "session")
    assert.isEmpty(others)
    for (const { name, parentSpanId, links } of spans) {
      if (name !== "turn") continue
      assert.strictEqual(parentSpanId, "")
      assert.deepStrictEqual(links, [{ traceId: session?.traceId ?? "", spanId: session?.spanId ?? "" }])
    }
    for (const { name, parentSpanId, traceId } of spans) {
      const { parent } = spanRow(name as SpanName)
      const above = spans.find((span) => span.traceId === traceId && span.spanId === parentSpanId)
      assert.strictEqual(above?.name, parent, `the parent of ${name}`)
    }
    assert.lengthOf(named(spans, "upgrade"), 1)
    assert.lengthOf(named(spans, "admission"), 1)
  })

  it("has every turn, each with the parts that it had", () => {
    const turns = named(receiver.spans, "turn").toSorted(
      (a, b) => Number(a.attributes["sawt.turn.number"]) - Number(b.attributes["sawt.turn.number"])
    )
    assert.deepStrictEqual(
      turns.map(({ attributes }) => attributes["sawt.turn.number"]),
      turns.map((_, index) => index + 1)
    )
    const finals = interview.messages.filter(({ type }) => type === "transcript.final")
    const bySpeech = turns.filter(({ attributes }) => attributes["sawt.turn.cause"] === "speech")
    assert.lengthOf(bySpeech, finals.length)
    assert.sameMembers(
      bySpeech.map(({ traceId }) => traceId),
      finals.map((final) => (final.type === "transcript.final" ? final.trace_id : ""))
    )
    const partsOf = (traceId: string) =>
      new Set(receiver.spans.filter((span) => span.traceId === traceId).map(({ name }) => name))
    for (const { traceId } of bySpeech) {
      assert.includeMembers([...partsOf(traceId)], ["speech", "endpointing", "recognition", "queue", "decode", "match"])
    }
    const answered = bySpeech.filter(({ attributes }) => attributes["sawt.turn.outcome"] === "answered")
    assert.isAbove(answered.length, 9)
    for (const { traceId, events } of answered) {
      assert.includeMembers([...partsOf(traceId)], ["store", "prompt", "synthesis", "playback"])
      assert.includeMembers(
        events.map(({ name }) => name),
        ["state.entered", "first_byte"]
      )
    }
    assert.isTrue(turns.some(({ attributes }) => attributes["sawt.turn.cause"] === "silence"))
    assert.isTrue(turns.some(({ attributes }) => attributes["sawt.turn.reprompt"] === "no_match"))
    for (const { attributes } of turns) assert.isBoolean(attributes["sawt.turn.slow"])
  })

  it("puts decoding where it happened: in the host's process, under what waited for it", () => {
    const decodes = named(receiver.spans, "decode")
    const pids = new Set(decodes.map(({ resource }) => resource["process.pid"]))
    assert.isAtLeast(pids.size, 2)
    for (const { resource, attributes, startMs, endMs } of decodes) {
      assert.strictEqual(attributes["process.pid"], resource["process.pid"])
      assert.notStrictEqual(resource["process.pid"], server.process.pid)
      assert.strictEqual(resource["sawt.host"], "stt")
      assert.isTrue(String(resource["service.instance.id"]).endsWith(`/stt/${String(resource["process.pid"])}`))
      assert.isAtLeast(endMs, startMs)
      assert.isAbove(Number(attributes["sawt.decode.busy_ms"]), 0)
    }
    const [session] = named(receiver.spans, "session")
    assert.strictEqual(session?.resource["process.pid"], server.process.pid)
    assert.strictEqual(session?.resource["service.name"], "sawt")
  })

  it("tells of the host that was lost, and links the hearing that took its place", () => {
    const replay = named(receiver.spans, "recognition").find(({ attributes }) => attributes["sawt.replay"] === true)
    assert.isDefined(replay)
    const lost = receiver.spans.find(({ spanId }) => spanId === replay?.links[0]?.spanId)
    assert.include(lost, { name: "recognition", traceId: replay?.traceId ?? "", status: 2 })
    assert.include(lost?.attributes, { "process.pid": killed, "error.type": "crash" })
    const turn = named(receiver.spans, "turn").find(({ traceId }) => traceId === replay?.traceId)
    const events = turn?.events.map(({ name }) => name) ?? []
    assert.includeMembers(events, ["host.lost", "utterance.replayed"])
    assert.strictEqual(turn?.status, 0, "it cost nothing that was said")
  })

  it("uses the names of the table, and values that they allow", () => {
    const allowed = (attributes: Readonly<Record<string, unknown>>, names: ReadonlyArray<string>, where: string) => {
      for (const [name, value] of Object.entries(attributes)) {
        assert.include(names, name, where)
        const row: { readonly type: string; readonly values?: ReadonlyArray<string> } =
          attributeTable[name as keyof typeof attributeTable]
        assert.strictEqual(typeof value, row.type, name)
        if (row.values !== undefined) assert.include(row.values, String(value), name)
      }
    }
    for (const { name, attributes, events } of receiver.spans) {
      allowed(attributes, spanRow(name as SpanName).attributes, name)
      for (const event of events) {
        assert.include(eventNames, event.name)
        allowed(event.attributes, eventRow(event.name as EventName).attributes, event.name)
      }
    }
  })

  it("holds no word, answer, name or token in any form", () => {
    const said = Object.fromEntries(
      interview.messages.flatMap((message): ReadonlyArray<readonly [string, string]> =>
        message.type === "transcript.final" && message.text !== ""
          ? [[`heard as ${message.utterance_id}`, message.text]]
          : message.type === "answer.recorded"
            ? [[`answer to ${message.link_id}`, message.display]]
            : []
      )
    )
    assert.isAbove(Object.keys(said).length, 15)
    const exported = receiver.bodies.flatMap(({ path, body }) => (path === "/v1/logs" ? [] : [body]))
    // Told once, before anybody answers: words of the questionnaire that the model lacks.
    const lines = receiver.logs.filter(({ body }) => !String(body).startsWith("phq-9: the model"))
    assert.isAbove(lines.length, 3)
    const everything = Buffer.concat([...exported, Buffer.from(JSON.stringify(lines))])
    assert.deepStrictEqual(findCanaries(everything, { ...said, subject, secret: server.secret }), [])
    const [session] = named(receiver.spans, "session")
    assert.match(String(session?.attributes["user.hash"]), /^[0-9a-f]{16,}$/)
  })

  it("exports log lines with the trace that they belong to, and metrics", () => {
    assert.isAbove(receiver.requests("/v1/metrics"), 0)
    const lost = receiver.logs.find(({ body }) => body === "a turn went on although its speech host was lost")
    const replay = named(receiver.spans, "recognition").find(({ attributes }) => attributes["sawt.replay"] === true)
    assert.strictEqual(lost?.traceId, replay?.traceId)
    assert.strictEqual(lost?.attributes["trace_id"], replay?.traceId)
    assert.isString(lost?.attributes["session_id"])
  })
})

describe("the client's own trace", () => {
  let receiver: Receiver
  let server: ServerProcess
  beforeAll(async () => {
    receiver = await startReceiver()
    server = await startServer(exportingTo(receiver, { OTEL_EXPORTER_OTLP_PROTOCOL: "http/json", LOG_CONTENT: "on" }))
  })
  afterAll(async () => {
    await server.stop()
    await receiver.close()
  })

  const exportedLines = () =>
    receiver.bodies.flatMap(({ path, body }) => (path === "/v1/logs" ? [body.toString("utf8")] : [])).join()

  it("goes on with the session that `session.start` says belongs to it, in JSON too", async () => {
    const caller = await Caller.open(server.url)
    const { trace_id } = await caller.start({ traceparent: `00-${clientTrace}-${clientSpan}-01` })
    assert.strictEqual(trace_id, clientTrace)
    await caller.play(spoken("yes"))
    await caller.count("transcript.final", 1)
    await caller.end()
    await receiver.until(() => named(receiver.spans, "session").length === 1)
    const [session] = named(receiver.spans, "session")
    assert.include(session, { traceId: clientTrace, parentSpanId: clientSpan })
    const [upgrade] = named(receiver.spans, "upgrade")
    assert.deepStrictEqual(session?.links, [{ traceId: upgrade?.traceId ?? "", spanId: upgrade?.spanId ?? "" }])
    const [decode] = named(receiver.spans, "decode")
    assert.isAbove(Number(decode?.attributes["sawt.decode.busy_ms"]), 0)
  })

  it("is told as a waterfall too, for people without a tracing stack", async () => {
    const asAdmin = { headers: { authorization: `Bearer ${server.secret}` } }
    const sessionId = String(named(receiver.spans, "session")[0]?.attributes["session.id"])
    const timelineOf = (id: string) => fetch(`${server.url}/admin/sessions/${id}/timeline`, asAdmin)
    const { session_id, turns } = (await (await timelineOf(sessionId)).json()) as Timeline
    assert.strictEqual(session_id, sessionId)
    const [turn] = turns
    assert.strictEqual(turn?.trace_id, named(receiver.spans, "turn")[0]?.traceId)
    assert.includeMembers(turn?.parts.map(({ name }) => name) ?? [], [
      "speech",
      "endpointing",
      "queue",
      "decode",
      "store"
    ])
    for (const { from_ms, to_ms } of turn?.parts ?? []) {
      assert.isAtLeast(from_ms, 0)
      assert.isAtLeast(to_ms, from_ms)
      assert.isAtMost(to_ms, turn?.duration_ms ?? 0)
    }
    assert.strictEqual((await timelineOf("nobody")).status, 404)
    assert.strictEqual((await fetch(`${server.url}/admin/sessions/${sessionId}/timeline`)).status, 401)
  })

  it("goes on with an upgrade that comes with `traceparent`, refused ones included", async () => {
    const headers = {
      connection: "Upgrade",
      upgrade: "websocket",
      traceparent: `00-${clientTrace}-${clientSpan}-01`
    }
    const { request } = await import("node:http")
    await new Promise<void>((resolve, reject) => {
      request(`${server.url}/ws/secure`, { headers }, (response) => {
        response.resume()
        resolve()
      })
        .on("error", reject)
        .end()
    })
    const refused = () => named(receiver.spans, "upgrade").find(({ attributes }) => attributes["error.type"])
    await receiver.until(() => refused() !== undefined)
    assert.include(refused(), { traceId: clientTrace, parentSpanId: clientSpan })
    assert.include(refused()?.attributes, { "http.response.status_code": 401, "http.route": "/ws/secure" })
  })

  it("is logged more of when an operator asks, which is written down", async () => {
    const level = (method: "GET" | "POST", body?: unknown) =>
      fetch(`${server.url}/admin/log-level`, {
        method,
        headers: { authorization: `Bearer ${server.secret}`, "content-type": "application/json" },
        ...(body === undefined ? {} : { body: JSON.stringify(body) })
      })
    assert.deepStrictEqual(await (await level("GET")).json(), { level: "INFO" })
    assert.notInclude(server.log(), "Upgrade refused")
    assert.strictEqual((await level("POST", { level: "LOUD" })).status, 400)
    assert.deepStrictEqual(await (await level("POST", { level: "DEBUG" })).json(), { level: "DEBUG" })
    await Caller.open(server.url, { path: "/ws/secure" }).catch(() => {})
    await server.logged("Upgrade refused")
    await receiver.until(() => exportedLines().includes("Upgrade refused"))
    const isWritten = () => /"action":"log_level.set","target":"DEBUG"/.test(auditText(server.dataDir))
    while (!isWritten()) await new Promise((resolve) => setTimeout(resolve, 20))
  })

  it("keeps what is said in its own log, where LOG_CONTENT has it logged", async () => {
    const caller = await Caller.started(server.url)
    await caller.play(spoken("yes"))
    await caller.count("transcript.final", 1)
    const [said = ""] = caller.finals
    await caller.end()
    await server.logged(said)
    // Lines leave in their order: once this one has, those of the session have too.
    const refusals = () => exportedLines().split("Upgrade refused").length
    const before = refusals()
    await Caller.open(server.url, { path: "/ws/secure" }).catch(() => {})
    await receiver.until(() => refusals() > before)
    assert.notInclude(exportedLines(), said)
  })

  it("has a session for a client of vosk-server's protocol too, under its upgrade", async () => {
    const before = named(receiver.spans, "session").length
    const client = await VoskClient.open(`${server.url.replace("http", "ws")}/`)
    await client.ask('{"eof" : 1}')
    await client.ended()
    await receiver.until(() => named(receiver.spans, "session").length > before)
    const session = named(receiver.spans, "session").at(-1)
    assert.include(session?.attributes, { "sawt.endpoint": "basic", "sawt.session.end": "ended" })
    const upgrade = receiver.spans.find(({ spanId }) => spanId === session?.parentSpanId)
    assert.include(upgrade, { name: "upgrade", traceId: session?.traceId ?? "" })
  })
})
