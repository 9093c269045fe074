/** An interview without a voice: by touch, keypad and text, in any order, with every way to move about in it. */
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import type { AnswerValue, ClientMessage, ServerMessage, ServerMessageOf } from "#schemas/wire.ts"
import { startServer, type ServerProcess } from "../../scripts/server-process.ts"
import { Caller, interviewed, noPrompts, silence, tokenOf } from "./caller.ts"
import { orderFaults } from "./order.ts"
import { scoreOf, linkIds, safetyItem, totalOf } from "./questionnaire-file.ts"

type Question = ServerMessageOf<"question.asked">

let server: ServerProcess
beforeAll(async () => (server = await startServer(noPrompts)))
afterAll(() => server.stop())

const given: ClientMessage = { type: "consent.give", version: "1" }

const as = <Type extends ServerMessage["type"]>(message: ServerMessage, type: Type): ServerMessageOf<Type> => {
  assert.strictEqual(message.type, type, JSON.stringify(message))
  return message as ServerMessageOf<Type>
}

const consented = async (scope?: string): Promise<{ readonly caller: Caller; readonly first: Question }> => {
  const caller = await interviewed(server, scope)
  return { caller, first: as(await caller.ask(given), "question.asked") }
}

const refused = async (caller: Caller, message: ClientMessage, code: string): Promise<string> => {
  const error = as(await caller.ask(message), "error")
  assert.strictEqual(error.code, code)
  assert.isFalse(error.retryable)
  return error.message
}

/** The choice at each question: 0, 1, 2, 3, 0 … */
const choiceOf = ({ index, options }: Question) => {
  const option = options[(index - 1) % options.length]
  assert.isDefined(option)
  return option
}

/** Answers every question as `answer` says, and gives what came of it. */
const answerAll = async (
  consent: ClientMessage,
  answer: (question: Question) => ClientMessage,
  scope?: string
): Promise<{
  caller: Caller
  meant: Map<string, AnswerValue>
  completed: ServerMessageOf<"questionnaire.completed">
}> => {
  const caller = await interviewed(server, scope)
  as(await caller.ask(consent), "question.asked")
  const meant = new Map<string, AnswerValue>()
  for (let index = 1; index <= linkIds.length; index++) {
    const question = as(await caller.until((m) => m.type === "question.asked" && m.index === index), "question.asked")
    const { code } = choiceOf(question)
    meant.set(question.link_id, code)
    const recorded = as(await caller.ask(answer(question)), "answer.recorded")
    assert.deepStrictEqual([recorded.link_id, recorded.value, recorded.revised], [question.link_id, code, false])
  }
  const completed = as(await caller.until((m) => m.type === "questionnaire.completed"), "questionnaire.completed")
  await caller.end()
  assert.deepStrictEqual(orderFaults(caller.messages), [])
  assert.strictEqual(completed.status, "completed")
  return { caller, meant, completed }
}

const viaOf = (caller: Caller) => [...new Set(caller.of("answer.recorded").map(({ via }) => via))]

describe("an interview by one way alone", () => {
  it("by touch completes, with the total of what was touched", async () => {
    const { caller, meant, completed } = await answerAll(given, (question) => ({
      type: "answer.select",
      link_id: question.link_id,
      code: choiceOf(question).code
    }))
    const total = totalOf(meant)
    assert.deepStrictEqual(completed.scores, [scoreOf(total)])
    assert.deepStrictEqual(viaOf(caller), ["touch"])
    assert.isEmpty(caller.of("answer.confirm"))
  })

  it("by keypad completes, consent included", async () => {
    const { caller, meant, completed } = await answerAll({ type: "dtmf", digits: "1" }, (question) => ({
      type: "dtmf",
      digits: choiceOf(question).key
    }))
    assert.strictEqual(completed.scores?.[0]?.value, totalOf(meant))
    assert.deepStrictEqual(viaOf(caller), ["dtmf"])
  })

  it("by text completes: displays, spoken phrases and numbers in Arabic; without clinician no response, no score", async () => {
    const { caller, completed } = await answerAll(
      { type: "text.input", text: "نعم" },
      (question) => {
        const { display, spoken, key } = choiceOf(question)
        const texts = [display, spoken[0] ?? display, spoken.at(-1) ?? display, key]
        return { type: "text.input", text: texts[question.index % texts.length] ?? display }
      },
      "voice healthcare"
    )
    assert.deepStrictEqual(viaOf(caller), ["text"])
    assert.lengthOf(completed.summary, linkIds.length)
    for (const field of ["response", "scores", "alerts"]) assert.notProperty(completed, field)
  })
})

