/** A questionnaire over several connections: dropped, replaced, and cut off by a server that was killed. */
import { once } from "node:events"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import type { ClientMessage, ServerMessage, ServerMessageOf } from "#schemas/wire.ts"
import { startServer, type ServerProcess } from "../../scripts/server-process.ts"
import { Caller, interviewed, noPrompts, spoken, tokenOf } from "./caller.ts"
import { linkIds, safetyItem } from "./questionnaire-file.ts"

let server: ServerProcess
beforeAll(async () => (server = await startServer(noPrompts)))
afterAll(() => server.stop())

const given: ClientMessage = { type: "consent.give", version: "1" }
const scope = "voice healthcare clinician"

const as = <Type extends ServerMessage["type"]>(message: ServerMessage, type: Type): ServerMessageOf<Type> => {
  assert.strictEqual(message.type, type, JSON.stringify(message))
  return message as ServerMessageOf<Type>
}
const tokenIn = (caller: Caller): string => {
  const token = caller.of("session.ready")[0]?.resume_token
  assert.isDefined(token)
  return token
}
const lastSeqOf = (...callers: ReadonlyArray<Caller>): number =>
  Math.max(0, ...callers.flatMap(({ messages }) => messages.map((m) => ("seq" in m ? (m.seq ?? 0) : 0))))
/** The first choice; the last question has a scale of its own. */
const answer = (linkId: string, code = linkId === linkIds.at(-1) ? "LA6572-7" : "LA6568-5"): ClientMessage => ({
  type: "answer.select",
  link_id: linkId,
  code
})

interface Back {
  readonly token: string
  readonly lastSeq?: number
  readonly subject?: string
  readonly path?: "/ws" | "/ws/secure" | "/ws/secure/healthcare"
}
const connect = async (to: ServerProcess, { subject = "patient-7", path = "/ws/secure/healthcare" }: Partial<Back>) =>
  Caller.open(to.url, path === "/ws" ? { path } : { path, token: await tokenOf(to, scope, subject) })
const back = async (to: ServerProcess, how: Back): Promise<Caller> => {
  const caller = await connect(to, how)
  await caller.start({ resume_token: how.token, ...(how.lastSeq === undefined ? {} : { last_seq: how.lastSeq }) })
  return caller
}
const refusedBack = async (to: ServerProcess, how: Back) => {
  const caller = await connect(to, how)
  caller.send({ type: "session.start", resume_token: how.token })
  const { code } = await caller.client.ended()
  return [caller.of("error")[0]?.code, code]
}
/** Answers by touch until `until` has been asked. */
const answerUpTo = async (caller: Caller, until: string): Promise<void> => {
  for (const linkId of linkIds.slice(0, linkIds.indexOf(until))) {
    as(await caller.ask(answer(linkId)), "answer.recorded")
  }
  await caller.until((m) => m.type === "question.asked" && m.link_id === until)
}
const drop = async (caller: Caller): Promise<void> => {
  caller.terminate()
  await caller.client.ended()
}

