/** What is asked, when, and how often: conditions, repeats, nesting, initial values, and what is never asked. */
import { assert, describe, it } from "vitest"
import { interviewed, loadedOf, refusalsOf } from "#test/support/interviewed.ts"

const core = "http://hl7.org/fhir/StructureDefinition/"
const bool = (linkId: string, over: object = {}) => ({ linkId, type: "boolean", text: linkId, ...over })
const text = (linkId: string, over: object = {}) => ({ linkId, type: "string", text: linkId, ...over })
const number = (linkId: string, over: object = {}) => ({ linkId, type: "integer", text: linkId, ...over })
const choice = (linkId: string, codes: ReadonlyArray<string>, over: object = {}) => ({
  linkId,
  type: "choice",
  text: linkId,
  answerOption: codes.map((code) => ({ valueCoding: { system: "urn:t", code, display: code.toUpperCase() } })),
  ...over
})
const is = (question: string, answerBoolean: boolean) => ({ question, operator: "=", answerBoolean })
const integer = (question: string, operator: string, answerInteger: number) => ({ question, operator, answerInteger })
const occurs = (name: "min" | "max", valueInteger: number) => ({
  url: `${core}questionnaire-${name}Occurs`,
  valueInteger
})

describe("conditions", () => {
  const smoker = [bool("smoker"), number("amount", { enableWhen: [is("smoker", true)] }), text("end")]

  it("ask what they enable, and only that", () => {
    const yes = interviewed(loadedOf(smoker))
    yes.answer(true)
    assert.equal(yes.now(), "amount")
    const no = interviewed(loadedOf(smoker))
    no.answer(false)
    assert.equal(no.now(), "end")
  })

  it("keep the answer of what they disable, leave it out of the response, and bring it back", () => {
    const { answer, now, send, response } = interviewed(loadedOf(smoker))
    answer(true)
    answer(20)
    answer("x")
    const linkIds = () => response().item?.map(({ linkId }) => linkId)
    assert.deepEqual(linkIds(), ["smoker", "amount", "end"])
    send({ type: "question.goto", linkId: "smoker" })
    answer(false)
    assert.equal(now(), "correction")
    assert.deepEqual(linkIds(), ["smoker", "end"])
    send({ type: "question.goto", linkId: "smoker" })
    answer(true)
    assert.deepEqual(linkIds(), ["smoker", "amount", "end"])
    assert.deepEqual(response().item?.[1]?.answer, [{ valueInteger: 20 }])
  })

  for (const [behavior, a, b, asked] of [
    ["all", true, false, false],
    ["all", true, true, true],
    ["any", true, false, true],
    ["any", false, false, false]
  ] as const) {
    it(`of which ${behavior} are to hold: ${a} and ${b}`, () => {
      const { answer, now } = interviewed(
        loadedOf([
          bool("a"),
          bool("b"),
          text("c", { enableWhen: [is("a", true), is("b", true)], enableBehavior: behavior }),
          text("end")
        ])
      )
      answer(a)
      answer(b)
      assert.equal(now(), asked ? "c" : "end")
    })
  }

  for (const [operator, value, holds] of [
    ["=", 5, true],
    ["=", 4, false],
    ["!=", 4, true],
    ["!=", 5, false],
    [">", 5, false],
    [">", 6, true],
    ["<", 5, false],
    ["<", 4, true],
    [">=", 5, true],
    [">=", 4, false],
    ["<=", 5, true],
    ["<=", 6, false]
  ] as const) {
    it(`${value} ${operator} 5 is ${holds}`, () => {
      const { answer, now } = interviewed(
        loadedOf([number("n"), text("c", { enableWhen: [integer("n", operator, 5)] }), text("end")])
      )
      answer(value)
      assert.equal(now(), holds ? "c" : "end")
    })
  }

  it("look for an answer at all, and for none", () => {
    const items = [
      text("n"),
      text("there", { enableWhen: [{ question: "n", operator: "exists", answerBoolean: true }] }),
      text("missing", { enableWhen: [{ question: "n", operator: "exists", answerBoolean: false }] })
    ]
    const given = interviewed(loadedOf(items))
    given.answer("x")
    assert.equal(given.now(), "there")
    const skipped = interviewed(loadedOf(items))
    skipped.send({ type: "question.skip" })
    assert.equal(skipped.now(), "missing")
  })

  it("go down with a group, and chain: who depends on the disabled is disabled too", () => {
    const { answer, now } = interviewed(
      loadedOf([
        bool("a"),
        {
          linkId: "g",
          type: "group",
          text: "g",
          enableWhen: [is("a", true)],
          item: [bool("inner"), text("deep", { enableWhen: [is("inner", true)] })]
        },
        text("after", { enableWhen: [is("inner", true)] }),
        text("end")
      ])
    )
    answer(false)
    assert.equal(now(), "end")
  })

  it("may look ahead: what is enabled behind is asked then", () => {
    const { answer, now } = interviewed(loadedOf([text("early", { enableWhen: [is("late", true)] }), bool("late")]))
    assert.equal(now(), "late")
    answer(true)
    assert.equal(now(), "early")
  })

  it("are refused where they lead back to themselves, look at nothing, or leave open how many are to hold", () => {
    assert.include(
      refusalsOf([bool("a", { enableWhen: [is("b", true)] }), bool("b", { enableWhen: [is("a", true)] })]),
      "a: its conditions lead back to itself"
    )
    assert.include(refusalsOf([bool("a", { enableWhen: [is("z", true)] })]), "a: it depends on z")
    assert.include(
      refusalsOf([bool("a"), bool("b", { enableWhen: [is("a", true), is("a", false)] })]),
      "b: enableBehavior"
    )
    assert.include(
      refusalsOf([
        choice("a", ["x"]),
        bool("b", { enableWhen: [{ question: "a", operator: ">", answerCoding: { code: "x" } }] })
      ]),
      "something that has an order"
    )
  })

  it("tell a display only where it is enabled", () => {
    const loaded = loadedOf([
      bool("a"),
      { linkId: "d", type: "display", text: "Be careful", enableWhen: [is("a", true)] },
      text("end")
    ])
    for (const [value, told] of [
      [true, ["Be careful"]],
      [false, []]
    ] as const) {
      const { answer, last } = interviewed(loaded)
      answer(value)
      const output = last()
      assert.deepEqual(
        output?.type === "question.asked" ? output.intros.map(({ text: shown }) => shown) : assert.fail(),
        [...told]
      )
    }
  })
})

