/** Words of danger, the safety item and a request for a human, through the real server as it runs in production (R7.9). */
import { randomBytes } from "node:crypto"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import type { ServerMessage, ServerMessageOf } from "#schemas/wire.ts"
import { startServer, type ServerProcess } from "../../scripts/server-process.ts"
import { Caller, interviewed, noPrompts, silence, tokenOf } from "./caller.ts"
import { linkIds, safetyItem } from "./questionnaire-file.ts"

const helpline = "خط الدعم النفسي: 920033360"
const production = {
  ...noPrompts,
  VOICE_SERVICE_ENV: "production",
  VOICE_SERVICE_SECRET: randomBytes(32).toString("hex"),
  STORAGE_KEY: randomBytes(32).toString("base64")
}

let server: ServerProcess
beforeAll(async () => (server = await startServer({ ...production, HELPLINE_TEXT: helpline })))
afterAll(() => server.stop())

const begin = async (): Promise<Caller> => {
  const caller = await interviewed(server)
  await caller.ask({ type: "consent.give", version: "1" })
  return caller
}
let taps = 0
/** A `ref` that no connection has used: a resume answers the old ones again. */
const touch = (caller: Caller, link_id: string, code: string) => {
  const ref = `tap${++taps}`
  caller.send({ type: "answer.select", link_id, code, ref })
  return caller.until((reply) => reply.ref === ref)
}
const never = "LA6568-5"
const everyDay = "LA6571-9"

/** Types of messages after the one with this `ref`, until a type comes. */
const until = async (caller: Caller, from: number, type: ServerMessage["type"]): Promise<ReadonlyArray<string>> => {
  const seen = () => caller.messages.slice(from).map((message) => message.type)
  await caller.until((message) => message.type === type && caller.messages.indexOf(message) >= from)
  return seen()
}

describe("a person in danger", () => {
  it("hears a calm word with the helpline at once, and the question goes on; staff are told also after a drop", async () => {
    const caller = await begin()
    const from = caller.messages.length
    const reply = await caller.ask({ type: "text.input", text: "أريد أن أموت" })
    const notice = reply as ServerMessageOf<"questionnaire.notice">
    assert.deepInclude(notice, { type: "questionnaire.notice", link_id: linkIds[0] ?? "" })
    assert.include(notice.message, helpline)
    assert.isNumber(notice.seq)
    const spoken = (await caller.until(
      (message) => message.type === "audio.begin" && message.text === notice.message
    )) as ServerMessageOf<"audio.begin">
    assert.isFalse(spoken.interruptible)
    assert.notInclude(await until(caller, from, "audio.end"), "question.asked", "it is the same question")
    const recorded = await touch(caller, linkIds[0] ?? "", never)
    assert.strictEqual(recorded.type, "answer.recorded")

    const { resume_token } = caller.of("session.ready")[0] ?? {}
    caller.terminate()
    const token = await tokenOf(server, "voice healthcare clinician", "patient-7")
    const again = await Caller.open(server.url, { path: "/ws/secure/healthcare", token })
    await again.start({ resume_token: resume_token ?? "" })
    for (const linkId of linkIds.slice(1)) await touch(again, linkId, linkId === linkIds.at(-1) ? "LA6572-7" : never)
    const completed = (await again.until(
      ({ type }) => type === "questionnaire.completed"
    )) as ServerMessageOf<"questionnaire.completed">
    assert.deepStrictEqual(completed.alerts, [{ link_id: linkIds[0] ?? "", rule: "distress" }])
    await again.end()
  })

  it("hears it right after the safety item, before the next question", async () => {
    const caller = await begin()
    for (const linkId of linkIds) {
      if (linkId === safetyItem) break
      await touch(caller, linkId, never)
    }
    await caller.until((message) => message.type === "question.asked" && message.link_id === safetyItem)
    const from = caller.messages.length
    await touch(caller, safetyItem, everyDay)
    const types = await until(caller, from, "question.asked")
    assert.deepStrictEqual(
      types.filter((type) => /recorded|notice|asked/.test(type)),
      ["answer.recorded", "questionnaire.notice", "question.asked"]
    )
    const notice = caller.of("questionnaire.notice").at(-1)
    assert.include(notice?.message, helpline)
    assert.strictEqual(notice?.link_id, safetyItem)
    await caller.end()
  })
})