describe("a connection that drops", () => {
  it("is taken up at the same question, without a message lost or doubled", async () => {
    const first = await interviewed(server)
    as(await first.ask(given), "question.asked")
    await answerUpTo(first, linkIds[2] ?? "")
    const seen = lastSeqOf(first)
    // The answer to this one gets lost on its way to the client.
    first.send({ ...answer(linkIds[2] ?? "", "LA6570-1"), ref: "lost" })
    await first.until((m) => m.type === "question.asked" && m.index === 4)
    await drop(first)

    const second = await back(server, { token: tokenIn(first), lastSeq: seen })
    const [ready] = second.of("session.ready")
    assert.deepInclude(ready, {
      resumed: true,
      state: "asking",
      session_id: first.of("session.ready")[0]?.session_id ?? ""
    })
    assert.notStrictEqual(ready?.resume_token, tokenIn(first))
    const begin = as(await second.until((m) => m.type === "audio.begin"), "audio.begin")
    assert.include(begin.text, "أهلا بالعودة")
    assert.deepStrictEqual(
      second.messages.slice(0, 3).map(({ type }) => type),
      ["session.ready", "answer.recorded", "question.asked"]
    )
    assert.deepInclude(second.messages[1], { link_id: linkIds[2], value: "LA6570-1", seq: seen + 1, ref: "lost" })
    assert.deepInclude(second.messages[2], { index: 4, seq: seen + 2 })

    // Whoever does not know that it arrived says it again: it is told the same once more, and done once.
    second.send({ ...answer(linkIds[2] ?? "", "LA6570-1"), ref: "lost" })
    as(await second.ask({ type: "ping" }), "pong")
    assert.deepStrictEqual(
      second.of("answer.recorded").map(({ seq }) => seq),
      [seen + 1, seen + 1]
    )
    for (const linkId of linkIds.slice(3)) as(await second.ask(answer(linkId)), "answer.recorded")
    const completed = as(await second.until((m) => m.type === "questionnaire.completed"), "questionnaire.completed")
    assert.lengthOf(completed.summary, linkIds.length)
    assert.strictEqual(completed.summary[2]?.display, "أكثر من نصف الأيام")
    await second.end()
  })

  it("has what was said whole recorded, though nobody was there to be told", async () => {
    const first = await interviewed(server)
    as(await first.ask(given), "question.asked")
    await first.play(spoken("two"))
    await first.count("speech.stopped", 1)
    await drop(first)
    const second = await back(server, { token: tokenIn(first), lastSeq: lastSeqOf(first) })
    await second.until((m) => m.type === "audio.begin")
    // Which connection was told of what is a matter of luck; told it was, and once.
    const told = [...first.messages, ...second.messages].flatMap((m) =>
      "seq" in m && m.seq ? [`${m.seq} ${m.type}`] : []
    )
    assert.deepStrictEqual(
      told.filter((entry) => !entry.includes("session.")),
      ["1 question.asked", "2 transcript.final", "3 answer.recorded", "4 question.asked"]
    )
    await second.end()
  })

  it("is asked for the consent again when it had given none", async () => {
    const first = await interviewed(server)
    await drop(first)
    const second = await back(server, { token: tokenIn(first), lastSeq: 0 })
    assert.strictEqual(second.of("session.ready")[0]?.state, "consenting")
    await second.until((m) => m.type === "consent.requested")
    as(await second.ask(given), "question.asked")
    await second.end()
  })

  it("confirms what waited for a yes, and records it once", async () => {
    const first = await interviewed(server)
    as(await first.ask(given), "question.asked")
    await answerUpTo(first, safetyItem)
    await first.play(spoken("zero"))
    const confirm = as(await first.until((m) => m.type === "answer.confirm"), "answer.confirm")
    await drop(first)
    const second = await back(server, { token: tokenIn(first), lastSeq: lastSeqOf(first) })
    assert.strictEqual(second.of("session.ready")[0]?.state, "confirming")
    const begin = as(await second.until((m) => m.type === "audio.begin"), "audio.begin")
    assert.include(begin.text, confirm.display)
    assert.isEmpty(second.of("answer.confirm"), "it was told before")
    const recorded = as(await second.ask({ type: "text.input", text: "نعم" }), "answer.recorded")
    assert.deepInclude(recorded, { link_id: safetyItem, value: confirm.value, via: "voice", revised: false })
    await second.end()
  })

  it("gets a snapshot when it asks for messages that it has acknowledged before", async () => {
    const first = await interviewed(server)
    as(await first.ask(given), "question.asked")
    await answerUpTo(first, linkIds[3] ?? "")
    assert.include(await first.ask({ type: "ack", seq: lastSeqOf(first) + 1 }), { code: "invalid_message" })
    first.send({ type: "ack", seq: lastSeqOf(first) })
    as(await first.ask({ type: "ping" }), "pong")
    await drop(first)
    const second = await back(server, { token: tokenIn(first), lastSeq: 0 })
    const snapshot = as(await second.until((m) => m.type === "session.snapshot"), "session.snapshot")
    assert.deepStrictEqual(
      snapshot.answers.map(({ link_id }) => link_id),
      linkIds.slice(0, 3)
    )
    assert.deepInclude(snapshot.question, { link_id: linkIds[3] ?? "", index: 4 })
    assert.strictEqual(snapshot.seq, lastSeqOf(first))
    const next = as(await second.ask(answer(linkIds[3] ?? "")), "answer.recorded")
    assert.strictEqual(next.seq, snapshot.seq + 1)
    await second.end()
  })

  it("finds the result that it did not see", async () => {
    const first = await interviewed(server)
    as(await first.ask(given), "question.asked")
    const seen = lastSeqOf(first)
    for (const linkId of linkIds) as(await first.ask(answer(linkId)), "answer.recorded")
    const missed = as(await first.until((m) => m.type === "questionnaire.completed"), "questionnaire.completed")
    await drop(first)
    const second = await back(server, { token: tokenIn(first), lastSeq: seen })
    assert.strictEqual(second.of("session.ready")[0]?.state, "completed")
    assert.deepStrictEqual(await second.until((m) => m.type === "questionnaire.completed"), missed)
    assert.strictEqual(as(await second.ask({ type: "question.repeat" }), "error").code, "not_ready")
    await second.end()
    assert.deepStrictEqual(await refusedBack(server, { token: tokenIn(second) }), ["resume_failed", 4404])
  })

  it("keeps nothing of a declined consent", async () => {
    const first = await interviewed(server)
    as(await first.ask({ type: "consent.decline", version: "1" }), "audio.begin")
    await drop(first)
    assert.deepStrictEqual(await refusedBack(server, { token: tokenIn(first) }), ["resume_failed", 4404])
  })

  it("goes on counting where it was: positions, utterances and prompts of a plain session", async () => {
    const first = await Caller.started(server.url)
    await first.play(spoken("yes"))
    await first.count("transcript.final", 1)
    await drop(first)
    const second = await back(server, { token: tokenIn(first), lastSeq: 0, path: "/ws" })
    const replayed = as(await second.until((m) => m.type === "transcript.final"), "transcript.final")
    assert.deepStrictEqual(replayed, first.of("transcript.final")[0])
    await second.play(spoken("no"))
    await second.count("transcript.final", 2)
    const [, next] = second.of("transcript.final")
    assert.strictEqual(next?.text, "لا")
    assert.notStrictEqual(next?.utterance_id, replayed.utterance_id)
    assert.isAbove(next?.start_ms ?? 0, replayed.end_ms)
    assert.strictEqual(next?.seq, 2)
    const begin = as(await second.ask({ type: "speech.say", text: "نعم" }), "audio.begin")
    assert.strictEqual(begin.id, "p1.2")
    await second.end()
  })
})

