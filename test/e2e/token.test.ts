/** A session and its token: warned, ended, refreshed, taken back; over the real service. */
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { decodeJwt, jwtVerify } from "jose"
import type { ClientMessage } from "#schemas/wire.ts"
import { joined } from "#src/audio/pcm.ts"
import { clipOf, readSamples } from "#test/stt/recordings.ts"
import { auditLines } from "#test/support/audit-log.ts"
import { signed } from "#test/support/tokens.ts"
import { startServer, type ServerProcess } from "../../scripts/server-process.ts"
import { servingPid } from "../faults/hosts.ts"
import { Caller, noPrompts, silence, spoken, tokenOf } from "./caller.ts"
import { linkIds } from "./questionnaire-file.ts"

const secret = "signing-secret-2b1f8a7d3c6e9054"
const formerSecret = "former-secret-2b1f8a7d3c6e9054"
let server: ServerProcess
beforeAll(async () => {
  const secrets = { VOICE_SERVICE_TOKEN: secret, VOICE_SERVICE_TOKEN_PREVIOUS: formerSecret }
  server = await startServer({ ...noPrompts, ...secrets })
})
afterAll(() => server.stop())

const nowSeconds = () => Date.now() / 1_000
/** Of one subject, for questionnaires; expires so many seconds from now. */
const lasting = (seconds: number, change: Record<string, unknown> = {}, key = secret) =>
  signed(key, { sub: "patient-7", scope: "healthcare clinician", exp: nowSeconds() + seconds, ...change })

const open = (token: string) => Caller.open(server.url, { path: "/ws/secure/healthcare", token })
const started = async (token: string, resume_token?: string): Promise<Caller> => {
  const caller = await open(token)
  await caller.start(resume_token === undefined ? { questionnaire: "phq-9" } : { resume_token })
  return caller
}
const lives = async (caller: Caller) => assert.strictEqual((await caller.ask({ type: "ping" })).type, "pong")
const passed = (atSeconds: number) => new Promise((resolve) => setTimeout(resolve, atSeconds * 1_000 - Date.now()))

/** Answers everything by touch, the first choice each time. */
const finish = async (caller: Caller) => {
  await caller.ask({ type: "consent.give", version: "1" })
  for (const linkId of linkIds) {
    const code = linkId === linkIds.at(-1) ? "LA6572-7" : "LA6568-5"
    await caller.until((message) => message.type === "question.asked" && message.link_id === linkId)
    const answer: ClientMessage = { type: "answer.select", link_id: linkId, code }
    assert.strictEqual((await caller.ask(answer)).type, "answer.recorded")
  }
  return caller.client.next("questionnaire.completed")
}

describe.concurrent("a token that runs out in a session", () => {
  it("is warned of at half of what is left, then ends it with token_expired; a fresh one resumes it", async () => {
    const caller = await started(await lasting(3))
    const warning = await caller.client.next("session.expiring")
    assert.strictEqual(warning.reason, "token")
    assert.isAbove(warning.in_ms, 0)
    assert.isAtMost(warning.in_ms, 1_500)
    assert.deepStrictEqual(await caller.client.ended(), { code: 4401, reason: "token_expired" })
    assert.deepInclude(caller.of("error")[0], { code: "token_expired", retryable: true })
    assert.deepInclude(caller.of("session.ended")[0], { reason: "token_expired", resumable: true })

    const back = await started(await lasting(60), caller.of("session.ready")[0]?.resume_token)
    assert.isTrue(back.of("session.ready")[0]?.resumed)
    await back.end()
  })

  it("before the session was opened ends it without a warning", async () => {
    const caller = await open(await lasting(0.5))
    assert.deepStrictEqual(await caller.client.ended(), { code: 4401, reason: "token_expired" })
    assert.isEmpty(caller.of("session.expiring"))
  })

  it("is refreshed: the session outlives the first token and ends with the second", async () => {
    const caller = await started(await lasting(3))
    const first = nowSeconds() + 3
    const fresh = await lasting(60, {}, formerSecret)
    const answer = await caller.ask({ type: "session.refresh", token: fresh })
    assert.deepInclude(answer, { type: "session.refreshed", scope: "healthcare clinician" })
    if (answer.type === "session.refreshed") {
      assert.isAbove(answer.expires_in_ms, 55_000)
      assert.isAtMost(answer.expires_in_ms, 60_000)
    }
    await passed(first + 0.3)
    await lives(caller)
    assert.isEmpty(caller.of("session.expiring"))

    const last = await lasting(2)
    await caller.ask({ type: "session.refresh", token: last })
    assert.strictEqual((await caller.client.next("session.expiring")).reason, "token")
    assert.deepStrictEqual(await caller.client.ended(), { code: 4401, reason: "token_expired" })
  })

  it("is not saved by one that is refused: the session goes on with the first, and ends with it", async () => {
    const caller = await started(await lasting(3))
    for (const [fresh, code] of [
      [await lasting(60, { sub: "patient-8" }), "forbidden"],
      [await lasting(60, { scope: "healthcare clinician voice" }), "forbidden"],
      [await lasting(-30), "token_expired"],
      [await lasting(60, {}, "another-secret"), "unauthorized"]
    ] as const) {
      const answer = await caller.ask({ type: "session.refresh", token: fresh })
      assert.deepInclude(answer, { type: "error", code })
    }
    await lives(caller)
    assert.deepStrictEqual(await caller.client.ended(), { code: 4401, reason: "token_expired" })
  })
})

