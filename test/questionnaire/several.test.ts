/** Several answers in one breath: one value where a question takes several, entries of a list where it repeats. */
import { assert, describe, it } from "vitest"
import { createActor, SimulatedClock } from "xstate"
import type { InterviewEvent } from "#machines/interview.ts"
import { interpretSelection, interpretText } from "#src/questionnaire/answer.ts"
import { grammarFor } from "#src/questionnaire/grammar.ts"
import { askedMessage, questionText } from "#src/session/question.ts"
import { keptOf } from "#src/session/kept.ts"
import { performanceOf } from "#src/session/interview.ts"
import { standing } from "#src/session/turn-taking.ts"
import { expectationOf, interviewMachine } from "#machines/questionnaire.ts"
import { interviewed, loadedOf } from "#test/support/interviewed.ts"
import { today } from "./phrases/asks.ts"

const text = (linkId: string, over: object = {}) => ({ linkId, type: "string", text: `${linkId}?`, ...over })
const end = text("end")

/** Spoken as it is recognised, or typed. */
const talkTo = (items: ReadonlyArray<object>, language: "ar" | "en" = "en") => {
  const loaded = loadedOf(items, { language })
  const live = interviewed(loaded)
  const say = (words: string, unknownWords = 0): InterviewEvent => {
    const certainty = { confidence: 0.98, unknownWords }
    const event = interpretText(loaded.plan, live.expectation(), words, "voice", today, certainty)
    live.send(event)
    return event
  }
  const type = (words: string): void => {
    live.send(interpretText(loaded.plan, live.expectation(), words, "text", today))
  }
  const about = () => live.expectation().about
  const given = (linkId: string) => {
    const find = (all: ReadonlyArray<{ linkId: string; answer?: unknown; item?: unknown }>): ReadonlyArray<unknown> =>
      all.flatMap((item) => [
        ...(item.linkId === linkId ? ((item.answer ?? []) as ReadonlyArray<object>).flatMap(Object.values) : []),
        ...find((item.item ?? []) as Parameters<typeof find>[0])
      ])
    return find(live.response().item ?? []).map((value) =>
      typeof value === "object" && value !== null && "code" in value ? value.code : value
    )
  }
  return { ...live, plan: loaded.plan, say, type, about, given }
}

const list = [text("allergy", { repeats: true }), end]
const conditions = [
  {
    linkId: "c",
    type: "choice",
    text: "Which?",
    repeats: true,
    answerOption: ["Asthma", "Diabetes", "Epilepsy"].map((display) => ({
      valueCoding: { code: display.toLowerCase(), display }
    }))
  },
  end
]

