/** One questionnaire in two languages, spoken to men and women; and what a designer is told of it. */
import { Effect } from "effect"
import { execFileSync } from "node:child_process"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "vitest"
import { remarksOn } from "#src/questionnaire/check.ts"
import { inLanguage, load } from "#src/questionnaire/load.ts"
import { performanceOf } from "#src/session/interview.ts"
import { interviewed, loadedOf } from "#test/support/interviewed.ts"

const repository = join(import.meta.dirname, "..", "..")
const shipped = (id: string) =>
  Effect.runSync(load(`${id}.ar.json`, readFileSync(join(repository, "questionnaires", `${id}.ar.json`), "utf8")))

describe("a language", () => {
  it("is offered when all that is told is translated into it", () => {
    for (const id of ["phq-9", "gad-7", "intake"]) {
      const english = inLanguage(shipped(id), "en").plan
      assert.equal(english.language, "en")
      assert.isFalse(/\p{Script=Arabic}/u.test(JSON.stringify([english.questions, english.title])), id)
    }
  })

  it("changes no linkId, code, score or alert", () => {
    for (const id of ["phq-9", "gad-7", "intake"]) {
      const loaded = shipped(id)
      const [arabic, english] = [loaded.plan, inLanguage(loaded, "en").plan]
      const facts = ({ questions, scores, alerts }: typeof arabic) =>
        JSON.stringify([
          questions.map(({ linkId, itemType, required, options }) => [
            linkId,
            itemType,
            required,
            options.map(({ code, points, key }) => [code, points, key])
          ]),
          scores.map(({ linkId, sumOf, bands }) => [
            linkId,
            sumOf,
            bands.map(({ min, max, display }) => [min, max, display])
          ]),
          alerts
        ])
      assert.equal(facts(english), facts(arabic))
    }
  })

  it("has words of its own for what staff read of a score", () => {
    const loaded = shipped("gad-7")
    const named = ({ scores }: typeof loaded.plan) =>
      scores.flatMap(({ text, bands }) => [text, ...bands.map((band) => band.text ?? band.display)])
    assert.deepEqual(named(loaded.plan), ["المجموع", "ضئيل", "خفيف", "متوسط", "شديد"])
    assert.deepEqual(named(inLanguage(loaded, "en").plan), ["Total score", "minimal", "mild", "moderate", "severe"])
  })

  it("that one text lacks is not offered, and the text is named", () => {
    const { languages, untranslated } = loadedOf([{ linkId: "a", type: "string", text: "Hello" }])
    assert.deepEqual(Object.keys(languages), ["en"])
    assert.include(untranslated, "a")
  })

  it("is known from the letters where nothing says it", () => {
    const plain = (text: string) =>
      loadedOf([{ linkId: "a", type: "string", text }], { language: undefined, title: "1" })
    assert.equal(plain("ما الاسم؟").plan.language, "ar")
    assert.equal(plain("What is your name?").plan.language, "en")
  })
})

describe("a woman", () => {
  it("is spoken to as one as soon as she has said so", () => {
    const loaded = shipped("intake")
    const spoken = (sex: string) => {
      const talk = interviewed(loaded)
      for (let step = 0; step < 60 && talk.now() !== "smoker"; step++) {
        const now = talk.now()
        if (now === "name" || now === "reason" || now === "pain-place") talk.answer("x")
        else if (now === "birth-date") talk.answer("1990-01-01")
        else if (now === "age") talk.answer(35)
        else if (now === "pain") talk.answer(0)
        else if (now === "sex") talk.answer(sex)
        else if (now === "seen-before") talk.answer(false)
        else talk.send({ type: "question.skip" })
      }
      const last = talk.last()
      return last === undefined ? "" : (performanceOf(loaded.plan, last).prompt?.spoken ?? "")
    }
    assert.include(spoken("female"), "تُدَخِّنِين")
    assert.notInclude(spoken("male"), "تُدَخِّنِين")
    assert.include(spoken("male"), "تُدَخِّن")
  })
})

describe("what a designer is told", () => {
  const number = {
    linkId: "n",
    type: "integer",
    text: "n",
    extension: [{ url: "http://hl7.org/fhir/StructureDefinition/maxValue", valueInteger: 5 }]
  }
  const remarks = (items: ReadonlyArray<object>, over: object = {}) => {
    const { plan, untranslated } = loadedOf(items, over)
    return remarksOn(plan, untranslated).filter(({ about }) => about !== "translation" || over !== undefined)
  }

  it("names questions that no answer can reach", () => {
    const never = {
      linkId: "x",
      type: "string",
      text: "x",
      enableWhen: [{ question: "n", operator: ">", answerInteger: 5 }]
    }
    const found = remarks([number, never]).filter(({ about }) => about === "unreachable")
    assert.deepEqual(
      found.map(({ linkId }) => linkId),
      ["x"]
    )
  })

  it("names prompts too long to listen to, and Arabic without vowel marks", () => {
    const long = { linkId: "l", type: "string", text: Array.from({ length: 60 }, () => "word").join(" ") }
    assert.isTrue(remarks([long]).some(({ linkId, about }) => linkId === "l" && about === "long"))
    const bare = { linkId: "b", type: "string", text: "ما اسم الدواء الذي تأخذه" }
    assert.isTrue(remarks([bare], { language: "ar" }).some(({ about }) => about === "tashkeel"))
  })

  it("comes from the command line too, with an exit code", () => {
    const run = (...args: ReadonlyArray<string>) => {
      try {
        const out = execFileSync(process.execPath, ["cli/sawt.ts", "questionnaire", "check", ...args], {
          cwd: repository,
          stdio: ["ignore", "pipe", "ignore"]
        })
        return { status: 0, out: String(out) }
      } catch (error) {
        return error as { readonly status: number; readonly stdout: Buffer }
      }
    }
    const held = run("--json", "questionnaires/gad-7.ar.json")
    assert.equal(held.status, 0)
    const paths = { count: 1, shortest: 8, longest: 8, tooMany: false }
    assert.deepInclude(JSON.parse("out" in held ? held.out : "{}"), { held: true, questions: 8, paths, remarks: [] })
    assert.equal(run("package.json").status, 1)
    assert.equal(run("nowhere.json").status, 2)
  })
})
