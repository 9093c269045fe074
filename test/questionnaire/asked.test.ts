/** What is said to a question of a plan becomes a value of the plan, for every type; or the person is asked again. */
import { assert, describe, it } from "vitest"
import type { InterviewEvent } from "#machines/interview.ts"
import type { PlanQuestion, QuestionType } from "#machines/plan.ts"
import { interpretText } from "#src/questionnaire/answer.ts"
import { grammarFor } from "#src/questionnaire/grammar.ts"
import { todayAt } from "#src/session/today.ts"
import { planOf } from "#test/support/plan.ts"
import { today } from "./phrases/asks.ts"

const question = (itemType: QuestionType, over: Partial<PlanQuestion> = {}): PlanQuestion => ({
  linkId: "q",
  text: "سؤال",
  spokenText: "سؤال",
  itemType,
  options: [],
  required: false,
  confirm: "low",
  ...over
})

const options = ["البنسلين", "الأسبرين"].map((display, index) => ({
  code: `c${index}`,
  display,
  spokenDisplay: display,
  phrases: [],
  key: String(index + 1)
}))

const said = (asked: PlanQuestion, text: string, via: "voice" | "text" = "voice", confidence = 0.95): InterviewEvent =>
  interpretText(
    planOf([asked]),
    { about: "answer", linkId: "q" },
    text,
    via,
    today,
    via === "voice" ? { confidence, unknownWords: 0 } : undefined
  )

const kilograms = { display: "كغ", code: "kg", system: "http://unitsofmeasure.org" }
const table: ReadonlyArray<readonly [PlanQuestion, string, unknown]> = [
  [question("boolean"), "لا والله", false],
  [question("choice", { options }), "بنسلين", "c0"],
  [question("choice", { options, chooseMax: 2 }), "بنسلين وأسبرين", ["c0", "c1"]],
  [question("open-choice", { options }), "الأسبرين", "c1"],
  [question("integer", { min: 0, max: 120 }), "خمسة وثلاثين", 35],
  [question("integer", { units: [{ display: "سنة" }] }), "خمسة وثلاثين سنة", 35],
  [question("decimal"), "سبعة وثلاثون فاصلة خمسة", 37.5],
  [question("quantity", { units: [kilograms] }), "سبعين كيلو ونص", { value: 70.5, unit: "kg" }],
  [question("quantity", { units: [{ display: "كيلو" }] }), "سبعين", { value: 70, unit: "كيلو" }],
  [question("date", { max: today.date }), "مبارح", "2026-03-17"],
  [question("dateTime"), "بكرة الساعة تسعة الصبح", "2026-03-19T09:00:00+03:00"],
  [question("time"), "تسعة ونص الصبح", "09:30:00"],
  [question("string"), "اسمي ليلى", "ليلى"],
  [question("text"), "عندي صداع", "عندي صداع"]
]

describe("what is said to a question of a plan", () => {
  it("becomes a value of its type", () => {
    for (const [asked, text, value] of table) {
      const event = said(asked, text)
      assert.deepInclude(event, { type: "answer.given", sure: true }, text)
      assert.deepEqual(event.type === "answer.given" ? event.answer.value : undefined, value, text)
    }
  })

  it("is read back where it is not sure, and asked again where it was typed", () => {
    const asked = question("quantity", { units: [{ display: "سم", code: "cm" }] })
    assert.deepInclude(said(asked, "متر وسبعين"), { type: "answer.given", sure: false })
    assert.deepInclude(said(asked, "متر وسبعين", "text"), { type: "answer.unmatched" })
  })

  it("is told from what lies outside the question's bounds", () => {
    assert.deepEqual(said(question("integer", { max: 10 }), "خمستعش"), {
      type: "answer.unmatched",
      reason: "out_of_range"
    })
    assert.deepEqual(said(question("text", { minLength: 20 }), "صداع"), {
      type: "answer.unmatched",
      reason: "out_of_range"
    })
  })

  it("in the form in which it is kept is taken at its word when it is typed", () => {
    assert.nestedPropertyVal(said(question("date"), "1985-05-03", "text"), "answer.value", "1985-05-03")
    assert.nestedPropertyVal(said(question("time"), "09:30", "text"), "answer.value", "09:30")
  })

  it("may be a command; a person who asks for a person is to get one", () => {
    assert.deepEqual(said(question("integer"), "أعد السؤال"), { type: "question.repeat" })
    assert.deepEqual(said(question("text"), "ممرضة"), { type: "handover.request" })
    assert.deepInclude(said(question("integer"), "التالي", "voice", 0.3), { type: "answer.unmatched" })
  })

  it("is shown as a person reads it", () => {
    assert.nestedPropertyVal(said(question("date"), "قبل شهرين"), "answer.display", "يناير 2026")
    assert.nestedPropertyVal(said(question("quantity", { units: [kilograms] }), "سبعين"), "answer.display", "70 كغ")
  })

  it("may keep what is offered", () => {
    const plan = planOf([question("integer")])
    const offered = { about: "answer", linkId: "q", initial: { value: 3, display: "3" } } as const
    assert.deepEqual(interpretText(plan, offered, "كما هو", "text", today), { type: "initial.kept", via: "text" })
  })
})

describe("a read-back", () => {
  const plan = planOf([question("integer", { max: 120 })])
  const confirming = { about: "confirmation", linkId: "q" } as const
  const answered = (text: string, confidence: number) =>
    interpretText(plan, confirming, text, "voice", today, { confidence, unknownWords: 0 })

  it("is believed only a clear yes, denied by any no, and corrected by another answer", () => {
    assert.deepEqual(answered("نعم صحيح", 0.95), { type: "confirmation.given" })
    assert.deepInclude(answered("نعم", 0.4), { type: "answer.unmatched" })
    assert.deepEqual(answered("لا", 0.4), { type: "confirmation.denied" })
    assert.deepInclude(answered("لا ستة وثلاثين", 0.9), { type: "answer.given", sure: true })
  })

  it("listens for numbers where a number is read back, and for few words where consent is asked for", () => {
    assert.includeMembers([...(grammarFor(plan, confirming) ?? [])], ["نعم", "لا", "ثلاثين", "مش"])
    assert.isBelow(grammarFor(plan, { about: "consent" })?.length ?? 0, 40)
  })

  it("listens for numbers, units and dates where they are asked for, and for anything where a text is", () => {
    const asked = (type: PlanQuestion["itemType"]) =>
      grammarFor(planOf([question(type, {})]), { about: "answer", linkId: "q" })
    for (const type of ["integer", "decimal", "quantity"] as const) {
      assert.includeMembers([...(asked(type) ?? [])], ["ثلاثين", "سنوات", "السابق", "مش"], type)
      assert.notIncludeMembers([...(asked(type) ?? [])], ["نعم", "يناير"], type)
    }
    for (const type of ["date", "dateTime", "time"] as const)
      assert.includeMembers([...(asked(type) ?? [])], ["يناير", "أمس", "ثلاثين", "الصبح", "السابق"], type)
    assert.isUndefined(asked("text"))
  })
})

describe("today", () => {
  it("is the day and the offset of this machine", () => {
    const nowMs = Date.UTC(2026, 2, 18, 12)
    const { date, utcOffset } = todayAt(nowMs)
    assert.match(utcOffset, /^[+-]\d{2}:\d{2}$/)
    assert.equal(new Date(`${date}T12:00:00${utcOffset}`).getDate(), new Date(nowMs).getDate())
  })
})