describe("what repeats", () => {
  it("a choice takes several options in one answer", () => {
    const { answer, response } = interviewed(
      loadedOf([choice("c", ["a", "b", "d"], { repeats: true, extension: [occurs("max", 2)] })])
    )
    assert.throws(() => answer(["a", "b", "d"]), /at most 2/)
    answer(["d", "a"])
    assert.deepEqual(
      response().item?.[0]?.answer?.map(({ valueCoding }) => valueCoding?.code),
      ["d", "a"]
    )
  })

  it("anything else is asked for one after the other, until there is no other", () => {
    const { answer, now, send, response } = interviewed(loadedOf([text("allergy", { repeats: true }), text("end")]))
    assert.equal(now(), "allergy[0]")
    answer("penicillin")
    assert.equal(now(), "another allergy")
    send({ type: "confirmation.given" })
    assert.equal(now(), "allergy[1]")
    answer("nuts")
    send({ type: "confirmation.denied" })
    assert.equal(now(), "end")
    answer("x")
    assert.deepEqual(response().item?.[0]?.answer, [{ valueString: "penicillin" }, { valueString: "nuts" }])
  })

  it("has as many as it must and no more than it may", () => {
    const { answer, now } = interviewed(
      loadedOf([
        text("a", { repeats: true, required: true, extension: [occurs("min", 2), occurs("max", 3)] }),
        text("end")
      ])
    )
    answer("1")
    assert.equal(now(), "a[1]")
    answer("2")
    assert.equal(now(), "another a")
    answer(true)
    answer("3")
    assert.equal(now(), "end")
  })

  it("is given anew from an earlier entry on", () => {
    const { answer, send, now, response } = interviewed(loadedOf([text("a", { repeats: true }), text("end")]))
    for (const value of ["1", "2", "3"]) {
      answer(value)
      send({ type: value === "3" ? "confirmation.denied" : "confirmation.given" })
    }
    send({ type: "question.goto", linkId: "a" })
    assert.equal(now(), "a[0]")
    answer("only")
    assert.equal(now(), "another a")
    send({ type: "confirmation.denied" })
    answer("x")
    assert.deepEqual(response().item?.[0]?.answer, [{ valueString: "only" }])
  })

  const medicines = [
    {
      linkId: "m",
      type: "group",
      text: "Medicines",
      repeats: true,
      item: [text("name", { required: true }), number("times")]
    },
    text("end")
  ]

  it("an optional group is asked for by its name, and may be left out", () => {
    const { now, send, answer, response } = interviewed(loadedOf(medicines))
    assert.equal(now(), "another m")
    send({ type: "confirmation.denied" })
    answer("x")
    assert.deepEqual(
      response().item?.map(({ linkId }) => linkId),
      ["end"]
    )
  })

  it("a group is gone through for each occurrence, and can be reopened", () => {
    const { now, send, answer, response } = interviewed(loadedOf(medicines))
    send({ type: "confirmation.given" })
    answer("aspirin")
    assert.equal(now(), "times[0]")
    answer(2)
    send({ type: "confirmation.given" })
    answer("insulin")
    send({ type: "question.skip" })
    send({ type: "confirmation.denied" })
    send({ type: "question.goto", linkId: "m" })
    assert.equal(now(), "another m")
    send({ type: "confirmation.given" })
    assert.equal(now(), "name[2]")
    answer("zinc")
    send({ type: "question.skip" })
    send({ type: "confirmation.denied" })
    answer("x")
    const groups = response().item?.filter(({ linkId }) => linkId === "m") ?? []
    assert.deepEqual(
      groups.map(({ item }) => item?.map(({ answer: given }) => given?.[0]?.valueString ?? given?.[0]?.valueInteger)),
      [["aspirin", 2], ["insulin"], ["zinc"]]
    )
  })

  it("has conditions of its own in each occurrence", () => {
    const { now, send, answer } = interviewed(
      loadedOf([
        {
          linkId: "g",
          type: "group",
          repeats: true,
          required: true,
          text: "g",
          item: [bool("more"), text("what", { enableWhen: [is("more", true)] })]
        }
      ])
    )
    answer(true)
    answer("x")
    send({ type: "confirmation.given" })
    answer(false)
    assert.equal(now(), "another g")
  })

  it("questions inside a question follow each of its answers", () => {
    const { now, send, answer, response } = interviewed(
      loadedOf([text("drug", { repeats: true, item: [number("dose")] }), text("end")])
    )
    answer("a")
    assert.equal(now(), "dose[0]")
    answer(1)
    send({ type: "confirmation.given" })
    answer("b")
    answer(2)
    send({ type: "confirmation.denied" })
    send({ type: "question.skip" })
    assert.deepEqual(
      response().item?.[0]?.answer?.map(({ item }) => item?.[0]?.answer?.[0]?.valueInteger),
      [1, 2]
    )
  })
})

