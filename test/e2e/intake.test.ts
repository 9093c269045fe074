/** The intake over the real socket: every item type by touch, text and keypad, branches, repeats, English, a correction. */
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import type { ClientMessage, ServerMessage, ServerMessageOf } from "#schemas/wire.ts"
import type { QuestionnaireResponse } from "#schemas/fhir.ts"
import { validateResponse } from "#src/questionnaire/validate.ts"
import { readFileSync } from "node:fs"
import { startServer, type ServerProcess } from "../../scripts/server-process.ts"
import { Caller, noPrompts, tokenOf } from "./caller.ts"

type Question = ServerMessageOf<"question.asked">

let server: ServerProcess
beforeAll(async () => (server = await startServer(noPrompts)))
afterAll(() => server.stop())

const source = JSON.parse(readFileSync(new URL("../../questionnaires/intake.ar.json", import.meta.url), "utf8"))

const begin = async (language: "ar" | "en") => {
  const token = await tokenOf(server, "healthcare clinician")
  const caller = await Caller.open(server.url, { path: "/ws/secure/healthcare", token })
  await caller.start({ questionnaire: "intake", language })
  return caller
}

/** The question that comes after what has been seen. */
const walk = (caller: Caller) => {
  let seen = 0
  const next = async (): Promise<Question> => {
    let count = 0
    const message = await caller.until((m) => m.type === "question.asked" && ++count > seen)
    seen++
    return message as Question
  }
  const answer = async (message: ClientMessage): Promise<ServerMessage> => {
    const reply = await caller.ask(message)
    assert.notStrictEqual(reply.type, "error", JSON.stringify(reply))
    return reply
  }
  return { next, answer }
}

const touch = (link_id: string, value: Extract<ClientMessage, { type: "answer.select" }>["value"]): ClientMessage => ({
  type: "answer.select",
  link_id,
  ...(value === undefined ? {} : { value })
})
const typed = (text: string): ClientMessage => ({ type: "text.input", text })
const keyed = (digits: string): ClientMessage => ({ type: "dtmf", digits })

describe("the intake", () => {
  it("is filled in by every way, through its branches and repeats, and corrected after its end", async () => {
    const caller = await begin("en")
    const { next, answer } = walk(caller)
    await answer({ type: "consent.give", version: "1" })
    const script: ReadonlyArray<readonly [string, ClientMessage]> = [
      ["name", typed("Layla Haddad")],
      ["birth-date", keyed("19900521")],
      ["age", keyed("36")],
      ["sex", typed("female")],
      ["pregnant", keyed("1")],
      ["pregnancy-week", typed("20")],
      ["reason", typed("a cough that does not stop")],
      ["pain", touch("pain", 3)],
      ["pain-place", typed("chest")],
      ["pain-since", touch("pain-since", "2026-11-01")],
      ["seen-before", typed("yes")],
      ["last-visit", typed("2025-01-31")],
      ["height", touch("height", { value: 165, unit: "cm" })],
      ["weight", typed("60 kg")],
      ["conditions", keyed("13")],
      ["insulin", typed("no")],
      ["smoker", typed("no")],
      ["smoked-before", { type: "question.skip" }],
      ["has-allergies", typed("yes")],
      ["allergy-to", typed("penicillin and nuts")],
      ["allergy-reaction", typed("it itches everywhere")],
      ["allergy-reaction", typed("swelling")],
      ["allergies", typed("yes")],
      ["allergy-to", typed("eggs")],
      ["allergy-reaction", typed("hives")],
      ["allergies", touch("allergies", false)],
      ["takes-medicines", typed("no")],
      ["surgery", typed("no")],
      ["call-time", keyed("0930")]
    ]
    for (const [linkId, message] of script) {
      const question = await next()
      assert.strictEqual(question.link_id, linkId)
      assert.isFalse(/\p{Script=Arabic}/u.test(question.text))
      await answer(message)
    }
    const completed = (await caller.until(
      (m) => m.type === "questionnaire.completed"
    )) as ServerMessageOf<"questionnaire.completed">
    const response = completed.response as unknown as QuestionnaireResponse
    assert.deepStrictEqual(validateResponse(source, response), [])
    assert.deepStrictEqual(completed.scores, [{ id: "bmi", text: "Body mass index", value: 22 }])
    const summary = completed.summary.filter(({ link_id }) => link_id === "allergy-to")
    assert.deepStrictEqual(
      summary.map(({ display, occurrence }) => [display, occurrence]),
      [
        ["penicillin", [0]],
        ["nuts", [1]],
        ["eggs", [2]]
      ]
    )

    const asked = await caller.ask({ type: "question.goto", link_id: "weight" })
    assert.deepInclude(asked, { type: "question.asked", link_id: "weight" })
    await answer(touch("weight", 70))
    const amended = (await caller.until(
      (m) => m.type === "questionnaire.completed" && m.status === "amended"
    )) as ServerMessageOf<"questionnaire.completed">
    assert.deepStrictEqual(validateResponse(source, amended.response as unknown as QuestionnaireResponse), [])
    assert.deepStrictEqual(amended.scores, [{ id: "bmi", text: "Body mass index", value: 25.7 }])
    await caller.end()
  })

  it("tells a client what each type needs, and refuses what it does not take with what it would", async () => {
    const caller = await begin("ar")
    const { next, answer } = walk(caller)
    await answer({ type: "consent.give", version: "1" })
    assert.deepInclude(await next(), { item_type: "string", max_length: 120, options: [], required: true })
    await answer(typed("ليلى"))
    assert.deepInclude(await next(), { item_type: "date", min: "1900-01-01" })
    for (const value of ["1990-02-31", "1890-01-01", 7]) {
      const error = await caller.ask(touch("birth-date", value))
      assert.isTrue(error.type === "error" && error.code === "invalid_answer" && error.message.includes("YYYY-MM-DD"))
    }
    await answer(touch("birth-date", "1990-02-28"))
    assert.deepInclude(await next(), { item_type: "integer", min: 0, max: 120 })
    const tooOld = await caller.ask(typed("130"))
    assert.isTrue(tooOld.type === "error" && tooOld.message.includes("from 0 to 120"), JSON.stringify(tooOld))
    await answer(typed("٣٦"))
    assert.deepInclude(await next(), { link_id: "sex", item_type: "choice" })
    await caller.end()
  })
})
