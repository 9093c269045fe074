import { Result, Schema } from "effect"
import fc from "fast-check"
import { assert, describe, it } from "vitest"
import type { Expectation } from "#machines/interview.ts"
import { Questionnaire } from "#schemas/fhir.ts"
import { compile } from "#src/questionnaire/compile.ts"
import { turnOf } from "#src/session/turn.ts"
import {
  endSilenceAfter,
  isInterruptible,
  kindOf,
  numberStanding,
  patience,
  standing,
  type Kind
} from "#src/session/turn-taking.ts"
import { endpointing, frameMs } from "#src/audio/endpointing.ts"
import { today } from "#test/questionnaire/phrases/asks.ts"
import { phq9Plan } from "#test/support/phq9.ts"

const safetyItem = "44260-8"
const item = phq9Plan.questions[0]?.linkId ?? ""
const answer: Expectation = { about: "answer", linkId: item }
const readBack: Expectation = { about: "confirmation", linkId: item }
const heard = (text: string, unknownWords = 0) => ({ text, unknownWords })

const planOf = (item: Record<string, unknown>) =>
  Result.getOrThrow(
    compile(
      Schema.decodeUnknownSync(Questionnaire)({
        resourceType: "Questionnaire",
        id: "turns",
        url: "urn:sawt:test:turns",
        version: "1",
        title: "turns",
        status: "draft",
        language: "ar",
        item: [{ linkId: "q", text: "سؤال", ...item }]
      })
    )
  ).plan
const agreementPlan = planOf({ type: "boolean" })
const q: Expectation = { about: "answer", linkId: "q" }
const kind = (type: string) => kindOf(planOf({ type }), q)

describe("the silence that ends a turn", () => {
  it("follows from what is asked", () => {
    const rows: ReadonlyArray<readonly [Expectation, Kind]> = [
      [{ about: "consent" }, "decision"],
      [{ about: "stop" }, "decision"],
      [answer, "choice"],
      [readBack, "confirmation"],
      [{ about: "answer", linkId: safetyItem }, "safety"],
      [{ about: "confirmation", linkId: safetyItem }, "safety"]
    ]
    for (const [expectation, kind] of rows) assert.strictEqual(kindOf(phq9Plan, expectation), kind)
    assert.deepStrictEqual(["boolean", "integer", "decimal", "date", "time", "string", "text"].map(kind), [
      "boolean",
      "number",
      "measure",
      "date",
      "date",
      "text",
      "text"
    ])
    assert.strictEqual(kindOf(agreementPlan, { about: "another", linkId: "q" }), "boolean")
    assert.strictEqual(kindOf(agreementPlan, { about: "correction" }), "decision")
    assert.strictEqual(kindOf(undefined, { about: "nothing" }), "free")
  })

  it("is short for yes and no and choices, longer for numbers, longest for what is told freely", () => {
    const { boolean, choice, number, text } = patience
    assert.isAtMost(boolean.nothing, choice.nothing)
    for (const standing of ["nothing", "begun", "open"] as const) {
      assert.isBelow(choice[standing], number[standing])
      assert.isAtLeast(text[standing], number[standing])
    }
  })

  it("is never shorter than a pause that can be judged, and never shortest for a part of an answer", () => {
    for (const [kind, row] of Object.entries(patience)) {
      for (const ms of Object.values(row)) assert.isAtLeast(ms, (endpointing.peekFrames + 1) * frameMs, kind)
      const { whole = Infinity, ...others } = row as { whole?: number; begun: number; open: number; nothing: number }
      if (whole < Infinity) assert.isBelow(whole, Math.min(...Object.values(others)), kind)
      assert.isAtLeast(row.begun, row.open, kind)
    }
  })

  it("is never shortened at a question whose answer is always read back, nor for consent and stopping", () => {
    for (const expectation of [
      { about: "answer", linkId: safetyItem },
      { about: "confirmation", linkId: safetyItem },
      { about: "consent" },
      { about: "stop" }
    ] as const) {
      assert.isUndefined(endSilenceAfter(phq9Plan, expectation, today), expectation.about)
    }
    const questionnaire = { plan: phq9Plan } as never
    const chosen = { alternatives: 0, partials: true, questionnaire }
    const safety = turnOf(true, { about: "answer", linkId: safetyItem }, chosen, 0)
    assert.notProperty(safety, "endSilenceAfter")
    assert.strictEqual(safety.endSilenceMs, patience.safety.nothing)
    assert.property(turnOf(true, answer, chosen, 0), "endSilenceAfter")
  })

  it("is shortened after a whole answer, in words, by its number, or by a command", () => {
    const after = endSilenceAfter(phq9Plan, answer, today)
    for (const text of ["واحد", "عدة أيام", "أكثر من نصف الأيام", "تقريبا كل يوم", "كل يوم", "أعد السؤال"])
      assert.strictEqual(after?.(heard(text)), patience.choice.whole, text)
    assert.strictEqual(endSilenceAfter(phq9Plan, readBack, today)?.(heard("نعم")), patience.confirmation.whole)
  })

  it("is long after a part of an answer, and waits where another could follow", () => {
    for (const text of ["عدة", "أكثر من", "تقريبا", "واحد ثلاثة"])
      assert.strictEqual(standing(phq9Plan, answer, heard(text), today), "begun", text)
    assert.strictEqual(standing(phq9Plan, answer, heard(""), today), "nothing")
    assert.strictEqual(standing(phq9Plan, answer, heard("", 2), today), "nothing")
    assert.strictEqual(standing(phq9Plan, answer, heard("أعد"), today), "open")
    assert.strictEqual(standing(phq9Plan, readBack, heard("لا"), today), "open")
    assert.strictEqual(standing(phq9Plan, readBack, heard("لا اثنان"), today), "whole")
    assert.strictEqual(standing(agreementPlan, q, heard("لا"), today), "open")
  })

  it("is not shortened by what was heard beside unknown words or unsurely", () => {
    assert.strictEqual(standing(phq9Plan, answer, heard("واحد", 1), today), "open")
    assert.strictEqual(standing(phq9Plan, answer, { ...heard("واحد"), confidence: 0.6 }, today), "open")
    assert.strictEqual(standing(phq9Plan, answer, { ...heard("واحد"), confidence: 0.9 }, today), "whole")
    assert.strictEqual(standing(phq9Plan, readBack, { ...heard("نعم"), confidence: 0.6 }, today), "open")
  })
})

