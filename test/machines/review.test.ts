/** The answers read back at the end: offered, read in groups, corrected, and what is written by it. */
import { assert, describe, it } from "vitest"
import { createActor, SimulatedClock } from "xstate"
import type { InterviewEvent, InterviewOutput, InterviewRecord } from "#machines/interview.ts"
import { expectationOf, interviewMachine } from "#machines/questionnaire.ts"
import type { Plan, PlanQuestion } from "#machines/plan.ts"
import { interpretDigits, interpretSelection, interpretText } from "#src/questionnaire/answer.ts"
import { grammarFor } from "#src/questionnaire/grammar.ts"
import { performanceOf } from "#src/session/interview.ts"
import { keptOf } from "#src/session/kept.ts"
import { planOf } from "#test/support/plan.ts"

const today = { date: "2026-03-17", utcOffset: "+03:00" }
const question = (linkId: string): PlanQuestion => ({
  linkId,
  text: `Item ${linkId}?`,
  spokenText: `Item ${linkId}?`,
  itemType: "integer",
  options: [],
  required: true,
  confirm: "low"
})
const planWith = (count: number, review?: NonNullable<Plan["review"]>): Plan => ({
  ...planOf(Array.from({ length: count }, (_, index) => question(`q${index + 1}`))),
  language: "en",
  ...(review === undefined ? {} : { review })
})

type Via = Extract<InterviewEvent, { type: "answer.given" }>["via"]

const run = (plan: Plan, via: Via = "voice", record?: InterviewRecord) => {
  const outputs: Array<InterviewOutput> = []
  const actor = createActor(interviewMachine(plan), {
    input: record === undefined ? {} : { record },
    clock: new SimulatedClock()
  })
  actor.on("*", (output) => outputs.push(output))
  actor.start()
  const send = (...events: ReadonlyArray<InterviewEvent>) => {
    for (const event of events) {
      actor.send(event)
      const last = outputs.at(-1)
      if (last?.type === "consent.recording") actor.send({ type: "consent.stored" })
      if (last?.type === "answer.recording") actor.send({ type: "answer.stored", linkId: last.record.linkId })
    }
  }
  const answer = (linkId: string, value: number): void =>
    send({ type: "answer.given", linkId, answer: { value, display: String(value) }, via, sure: true })
  const expected = () => expectationOf(actor.getSnapshot())
  /** As the person says or types it. */
  const say = (text: string): void => send(interpretText(plan, expected(), text, "text", today))
  const ended = () => outputs.flatMap((output) => (output.type === "interview.ended" ? [output.status] : []))
  const last = () => outputs.at(-1)
  if (record === undefined) {
    send({ type: "consent.given", via })
    plan.questions.forEach(({ linkId }, index) => answer(linkId, index))
  }
  return { outputs, send, answer, expected, say, ended, last }
}

/** What an earlier connection left in the log. */
const recordOf = (plan: Plan, outputs: ReadonlyArray<InterviewOutput>): InterviewRecord => {
  const kept = outputs.flatMap((output) => keptOf(plan, output, 0) ?? [])
  const place = kept.findLast((write) => write.place !== undefined)?.place ?? undefined
  return { entries: kept.flatMap(({ entry }) => entry ?? []), ...(place === undefined ? {} : { place }) }
}

const read = (output: InterviewOutput | undefined) =>
  output?.type === "review.read" ? output.items.map(({ linkId }) => linkId) : output?.type

