/**
 * PHQ-9 and the intake, each in one run over the real socket with real recordings, and all that happens to people on the
 * way: an interrupted prompt, a correction, a step back, silence, a dropped connection, a tap in the middle of a spoken
 * question, the keypad, and text where the small model has no words.
 */
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { startServer, type ServerProcess } from "../../scripts/server-process.ts"
import { noPrompts } from "./caller.ts"
import { scoreOf, linkIds, safetyItem, totalOf } from "./questionnaire-file.ts"
import { Talker } from "./talker.ts"

let server: ServerProcess
beforeAll(async () => (server = await startServer({ ...noPrompts, HELPLINE_TEXT: "خط الدعم النفسي: 920033360" })))
afterAll(() => server.stop())

const codes = ["LA6568-5", "LA6569-3", "LA6570-1", "LA6571-9"]
const [q1 = "", q2 = "", q3 = "", q4 = "", q5 = "", q6 = "", q7 = "", q8 = "", , q10 = ""] = linkIds

describe("PHQ-9 by voice", () => {
  it("is completed with what was meant, whatever happens on the way", { timeout: 120_000 }, async () => {
    const talker = await Talker.start(server, "phq-9", "patient-8")
    await talker.next("consent.requested")
    await talker.say("yes")
    await talker.asked(q1)

    const prompt = await talker.sounding()
    await talker.say("two")
    const stopped = await talker.next("audio.end", ({ id }) => id === prompt.id)
    assert.include(stopped, { reason: "interrupted" })
    assert.isBelow(stopped.heard_ms ?? Infinity, stopped.duration_ms)
    assert.include(await talker.recorded(q1), { value: codes[2] ?? "", via: "voice" })

    await talker.asked(q2)
    assert.include(await talker.answer(q2, "one"), { value: codes[1] ?? "", revised: false })
    await talker.asked(q3)
    await talker.say("previous")
    await talker.asked(q2)
    assert.include(await talker.answer(q2, "three"), { value: codes[3] ?? "", revised: true })

    await talker.asked(q3)
    await talker.myTurn()
    await talker.quiet(9_000)
    assert.include(await talker.next("question.reprompt"), { reason: "no_speech", link_id: q3 })
    assert.include(await talker.answer(q3, "zero"), { value: codes[0] ?? "" })

    await talker.asked(q4)
    await talker.sounding()
    const tapped = await talker.by(q4, { type: "answer.select", link_id: q4, code: codes[2] ?? "" })
    assert.include(tapped, { via: "touch" })

    await talker.asked(q5)
    await talker.dropped()
    await talker.sounding()
    assert.include(await talker.answer(q5, "one"), { value: codes[1] ?? "", via: "voice", revised: false })

    await talker.asked(q6)
    assert.include(await talker.by(q6, { type: "dtmf", digits: "2" }), { value: codes[2] ?? "", via: "dtmf" })
    await talker.asked(q7)
    const typed = await talker.by(q7, { type: "text.input", text: "عدة أيام" })
    assert.include(typed, { value: codes[1] ?? "", via: "text" })
    await talker.asked(q8)
    assert.include(await talker.answer(q8, "two"), { value: codes[2] ?? "" })

    await talker.asked(safetyItem)
    await talker.say("zero")
    assert.include(await talker.next("answer.confirm"), { link_id: safetyItem, value: codes[0] ?? "" })
    await talker.say("no")
    await talker.sounding()
    assert.include(await talker.answer(safetyItem, "one"), { value: codes[1] ?? "", revised: false })
    const notice = await talker.next("questionnaire.notice")
    assert.include(notice.message, "920033360")
    talker.send({ type: "speech.cancel" })

    await talker.asked(q10)
    const last = await talker.by(q10, { type: "dtmf", digits: "1" })
    const completed = await talker.next("questionnaire.completed")

    // The answers may be heard again: the third one was meant otherwise.
    const review = "sawt:review"
    await talker.asked(review)
    await talker.sounding()
    await talker.say("yes")
    await talker.asked(review)
    await talker.sounding()
    await talker.say("no")
    await talker.asked(review)
    await talker.sounding()
    await talker.say("three")
    await talker.asked(q3)
    await talker.sounding()
    assert.include(await talker.answer(q3, "one"), { value: codes[1] ?? "", revised: true })
    const amended = await talker.next("questionnaire.completed")
    assert.strictEqual(amended.status, "amended")
    assert.deepInclude(amended.scores?.[0], { value: 15 })
    await talker.end()
    const meant = [2, 3, 0, 2, 1, 2, 1, 2, 1].map(
      (points, index) => [linkIds[index] ?? "", codes[points] ?? ""] as const
    )
    assert.deepStrictEqual(
      completed.summary.map(({ link_id }) => link_id),
      linkIds
    )
    const total = totalOf(new Map<string, string>([...meant, [q10, String(last.value)]]))
    assert.strictEqual(total, 14)
    assert.deepStrictEqual(completed.scores, [scoreOf(14)])
    assert.deepStrictEqual(
      completed.alerts?.map(({ link_id }) => link_id),
      [safetyItem]
    )
  })
})

