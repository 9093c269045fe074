/** Alerts and what a person is told of them: written before anything else is asked, spoken at once, and nobody is held up. */
import { assert, describe, it } from "vitest"
import { createActor, SimulatedClock } from "xstate"
import type { InterviewEvent, InterviewOutput, InterviewRecord } from "#machines/interview.ts"
import { interviewMachine } from "#machines/questionnaire.ts"
import { keptOf } from "#src/session/kept.ts"
import { phq9Plan } from "#test/support/phq9.ts"

const plan = phq9Plan
const machine = interviewMachine(plan)
const first = plan.questions[0]?.linkId ?? ""
const second = plan.questions[1]?.linkId ?? ""
const safety = "44260-8"
const last = plan.questions.at(-1)?.linkId ?? ""
const answer = (linkId: string, key = 0, over: Partial<Extract<InterviewEvent, { type: "answer.given" }>> = {}) => {
  const option = plan.questions.find((question) => question.linkId === linkId)?.options[key]
  return {
    type: "answer.given",
    linkId,
    answer: { value: option?.code ?? "", display: option?.display ?? "" },
    via: "touch",
    sure: true,
    ...over
  } as const
}

const answered = (...linkIds: ReadonlyArray<string>): InterviewRecord => ({
  entries: [
    { type: "consent", via: "touch", version: "1", language: "ar", atMs: 0 },
    ...linkIds.map((linkId) => ({
      type: "answer" as const,
      record: { linkId, answer: answer(linkId).answer, via: "touch" as const, revised: false },
      atMs: 0
    }))
  ]
})

/** Answers are stored at once; alerts when the test says so. */
const run = (record: InterviewRecord) => {
  const outputs: Array<InterviewOutput> = []
  const clock = new SimulatedClock()
  const actor = createActor(machine, { input: { record }, clock })
  actor.on("*", (output) => {
    outputs.push(output)
    if (output.type === "answer.recording") actor.send({ type: "answer.stored", linkId: output.record.linkId })
  })
  actor.start()
  const send = (...events: ReadonlyArray<InterviewEvent>) => events.forEach((event) => actor.send(event))
  const since = (from: number) => outputs.slice(from).map(({ type }) => type)
  return { actor, clock, outputs, send, since }
}