describe("a token", () => {
  it("takes the session from a connection that still stands, which is told so", async () => {
    const first = await interviewed(server)
    as(await first.ask(given), "question.asked")
    const second = await back(server, { token: tokenIn(first), lastSeq: lastSeqOf(first) })
    assert.deepStrictEqual(await first.client.ended(), { code: 4409, reason: "session_replaced" })
    assert.deepInclude(first.of("session.ended")[0], { reason: "session_replaced" })
    as(await second.ask(answer(linkIds[0] ?? "")), "answer.recorded")
    await second.end()
  })

  it("is good until the client has spoken after its resume, so that a lost reply loses nothing", async () => {
    const first = await interviewed(server)
    const token = tokenIn(first)
    await drop(first)
    await drop(await back(server, { token }))
    const third = await back(server, { token })
    as(await third.ask({ type: "ping" }), "pong")
    await drop(third)
    assert.deepStrictEqual(await refusedBack(server, { token }), ["resume_failed", 4404])
    const fourth = await back(server, { token: tokenIn(third) })
    await fourth.end()
  })

  it("is of no use to anybody else, elsewhere, altered, or after a polite end", async () => {
    const first = await interviewed(server)
    const token = tokenIn(first)
    for (const wrong of [
      { token, subject: "patient-8" },
      { token, path: "/ws/secure" as const },
      { token, path: "/ws" as const },
      { token: `${token}x` },
      { token: "nonsense" }
    ]) {
      assert.deepStrictEqual(await refusedBack(server, wrong), ["resume_failed", 4404], JSON.stringify(wrong))
    }
    // None of them cost the session its connection.
    as(await first.ask({ type: "ping" }), "pong")
    await first.end()
    assert.isFalse(first.of("session.ended")[0]?.resumable)
    assert.deepStrictEqual(await refusedBack(server, { token }), ["resume_failed", 4404])
  })
})

describe("a server that goes down", () => {
  const withData = async (use: (dataDir: string) => Promise<void>): Promise<void> => {
    const dataDir = await mkdtemp(join(tmpdir(), "sawt-drain-"))
    try {
      await use(dataDir)
    } finally {
      await rm(dataDir, { recursive: true, force: true })
    }
  }
  const secrets = { VOICE_SERVICE_SECRET: "a".repeat(40), VOICE_SERVICE_TOKEN: "b".repeat(40) }

  it("gives its sessions time, then a way back; the next server takes them up", () =>
    withData(async (DATA_DIR) => {
      const env = { ...noPrompts, ...secrets, DATA_DIR, DRAIN_SECONDS: "1" }
      const old = await startServer(env)
      const first = await interviewed(old)
      as(await first.ask(given), "question.asked")
      const exited = once(old.process, "exit")
      old.process.kill("SIGTERM")
      const expiring = as(await first.until((m) => m.type === "session.expiring"), "session.expiring")
      assert.deepInclude(expiring, { reason: "draining", in_ms: 1_000 })
      // Work goes on meanwhile, and nobody new is let in.
      as(await first.ask(answer(linkIds[0] ?? "")), "answer.recorded")
      const refused = await fetch(`${old.url}/admission`)
      assert.strictEqual(refused.status, 503)
      assert.strictEqual((await first.client.ended()).code, 1012)
      assert.deepInclude(first.of("session.ended")[0], { reason: "draining", resumable: true })
      assert.deepStrictEqual(await exited, [0, null])

      const next = await startServer(env)
      const second = await back(next, { token: tokenIn(first), lastSeq: lastSeqOf(first) })
      assert.strictEqual(second.of("session.ready")[0]?.state, "asking")
      assert.isEmpty(second.of("answer.recorded"), "it was seen")
      as(await second.ask(answer(linkIds[1] ?? "")), "answer.recorded")
      await second.end()
      await next.stop()
    }))

  it("goes at once when it is asked twice", () =>
    withData(async (DATA_DIR) => {
      const old = await startServer({ ...noPrompts, ...secrets, DATA_DIR, DRAIN_SECONDS: "60" })
      const first = await interviewed(old)
      old.process.kill("SIGTERM")
      await first.until((m) => m.type === "session.expiring")
      old.process.kill("SIGTERM")
      await old.stop()
      assert.strictEqual(old.process.exitCode, 143)
    }))
})