describe("several entries in one breath", () => {
  it("are read back together, and are all kept after a yes", () => {
    const { say, now, about, outputs, given, plan } = talkTo(list)
    say("penicillin and aspirin")
    assert.strictEqual(about(), "confirmation")
    const last = outputs.at(-1)
    assert.isTrue(last?.type === "answer.confirming")
    const { prompt, messages } = performanceOf(plan, last as never)
    assert.include(prompt?.text, "penicillin, aspirin")
    assert.isFalse(prompt?.keep)
    assert.deepInclude(messages[0], { value: ["penicillin", "aspirin"], display: "penicillin, aspirin" })
    say("yes")
    assert.strictEqual(now(), "another allergy")
    say("nothing else")
    assert.strictEqual(now(), "end")
    assert.deepEqual(given("allergy"), ["penicillin", "aspirin"])
  })

  it("are cut at commas and every and, in Arabic too; each counts once", () => {
    const phrases: ReadonlyArray<readonly ["ar" | "en", string, ReadonlyArray<string>]> = [
      ["en", "penicillin, aspirin and latex", ["penicillin", "aspirin", "latex"]],
      ["en", "aspirin and penicillin and aspirin", ["aspirin", "penicillin"]],
      ["ar", "بنسلين وأسبرين", ["بنسلين", "أسبرين"]],
      ["ar", "البنسلين و الاسبرين", ["البنسلين", "الاسبرين"]],
      ["ar", "بنسلين، لاتكس وأسبرين والبنسلين", ["بنسلين", "لاتكس", "أسبرين"]],
      ["ar", "بنسلين وأسبرين وبس", ["بنسلين", "أسبرين"]]
    ]
    for (const [language, phrase, expected] of phrases) {
      const { say, given } = talkTo(list, language)
      say(phrase)
      say(language === "ar" ? "نعم" : "yes")
      assert.deepEqual(given("allergy"), [...expected], phrase)
    }
  })

  it("end the list when it is said that there is nothing else", () => {
    const { say, now, given } = talkTo(list)
    say("penicillin and aspirin, nothing else")
    say("yes")
    assert.strictEqual(now(), "end")
    assert.deepEqual(given("allergy"), ["penicillin", "aspirin"])
  })

  it("typed, are taken as they were typed; touched, as a list", () => {
    const typed = talkTo(list)
    typed.type("penicillin, aspirin")
    assert.strictEqual(typed.now(), "another allergy")
    assert.deepEqual(typed.given("allergy"), ["penicillin", "aspirin"])
    const touched = talkTo(list)
    touched.answer(["penicillin", "aspirin"])
    assert.deepEqual(touched.given("allergy"), ["penicillin", "aspirin"])
  })

  it("are corrected at the read-back: without one, with another, one instead of another", () => {
    const corrections: ReadonlyArray<readonly [string, ReadonlyArray<string>]> = [
      ["not aspirin", ["penicillin"]],
      ["no, not aspirin", ["penicillin"]],
      ["not aspirin, latex", ["penicillin", "latex"]],
      ["yes and latex", ["penicillin", "aspirin", "latex"]],
      ["no, latex and nuts", ["latex", "nuts"]]
    ]
    for (const [phrase, expected] of corrections) {
      const { say, given, about } = talkTo(list)
      say("penicillin and aspirin")
      say(phrase)
      assert.strictEqual(about(), "confirmation", phrase)
      say("yes")
      assert.deepEqual(given("allergy"), [...expected], phrase)
    }
    const { say, about, given } = talkTo(list)
    say("penicillin and aspirin")
    say("no")
    assert.strictEqual(about(), "answer")
    assert.isEmpty(given("allergy"))
  })

  it("keep a no that was said: beside others it takes one away, alone it stays what was said", () => {
    const beside = talkTo(list)
    beside.say("penicillin, no aspirin")
    assert.strictEqual(beside.about(), "confirmation")
    beside.say("yes")
    assert.deepEqual(beside.given("allergy"), ["penicillin"])
    const alone = talkTo(list)
    const event = alone.say("no penicillin")
    assert.deepInclude(event, { sure: false, answer: { value: "no penicillin", display: "no penicillin" } })
  })

  it("are not taken when the list has no room for all of them", () => {
    const occurs = { url: "http://hl7.org/fhir/StructureDefinition/questionnaire-maxOccurs", valueInteger: 2 }
    const { type, now, given, outputs } = talkTo([text("a", { repeats: true, extension: [occurs] }), end])
    type("one drug, another, a third")
    assert.strictEqual(now(), "a[0]")
    assert.deepInclude(outputs.at(-1), { type: "question.asked", reason: "out_of_range" })
    assert.isEmpty(given("a"))
  })

  it("are whole in the log: a later connection knows all of them", () => {
    const { say, outputs, plan } = talkTo(list)
    say("penicillin and aspirin")
    say("yes")
    const recording = outputs.findLast((output) => output.type === "answer.recording")
    assert.isTrue(recording?.type === "answer.recording")
    const { entry } = keptOf(plan, recording as never, 0) ?? {}
    assert.deepNestedInclude(entry, { "record.answer.value": "penicillin", "record.more[0].value": "aspirin" })
    const { messages } = performanceOf(plan, recording as never)
    assert.deepEqual(
      messages.map((message) => message.type === "answer.recorded" && [message.value, message.occurrence]),
      [
        ["penicillin", [0]],
        ["aspirin", [1]]
      ]
    )
  })

  it("in an open choice are cut where they are linked, and nowhere else", () => {
    const open = { linkId: "o", type: "open-choice", text: "What?", repeats: true }
    for (const [typed, expected] of [
      ["twice a day", ["twice a day"]],
      ["dust and pollen", ["dust", "pollen"]]
    ] as const) {
      const { type, given } = talkTo([open, end])
      type(typed)
      assert.deepEqual(given("o"), [...expected])
    }
  })

  it("a long text is never cut", () => {
    const { type, given } = talkTo([text("story", { type: "text", repeats: true }), end])
    type("I fell and hurt my arm, and then it swelled")
    assert.deepEqual(given("story"), ["I fell and hurt my arm, and then it swelled"])
  })
})

