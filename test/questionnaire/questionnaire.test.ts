import { Effect, Exit, Result, Schema } from "effect"
import fc from "fast-check"
import { assert, describe, it } from "vitest"
import type { RecordedAnswer } from "#schemas/record.ts"
import { QuestionnaireResponse } from "#schemas/fhir.ts"
import { answerOf, interpretDigits, interpretSelection, interpretText } from "#src/questionnaire/answer.ts"
import { comparable } from "#src/questionnaire/arabic.ts"
import { grammarFor, vocabularyOf } from "#src/questionnaire/grammar.ts"
import { extensionUrls } from "#src/questionnaire/extensions.ts"
import { load } from "#src/questionnaire/load.ts"
import { responseOf } from "#src/questionnaire/response.ts"
import { scoresOf } from "#src/questionnaire/scores.ts"
import { today } from "./phrases/asks.ts"
import { phq9, phq9Form, phq9Plan } from "#test/support/phq9.ts"

const first = { about: "answer", linkId: "44250-9" } as const
const heardWith = (confidence: number, unknownWords = 0) => ({ confidence, unknownWords })
const codes = ["LA6568-5", "LA6569-3", "LA6570-1", "LA6571-9"]

describe("comparing Arabic", () => {
  it("folds marks, hamza seats, taa marbuta, tatweel and Arabic digits", () => {
    assert.equal(comparable("أَبَدًا"), "ابدا")
    assert.equal(comparable("عِدَّةُ  أيّـام؟"), "عده ايام")
    assert.equal(comparable("٣"), "3")
    assert.equal(comparable("إلى"), comparable("الي"))
  })

  it("is stable: folding twice changes nothing", () => {
    fc.assert(fc.property(fc.string({ unit: "grapheme" }), (text) => comparable(comparable(text)) === comparable(text)))
  })
})

describe("understanding what was said", () => {
  const table: ReadonlyArray<readonly [string, string]> = [
    ["أبدا", "LA6568-5"],
    ["ولا مرة", "LA6568-5"],
    ["صفر", "LA6568-5"],
    ["عِدَّة أيام", "LA6569-3"],
    ["واحد", "LA6569-3"],
    ["أكثر من نصف الأيام", "LA6570-1"],
    ["اثنان", "LA6570-1"],
    ["٢", "LA6570-1"],
    ["كل يوم", "LA6571-9"],
    ["تقريبا كل يوم", "LA6571-9"],
    ["ثلاثة ثلاثة", "LA6571-9"]
  ]
  for (const [said, code] of table) {
    it(`takes «${said}» for ${code}`, () => {
      const display = phq9Plan.questions[0]?.options.find((option) => option.code === code)?.display ?? ""
      assert.deepInclude(interpretText(phq9Plan, first, said, "voice", today, heardWith(0.95)), {
        type: "answer.given",
        linkId: "44250-9",
        sure: true,
        answer: { value: code, display }
      })
    })
  }

  it("is not sure of a low confidence, nor of words around the answer", () => {
    assert.deepInclude(interpretText(phq9Plan, first, "ثلاثة", "voice", today, heardWith(0.5)), {
      type: "answer.given",
      sure: false
    })
    assert.deepInclude(interpretText(phq9Plan, first, "فتح ثلاثة", "voice", today, heardWith(1)), {
      type: "answer.given",
      sure: false
    })
    assert.deepInclude(interpretText(phq9Plan, first, "ثلاثة", "voice", today, heardWith(1, 1)), {
      type: "answer.given",
      sure: false
    })
  })

  it("refuses two different answers in one breath", () => {
    assert.deepEqual(interpretText(phq9Plan, first, "واحد ثلاثة", "voice", today, heardWith(1)), {
      type: "answer.unmatched",
      reason: "no_match"
    })
  })

  it("takes «no, two» while confirming for a correction", () => {
    const event = interpretText(
      phq9Plan,
      { about: "confirmation", linkId: "44250-9" },
      "لا اثنان",
      "voice",
      today,
      heardWith(1)
    )
    assert.deepInclude(event, { type: "answer.given", sure: true })
  })

  it("understands commands, and only yes or no where consent is asked", () => {
    assert.deepEqual(interpretText(phq9Plan, first, "السابق", "voice", today, heardWith(1)), { type: "question.back" })
    assert.deepEqual(interpretText(phq9Plan, first, "أعد السؤال", "voice", today, heardWith(1)), {
      type: "question.repeat"
    })
    const consent = { about: "consent" } as const
    assert.deepEqual(interpretText(phq9Plan, consent, "نعم", "voice", today, heardWith(1)), {
      type: "consent.given",
      via: "voice"
    })
    assert.deepEqual(interpretText(phq9Plan, consent, "لا", "voice", today, heardWith(1)), { type: "consent.declined" })
    assert.deepInclude(interpretText(phq9Plan, consent, "صفر", "voice", today, heardWith(1)), {
      type: "answer.unmatched"
    })
  })

  it("never throws, and never answers a question that was not asked", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (text) => {
        const event = interpretText(phq9Plan, first, text, "text", today)
        return event.type !== "answer.given" || event.linkId === first.linkId
      })
    )
  })

  it("takes each option by every phrase of its own, and says nothing of what it cannot be sure of", () => {
    for (const { linkId, options } of phq9Plan.questions) {
      for (const { code, display, phrases } of options) {
        for (const said of [display, ...phrases]) {
          const event = interpretText(phq9Plan, { about: "answer", linkId }, said, "voice", today, heardWith(1))
          assert.deepInclude(event, { type: "answer.given", sure: true }, said)
          assert.nestedPropertyVal(event, "answer.value", code, said)
        }
      }
    }
  })

  it("takes a denial for none of what it denies, and no half-hearted consent", () => {
    const consent = { about: "consent" } as const
    assert.deepEqual(interpretText(phq9Plan, consent, "مش موافق", "voice", today, heardWith(1)), {
      type: "consent.declined"
    })
    for (const said of ["نعم بس مش الآن", "يمكن", "أظن نعم"]) {
      assert.deepInclude(interpretText(phq9Plan, consent, said, "voice", today, heardWith(1)), {
        type: "answer.unmatched"
      })
    }
    assert.deepInclude(interpretText(phq9Plan, consent, "نعم", "voice", today, heardWith(0.5)), {
      type: "answer.unmatched"
    })
    assert.deepInclude(interpretText(phq9Plan, first, "مش كل يوم", "voice", today, heardWith(1)), {
      type: "answer.unmatched"
    })
  })

  it("never takes what was typed for what it may only mean", () => {
    assert.deepInclude(interpretText(phq9Plan, first, "أحيانا", "voice", today, heardWith(1)), { sure: false })
    assert.deepEqual(interpretText(phq9Plan, first, "أحيانا", "text", today), {
      type: "answer.unmatched",
      reason: "no_match"
    })
  })
})

