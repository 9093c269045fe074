/** What an operator sees of sessions and models, and may do, through a running server; and what an operator never sees. */
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Schema } from "effect"
import { afterAll, assert, beforeAll, describe, it, onTestFinished } from "vitest"
import { AdminHealth, type AdminSession, AdminSessions } from "#schemas/http.ts"
import type { ClientMessage } from "#schemas/wire.ts"
import { startServer, type ServerProcess } from "../../scripts/server-process.ts"
import { Caller, interviewed, noPrompts, silence, spoken, tokenOf } from "./caller.ts"
import { linkIds } from "./questionnaire-file.ts"

let server: ServerProcess
beforeAll(async () => (server = await startServer(noPrompts)))
afterAll(() => server.stop())

const decodeSessions = Schema.decodeUnknownSync(AdminSessions, { onExcessProperty: "error" })
const decodeHealth = Schema.decodeUnknownSync(AdminHealth, { onExcessProperty: "error" })
const ask = (to: ServerProcess, path: string, method = "GET") =>
  fetch(to.url + path, { method, headers: { authorization: `Bearer ${to.secret}` } })
const listOf = async (to: ServerProcess, query = "") =>
  decodeSessions(await (await ask(to, `/admin/sessions${query}`)).json())
const healthOf = async (to: ServerProcess) => decodeHealth(await (await ask(to, "/admin/health")).json())
const idOf = (caller: Caller): string => caller.of("session.ready")[0]?.session_id ?? ""
const endOf = async (to: ServerProcess, id: string) => {
  const response = await ask(to, `/admin/sessions/${id}`, "DELETE")
  const text = await response.text()
  return [response.status, text === "" ? undefined : (JSON.parse(text) as { error: { code: string } }).error.code]
}
/** The row of a session, once it is as wanted. */
const rowOf = async (to: ServerProcess, id: string, wanted: (row: AdminSession) => boolean): Promise<AdminSession> => {
  for (;;) {
    const row = (await listOf(to)).sessions.find((session) => session.id === id)
    if (row !== undefined && wanted(row)) return row
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}
const refusedResume = async (to: ServerProcess, token: string | undefined) => {
  const caller = await Caller.open(to.url, {
    path: "/ws/secure/healthcare",
    token: await tokenOf(to, "healthcare", "patient-7")
  })
  caller.send({ type: "session.start", resume_token: token ?? "" })
  return (await caller.client.ended()).code
}
const given: ClientMessage = { type: "consent.give", version: "1" }

describe("GET /admin/sessions", () => {
  it("shows of a connected session who, where, how far and how much, and nothing of what was said or answered", async () => {
    const subject = "canary-patient-31"
    const token = await tokenOf(server, "healthcare", subject)
    const caller = await Caller.open(server.url, { path: "/ws/secure/healthcare", token })
    caller.client.socket.send(Buffer.alloc(640))
    await caller.until(({ type }) => type === "error")
    await caller.start({ questionnaire: "phq-9" })
    await caller.client.next("consent.requested")
    await caller.ask(given)
    const asked = caller.of("question.asked")[0]
    await caller.ask({ type: "answer.select", link_id: linkIds[0] ?? "", code: asked?.options[1]?.code ?? "" })
    await caller.play(spoken("two"))
    await caller.until(({ type }) => type === "transcript.final")
    await caller.hear(5)

    const row = await rowOf(server, idOf(caller), ({ questionnaire }) => questionnaire?.answered === 2)
    assert.deepInclude(row, {
      endpoint: "healthcare",
      protocol: "sawt.v1",
      connected: true,
      resumable_until: null,
      client_address: "127.0.0.1",
      dropped_frames: 1,
      trace_id: caller.of("session.ready")[0]?.trace_id ?? null
    })
    assert.deepStrictEqual(row.questionnaire, {
      id: "phq-9",
      version: caller.of("session.ready")[0]?.questionnaire?.version ?? "",
      answered: 2,
      total: linkIds.length,
      link_id: linkIds[2] ?? null
    })
    assert.include(["asking", "confirming", "recording", "listening", "speaking", "transcribing"], row.state)
    assert.strictEqual(row.utterances, 1)
    assert.match(row.subject_hash ?? "", /^[0-9a-f]{16}$/)
    assert.approximately(row.audio_seconds_in, spoken("two").length / 16_000, 0.1)
    assert.isAtLeast(row.audio_seconds_out, 0.2)
    const now = Date.now()
    for (const time of [row.started_at, row.last_activity_at ?? ""]) {
      assert.isAtMost(now - Date.parse(time), 30_000)
    }
    const text = JSON.stringify(await listOf(server)) + JSON.stringify(await healthOf(server))
    const said = [
      ...caller.finals,
      ...caller.of("answer.recorded").flatMap(({ value, display }) => [String(value), display])
    ]
    assert.isAtLeast(said.length, 3)
    for (const secret of [subject, token, asked?.text ?? "", ...said]) assert.notInclude(text, secret)
    await caller.end()
  })

  it("goes on showing one that was dropped, with what it counted, until its time is over; a resume goes on counting", async () => {
    const first = await interviewed(server, "voice healthcare")
    await first.ask(given)
    await first.play(spoken("yes"))
    await first.until(({ type }) => type === "transcript.final")
    await first.hear(3)
    const before = await rowOf(server, idOf(first), ({ utterances }) => utterances === 1)
    first.terminate()
    const parked = await rowOf(server, idOf(first), ({ connected }) => !connected)
    assert.deepInclude(parked, { endpoint: "healthcare", subject_hash: before.subject_hash, utterances: 1 })
    assert.deepInclude(parked.questionnaire, { answered: 0, link_id: linkIds[0] ?? null })
    assert.approximately(Date.parse(parked.resumable_until ?? "") - Date.now(), 600_000, 20_000)
    assert.isAtLeast(parked.audio_seconds_in, before.audio_seconds_in)
    assert.strictEqual(parked.started_at, before.started_at)

    const token = await tokenOf(server, "voice healthcare", "patient-7")
    const second = await Caller.open(server.url, { path: "/ws/secure/healthcare", token })
    const resume_token = first.of("session.ready")[0]?.resume_token ?? ""
    await second.start({ resume_token })
    const again = await rowOf(server, idOf(first), ({ connected }) => connected)
    assert.deepInclude(again, { utterances: 1, started_at: before.started_at, resumable_until: null })
    assert.notStrictEqual(again.trace_id, before.trace_id)
    assert.isAtLeast(again.audio_seconds_out, parked.audio_seconds_out)
    await second.end()
  })

  it("comes in pages, each session once", async () => {
    const callers = [await interviewed(server), await interviewed(server), await interviewed(server)]
    callers[1]?.terminate()
    await rowOf(server, idOf(callers[1] as Caller), ({ connected }) => !connected)
    const whole = (await listOf(server)).sessions.map(({ id }) => id)
    const paged: Array<string> = []
    for (let next: string | undefined = ""; next !== undefined;) {
      const page = await listOf(server, `?limit=2${next === "" ? "" : `&after=${next}`}`)
      assert.isAtMost(page.sessions.length, 2)
      paged.push(...page.sessions.map(({ id }) => id))
      next = page.next
    }
    assert.deepStrictEqual(paged, whole)
    assert.includeMembers(paged, callers.map(idOf))
    await callers[0]?.end()
    await callers[2]?.end()
  })

  it("shows after a crash of the server what may still be resumed, under the same hash", async () => {
    const DATA_DIR = await mkdtemp(join(tmpdir(), "sawt-admin-"))
    const env = { ...noPrompts, DATA_DIR, VOICE_SERVICE_SECRET: "a".repeat(40), VOICE_SERVICE_TOKEN: "b".repeat(40) }
    const old = await startServer(env)
    const caller = await interviewed(old)
    await caller.ask(given)
    const before = await rowOf(old, idOf(caller), () => true)
    old.process.kill("SIGKILL")
    await old.stop()
    const next = await startServer(env)
    const row = await rowOf(next, idOf(caller), () => true)
    assert.deepInclude(row, {
      connected: false,
      subject_hash: before.subject_hash,
      client_address: "127.0.0.1",
      protocol: "sawt.v1"
    })
    assert.strictEqual(row.questionnaire?.link_id, linkIds[0])
    await next.stop()
    await rm(DATA_DIR, { recursive: true })
    // Two servers are started, which takes its time where others work too.
  }, 90_000)
})

describe("DELETE /admin/sessions/{id}", () => {
  it("ends a connected session for good: it is told, closed with 1000, and cannot be resumed", async () => {
    const caller = await interviewed(server)
    await caller.ask(given)
    assert.deepStrictEqual(await endOf(server, idOf(caller)), [204, undefined])
    assert.strictEqual((await caller.client.ended()).code, 1000)
    assert.deepInclude(caller.messages.at(-1), { type: "session.ended", reason: "ended", resumable: false })
    assert.strictEqual(await refusedResume(server, caller.of("session.ready")[0]?.resume_token), 4404)
    assert.deepStrictEqual(await endOf(server, idOf(caller)), [404, "not_found"])
  })

  it("records before that what was said whole", async () => {
    const caller = await interviewed(server)
    await caller.ask(given)
    await caller.play(spoken("zero"))
    await caller.until(({ type }) => type === "speech.stopped")
    assert.deepStrictEqual(await endOf(server, idOf(caller)), [204, undefined])
    await caller.client.ended()
    assert.lengthOf(caller.of("transcript.final"), 1)
  })

  it("ends one that was left: nobody takes it up any more", async () => {
    const caller = await interviewed(server)
    await caller.ask(given)
    caller.terminate()
    await rowOf(server, idOf(caller), ({ connected }) => !connected)
    assert.deepStrictEqual(await endOf(server, idOf(caller)), [204, undefined])
    assert.notInclude(
      (await listOf(server)).sessions.map(({ id }) => id),
      idOf(caller)
    )
    assert.strictEqual(await refusedResume(server, caller.of("session.ready")[0]?.resume_token), 4404)
    assert.deepStrictEqual(await endOf(server, idOf(caller)), [404, "not_found"])
  })

  it("of an id that is none, or nobody's, is 404", async () => {
    for (const id of ["nobody", "%00", "a%2Fb", "x".repeat(500), "' OR 1=1 --"]) {
      assert.deepStrictEqual(await endOf(server, encodeURI(id)), [404, "not_found"], id)
    }
  })
})

describe("GET /admin/health", () => {
  it("shows each model host: its process, its memory, its work, and after a crash its restart and why", async () => {
    // Hosts report their work a moment later: here there was none before.
    const own = await startServer(noPrompts)
    onTestFinished(own.stop)
    const stt = async () => {
      const { hosts } = await healthOf(own)
      assert.sameMembers(
        hosts.map(({ model }) => model),
        ["stt", "vad", "tts"]
      )
      const host = hosts.find(({ model }) => model === "stt")
      assert.isDefined(host)
      return host
    }
    const audioOf = ({ work }: Awaited<ReturnType<typeof stt>>) => work?.audio_seconds ?? 0
    const already = audioOf(await stt())
    const caller = await Caller.started(own.url)
    await caller.play(spoken("yes"))
    await caller.count("transcript.final", 1)
    let before = await stt()
    while (audioOf(before) === already) before = await stt()
    assert.deepInclude(before, { kind: "stt", state: "ready", restarts: 0, last_error: null, queue_depth: 0 })
    assert.match(before.backend, /^vosk /)
    assert.isAbove(before.memory_mb ?? 0, 20)
    // Less audio than was sent: silence is not decoded.
    assert.isBelow(audioOf(before) - already, spoken("yes").length / 16_000)
    assert.approximately(before.work?.real_time_factor ?? 0, (before.work?.cpu_seconds ?? 0) / audioOf(before), 0.05)
    assert.isAbove(before.work?.recent_real_time_factor ?? 0, 0)

    process.kill(before.pid ?? 0, "SIGKILL")
    let after = await stt()
    while (after.state !== "ready" || after.restarts === 0) after = await stt()
    assert.notStrictEqual(after.pid, before.pid)
    assert.deepInclude(after.last_error, { reason: "crash" })
    assert.isBelow(audioOf(after), audioOf(before))
    await caller.end()
  })

  it("shows what a host owes while it cannot answer", async () => {
    const caller = await Caller.started(server.url)
    const hosts = async () => (await healthOf(server)).hosts
    const pid = (await hosts()).find(({ model }) => model === "vad")?.pid ?? 0
    process.kill(pid, "SIGSTOP")
    await caller.play(silence(64))
    for (let depth = 0; depth === 0;) depth = (await hosts()).find(({ model }) => model === "vad")?.queue_depth ?? 0
    process.kill(pid, "SIGCONT")
    for (let depth = 1; depth > 0;) depth = (await hosts()).find(({ model }) => model === "vad")?.queue_depth ?? 0
    await caller.end()
  })

  it("shows the process, the slots and the guards' counts", async () => {
    const caller = await Caller.started(server.url)
    const health = await healthOf(server)
    assert.isAbove(health.process.rss_mb, 50)
    assert.isAbove(health.process.cpu_seconds, 0)
    assert.isAtLeast(health.process.event_loop_delay_ms.max, health.process.event_loop_delay_ms.mean)
    assert.isAtLeast(health.slots.basic, 1)
    assert.isAtLeast(health.security.tokens_issued, 1)
    assert.deepInclude(health.audit, { status: "ready", lines_lost: 0 })
    await caller.end()
  })
})