describe("what was spoken", () => {
  it("is written first, and then read back in groups; two times yes ends it, and nothing is written again", () => {
    const { outputs, say, ended, last, expected } = run(planWith(5))
    assert.deepInclude(outputs.at(-2), { type: "interview.ended", status: "completed", isReviewed: true })
    assert.deepEqual(read(last()), ["q1", "q2", "q3"])
    say("yes")
    assert.deepEqual(read(last()), ["q4", "q5"])
    say("that is right")
    assert.deepInclude(last(), { type: "review.ended" })
    assert.deepEqual(ended(), ["completed"])
    assert.deepEqual(expected(), { about: "correction" })
  })

  it("is corrected by no and the number of an answer; it is amended, and the group is read once more", () => {
    const { say, answer, ended, last } = run(planWith(5))
    say("no")
    assert.deepInclude(last(), { type: "review.which" })
    say("two")
    assert.deepInclude(last(), { type: "question.asked", linkId: "q2" })
    answer("q2", 9)
    assert.deepEqual(ended(), ["completed", "amended"])
    const again = last()
    assert.deepEqual(read(again), ["q1", "q2", "q3"])
    assert.isTrue(again?.type === "review.read" && again.items[1]?.answer.value === 9 && again.preface === "amended")
  })

  it("is corrected at once by whoever names the answer, also with a no before it", () => {
    for (const text of ["3", "the third one", "no, number three"]) {
      const { say, last } = run(planWith(5))
      say(text)
      assert.deepInclude(last(), { type: "question.asked", linkId: "q3" }, text)
    }
  })

  it("is left as it was where the question is passed over, and nothing is written", () => {
    const { say, send, ended, last } = run(planWith(3))
    say("2")
    send({ type: "question.skip" })
    assert.deepEqual(read(last()), ["q1", "q2", "q3"])
    assert.deepEqual(ended(), ["completed"])
  })

  it("of one answer needs no number", () => {
    const { say, last } = run(planWith(1))
    say("no")
    assert.deepInclude(last(), { type: "question.asked", linkId: "q1" })
  })

  it("is offered where it is long", () => {
    const { say, last } = run(planWith(7))
    assert.deepInclude(last(), { type: "review.offered" })
    say("yes")
    assert.deepEqual(read(last()), ["q1", "q2", "q3"])
    const declined = run(planWith(7))
    declined.say("no")
    assert.deepInclude(declined.last(), { type: "review.ended" })
  })

  it("goes on without more words after silence, stop, or what is not understood too often", () => {
    for (const event of ["stop.request", "pause.request", "hearing.failed"] as const) {
      const { send, last } = run(planWith(3))
      send({ type: event })
      assert.deepInclude(last(), { type: "review.ended" }, event)
    }
    const { send, last, ended } = run(planWith(3))
    for (let time = 0; time < 4; time++) send({ type: "prompt.done" }, { type: "silence.elapsed" })
    assert.deepInclude(last(), { type: "review.ended" })
    assert.deepEqual(ended(), ["completed"])
  })

  it("is gone on with after an alert was told", () => {
    const { send, last, outputs } = run(planWith(3))
    send({ type: "distress.heard" }, { type: "alert.stored" }, { type: "prompt.done" })
    assert.include(
      outputs.map(({ type }) => type),
      "notice.told"
    )
    assert.deepEqual(read(last()), ["q1", "q2", "q3"])
  })
})

describe("what was touched", () => {
  it("is not read back, unless the questionnaire wants it", () => {
    assert.deepInclude(run(planWith(3), "touch").last(), { type: "interview.ended" })
    assert.deepEqual(read(run(planWith(3, "read"), "touch").last()), ["q1", "q2", "q3"])
    assert.deepInclude(run(planWith(3, "offer"), "touch").last(), { type: "review.offered" })
    assert.deepInclude(run(planWith(3, "none")).last(), { type: "interview.ended" })
  })

  it.each([undefined, "none"] as const)("and gone back to for nothing ends once more, in words (%s)", (review) => {
    const plan = planWith(2, review)
    const { outputs, send, ended, last, expected } = run(plan, "touch")
    send({ type: "question.goto", linkId: "q1" }, { type: "question.skip" })
    assert.deepInclude(last(), { type: "review.ended" })
    assert.deepEqual(ended(), ["completed"])
    assert.deepEqual(expected(), { about: "correction" })
    assert.deepEqual(run(plan, "touch", recordOf(plan, outputs)).expected(), { about: "correction" })
  })
})

describe("a review", () => {
  const plan = planWith(5)

  it("is answered by touch and keypad too", () => {
    const { expected } = run(plan)
    const touched = (selection: { readonly code?: string; readonly value?: boolean }) =>
      interpretSelection(plan, expected(), { linkId: "sawt:review", ...selection })
    assert.deepEqual(touched({ value: true }), { type: "confirmation.given" })
    assert.deepEqual(touched({ value: false }), { type: "confirmation.denied" })
    assert.deepEqual(touched({ code: "2" }), { type: "question.goto", linkId: "q2", at: [] })
    assert.property(touched({ code: "4" }), "refused")
    assert.deepEqual(interpretDigits(plan, expected(), "2"), { type: "confirmation.denied" })
    const which = run(plan)
    which.say("no")
    assert.deepEqual(interpretDigits(plan, which.expected(), "2"), { type: "question.goto", linkId: "q2", at: [] })
    assert.property(interpretDigits(plan, which.expected(), "4"), "refused")
  })

  it("is told with numbers, keeps no prompt that holds an answer, and listens for the numbers", () => {
    const { last, expected } = run(plan)
    const output = last()
    if (output?.type !== "review.read") return assert.fail("nothing is read")
    const { messages, prompt } = performanceOf(plan, output)
    assert.isFalse(prompt?.keep)
    assert.include(prompt?.text, "2. Item q2: 1")
    const [message] = messages
    assert.isTrue(message?.type === "question.asked" && message.review === true && message.item_type === "boolean")
    assert.includeMembers([...(grammarFor(plan, expected()) ?? [])], ["yes", "no", "three"])
  })

  it("that was cut off is begun anew by the next connection; one that was ended is not", () => {
    const first = run(plan)
    first.say("yes")
    const second = run(plan, "voice", recordOf(plan, first.outputs))
    assert.deepEqual(read(second.last()), ["q1", "q2", "q3"])
    assert.isEmpty(second.ended())
    first.say("yes")
    const third = run(plan, "voice", recordOf(plan, first.outputs))
    assert.isEmpty(third.outputs)
    assert.deepEqual(third.expected(), { about: "correction" })
  })
})