describe("initial values", () => {
  it("are offered and may be kept", () => {
    const { last, send, response } = interviewed(loadedOf([number("n", { initial: [{ valueInteger: 7 }] })]))
    assert.deepInclude(last(), { type: "question.asked", initial: { value: 7, display: "7" } })
    send({ type: "initial.kept", via: "voice" })
    assert.deepEqual(response().item?.[0]?.answer, [{ valueInteger: 7 }])
  })

  it("are not taken when the person gives another one, or nothing", () => {
    const loaded = loadedOf([number("n", { initial: [{ valueInteger: 7 }] })])
    const given = interviewed(loaded)
    given.answer(8)
    assert.deepEqual(given.response().item?.[0]?.answer, [{ valueInteger: 8 }])
    const skipped = interviewed(loaded)
    skipped.send({ type: "question.skip" })
    assert.isUndefined(skipped.response().item)
  })

  it("are refused where they are none that the item takes, or too many", () => {
    assert.include(refusalsOf([number("n", { initial: [{ valueString: "x" }] })]), "n: its initial value")
    assert.include(
      refusalsOf([number("n", { initial: [{ valueInteger: 1 }, { valueInteger: 2 }] })]),
      "only what repeats can have several"
    )
  })
})

describe("what is never asked", () => {
  const hidden = { extension: [{ url: `${core}questionnaire-hidden`, valueBoolean: true }] }

  it("stands in the response with its value, with all that is hidden around it", () => {
    const { now, answer, response } = interviewed(
      loadedOf([
        number("h", { ...hidden, initial: [{ valueInteger: 3 }] }),
        { linkId: "g", type: "group", text: "g", ...hidden, item: [text("inside")] },
        text("end")
      ])
    )
    assert.equal(now(), "end")
    answer("x")
    assert.deepEqual(
      response().item?.map(({ linkId }) => linkId),
      ["h", "end"]
    )
  })

  it("is refused where it is required and nothing gives it a value", () => {
    assert.include(refusalsOf([text("h", { ...hidden, required: true }), text("e")]), "h: it is required")
    assert.include(refusalsOf([text("r", { readOnly: true, required: true }), text("e")]), "r: it is required")
    assert.include(refusalsOf([{ linkId: "a", type: "attachment", text: "a", required: true }]), "an attachment cannot")
    assert.include(
      refusalsOf([{ linkId: "c", type: "choice", text: "c", required: true }]),
      "a choice needs answerOption"
    )
  })

  it("is left out with a note where it is not required", () => {
    const { notes, plan } = loadedOf([
      { linkId: "a", type: "reference", text: "a" },
      { linkId: "c", type: "choice", text: "c", answerValueSet: "http://elsewhere" },
      text("end")
    ])
    assert.deepEqual(
      notes.map(({ linkId }) => linkId),
      ["a", "c"]
    )
    assert.lengthOf(plan.questions, 1)
  })

  it("value sets are taken from the questionnaire or from the files beside, never made up", () => {
    const set = (id: object) => ({
      resourceType: "ValueSet",
      ...id,
      compose: { include: [{ system: "urn:s", concept: [{ code: "x", display: "X" }] }] }
    })
    const contained = loadedOf([{ linkId: "c", type: "choice", text: "c", answerValueSet: "#v" }], {
      contained: [set({ id: "v" })]
    })
    assert.deepInclude(contained.plan.questions[0]?.options[0], { code: "x", system: "urn:s", display: "X" })
    const url = "http://example.org/v"
    const file = loadedOf(
      [{ linkId: "c", type: "choice", text: "c", answerValueSet: `${url}|2` }],
      {},
      new Map([[url, set({ url }) as never]])
    )
    assert.lengthOf(file.plan.questions[0]?.options ?? [], 1)
    // A session may finish on it when the file is gone.
    assert.include(file.source, '"code":"x"')
  })
})

