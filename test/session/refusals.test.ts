import { assert, describe, it } from "vitest"
import type { Expectation, InterviewEvent } from "#machines/interview.ts"
import { refusalOf } from "#src/session/refusals.ts"
import { phq9Plan } from "#test/support/phq9.ts"

const linkIds = phq9Plan.questions.map(({ linkId }) => linkId)
const [first = "", second = ""] = linkIds
const refusal = (expectation: Expectation, event: InterviewEvent) => refusalOf(phq9Plan, expectation, event)
const codeOf = (expectation: Expectation, event: InterviewEvent) => refusal(expectation, event)?.[0]
const answer = (linkId: string): InterviewEvent => ({
  type: "answer.given",
  linkId,
  answer: { value: "LA6568-5", display: "ولا مرة" },
  via: "touch",
  sure: true
})

describe("what an interview is asked at the wrong time", () => {
  it("is refused where no interview is in progress", () => {
    assert.strictEqual(codeOf({ about: "nothing" }, { type: "question.repeat" }), "not_ready")
  })

  it("before the consent is all but the consent, a repeat and help", () => {
    const consent = { about: "consent" } as const
    const allowed: ReadonlyArray<InterviewEvent> = [
      { type: "consent.given", via: "touch" },
      { type: "consent.declined" },
      { type: "question.repeat" },
      { type: "help.request" }
    ]
    for (const event of allowed) assert.isUndefined(refusal(consent, event))
    const early: ReadonlyArray<InterviewEvent> = [
      answer(first),
      { type: "question.back" },
      { type: "question.skip" },
      { type: "question.goto", linkId: first }
    ]
    for (const event of early) assert.strictEqual(codeOf(consent, event), "not_ready")
  })

  it("while it asks whether to stop is all but yes, no, a repeat and another question", () => {
    const stop = { about: "stop" } as const
    assert.isUndefined(refusal(stop, { type: "confirmation.given" }))
    assert.isUndefined(refusal(stop, { type: "question.goto", linkId: second }))
    assert.strictEqual(codeOf(stop, answer(first)), "not_ready")
  })

  it("is an answer to another question than the one asked", () => {
    for (const about of ["answer", "confirmation"] as const) {
      const expectation = { about, linkId: first }
      assert.isUndefined(refusal(expectation, answer(first)))
      const [code, message] = refusal(expectation, answer(second)) ?? []
      assert.strictEqual(code, "invalid_answer")
      assert.include(message, first)
    }
  })

  it("is a question that is not there: those that are there are named", () => {
    const [code, message] = refusal({ about: "answer", linkId: first }, { type: "question.goto", linkId: "x" }) ?? []
    assert.strictEqual(code, "invalid_answer")
    for (const linkId of linkIds) assert.include(message, linkId)
  })

  it("is a text without meaning: the answers of the question are named, or yes and no", () => {
    const unmatched: InterviewEvent = { type: "answer.unmatched", reason: "no_match" }
    const [code, message] = refusal({ about: "answer", linkId: first }, unmatched) ?? []
    assert.strictEqual(code, "invalid_answer")
    for (const { display, key } of phq9Plan.questions[0]?.options ?? []) assert.include(message, `${display} (${key})`)
    for (const expectation of [{ about: "consent" }, { about: "confirmation", linkId: first }] as const) {
      assert.include(refusal(expectation, unmatched)?.[1], "yes or no")
    }
  })
})
