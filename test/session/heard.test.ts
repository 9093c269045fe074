import { assert, describe, it } from "vitest"
import type { Expectation, InterviewEvent } from "#machines/interview.ts"
import type { ListenerEvent } from "#src/audio/listener-events.ts"
import { receiveHeard, understood } from "#src/session/heard.ts"
import type { Session } from "#src/session/session.ts"
import { today } from "#test/questionnaire/phrases/asks.ts"
import { phq9Plan } from "#test/support/phq9.ts"

const first = { about: "answer", linkId: phq9Plan.questions[0]?.linkId ?? "" } as const
const safety = { about: "answer", linkId: "44260-8" } as const
const heard = (
  text: string,
  over: { readonly degraded?: boolean; readonly unknownWords?: number; readonly freeText?: string } = {}
) => ({
  text,
  unknownWords: 0,
  confidence: 1,
  degraded: false,
  ...over
})

describe("what was heard", () => {
  it("is taken as it was understood", () => {
    assert.deepInclude(understood(phq9Plan, first, heard("عدة أيام"), today), { type: "answer.given", sure: true })
    assert.deepEqual(understood(phq9Plan, first, heard(""), today), { type: "utterance.empty" })
    assert.deepInclude(understood(phq9Plan, first, heard("", { unknownWords: 1 }), today), { type: "answer.unmatched" })
  })

  it("by a model that stands in is read back before it is taken", () => {
    const event = understood(phq9Plan, first, heard("عدة أيام", { degraded: true }), today)
    assert.deepInclude(event, { type: "answer.given", sure: false })
    assert.deepEqual(understood(phq9Plan, first, heard("السابق", { degraded: true }), today), { type: "question.back" })
  })

  it("by a model that stands in never answers the safety question, nor confirms its answer", () => {
    for (const [about, text] of [
      ["answer", "ولا مرة"],
      ["answer", "كل يوم تقريبا"],
      ["confirmation", "نعم"]
    ] as const) {
      const event = understood(phq9Plan, { ...safety, about }, heard(text, { degraded: true }), today)
      assert.notInclude(["answer.given", "confirmation.given"], event.type)
    }
    assert.deepEqual(understood(phq9Plan, safety, heard("ولا مرة", { degraded: true }), today), {
      type: "hearing.failed"
    })
    assert.deepInclude(understood(phq9Plan, safety, heard("ولا مرة"), today), { type: "answer.given" })
    assert.deepEqual(
      understood(phq9Plan, { ...safety, about: "confirmation" }, heard("لا", { degraded: true }), today),
      {
        type: "confirmation.denied"
      }
    )
  })

  it("sounds like danger where the grammar left words out: an alert, and the answer beside it stands", () => {
    const free = { unknownWords: 2, freeText: "أريد أن أموت كل يوم تقريبا" }
    assert.deepEqual(understood(phq9Plan, first, heard("", free), today), { type: "distress.heard" })
    assert.deepInclude(understood(phq9Plan, first, heard("كل يوم تقريبا", free), today), {
      type: "answer.given",
      isDistressed: true
    })
    assert.deepInclude(understood(phq9Plan, first, heard("", { unknownWords: 1, freeText: "عدة أيام" }), today), {
      type: "answer.unmatched"
    })
  })

  it("sounds like danger in a person's own words, heard or typed, at any question but the consent", () => {
    assert.deepEqual(understood(phq9Plan, first, heard("أريد أن أموت"), today), { type: "distress.heard" })
    assert.deepEqual(understood(phq9Plan, safety, heard("أريد أن أموت", { degraded: true }), today), {
      type: "distress.heard"
    })
    const consent = understood(phq9Plan, { about: "consent" }, heard("أريد أن أموت"), today)
    assert.deepInclude(consent, { type: "answer.unmatched" })
    const chosen = understood(phq9Plan, first, heard("عدة أيام"), today)
    assert.notProperty(chosen, "isDistressed")
  })
})

describe("an utterance that was cut off after the longest time", () => {
  const final = (utteranceId: string, startMs: number, endMs: number, text: string): ListenerEvent => ({
    type: "transcript.final",
    utteranceId,
    transcript: { ...heard(text, { unknownWords: 3 }), words: [], alternatives: [], model: "m", replayed: false },
    audioStartMs: startMs,
    startMs,
    endMs
  })
  /** A session as far as what is heard concerns it; the question stays the same. */
  const listening = () => {
    const told: Array<InterviewEvent> = []
    const machine: Array<string> = []
    const session = {
      expected: [] as Array<Expectation>,
      expectation: () => first,
      started: { questionnaire: { plan: phq9Plan } },
      options: { nowMs: () => 0 },
      turns: { traceId: "t" },
      figures: { utterances: 0 },
      actor: { send: ({ type }: { readonly type: string }) => machine.push(type) },
      send: () => {},
      ownId: (id: string) => id,
      settle: () => {},
      tellInterview: (event: InterviewEvent) => told.push(event)
    }
    const hear = (...events: ReadonlyArray<ListenerEvent>) => {
      for (const event of events) receiveHeard(session as unknown as Session, event)
    }
    return { told, machine, hear }
  }
  const begun = (utteranceId: string, atMs: number): ListenerEvent => ({ type: "speech.started", utteranceId, atMs })
  const over = (utteranceId: string, atMs: number): ReadonlyArray<ListenerEvent> => [
    { type: "speech.stopped", utteranceId, atMs },
    { type: "utterance.ended", utteranceId, atMs }
  ]

  it("is asked for in few words, or kept, and the rest of it is no answer to anything", () => {
    const { told, machine, hear } = listening()
    hear(begun("u1", 0), ...over("u1", 29_900), begun("u2", 30_000))
    hear(final("u1", 0, 29_900, "هذا كلام طويل"))
    assert.deepEqual(told, [{ type: "answer.unmatched", reason: "too_long" }])
    hear(...over("u2", 33_000), final("u2", 30_000, 33_000, "عدة أيام"))
    assert.deepEqual(told.slice(1), [{ type: "utterance.empty" }])
    assert.deepEqual(
      machine.filter((type) => type === "speech.started" || type === "utterance.ended"),
      ["speech.started", "utterance.ended"]
    )
    hear(begun("u3", 60_000), ...over("u3", 89_900), final("u3", 60_000, 89_900, "عدة أيام"))
    assert.deepInclude(told.at(-1), { type: "answer.given", isLong: true })
  })
})