describe("a number", () => {
  it("is whole when nothing that goes on from it is in bounds", () => {
    assert.strictEqual(numberStanding(5, { min: 0, max: 10 }), "whole")
    assert.strictEqual(numberStanding(1, { min: 0, max: 10 }), "open")
    assert.strictEqual(numberStanding(3, { min: 0, max: 120 }), "open")
    assert.strictEqual(numberStanding(20, { max: 120 }), "open")
    assert.strictEqual(numberStanding(23, { max: 120 }), "whole")
    assert.strictEqual(numberStanding(100, { max: 120 }), "open")
    assert.strictEqual(numberStanding(19, { min: 1_000, max: 9_999 }), "begun")
    assert.strictEqual(numberStanding(1_982, { min: 1_000, max: 9_999 }), "whole")
    assert.strictEqual(numberStanding(300, { max: 120 }), "open")
    assert.strictEqual(numberStanding(1_982, {}), "open")
  })

  it("said by its digits is never whole before its last one", () => {
    const bounds = fc.tuple(fc.nat(5_000), fc.nat(5_000)).map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const)
    fc.assert(
      fc.property(bounds, fc.nat(1_000), ([min, max], share) => {
        const value = min + Math.floor(((max - min) * share) / 1_000)
        const digits = String(value)
        for (let length = 1; length < digits.length; length++) {
          assert.notStrictEqual(numberStanding(Number(digits.slice(0, length)), { min, max }), "whole")
        }
      })
    )
  })
})

describe("a prompt", () => {
  it("is stopped by a voice, unless it must be heard", () => {
    assert.isTrue(isInterruptible({ type: "help.given", linkId: item }))
    assert.isTrue(isInterruptible({ type: "touch.offered", linkId: item, why: "asked_enough" }))
    assert.isFalse(isInterruptible({ type: "consent.asked", attempt: 1 }))
    assert.isFalse(isInterruptible({ type: "touch.offered", linkId: item, why: "cannot_hear" }))
  })
})