describe("moving about in an interview", () => {
  it("goes back, repeats, goes to a question and mixes the ways; a second answer is a revision", async () => {
    const { caller, first } = await consented()
    const choose = (question: Question, at: number): ClientMessage => ({
      type: "answer.select",
      link_id: question.link_id,
      code: question.options[at]?.code ?? ""
    })
    as(await caller.ask(choose(first, 3)), "answer.recorded")
    const again = as(await caller.ask({ type: "question.repeat" }), "question.asked")
    assert.strictEqual(again.index, 2)
    const back = as(await caller.ask({ type: "question.back" }), "question.asked")
    assert.strictEqual(back.link_id, first.link_id)
    const revised = as(await caller.ask({ type: "dtmf", digits: "1" }), "answer.recorded")
    assert.deepStrictEqual([revised.revised, revised.via], [true, "dtmf"])

    const safety = as(await caller.ask({ type: "question.goto", link_id: safetyItem }), "question.asked")
    assert.strictEqual(safety.link_id, safetyItem)
    as(await caller.ask({ type: "text.input", text: "ولا مرة" }), "answer.recorded")
    const next = as(await caller.ask({ type: "text.input", text: "أعد السؤال" }), "question.asked")
    assert.strictEqual(next.index, 2, "the first question without an answer")
    await caller.end()
    assert.deepStrictEqual(orderFaults(caller.messages), [])
  })

  it("at the first question, back asks it again; * and # of the keypad repeat and go back", async () => {
    const { caller, first } = await consented()
    const messages: ReadonlyArray<ClientMessage> = [
      { type: "question.back" },
      { type: "dtmf", digits: "*" },
      { type: "dtmf", digits: "#" },
      { type: "text.input", text: "السابق" }
    ]
    for (const message of messages) {
      assert.strictEqual(as(await caller.ask(message), "question.asked").link_id, first.link_id)
    }
    await caller.end()
  })

  it("does not skip a required question but helps: the commands and the choices are said", async () => {
    const { caller, first } = await consented()
    for (const message of [{ type: "question.skip" }, { type: "text.input", text: "مساعدة" }] as const) {
      const help = as(await caller.ask(message), "audio.begin")
      assert.include(help.text, "السابق")
      for (const { display } of first.options) assert.include(help.text, display)
    }
    as(await caller.ask({ type: "dtmf", digits: "0" }), "answer.recorded")
    await caller.end()
  })

  it("is silent and records nothing while it is paused, and asks again when it goes on", async () => {
    const { caller, first } = await consented()
    assert.include(await caller.ask({ type: "session.pause" }), { type: "state.changed", state: "paused" })
    const select: ClientMessage = { type: "answer.select", link_id: first.link_id, code: first.options[0]?.code ?? "" }
    assert.include(await refused(caller, select, "not_ready"), "session.continue")
    await refused(caller, { type: "session.pause" }, "not_ready")
    const before = caller.messages.length
    await caller.play(silence(10_000), 8_000)
    await caller.ask({ type: "ping" })
    assert.deepStrictEqual(
      caller.messages.slice(before).map(({ type }) => type),
      ["pong"]
    )
    assert.strictEqual(as(await caller.ask({ type: "session.continue" }), "question.asked").link_id, first.link_id)
    await refused(caller, { type: "session.continue" }, "not_ready")
    as(await caller.ask(select), "answer.recorded")
    await caller.end()
  })

  it("stops when that is confirmed, and keeps the answers so far", async () => {
    const { caller } = await consented()
    as(await caller.ask({ type: "dtmf", digits: "2" }), "answer.recorded")
    const question = as(await caller.ask({ type: "text.input", text: "توقف" }), "audio.begin")
    assert.include(question.text, "إنهاء")
    await refused(caller, { type: "question.back" }, "not_ready")
    assert.strictEqual(as(await caller.ask({ type: "text.input", text: "لا" }), "question.asked").index, 2)
    as(await caller.ask({ type: "text.input", text: "توقف" }), "audio.begin")
    const stopped = as(await caller.ask({ type: "dtmf", digits: "1" }), "questionnaire.completed")
    assert.strictEqual(stopped.status, "stopped")
    assert.deepStrictEqual(stopped.scores, [])
    assert.lengthOf(stopped.summary, 1)
    await refused(caller, { type: "question.repeat" }, "not_ready")
    await caller.end()
  })

  it("ends with nothing kept when consent is declined", async () => {
    const caller = await interviewed(server)
    const goodbye = as(await caller.ask({ type: "consent.decline", version: "1" }), "audio.begin")
    assert.include(goodbye.text, "لن يحفظ شيء")
    await caller.until((message) => message.type === "audio.end" && message.id === goodbye.id)
    await refused(caller, { type: "question.repeat" }, "not_ready")
    await refused(caller, given, "not_ready")
    await caller.end()
    for (const type of ["question.asked", "answer.recorded", "questionnaire.completed"] as const) {
      assert.isEmpty(caller.of(type))
    }
  })
})

