/** A questionnaire written in a few lines, loaded as the server does it, and talked to. */
import { Effect, Result } from "effect"
import { assert } from "vitest"
import { createActor, SimulatedClock } from "xstate"
import { formOf } from "#machines/form.ts"
import type { InterviewEvent, InterviewOutput } from "#machines/interview.ts"
import { expectationOf, interviewMachine } from "#machines/questionnaire.ts"
import type { AnswerValue } from "#schemas/wire.ts"
import { interpretSelection } from "#src/questionnaire/answer.ts"
import { load, type LoadedQuestionnaire } from "#src/questionnaire/load.ts"
import { responseOf } from "#src/questionnaire/response.ts"
import { scoresOf } from "#src/questionnaire/scores.ts"
import { validateResponse } from "#src/questionnaire/validate.ts"
import type { ValueSets } from "#src/questionnaire/value-sets.ts"

const resource = (items: ReadonlyArray<object>, over: object) => ({
  resourceType: "Questionnaire",
  id: "small",
  language: "en",
  status: "draft",
  title: "Small",
  item: items,
  ...over
})

export const loadedOf = (items: ReadonlyArray<object>, over: object = {}, valueSets?: ValueSets): LoadedQuestionnaire =>
  Effect.runSync(load("small.json", JSON.stringify(resource(items, over)), valueSets))

export const refusalsOf = (items: ReadonlyArray<object>, over: object = {}): string => {
  const result = Effect.runSync(Effect.result(load("small.json", JSON.stringify(resource(items, over)))))
  return Result.isFailure(result) ? result.failure.message : assert.fail("it was accepted")
}

/** Consent is given and every write succeeds. */
export const interviewed = (loaded: LoadedQuestionnaire) => {
  const { questionnaire, plan, evaluate } = loaded
  const outputs: Array<InterviewOutput> = []
  const actor = createActor(interviewMachine(plan, evaluate), { input: {}, clock: new SimulatedClock() })
  actor.on("*", (output) => outputs.push(output))
  actor.start()
  const send = (event: InterviewEvent): void => {
    actor.send(event)
    const last = outputs.at(-1)
    if (last?.type === "answer.recording") actor.send({ type: "answer.stored", linkId: last.record.linkId })
  }
  send({ type: "consent.given", via: "touch" })
  send({ type: "consent.stored" })
  const expectation = () => expectationOf(actor.getSnapshot())
  /** What is asked now, as `linkId`, or `another linkId`. */
  const now = (): string => {
    const expected = expectation()
    if (!("linkId" in expected)) return expected.about
    const nth = expected.at === undefined ? "" : `[${expected.at.join(",")}]`
    return `${expected.about === "another" ? "another " : ""}${expected.linkId}${nth}`
  }
  const answer = (value: AnswerValue): void => {
    const expected = expectation()
    const linkId = "linkId" in expected ? expected.linkId : assert.fail(`nothing is asked but ${expected.about}`)
    const event = interpretSelection(plan, expected, { linkId, value })
    if ("refused" in event) assert.fail(event.refused)
    send(event)
  }
  const form = () => formOf(plan, actor.getSnapshot().context.kept, evaluate)
  const response = (status: "completed" | "amended" | "stopped" = "completed") => {
    const built = responseOf(questionnaire, plan, form(), { id: "r", status, authored: "2026-01-01T00:00:00Z" })
    assert.deepEqual(validateResponse(questionnaire, built), [])
    return built
  }
  return {
    actor,
    outputs,
    send,
    expectation,
    now,
    answer,
    form,
    response,
    scores: () => scoresOf(plan, form()),
    last: () => outputs.at(-1)
  }
}
