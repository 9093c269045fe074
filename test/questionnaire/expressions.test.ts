/** Computed values, offered values, conditions and constraints in FHIRPath; and what is said of those that cannot be had. */
import { assert, describe, it } from "vitest"
import { interviewed, loadedOf, refusalsOf } from "#test/support/interviewed.ts"

const core = "http://hl7.org/fhir/StructureDefinition/"
const sdc = "http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire-"
const fhirpath = (url: string, expression: string, name?: string) => ({
  url,
  valueExpression: { language: "text/fhirpath", expression, ...(name === undefined ? {} : { name }) }
})
const calculated = (expression: string) => fhirpath(`${sdc}calculatedExpression`, expression)
const number = (linkId: string, over: object = {}) => ({ linkId, type: "decimal", text: linkId, ...over })
const text = (linkId: string, over: object = {}) => ({ linkId, type: "string", text: linkId, ...over })
const valueOf = (linkId: string) => `%resource.item.where(linkId='${linkId}').answer.value`

describe("a computed value", () => {
  const bmi = [
    number("kg"),
    number("m"),
    number("bmi", { readOnly: true, extension: [calculated("(%kg / %m.power(2)).round(1)")] })
  ]
  const variables = {
    extension: [fhirpath(`${core}variable`, valueOf("kg"), "kg"), fhirpath(`${core}variable`, valueOf("m"), "m")]
  }

  it("is there once all that it needs is, and is never asked", () => {
    const { answer, response, scores, now } = interviewed(loadedOf(bmi, variables))
    answer(80)
    assert.deepEqual(scores(), [])
    answer(2)
    assert.equal(now(), "correction")
    assert.deepEqual(response().item?.[2]?.answer, [{ valueDecimal: 20 }])
    assert.deepEqual(scores(), [{ id: "bmi", text: "bmi", value: 20 }])
  })

  it("may decide what else is asked, through other computed values", () => {
    const { answer, now } = interviewed(
      loadedOf([
        number("a"),
        number("b", { readOnly: true, extension: [calculated(`${valueOf("a")} * 2`)] }),
        number("c", { readOnly: true, extension: [calculated(`${valueOf("b")} + 1`)] }),
        text("big", { enableWhen: [{ question: "c", operator: ">", answerDecimal: 10 }] })
      ])
    )
    answer(5)
    assert.equal(now(), "big")
  })

  it("adds up weights as SDC has it", () => {
    const scale = (linkId: string) => ({
      linkId,
      type: "choice",
      text: linkId,
      answerOption: [0, 1, 2].map((points) => ({
        valueCoding: { code: `c${points}`, display: `d${points}` },
        extension: [{ url: `${core}itemWeight`, valueDecimal: points }]
      }))
    })
    const { answer, scores } = interviewed(
      loadedOf([
        scale("a"),
        scale("b"),
        number("total", {
          readOnly: true,
          extension: [
            calculated("%resource.item.answer.weight().sum()"),
            {
              url: "urn:sawt:fhir:band",
              extension: [
                { url: "min", valueInteger: 3 },
                { url: "max", valueInteger: 4 },
                { url: "display", valueString: "high" }
              ]
            }
          ]
        })
      ])
    )
    answer("c1")
    answer("c2")
    assert.deepEqual(scores(), [{ id: "total", text: "total", value: 3, band: "high" }])
  })

  it("that is required and cannot be computed is asked for last", () => {
    const { now, send, answer } = interviewed(
      loadedOf([number("x", { required: true, extension: [calculated(`${valueOf("y")} + 1`)] }), number("y")])
    )
    assert.equal(now(), "y")
    send({ type: "question.skip" })
    assert.equal(now(), "x")
    answer(4)
    assert.equal(now(), "correction")
  })

  it("from outside the file is not computed: the question is asked, and the note says why", () => {
    const { plan, notes } = loadedOf([number("age", { extension: [calculated("%patient.birthDate")] })])
    assert.lengthOf(plan.questions, 1)
    assert.include(notes[0]?.reason, "%patient, which a file alone cannot give")
  })
})

describe("a condition in FHIRPath", () => {
  const when = (expression: string) => ({ extension: [fhirpath(`${sdc}enableWhenExpression`, expression)] })

  it("enables what it holds for", () => {
    const loaded = loadedOf([
      number("a"),
      number("b"),
      text("c", when(`${valueOf("a")} + ${valueOf("b")} > 10`)),
      text("end")
    ])
    for (const [b, asked] of [
      [6, "c"],
      [4, "end"]
    ] as const) {
      const { answer, now } = interviewed(loaded)
      answer(5)
      answer(b)
      assert.equal(now(), asked)
    }
  })

  it("is refused where it cannot be read, or needs what a file cannot give", () => {
    assert.include(refusalsOf([text("a", when("1 +"))]), "a: the expression 1 + cannot be read")
    assert.include(refusalsOf([text("a", when("%patient.gender = 'female'"))]), "a: its condition cannot be evaluated")
  })
})

describe("an offered value in FHIRPath", () => {
  it("is what it comes to when the question is asked", () => {
    const { answer, last } = interviewed(
      loadedOf([text("a"), text("b", { extension: [fhirpath(`${sdc}initialExpression`, `${valueOf("a")} + '!'`)] })])
    )
    answer("x")
    assert.deepInclude(last(), { initial: { value: "x!", display: "x!" } })
  })
})

describe("a constraint", () => {
  const rule = (expression: string, severity = "error") => ({
    url: `${core}questionnaire-constraint`,
    extension: [
      { url: "key", valueId: "k" },
      { url: "severity", valueCode: severity },
      { url: "expression", valueString: expression },
      { url: "human", valueString: "Please say an even number." }
    ]
  })

  it("on a question does not take an answer that breaks it, and says why", () => {
    const { answer, last, now } = interviewed(
      loadedOf([number("n", { extension: [rule("answer.value mod 2 = 0")] }), text("end")])
    )
    answer(3)
    assert.deepInclude(last(), {
      type: "question.asked",
      linkId: "n",
      attempt: 2,
      reason: "out_of_range",
      complaint: "Please say an even number."
    })
    answer(4)
    assert.equal(now(), "end")
  })

  it("on the whole is asked about at the end, and ends as stopped when it never fits", () => {
    const loaded = loadedOf([number("a"), number("b")], { extension: [rule(`${valueOf("a")} < ${valueOf("b")}`)] })
    const mended = interviewed(loaded)
    mended.answer(5)
    mended.answer(1)
    assert.deepInclude(mended.last(), { type: "question.asked", linkId: "b", complaint: "Please say an even number." })
    mended.answer(9)
    assert.deepInclude(mended.last(), { type: "interview.ended", status: "completed" })
    const never = interviewed(loaded)
    never.answer(5)
    for (let tries = 0; tries < 4; tries++) never.answer(1)
    assert.deepInclude(never.last(), { type: "interview.ended", status: "stopped" })
  })

  it("that only warns takes the answer", () => {
    const { answer, now } = interviewed(
      loadedOf([number("n", { extension: [rule("answer.value mod 2 = 0", "warning")] })])
    )
    answer(3)
    assert.equal(now(), "correction")
  })
})
