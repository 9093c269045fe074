/** What holds for any questionnaire and anything that a person may do with it. */
import { Effect } from "effect"
import fc from "fast-check"
import { assert, describe, it } from "vitest"
import { createActor, SimulatedClock } from "xstate"
import type { Expectation, InterviewEvent, InterviewOutput, InterviewRecord } from "#machines/interview.ts"
import { formOf } from "#machines/form.ts"
import { mayBeSeveral } from "#machines/plan.ts"
import { expectationOf, interviewMachine } from "#machines/questionnaire.ts"
import type { QuestionnaireItem, QuestionnaireResponse, ResponseItem } from "#schemas/fhir.ts"
import { interpretSelection } from "#src/questionnaire/answer.ts"
import { load, type LoadedQuestionnaire } from "#src/questionnaire/load.ts"
import { responseOf } from "#src/questionnaire/response.ts"
import { scoresOf } from "#src/questionnaire/scores.ts"
import { validateResponse } from "#src/questionnaire/validate.ts"
import { keptOf } from "#src/session/kept.ts"
import { randomOf, randomValue } from "#test/support/fill.ts"
import { faultsByOthers } from "#test/support/fhir-validator.ts"
import { randomQuestionnaire } from "#test/support/random-questionnaire.ts"

const numRuns = Number(process.env["SAWT_PROPERTY_RUNS"] ?? 120)

const loadedOf = (questionnaire: object): LoadedQuestionnaire =>
  Effect.runSync(load("random.json", JSON.stringify(questionnaire)))

/** What somebody does next, by chance. */
const moves = fc.array(fc.record({ move: fc.nat({ max: 99 }), seed: fc.nat() }), { maxLength: 120 })

const start = ({ plan, evaluate }: LoadedQuestionnaire, record?: InterviewRecord) => {
  const outputs: Array<InterviewOutput> = []
  const actor = createActor(interviewMachine(plan, evaluate), {
    input: record === undefined ? {} : { record },
    clock: new SimulatedClock()
  })
  actor.on("*", (output) => outputs.push(output))
  actor.start()
  return { actor, outputs, send: (event: InterviewEvent) => actor.send(event) }
}
type Live = ReturnType<typeof start>

const settle = ({ outputs, send }: Live): void => {
  const last = outputs.at(-1)
  if (last?.type === "consent.recording") send({ type: "consent.stored" })
  if (last?.type === "answer.recording") send({ type: "answer.stored", linkId: last.record.linkId })
}

const act = ({ plan }: LoadedQuestionnaire, live: Live, move: number, seed: number): void => {
  const random = randomOf(seed)
  const { actor, send } = live
  const expectation = expectationOf(actor.getSnapshot())
  const anywhere =
    plan.items.length > 0 ? (plan.questions[seed % Math.max(1, plan.questions.length)]?.linkId ?? "") : ""
  if (move < 6) send({ type: "question.back" })
  else if (move < 12) send({ type: "question.skip" })
  else if (move < 18) send({ type: "question.goto", linkId: anywhere })
  else if (move < 19) send({ type: "stop.request" })
  else if (move < 24) send({ type: "confirmation.denied" })
  else if (move < 27) send({ type: "help.request" })
  else if (move < 30) send({ type: "prompt.done" })
  else if (move < 33) send({ type: "silence.elapsed" })
  else if (move < 36) send({ type: "initial.kept", via: "text" })
  else if (["another", "adding", "confirmation", "stop", "review"].includes(expectation.about)) {
    const [item] = expectation.about === "review" ? expectation.items : []
    if (item !== undefined && move > 90) send({ type: "question.goto", linkId: item.linkId, at: item.at ?? [] })
    else send({ type: move < 65 ? "confirmation.given" : "confirmation.denied" })
  } else if (expectation.about === "answer") {
    const question = plan.questions.find(({ linkId }) => linkId === expectation.linkId)
    if (question === undefined) return assert.fail(`no question ${expectation.linkId}`)
    const value = randomValue(question, random)
    const event = interpretSelection(plan, expectation, { linkId: question.linkId, value })
    if ("refused" in event) return assert.fail(event.refused)
    if (event.type === "answer.given" && move > 84) {
      const more = question.lists === true ? { more: [event.answer] } : {}
      const isPartial = mayBeSeveral(question) && move > 95 ? { isPartial: true as const } : {}
      send({ ...event, ...more, ...isPartial, via: move > 90 ? "voice" : "touch", sure: move <= 90 })
    } else send(event)
  }
  settle(live)
}

