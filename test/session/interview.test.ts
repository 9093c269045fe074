import { assert, describe, it } from "vitest"
import type { InterviewOutput } from "#machines/interview.ts"
import type { RecordedAnswer } from "#schemas/record.ts"
import { repromptsMax } from "#machines/interview-setup.ts"
import { nothingKept } from "#machines/kept.ts"
import { Router } from "#machines/routing.ts"
import { fixedPrompts, performanceOf } from "#src/session/interview.ts"
import { completedMessage, resultOf } from "#src/session/results.ts"
import { phq9, phq9Plan } from "#test/support/phq9.ts"

const [first, second] = phq9Plan.questions
const linkId = first?.linkId ?? ""
const displays = (first?.options ?? []).map(({ display }) => display)
/** Each question where it stands in a form that is not filled in. */
const router = new Router(phq9Plan)
const place = (linkId: string) => {
  const step = router.form(nothingKept).steps.find((candidate) => candidate.linkId === linkId)
  return step === undefined ? assert.fail(`${linkId} is not asked`) : router.place(nothingKept, step)
}
const nothing = { kept: nothingKept, alerts: [], closing: [] }
const perform = (output: InterviewOutput) => performanceOf(phq9Plan, output)
const record = (at: number, code: string, display: string): RecordedAnswer => ({
  linkId: phq9Plan.questions[at]?.linkId ?? "",
  answer: { value: code, display },
  via: "touch",
  revised: false
})

describe("what an interview sounds and looks like", () => {
  it("asks for consent in words that name its version; when it was not understood, in a few of them", () => {
    assert.deepInclude(perform({ type: "consent.asked", attempt: 1 }).messages[0], {
      type: "consent.requested",
      version: "1"
    })
    const again = perform({ type: "consent.asked", attempt: 2, reason: "no_match" })
    assert.isEmpty(again.messages)
    assert.include(again.prompt?.spoken, "عُذْرًا")
    assert.isBelow(
      again.prompt?.spoken.length ?? 0,
      (perform({ type: "consent.asked", attempt: 1 }).prompt?.spoken.length ?? 0) / 2
    )
    assert.include(perform({ type: "touch.offered", why: "asked_enough" }).prompt?.text, "لمس")
  })

  it("shows a question with its choices and keys; they are spoken where they are new, and at every repetition", () => {
    const asked = perform({ type: "question.asked", ...place(linkId), attempt: 1 })
    const [message] = asked.messages
    assert.isTrue(message?.type === "question.asked" && message.index === 1 && message.total === 10)
    for (const display of displays) assert.include(asked.prompt?.text, display)
    const same = perform({ type: "question.asked", ...place(second?.linkId ?? ""), attempt: 1 })
    for (const display of displays) assert.notInclude(same.prompt?.text, display)
    const repeated = perform({
      type: "question.asked",
      ...place(second?.linkId ?? ""),
      attempt: 2,
      reason: "no_speech"
    })
    assert.deepInclude(repeated.messages[0], { type: "question.reprompt", reason: "no_speech", attempt: 2 })
    for (const display of displays) assert.include(repeated.prompt?.text, display)
  })

  it("helps in other words each time", () => {
    const texts = Array.from(
      { length: repromptsMax },
      (_, at) =>
        perform({ type: "question.asked", ...place(linkId), attempt: at + 2, reason: "no_match" }).prompt?.spoken
    )
    assert.strictEqual(new Set(texts).size, repromptsMax)
  })

  it("keeps only what holds no answer: a read-back never stays on disk and is never rendered ahead", () => {
    const { prompt, messages } = perform({
      type: "answer.confirming",
      linkId,
      pending: record(0, first?.options[1]?.code ?? "", displays[1] ?? "")
    })
    assert.include(messages[0], { type: "answer.confirm", display: displays[1] ?? "" })
    assert.include(prompt?.spoken, first?.options[1]?.spokenDisplay)
    assert.isFalse(prompt?.keep)
    assert.notInclude(fixedPrompts(phq9Plan), prompt?.spoken)
  })

  it("renders ahead every prompt that it keeps", () => {
    const ahead = new Set(fixedPrompts(phq9Plan))
    const outputs: ReadonlyArray<InterviewOutput> = [
      { type: "consent.asked", attempt: 1 },
      { type: "consent.asked", attempt: 2, reason: "no_speech" },
      ...phq9Plan.questions.flatMap(({ linkId }): ReadonlyArray<InterviewOutput> => [
        { type: "question.asked", ...place(linkId), attempt: 1 },
        { type: "question.asked", ...place(linkId), attempt: repromptsMax + 1, reason: "no_match" },
        { type: "touch.offered", linkId, why: "asked_enough" },
        { type: "touch.offered", linkId, why: "cannot_hear" },
        { type: "question.asked", ...place(linkId), attempt: 1, preface: "welcome_back", again: true },
        { type: "help.given", linkId }
      ]),
      { type: "touch.offered", why: "asked_enough" },
      { type: "stop.confirming" },
      { type: "storing.delayed", failures: 1 },
      { type: "consent.asked", attempt: 1, preface: "welcome_back" },
      { type: "interview.ended", status: "declined", ...nothing }
    ]
    for (const output of outputs) {
      const { prompt } = perform(output)
      assert.isTrue(prompt?.keep && ahead.has(prompt.spoken), output.type)
    }
  })

  it("tells a recorded answer as it stands, and says nothing about it", () => {
    const spoken = { ...record(0, "LA6568-5", "ولا مرة"), via: "voice", confidence: 0.9, revised: true } as const
    const { messages, prompt } = perform({ type: "answer.recording", record: spoken, entries: [spoken] })
    assert.isUndefined(prompt)
    assert.deepStrictEqual(messages, [
      {
        type: "answer.recorded",
        link_id: linkId,
        value: "LA6568-5",
        display: "ولا مرة",
        via: "voice",
        confidence: 0.9,
        revised: true
      }
    ])
  })
})

describe("what is told at the end", () => {
  const loaded = { source: "", questionnaire: phq9, plan: phq9Plan }
  const answers = Object.fromEntries([record(0, "LA6569-3", "عدة أيام")].map((answer) => [answer.linkId, answer]))
  const header = { responseId: "r-1", authoredAtMs: 1_767_225_600_000, subject: "patient-7" }

  it("is nothing at all where consent was declined", () => {
    assert.isUndefined(resultOf(loaded, { type: "interview.ended", status: "declined", ...nothing }, header))
  })

  it("is the summary for everybody, and response, scores and alerts for a clinician", () => {
    const ended = {
      type: "interview.ended",
      status: "stopped",
      ...nothing,
      kept: { ...nothingKept, answers }
    } as const
    const result = resultOf(loaded, ended, header)
    assert.isDefined(result)
    const told = (clinician: boolean) => completedMessage(loaded, ended, result, { responseId: "r-1", clinician })
    const forAll = told(false)
    assert.deepStrictEqual(forAll, {
      type: "questionnaire.completed",
      response_id: "r-1",
      status: "stopped",
      summary: [{ link_id: linkId, text: first?.text ?? "", display: "عدة أيام" }]
    })
    const forClinician = told(true)
    assert.deepStrictEqual(Object.keys(forClinician), [...Object.keys(forAll), "response", "scores", "alerts"])
    assert.include(JSON.stringify(forClinician), "patient-7")
    assert.notInclude(JSON.stringify(forAll), "patient-7")
  })
})