describe("words of distress", () => {
  it("in an answer are written with it: between the two nothing can be lost", () => {
    const { outputs, send } = run(answered())
    send(answer(first, 1, { via: "text", isDistressed: true }))
    const recording = outputs.find((output) => output.type === "answer.recording")
    if (recording === undefined) return assert.fail("the answer is not written")
    const kept = keptOf(plan, recording, 7)
    assert.deepInclude(kept?.entry, { type: "answer" })
    assert.deepEqual(
      kept?.alerts?.map(({ linkId, rule }) => ({ linkId, rule })),
      [{ linkId: first, rule: "distress" }]
    )
  })

  it("are an alert and a calm word at once, and then the same question goes on", () => {
    const { outputs, send, since } = run(answered())
    const from = outputs.length
    send({ type: "distress.heard" })
    assert.deepEqual(outputs.slice(from), [
      { type: "alert.raised", linkId: first, rule: "distress" },
      { type: "notice.told", linkId: first, rule: "distress" }
    ])
    send({ type: "alert.stored" })
    assert.equal(outputs.length, from + 2, "the notice is heard to its end")
    send({ type: "prompt.done" })
    assert.deepInclude(outputs.at(-1), { type: "question.asked", linkId: first, again: true, attempt: 1 })
    send(answer(first))
    assert.deepEqual(since(from + 2), ["question.asked", "answer.recording", "question.asked"])
  })

  it("ask nothing further until the alert is on disk, however long the notice has been over", () => {
    const { outputs, send, clock } = run(answered())
    const from = outputs.length
    send({ type: "distress.heard" }, { type: "alert.store.failed" }, { type: "prompt.done" })
    assert.equal(outputs.length, from + 2)
    clock.increment(1_000)
    assert.deepEqual(outputs.at(-1), { type: "alert.raised", linkId: first, rule: "distress" })
    send({ type: "alert.store.failed" }, answer(first), { type: "question.back" })
    clock.increment(1_000)
    assert.notInclude(
      outputs.slice(from).map(({ type }) => type),
      "question.asked"
    )
    send({ type: "alert.stored" }, { type: "prompt.done" })
    assert.deepInclude(outputs.at(-1), { type: "question.asked", linkId: first })
  })

  it("in an answer are told once the answer is recorded, before the next question", () => {
    const { outputs, send, since } = run(answered())
    const from = outputs.length
    send(answer(first, 1, { via: "text", isDistressed: true }))
    assert.deepEqual(since(from), ["answer.recording", "alert.raised", "notice.told"])
    send({ type: "alert.stored" }, { type: "prompt.done" })
    assert.deepInclude(outputs.at(-1), { type: "question.asked", linkId: second })
  })

  it("in an answer that is not sure are told first, and the answer is read back after", () => {
    const { outputs, send, since } = run(answered())
    const from = outputs.length
    send(answer(first, 1, { via: "voice", sure: false, isDistressed: true }), { type: "alert.stored" })
    send({ type: "prompt.done" }, { type: "confirmation.given" })
    assert.deepEqual(since(from), [
      "alert.raised",
      "notice.told",
      "answer.confirming",
      "answer.recording",
      "question.asked"
    ])
    assert.deepInclude(outputs.at(-1), { linkId: second })
  })

  it("keep an answer that waits for its yes or no", () => {
    const { outputs, send } = run(answered())
    send(answer(first, 2, { via: "voice", sure: false }), { type: "distress.heard" }, { type: "alert.stored" })
    send({ type: "prompt.done" })
    assert.deepInclude(outputs.at(-1), { type: "answer.confirming", linkId: first, again: true })
  })

  it("are written once for a question, and told each time", () => {
    const { outputs, send, since } = run(answered())
    send({ type: "distress.heard" }, { type: "alert.stored" }, { type: "prompt.done" })
    const from = outputs.length
    send({ type: "distress.heard" }, { type: "prompt.done" })
    assert.deepEqual(since(from), ["notice.told", "question.asked"])
  })

  it("after the last answer are told too, and nothing is completed twice", () => {
    const { outputs, send, since } = run(answered(...plan.questions.slice(0, -1).map(({ linkId }) => linkId)))
    send(answer(last))
    assert.deepInclude(outputs.at(-1), { type: "interview.ended", status: "completed" })
    const from = outputs.length
    send({ type: "distress.heard" }, { type: "alert.stored" }, { type: "prompt.done" })
    assert.deepEqual(since(from), ["alert.raised", "notice.told"])
    send({ type: "question.goto", linkId: first }, answer(first, 1))
    const ended = outputs.at(-1)
    assert.isTrue(ended?.type === "interview.ended" && ended.status === "amended")
    assert.deepInclude(ended?.type === "interview.ended" ? ended.alerts : [], { linkId: last, rule: "distress" })
  })

  it("before the consent change nothing", () => {
    const { outputs, send } = run({ entries: [] })
    const from = outputs.length
    send({ type: "distress.heard" })
    assert.equal(outputs.length, from)
  })

  it("are known to a later connection by their entry", () => {
    const { outputs } = run(answered())
    const kept = keptOf(plan, { type: "alert.raised", linkId: first, rule: "distress" }, 7)
    const questionnaire = { id: plan.id, version: plan.version }
    assert.deepEqual(kept, {
      entry: { type: "alert", linkId: first, rule: "distress", atMs: 7 },
      alerts: [{ linkId: first, rule: "distress", questionnaire }]
    })
    assert.isNotEmpty(outputs)
    const { entries } = answered(...plan.questions.slice(0, -1).map(({ linkId }) => linkId))
    const later = run({ entries: [...entries, ...(kept?.entry === undefined ? [] : [kept.entry])] })
    later.send(answer(last))
    const ended = later.outputs.at(-1)
    assert.deepInclude(ended?.type === "interview.ended" ? ended.alerts : [], { linkId: first, rule: "distress" })
  })
})

describe("an answer that meets a safety rule", () => {
  const atSafety = () => run(answered(...plan.questions.slice(0, 8).map(({ linkId }) => linkId)))

  it("is followed by the notice, before the next question; a harmless one is not", () => {
    const { outputs, send, since } = atSafety()
    const from = outputs.length
    send(answer(safety, 2))
    assert.deepEqual(since(from), ["answer.recording", "notice.told"])
    assert.deepInclude(outputs.at(-1), { linkId: safety })
    send({ type: "prompt.done" })
    assert.deepInclude(outputs.at(-1), { type: "question.asked", linkId: last })
    const calm = atSafety()
    calm.send(answer(safety, 0))
    assert.notInclude(calm.since(0), "notice.told")
  })

  it("may be given anew while the notice is spoken, and is not mistaken for the next one", () => {
    const { outputs, send } = atSafety()
    send(answer(safety, 2), answer(safety, 1))
    assert.deepInclude(
      outputs.findLast(({ type }) => type === "answer.recording"),
      { type: "answer.recording" }
    )
    const record = outputs.findLast((output) => output.type === "answer.recording")?.record
    assert.deepInclude(record, { linkId: safety, revised: true })
    assert.deepInclude(outputs.at(-1), { type: "question.asked", linkId: last })
  })
})

describe("a request for a human", () => {
  it("is an alert of its own, and the question goes on", () => {
    const { outputs, send } = run(answered())
    send({ type: "prompt.done" }, { type: "handover.request" })
    assert.deepEqual(outputs.slice(-2), [
      { type: "alert.raised", linkId: first, rule: "handover" },
      { type: "notice.told", linkId: first, rule: "handover" }
    ])
    send({ type: "alert.stored" }, { type: "prompt.done" })
    assert.deepInclude(outputs.at(-1), { type: "question.asked", linkId: first })
  })

  it("beside distress is told as distress", () => {
    const { outputs, send } = run(answered())
    send({ type: "handover.request" }, { type: "alert.store.failed" }, { type: "distress.heard" })
    assert.deepEqual(
      outputs.findLast(({ type }) => type === "notice.told"),
      {
        type: "notice.told",
        linkId: first,
        rule: "distress"
      }
    )
  })
})