describe("a person who wants to speak to somebody", () => {
  for (const [way, message] of [
    ["by a button", { type: "help.request" }],
    ["by keypad", { type: "dtmf", digits: "*0" }],
    ["in words", { type: "text.input", text: "أريد أن أتكلم مع شخص" }]
  ] as const) {
    it(`is told that staff will hear of it, ${way}, and the question goes on`, async () => {
      const caller = await begin()
      const notice = (await caller.ask(message)) as ServerMessageOf<"questionnaire.notice">
      assert.strictEqual(notice.type, "questionnaire.notice", JSON.stringify(notice))
      assert.include(notice.message, "فريق الرعاية")
      assert.strictEqual((await touch(caller, linkIds[0] ?? "", never)).type, "answer.recorded")
      await caller.end()
    })
  }
})

describe("a person who has no time now", () => {
  const resumed = async (caller: Caller): Promise<void> => {
    const ended = (await caller.until(({ type }) => type === "session.ended")) as ServerMessageOf<"session.ended">
    assert.deepInclude(ended, { reason: "paused", resumable: true })
    const { resume_token } = caller.of("session.ready")[0] ?? {}
    const token = await tokenOf(server, "voice healthcare clinician", "patient-7")
    const again = await Caller.open(server.url, { path: "/ws/secure/healthcare", token })
    const ready = await again.start({ resume_token: resume_token ?? "", last_seq: 1_000 })
    assert.deepInclude(ready, { resumed: true, state: "asking" })
    await again.until((message) => message.type === "audio.begin" && message.text.startsWith("أهلا بالعودة"))
    assert.strictEqual((await touch(again, linkIds[0] ?? "", never)).type, "answer.recorded")
    await again.end()
  }

  it("goes on later: it is asked whether that is meant, and the session may be taken up again", async () => {
    const caller = await begin()
    const asked = await caller.ask({ type: "text.input", text: "بعدين" })
    assert.isTrue(asked.type === "audio.begin" && asked.text.includes("لاحقا"), JSON.stringify(asked))
    const told = await caller.ask({ type: "text.input", text: "نعم" })
    assert.isTrue(told.type === "audio.begin" && told.text.includes("المهلة بالدقائق: 10"), JSON.stringify(told))
    await resumed(caller)
  })

  it("and says nothing is asked again, offered touch, and then left in peace", async () => {
    const caller = await begin()
    await caller.until((message) => message.type === "state.changed" && message.state === "listening")
    for (const reason of ["first", "second", "third", "touch"]) {
      const before = caller.of("audio.end").length
      await caller.play(silence(9_000), 16_000)
      await caller.count("audio.end", before + 1)
      assert.isString(reason)
    }
    assert.lengthOf(caller.of("question.reprompt"), 3)
    await caller.play(silence(34_000), 16_000)
    await resumed(caller)
  })
})

describe("production without HELPLINE_TEXT", () => {
  it("does not offer a questionnaire that has a safety rule, and says why", async () => {
    const bare = await startServer(production)
    const token = await tokenOf(bare, "healthcare")
    const caller = await Caller.open(bare.url, { path: "/ws/secure/healthcare", token })
    const refusal = await caller.ask({ type: "session.start", mode: "file", questionnaire: "phq-9" })
    assert.isTrue(refusal.type === "error" && refusal.code === "unknown_questionnaire", JSON.stringify(refusal))
    assert.include(bare.log(), "HELPLINE_TEXT")
    assert.deepInclude(await caller.start({ questionnaire: "intake" }), { type: "session.ready" })
    await caller.end()
    await bare.stop()
  })
})