describe("touch and keypad", () => {
  it("takes a code that exists and says what is allowed for one that does not", () => {
    assert.deepInclude(interpretSelection(phq9Plan, first, { linkId: "44250-9", code: "LA6570-1" }), { via: "touch" })
    const refusal = interpretSelection(phq9Plan, first, { linkId: "44250-9", code: "nope" })
    assert.include("refused" in refusal ? refusal.refused : "", "LA6568-5")
  })

  it("answers a read-back by true and false", () => {
    const confirming = { about: "confirmation", linkId: "44260-8" } as const
    const touch = (value: boolean) => interpretSelection(phq9Plan, confirming, { linkId: "44260-8", value })
    assert.deepEqual(touch(true), { type: "confirmation.given" })
    assert.deepEqual(touch(false), { type: "confirmation.denied" })
  })

  it("keys of a scale from zero are its points, other keys count from one", () => {
    assert.deepInclude(interpretDigits(phq9Plan, first, "0"), { answer: { value: "LA6568-5", display: "ولا مرة" } })
    const difficulty = interpretDigits(phq9Plan, { about: "answer", linkId: "69722-7" }, "1")
    assert.deepInclude(difficulty, { via: "dtmf", linkId: "69722-7" })
    assert.property(interpretDigits(phq9Plan, { about: "answer", linkId: "69722-7" }, "9"), "refused")
    assert.deepEqual(interpretDigits(phq9Plan, first, "*"), { type: "question.repeat" })
    assert.deepEqual(interpretDigits(phq9Plan, first, "#"), { type: "question.back" })
  })

  it("`*0` asks for a human everywhere, `0` where it is no answer", () => {
    const human = { type: "handover.request" } as const
    assert.deepEqual(interpretDigits(phq9Plan, first, "*0"), human)
    assert.deepEqual(interpretDigits(phq9Plan, { about: "answer", linkId: "69722-7" }, "0"), human)
    assert.deepEqual(interpretDigits(phq9Plan, { about: "stop" }, "0"), human)
  })
})

describe("the grammar of a question", () => {
  it("holds options, their numbers and the commands", () => {
    const grammar = grammarFor(phq9Plan, first)
    assert.includeMembers([...(grammar ?? [])], ["أبدا", "عدة أيام", "صفر", "ثلاثة", "السابق"])
    assert.isTrue(grammar?.every((phrase) => !/[\d\u064B-\u0652]/.test(phrase)))
  })

  it("holds nothing but yes and no where consent is asked", () => {
    const grammar = grammarFor(phq9Plan, { about: "consent" }) ?? []
    assert.include(grammar, "نعم")
    assert.notInclude(grammar, "صفر")
  })

  it("names every word that the model must know", () => {
    assert.includeMembers([...vocabularyOf(phq9Plan)], ["نعم", "لا", "صفر", "السابق", "الصعوبات"])
  })
})