describe("several entries of a group that repeats", () => {
  const group = {
    linkId: "g",
    type: "group",
    text: "Allergies",
    repeats: true,
    required: true,
    item: [text("to", { required: true }), text("reaction")]
  }

  it("are one occurrence each; what is asked of each names it, and is never kept on disk", () => {
    const { say, type, now, outputs, plan, given } = talkTo([group, end])
    say("penicillin and aspirin and nothing else")
    say("yes")
    for (const [nth, entry] of ["penicillin", "aspirin"].entries()) {
      assert.strictEqual(now(), `reaction[${nth}]`)
      const asked = outputs.at(-1)
      assert.isTrue(asked?.type === "question.asked" && asked.entry === entry)
      if (asked?.type !== "question.asked") continue
      assert.include(questionText(plan, asked, 1, false).spoken, entry)
      assert.strictEqual(askedMessage(plan, { asks: "answer", place: asked }, 1).text, `${entry}: reaction?`)
      assert.isFalse(performanceOf(plan, asked).prompt?.keep)
      type("itching")
    }
    assert.strictEqual(now(), "end")
    assert.deepEqual(given("to"), ["penicillin", "aspirin"])
  })

  it("never overwrite the entries that there are", () => {
    const { type, send, given } = talkTo([group, end])
    for (const word of ["nuts", "itching", "yes", "eggs", "itching", "no"]) type(word)
    send({ type: "question.goto", linkId: "to", at: [0] })
    type("milk, latex")
    assert.deepEqual(given("to"), ["milk", "eggs", "latex"])
  })
})

describe("several options in one breath", () => {
  it("are taken together by voice, keypad and touch", () => {
    const { say, given } = talkTo(conditions)
    say("asthma and epilepsy")
    assert.deepEqual(given("c"), ["asthma", "epilepsy"])
    const numbers = talkTo(conditions)
    numbers.say("one, three")
    assert.deepEqual(numbers.given("c"), ["asthma", "epilepsy"])
  })

  it("of which one was not understood lose none: the other is asked for, and all are read back", () => {
    for (const [words, unknownWords] of [
      ["asthma and glorbosis", 0],
      ["asthma", 1]
    ] as const) {
      const { say, about, given, outputs, plan } = talkTo(conditions)
      say(words, unknownWords)
      assert.strictEqual(about(), "adding", words)
      const { messages, prompt } = performanceOf(plan, outputs.at(-1) as never)
      assert.deepInclude(messages[0], { type: "question.reprompt", link_id: "c" })
      assert.include(prompt?.text, "Asthma")
      assert.isFalse(prompt?.keep)
      say("diabetes")
      assert.strictEqual(about(), "confirmation", words)
      say("yes")
      assert.deepEqual(given("c"), ["asthma", "diabetes"])
    }
  })

  it("of which one was not understood wait over a dropped connection, and are read back", () => {
    const { say, outputs, plan } = talkTo(conditions)
    say("asthma and glorbosis")
    const { place } = keptOf(plan, outputs.at(-1) as never, 0) ?? {}
    const entries = [{ type: "consent", via: "touch", version: "1", language: "en", atMs: 0 }] as const
    const record = { entries, ...(place === undefined || place === null ? {} : { place }) }
    const later = createActor(interviewMachine(plan), { input: { record }, clock: new SimulatedClock() }).start()
    const expected = expectationOf(later.getSnapshot())
    assert.isTrue(expected.about === "confirmation" && expected.heard?.answer.display === "Asthma")
  })

  it("of which there was no other are read back as they were understood", () => {
    for (const words of ["nothing else", "no"]) {
      const { say, about, given } = talkTo(conditions)
      say("asthma and glorbosis")
      say(words)
      assert.strictEqual(about(), "confirmation", words)
      say("that is all")
      assert.deepEqual(given("c"), ["asthma"], words)
    }
  })

  it("that are denied are none of them", () => {
    const { say, about } = talkTo(conditions)
    assert.deepInclude(say("no asthma"), { type: "answer.unmatched" })
    assert.strictEqual(about(), "answer")
  })

  it("do not end the turn after the first; the words that end a list are listened for", () => {
    const { plan, expectation } = talkTo(conditions)
    const heard = { text: "asthma", unknownWords: 0, confidence: 1 }
    assert.strictEqual(standing(plan, expectation(), heard as never, today), "open")
    assert.include(grammarFor(plan, expectation()) ?? [], "nothing else")
    const arabic = talkTo(conditions, "ar")
    const phrases = grammarFor(arabic.plan, arabic.expectation()) ?? []
    assert.include(phrases, "وبس")
    assert.notInclude(phrases, "لا شيء آخر", "a no is listened for only where yes or no is asked")
  })

  it("wait for a yes or no by touch as any read-back does", () => {
    const { say, plan, actor } = talkTo(conditions)
    say("asthma and glorbosis")
    const expected = expectationOf(actor.getSnapshot())
    assert.deepEqual(interpretSelection(plan, expected, { linkId: "c", value: false }), { type: "confirmation.denied" })
  })
})
