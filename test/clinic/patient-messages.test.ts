/**
 * What a patient's client can be told, over many random interviews by the real machine and the real builders of messages:
 * never a total, its band, an alert or the FHIR response (R7.9). `RUNS=1000` is the long form.
 */
import { readFileSync } from "node:fs"
import { Effect, Schema } from "effect"
import fc from "fast-check"
import { createActor, SimulatedClock } from "xstate"
import { assert, it } from "vitest"
import { interviewMachine, type InterviewSnapshot } from "#machines/questionnaire.ts"
import type { InterviewEvent } from "#machines/interview.ts"
import { nothingKept } from "#machines/kept.ts"
import { ServerMessage } from "#schemas/wire.ts"
import { answerOf } from "#src/questionnaire/answer.ts"
import { load } from "#src/questionnaire/load.ts"
import { performanceOf } from "#src/session/interview.ts"
import { completedMessage, resultOf } from "#src/session/results.ts"

const name = "phq-9.ar.json"
const json = readFileSync(new URL(`../../questionnaires/${name}`, import.meta.url), "utf8")
const loaded = Effect.runSync(load(name, json))
const { plan, evaluate } = loaded
const machine = interviewMachine(plan, evaluate)
const decode = Schema.decodeUnknownSync(ServerMessage, { onExcessProperty: "error" })

const runs = Number(process.env.RUNS ?? 50)
/** Keys that only a clinician's message has, and the words of every band. */
const forbiddenKeys = ["scores", "band", "band_text", "alerts", "response", "score", "rule", "subject"]
const asked = JSON.stringify(plan.questions)
/** But those that a question has too, such as "severe" of difficulties. */
const bands = plan.scores
  .flatMap(({ bands }) => bands.flatMap(({ display, text = display }) => [display, text]))
  .filter((band) => !asked.includes(band))

const eventsAt = (snapshot: InterviewSnapshot, choice: number): InterviewEvent => {
  const { linkId } = snapshot.context
  const question = plan.questions.find((one) => one.linkId === linkId)
  const option = question?.options[choice % question.options.length]
  const others: ReadonlyArray<InterviewEvent> = [
    { type: "question.back" },
    { type: "question.skip" },
    { type: "help.request" },
    { type: "stop.request" },
    { type: "withdrawal.request" },
    { type: "confirmation.given" },
    { type: "confirmation.denied" },
    { type: "silence.elapsed" },
    { type: "answer.unmatched", reason: "no_match" },
    { type: "question.goto", linkId: plan.questions[choice % plan.questions.length]?.linkId ?? "" }
  ]
  const other = others[choice % 40]
  if (other !== undefined) return other
  if (question === undefined || option === undefined) return { type: "prompt.done" }
  const via = choice % 2 === 0 ? "touch" : "voice"
  return { type: "answer.given", linkId, answer: answerOf(question, option), via, sure: choice % 3 > 0 }
}

/** Every message of one interview, as a session without scope `clinician` sends them. */
const messagesOf = (choices: ReadonlyArray<number>): ReadonlyArray<ServerMessage> => {
  const messages: Array<ServerMessage> = []
  const actor = createActor(machine, { clock: new SimulatedClock(), input: {} })
  const pending: Array<InterviewEvent> = []
  actor.on("*", (output) => {
    messages.push(...performanceOf(plan, output).messages)
    if (output.type === "consent.recording") pending.push({ type: "consent.stored" })
    if (output.type === "answer.recording") pending.push({ type: "answer.stored", linkId: output.record.linkId })
    if (output.type === "withdrawal.recording") pending.push({ type: "withdrawal.stored" })
    if (output.type === "interview.ended") {
      const result = resultOf(loaded, output, { responseId: "r-1", authoredAtMs: 0, subject: "canary-subject" })
      if (result !== undefined)
        messages.push(completedMessage(loaded, output, result, { responseId: "r-1", clinician: false }))
    }
  })
  actor.start()
  const send = (event: InterviewEvent) => {
    actor.send(event)
    for (let next = pending.shift(); next !== undefined; next = pending.shift()) actor.send(next)
  }
  send({ type: "consent.given", via: "touch" })
  for (const choice of choices) {
    const snapshot = actor.getSnapshot()
    if (snapshot.status !== "active") break
    send(eventsAt(snapshot, choice))
  }
  actor.stop()
  return messages
}

const keysOf = (value: unknown): ReadonlyArray<string> =>
  typeof value !== "object" || value === null
    ? []
    : Object.entries(value).flatMap(([key, inner]) => [key, ...keysOf(inner)])

it(
  `a patient's messages carry no score, band, alert, response or subject, in ${runs} random interviews`,
  { timeout: 300_000 },
  () => {
    let completed = 0
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 10_000 }), { minLength: 20, maxLength: 80 }), (choices) => {
        const messages = messagesOf(choices)
        for (const message of messages) {
          decode(message)
          if (message.type === "questionnaire.completed") completed++
          for (const key of keysOf(message)) assert.notInclude(forbiddenKeys, key)
          const text = JSON.stringify(message)
          assert.notInclude(text, "canary-subject")
          for (const band of bands) assert.notInclude(text, band)
        }
      }),
      { numRuns: runs }
    )
    assert.isAbove(completed, runs / 20)
  }
)

it("the same search finds them in what a clinician is told", () => {
  const output = { type: "interview.ended", status: "stopped", kept: nothingKept, alerts: [], closing: [] } as const
  const result = resultOf(loaded, output, { responseId: "r-1", authoredAtMs: 0, subject: "canary-subject" })
  assert.isDefined(result)
  const found = keysOf(completedMessage(loaded, output, result, { responseId: "r-1", clinician: true }))
  for (const key of ["scores", "alerts", "response", "subject"]) assert.include(found, key)
})