describe("what is no answer", () => {
  it("is told with what is allowed, and the interview goes on", async () => {
    const { caller, first } = await consented()
    const link_id = first.link_id
    const wrong: ReadonlyArray<readonly [ClientMessage, ReadonlyArray<string>]> = [
      [{ type: "answer.select", link_id, code: "LA0-0" }, first.options.map(({ code }) => code)],
      [{ type: "answer.select", link_id, value: 7 }, first.options.map(({ code }) => code)],
      [{ type: "answer.select", link_id }, first.options.map(({ code }) => code)],
      [{ type: "answer.select", link_id: "no-such-item", code: "LA6568-5" }, ["phq-9"]],
      [{ type: "answer.select", link_id: safetyItem, code: "LA6568-5" }, [link_id, "question.goto"]],
      [{ type: "dtmf", digits: "9" }, ["* repeats", "# goes back"]],
      [{ type: "dtmf", digits: "11" }, first.options.map(({ key }) => `key ${key}`)],
      [{ type: "text.input", text: "سيارة حمراء" }, first.options.map(({ display }) => display)],
      [{ type: "text.input", text: "ولا مرة، كل يوم" }, first.options.map(({ display }) => display)],
      [{ type: "question.goto", link_id: "no-such-item" }, linkIds]
    ]
    for (const [message, allowed] of wrong) {
      const told = await refused(caller, message, "invalid_answer")
      for (const part of allowed) assert.include(told, part)
      assert.notInclude(told, "حمراء")
    }
    as(await caller.ask({ type: "text.input", text: "عدة أيام" }), "answer.recorded")
    await caller.end()
    assert.deepStrictEqual(orderFaults(caller.messages), [])
  })

  it("before the consent is refused, whatever it is; so is a consent to another version", async () => {
    const caller = await interviewed(server)
    const early: ReadonlyArray<ClientMessage> = [
      { type: "answer.select", link_id: linkIds[0] ?? "", code: "LA6568-5" },
      { type: "question.back" },
      { type: "question.skip" },
      { type: "question.goto", link_id: safetyItem },
      { type: "dtmf", digits: "#" }
    ]
    for (const message of early) assert.include(await refused(caller, message, "not_ready"), "consent.give")
    for (const message of [
      { type: "consent.give", version: "0" },
      { type: "dtmf", digits: "3" },
      { type: "text.input", text: "ربما" }
    ] as const) {
      await refused(caller, message, "invalid_answer")
    }
    const again = as(await caller.ask({ type: "question.repeat" }), "consent.requested")
    assert.strictEqual(again.version, "1")
    assert.isEmpty(caller.of("question.asked"))
    as(await caller.ask(given), "question.asked")
    await caller.end()
  })

  it("on a socket without a questionnaire is not_ready", async () => {
    const token = await tokenOf(server, "voice")
    const caller = await Caller.open(server.url, { path: "/ws/secure", token })
    await caller.start()
    for (const message of [
      { type: "answer.select", link_id: "x", code: "y" },
      { type: "dtmf", digits: "1" },
      { type: "question.repeat" },
      { type: "help.request" },
      given
    ] as const) {
      await refused(caller, message, "not_ready")
    }
    await caller.end()
  })
})