describe("loading a questionnaire", () => {
  const refused = (change: (questionnaire: Record<string, unknown>) => void) => {
    const copy = JSON.parse(JSON.stringify(phq9)) as Record<string, unknown>
    change(copy)
    const exit = Effect.runSyncExit(Effect.flip(load("test.json", JSON.stringify(copy))))
    return Exit.isSuccess(exit) ? exit.value.message : assert.fail("it was accepted")
  }
  const items = (questionnaire: Record<string, unknown>) => questionnaire["item"] as Array<Record<string, unknown>>

  it("refuses a field that it does not honour by its name", () => {
    assert.include(
      refused((q) => Object.assign(items(q)[1] ?? {}, { answerValueSet_TBD: "x" })),
      "69722-7: Expected no excess property"
    )
  })
  it("refuses an item type that it cannot ask", () => {
    assert.include(
      refused((q) => Object.assign(items(q)[1] ?? {}, { type: "attachment", required: true })),
      "69722-7: it is required, and an attachment cannot be asked"
    )
  })
  it("refuses an extension that it does not know, with the linkId", () => {
    const message = refused((q) => Object.assign(items(q)[1] ?? {}, { extension: [{ url: "urn:other" }] }))
    assert.include(message, "69722-7")
    assert.include(message, "urn:other")
  })
  it("refuses doubled linkIds, a choice without options, and a total over nothing", () => {
    assert.include(
      refused((q) => items(q).push(items(q)[1] ?? {})),
      "twice"
    )
    assert.include(
      refused((q) => delete items(q)[1]?.["answerOption"]),
      "answerOption"
    )
    const stray = { url: extensionUrls.sumOf, valueString: "nowhere" }
    assert.include(
      refused((q) => Object.assign(items(q)[2] ?? {}, { extension: [stray] })),
      "nowhere"
    )
  })
  it("refuses what is not a Questionnaire", () => {
    assert.include(
      refused((q) => Object.assign(q, { resourceType: "Patient" })),
      "resourceType"
    )
  })
  it("keeps the shipped PHQ-9 as it is known: nine items of 0 to 3, the total never asked", () => {
    assert.lengthOf(phq9Plan.questions, 10)
    for (const question of phq9Plan.questions.slice(0, 9)) {
      assert.deepEqual(
        question.options.map(({ code, points }) => [code, points]),
        codes.map((code, points) => [code, points])
      )
      assert.isTrue(question.required)
    }
    assert.equal(phq9Plan.questions[8]?.linkId, "44260-8")
    assert.equal(phq9Plan.questions[8]?.confirm, "always")
    assert.notInclude(
      phq9Plan.questions.map(({ linkId }) => linkId),
      "44261-6"
    )
  })
})

describe("the response", () => {
  const answersOf = (points: ReadonlyArray<number>): Record<string, RecordedAnswer> =>
    Object.fromEntries(
      points.flatMap((point, index) => {
        const question = phq9Plan.questions[index]
        const option = question?.options[point]
        return question === undefined || option === undefined
          ? []
          : [
              [
                question.linkId,
                { linkId: question.linkId, answer: answerOf(question, option), via: "voice", revised: false }
              ]
            ]
      })
    )
  const header = { id: "r1", status: "completed", authored: "2026-01-01T00:00:00Z", subject: "patient-1" } as const

  it("has the sum of the nine items as its total, for any answers", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 9, maxLength: 9 }), (points) => {
        const sum = points.reduce((total, point) => total + point, 0)
        const [score] = scoresOf(phq9Plan, phq9Form(answersOf(points)))
        assert.equal(score?.value, sum)
        const bands = ["minimal", "mild", "moderate", "moderately severe", "severe"]
        assert.equal(score?.band, sum >= 20 ? "severe" : bands[Math.floor(sum / 5)])
      })
    )
  })

  it("has no total while an item is missing", () => {
    assert.deepEqual(scoresOf(phq9Plan, phq9Form(answersOf([1, 1, 1, 1, 1, 1, 1, 1]))), [])
  })

  it("is valid, in the shape of its questionnaire, and holds nothing unanswered", () => {
    const response = responseOf(phq9, phq9Plan, phq9Form(answersOf([0, 1, 2, 3, 0, 1, 2, 3, 0, 1])), header)
    const decode = Schema.decodeUnknownResult(QuestionnaireResponse, { onExcessProperty: "error" })
    assert.isTrue(Result.isSuccess(decode(JSON.parse(JSON.stringify(response)))))
    assert.deepEqual(
      response.item?.map(({ linkId }) => linkId),
      ["stem", "69722-7", "44261-6"]
    )
    assert.lengthOf(response.item?.[0]?.item ?? [], 9)
    assert.deepEqual(response.item?.[2]?.answer, [{ valueInteger: 12 }])
    assert.deepEqual(responseOf(phq9, phq9Plan, phq9Form({}), header).item, undefined)
  })

  it("names the questionnaire with its version", () => {
    const canonical = `${phq9.url}|${phq9.version}`
    assert.equal(responseOf(phq9, phq9Plan, phq9Form({}), header).questionnaire, canonical)
  })
})