describe("the intake by voice", () => {
  it(
    "is completed too; what the small model cannot hear is typed, keyed or touched",
    { timeout: 120_000 },
    async () => {
      const talker = await Talker.start(server, "intake", "patient-9")
      const typed = (linkId: string, text: string) => talker.by(linkId, { type: "text.input", text })
      const keyed = (linkId: string, digits: string) => talker.by(linkId, { type: "dtmf", digits })
      const heard = async (linkId: string, word: string) => {
        await talker.asked(linkId)
        return talker.answer(linkId, word)
      }
      await talker.next("consent.requested")
      await talker.say("yes")
      await talker.asked("name")
      await typed("name", "سامي حداد")
      await talker.asked("birth-date")
      await keyed("birth-date", "20200521")

      await talker.asked("age")
      const prompt = await talker.sounding()
      await talker.say("six")
      assert.include(await talker.next("audio.end", ({ id }) => id === prompt.id), { reason: "interrupted" })
      assert.include(await talker.recorded("age"), { value: 6, via: "voice" })
      await talker.asked("sex")
      await talker.sounding()
      await talker.by("sex", { type: "answer.select", link_id: "sex", code: "male" })
      await talker.asked("reason")
      await typed("reason", "سعال لا يتوقف")
      assert.include(await heard("pain", "three"), { value: 3 })

      await talker.asked("pain-place")
      // Whoever tells something is given time to think.
      await talker.say("previous", 1_600)
      assert.include(await heard("pain", "zero"), { value: 0, revised: true })

      await talker.asked("seen-before")
      await talker.myTurn()
      await talker.quiet(9_000)
      assert.include(await talker.next("question.reprompt"), { reason: "no_speech" })
      assert.include(await talker.answer("seen-before", "yes"), { value: true })
      await talker.asked("last-visit")
      await talker.say("next", 1_600)
      await talker.asked("height")
      await talker.dropped()
      await talker.sounding()
      await keyed("height", "128")
      await talker.asked("weight")
      await typed("weight", "٢٧ كيلو")
      await talker.asked("conditions")
      await talker.sounding()
      // Two options in one breath, by their numbers.
      assert.deepInclude(await talker.answer("conditions", "two four"), {
        value: ["hypertension", "heart"],
        via: "voice"
      })
      await talker.asked("smoker")
      await keyed("smoker", "2")
      await talker.asked("smoked-before")
      await talker.say("next")
      assert.include(await heard("has-allergies", "yes"), { value: true })
      await talker.asked("allergy-to")
      await typed("allergy-to", "البنسلين والفستق، لا شيء آخر")
      for (const entry of ["البنسلين", "الفستق"]) {
        assert.include((await talker.asked("allergy-reaction")).text, entry)
        await typed("allergy-reaction", "حكة")
      }
      await talker.asked("takes-medicines")
      await keyed("takes-medicines", "2")
      await talker.asked("surgery")
      await keyed("surgery", "2")
      await talker.asked("call-time")
      await keyed("call-time", "0930")
      const completed = await talker.next("questionnaire.completed")
      await talker.end()
      assert.strictEqual(completed.status, "completed")
      const shown = new Map(completed.summary.map(({ link_id, display }) => [link_id, display]))
      assert.isFalse(shown.has("pain-place"), "nothing hurts after the correction")
      assert.isFalse(shown.has("smoked-before"))
      assert.deepStrictEqual(
        completed.summary.flatMap(({ link_id, display }) => (link_id === "allergy-to" ? display : [])),
        ["البنسلين", "الفستق"]
      )
    }
  )
})