describe("a token that runs out while somebody speaks", () => {
  const asked = async (turn_detection: "server_vad" | "none") => {
    const caller = await open(await lasting(60))
    await caller.start({ questionnaire: "phq-9", turn_detection })
    await caller.ask({ type: "consent.give", version: "1" })
    await caller.until(({ type }) => type === "question.asked")
    return caller
  }
  const runsOut = async (caller: Caller, inSeconds: number) =>
    caller.ask({ type: "session.refresh", token: await lasting(inSeconds) })
  const idOf = (caller: Caller) => caller.of("session.ready")[0]?.resume_token

  it("cuts what is being said, without a final for half of it; the same question is asked again and answered", async () => {
    const caller = await asked("server_vad")
    await caller.play(spoken("two"))
    await caller.count("answer.recorded", 1)
    await caller.until((message) => message.type === "question.asked" && message.link_id === linkIds[1])
    await caller.play(joined(silence(200), readSamples(clipOf("two").file)))
    await caller.count("speech.started", 2)
    await runsOut(caller, 0.5)
    assert.deepStrictEqual(await caller.client.ended(), { code: 4401, reason: "token_expired" })
    assert.deepStrictEqual(caller.finals, [clipOf("two").text])

    const back = await started(await lasting(60), idOf(caller))
    await back.until((message) => message.type === "question.asked" && message.link_id === linkIds[1])
    await back.play(spoken("two"))
    await back.until((message) => message.type === "answer.recorded" && message.link_id === linkIds[1])
    await back.end()
  })

  it("lets what was said whole before be recognised and recorded, also where the recogniser hangs just then", async () => {
    const caller = await asked("none")
    process.kill(await servingPid(server, "stt"), "SIGSTOP")
    await caller.play(readSamples(clipOf("two").file))
    caller.send({ type: "audio.commit" })
    await runsOut(caller, 0.1)
    assert.isEmpty(caller.finals)
    assert.deepStrictEqual(await caller.client.ended(), { code: 4401, reason: "token_expired" })
    const told = caller.messages.map(({ type }) => type)
    assert.isBelow(told.indexOf("answer.recorded"), told.indexOf("session.ended"))
    const [recorded] = caller.of("answer.recorded")
    assert.deepEqual([recorded?.link_id, recorded?.via], [linkIds[0], "voice"])

    const back = await started(await lasting(60), idOf(caller))
    await back.until((message) => message.type === "question.asked" && message.link_id === linkIds[1])
    await back.end()
  })
})

describe("session.refresh", () => {
  it("needs an open session, and one that has a token", async () => {
    const caller = await open(await lasting(60))
    const early = await caller.ask({ type: "session.refresh", token: await lasting(60) })
    assert.deepInclude(early, { type: "error", code: "not_ready" })
    await caller.end()
    const basic = await Caller.started(server.url)
    const needless = await basic.ask({ type: "session.refresh", token: await lasting(60) })
    assert.deepInclude(needless, { type: "error", code: "forbidden" })
    await basic.end()
  })

  it("repeated with the same ref is answered again and not executed again", async () => {
    const caller = await started(await lasting(60))
    const message: ClientMessage = { type: "session.refresh", token: await lasting(50), ref: "once" }
    caller.send(message)
    const first = await caller.client.next("session.refreshed")
    caller.send({ ...message, token: "something else" })
    assert.deepStrictEqual(await caller.client.next("session.refreshed"), first)
    await caller.end()
  })

  it("stands in the audit log with the token's id and the subject's hash", async () => {
    const caller = await started(await lasting(60))
    await caller.ask({ type: "session.refresh", token: await lasting(60, { jti: "the-fresh-one" }) })
    const line = () =>
      auditLines(server.dataDir).find((line) => line.event === "token.refreshed" && line.token_id === "the-fresh-one")
    while (line() === undefined) await new Promise((resolve) => setTimeout(resolve, 10))
    assert.deepInclude(line(), { session_id: caller.of("session.ready")[0]?.session_id, client_address: "127.0.0.1" })
    assert.property(line(), "subject_hash")
    await caller.end()
  })

  it("with a token that allows less takes that away: no scores without scope clinician", async () => {
    const whole = await finish(await started(await lasting(60)))
    assert.isDefined(whole.scores)
    const caller = await started(await lasting(60))
    const answer = await caller.ask({ type: "session.refresh", token: await lasting(60, { scope: "healthcare" }) })
    assert.deepInclude(answer, { type: "session.refreshed", scope: "healthcare" })
    const completed = await finish(caller)
    assert.isUndefined(completed.scores)
    assert.isUndefined(completed.response)
  })
})

describe("a token that is taken back in a session", () => {
  it("ends it at once; what was answered is kept for whoever comes with a good one", async () => {
    const token = await tokenOf(server, "healthcare", "patient-7")
    const caller = await started(token)
    await caller.ask({ type: "consent.give", version: "1" })
    const response = await fetch(`${server.url}/admin/tokens/${decodeJwt(token).jti}`, {
      method: "DELETE",
      headers: { authorization: `Bearer ${server.secret}` }
    })
    assert.strictEqual(response.status, 204)
    assert.deepStrictEqual(await caller.client.ended(), { code: 4401, reason: "unauthorized" })
    assert.deepInclude(caller.of("error")[0], { code: "unauthorized" })
    const fresh = await tokenOf(server, "healthcare", "patient-7")
    const back = await started(fresh, caller.of("session.ready")[0]?.resume_token)
    assert.strictEqual(back.of("session.ready")[0]?.state, "asking")
    await back.end()
  })
})

describe("tokens, while a secret is rotated", () => {
  it("are issued with the new secret alone", async () => {
    const token = await tokenOf(server, "voice", "patient-7")
    await jwtVerify(token, new TextEncoder().encode(secret), { algorithms: ["HS256"] })
  })
})