describe("alerts", () => {
  const alarming = {
    linkId: "safe",
    type: "choice",
    text: "safe",
    answerOption: ["no", "yes"].map((code) => ({
      valueCoding: { code, display: code },
      ...(code === "yes" ? { extension: [{ url: "urn:sawt:fhir:alert", valueString: "harm" }] } : {})
    })),
    extension: [{ url: "urn:sawt:fhir:alert-unanswered", valueString: "open" }]
  }
  const endedAlerts = (outputs: ReturnType<typeof interviewed>["outputs"]) => {
    const ended = outputs.findLast(({ type }) => type === "interview.ended")
    return ended?.type === "interview.ended" ? ended.alerts.map(({ rule }) => rule) : assert.fail("it did not end")
  }

  it("are raised by an option, and stay when it is taken back", () => {
    const { answer, send, outputs } = interviewed(loadedOf([alarming, text("end")]))
    answer("yes")
    send({ type: "question.back" })
    answer("no")
    answer("x")
    assert.deepEqual(endedAlerts(outputs), ["harm"])
  })

  it("are raised when the end comes without an answer, by skipping or by stopping", () => {
    const skipped = interviewed(loadedOf([alarming]))
    skipped.send({ type: "question.skip" })
    assert.deepEqual(endedAlerts(skipped.outputs), ["open"])
    const stopped = interviewed(loadedOf([alarming, text("end")]))
    stopped.send({ type: "stop.request" })
    stopped.send({ type: "confirmation.given" })
    assert.deepEqual(endedAlerts(stopped.outputs), ["open"])
  })
})