const responseNow = ({ questionnaire, plan, evaluate }: LoadedQuestionnaire, live: Live) => {
  const form = formOf(plan, live.actor.getSnapshot().context.kept, evaluate)
  const ended = live.outputs.findLast((output) => output.type === "interview.ended")
  const isWhole = live.actor.getSnapshot().hasTag("completed") && ended?.status !== "stopped"
  const status = isWhole ? (ended?.status === "amended" ? "amended" : "completed") : "stopped"
  return {
    form,
    response: responseOf(questionnaire, plan, form, { id: "r", status, authored: "2026-01-01T00:00:00Z" })
  }
}

const flat = (items: ReadonlyArray<ResponseItem> | undefined): ReadonlyArray<ResponseItem> =>
  (items ?? []).flatMap((item) => [
    item,
    ...flat(item.item),
    ...(item.answer ?? []).flatMap((answer) => flat(answer.item))
  ])

/** Adds up the codes c0, c1, … of a response, without the engine's own sums. */
const totalOf = (response: QuestionnaireResponse, scored: ReadonlyArray<string>): number | undefined => {
  const all = flat(response.item)
  const points = scored.map((linkId) => all.find((item) => item.linkId === linkId)?.answer?.[0]?.valueCoding?.code)
  if (scored.length === 0 || points.some((code) => code === undefined)) return undefined
  return points.reduce((sum, code) => sum + Number(code?.slice(1)), 0)
}

const recordOf = (loaded: LoadedQuestionnaire, outputs: ReadonlyArray<InterviewOutput>): InterviewRecord => {
  const kept = outputs.flatMap((output) => keptOf(loaded.plan, output, 0) ?? [])
  const place = kept.findLast((write) => write.place !== undefined)?.place ?? undefined
  return { entries: kept.flatMap(({ entry }) => entry ?? []), ...(place === undefined ? {} : { place }) }
}

describe("any questionnaire, whatever is done with it", () => {
  it("gives a valid response at any moment, without answers of disabled items, and with the right total", () => {
    fc.assert(
      fc.property(randomQuestionnaire, moves, ({ questionnaire, scored }, done) => {
        const loaded = loadedOf(questionnaire)
        const live = start(loaded)
        live.send({ type: "consent.given", via: "touch" })
        settle(live)
        for (const { move, seed } of done) act(loaded, live, move, seed)
        const { form, response } = responseNow(loaded, live)
        assert.deepEqual(validateResponse(questionnaire as { item: ReadonlyArray<QuestionnaireItem> }, response), [])
        assert.deepEqual(faultsByOthers(response), [])
        const score = scoresOf(loaded.plan, form).find(({ id }) => id === "total")
        assert.equal(score?.value, totalOf(response, scored))
      }),
      { numRuns }
    )
  })

  it("comes to an end: nobody is led into a dead end", () => {
    fc.assert(
      fc.property(randomQuestionnaire, moves, fc.nat(), ({ questionnaire }, done, seed) => {
        const loaded = loadedOf(questionnaire)
        const live = start(loaded)
        live.send({ type: "consent.given", via: "touch" })
        settle(live)
        for (const { move, seed: chance } of done) act(loaded, live, move, chance)
        for (let step = 0; step < 2_000 && !live.actor.getSnapshot().hasTag("completed"); step++) {
          // From here on: answers, and no to all else.
          const { about } = expectationOf(live.actor.getSnapshot())
          act(
            loaded,
            live,
            about === "confirmation" || about === "review" ? 50 : about === "answer" ? 80 : 70,
            seed + step
          )
        }
        assert.isTrue(live.actor.getSnapshot().hasTag("completed"))
        assert.deepEqual(validateResponse(questionnaire as never, responseNow(loaded, live).response), [])
      }),
      { numRuns }
    )
  })

  it("can be left at any moment, and goes on from its log at the same place", () => {
    fc.assert(
      fc.property(randomQuestionnaire, moves, ({ questionnaire }, done) => {
        const loaded = loadedOf(questionnaire)
        const live = start(loaded)
        live.send({ type: "consent.given", via: "touch" })
        settle(live)
        for (const { move, seed } of done) act(loaded, live, move, seed)
        const before = live.actor.getSnapshot()
        if (before.status === "done") return
        const after = start(loaded, recordOf(loaded, live.outputs)).actor.getSnapshot()
        assert.deepEqual(after.context.kept, before.context.kept)
        assert.deepEqual(after.context.alerts, before.context.alerts)
        const expected = expectationOf(before)
        // Whether to stop is not asked of somebody who came back.
        if (expected.about === "stop") return
        // They are read from the first group again.
        if (expected.about === "review") return assert.equal(expectationOf(after).about, "review")
        // What was understood of a list is read back first.
        const about = expected.about === "adding" ? "confirmation" : expected.about
        assert.deepEqual(expectationOf(after), { ...expected, about } as Expectation)
      }),
      { numRuns }
    )
  })
})
