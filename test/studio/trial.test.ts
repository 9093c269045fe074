/** Answers by typing, through the real machine and matcher: the same as a session would make of them, and explained. */
import { Effect } from "effect"
import { readFileSync } from "node:fs"
import { assert, describe, it } from "vitest"
import type { TrialBody } from "#schemas/studio.ts"
import { inLanguage, load } from "#src/questionnaire/load.ts"
import { diagramOfQuestionnaire } from "#src/studio/catalogue.ts"
import { allNodes } from "#src/studio/diagram.ts"
import { promptsOf } from "#src/studio/prompts.ts"
import { trialOf } from "#src/studio/trial.ts"
import { scoreOf, linkIds, safetyItem } from "#test/e2e/questionnaire-file.ts"

const shipped = (file: string) =>
  Effect.runSync(load(file, readFileSync(new URL(`../../questionnaires/${file}`, import.meta.url), "utf8")))
const phq9 = shipped("phq-9.ar.json")
const today = { date: "2026-03-18", utcOffset: "+03:00" }
const typed = (...texts: ReadonlyArray<string>): TrialBody["inputs"] => texts.map((text) => ({ text }))
const tried = (inputs: TrialBody["inputs"], language: "ar" | "en" = "ar") =>
  trialOf(inLanguage(phq9, language), inputs, today)

describe("a trial", () => {
  it("begins with the consent, and stands at its box", () => {
    const trial = tried([])
    assert.deepInclude(trial, { about: "consent", node: "·start", finished: false, steps: [] })
    assert.match(trial.said[0] ?? "", /هل تعطى الموافقة/)
    assert.match(trial.state, /^consenting\./)
  })

  it("goes to the end with the score and its band, by typing alone", () => {
    const trial = tried(typed("نعم", ...linkIds.map(() => "2")))
    assert.isTrue(trial.finished)
    assert.deepInclude(trial, { status: "completed", node: "·end" })
    assert.deepEqual(trial.scores, [scoreOf(18)])
    assert.deepEqual(
      trial.alerts.map(({ rule }) => rule),
      ["self-harm"]
    )
  })

  it("says how each answer was understood, by which rule, and what the machine made of it", () => {
    const { steps } = tried(typed("yes", "the blue house", "several days", "go back"), "en")
    assert.deepEqual(
      steps.map(({ about, understood: { kind }, event }) => [about, kind, event]),
      [
        ["consent", "yes", "consent.given"],
        ["answer", "none", "answer.unmatched"],
        ["answer", "answer", "answer.given"],
        ["answer", "command", "question.back"]
      ]
    )
    for (const { understood } of steps) assert.isNotEmpty(understood.rule)
    assert.strictEqual(steps[2]?.understood.display, "Several days")
    assert.isTrue(steps[2]?.understood.sure)
    assert.match(steps[1]?.said.join(" ") ?? "", /did not understand/)
  })

  it("reads back what was heard badly, and takes it after a yes", () => {
    const heard = [...typed("yes"), { text: "several days", heard: 0.6 }]
    const unsure = tried(heard, "en")
    assert.deepEqual([unsure.about, unsure.link_id], ["confirmation", linkIds[0]])
    assert.match(unsure.state, /confirming/)
    assert.isFalse(unsure.steps[1]?.understood.sure)
    assert.strictEqual(tried([...heard, { text: "yes", heard: 0.95 }], "en").link_id, linkIds[1])
  })

  it("tells of an alert as soon as the answer is recorded", () => {
    const toNinth = typed("نعم", ...linkIds.slice(0, 8).map(() => "0"))
    assert.strictEqual(tried(toNinth).link_id, safetyItem)
    assert.deepEqual(tried(toNinth).alerts, [])
    assert.deepEqual(tried([...toNinth, { text: "1" }]).alerts, [{ link_id: safetyItem, rule: "self-harm" }])
  })

  it("stands only at boxes that are drawn", () => {
    const drawn = new Set(
      allNodes(diagramOfQuestionnaire(phq9, "ar") ?? { flow: "down", nodes: [], edges: [] }).map(({ id }) => id)
    )
    const answers = typed("نعم", ...linkIds.map(() => "0"))
    for (let count = 0; count <= answers.length; count++) assert.isTrue(drawn.has(tried(answers.slice(0, count)).node))
  })

  it("goes another way by other answers, also where something repeats", () => {
    const intake = inLanguage(shipped("intake.ar.json"), "en")
    const before = typed("yes", "Sara Ali", "1990-05-01", "34")
    assert.match(trialOf(intake, [...before, { text: "female" }], today).link_id ?? "", /pregnan/)
    assert.notMatch(trialOf(intake, [...before, { text: "male" }], today).link_id ?? "", /pregnan/)
  })
})

describe("prompts to listen to", () => {
  it("are the consent, each question with its help, and each end; nobody's answer is in one", () => {
    const prompts = promptsOf(phq9.plan)
    assert.strictEqual(prompts.length, 1 + 2 * linkIds.length + 4)
    assert.strictEqual(
      new Set(prompts.filter(({ about }) => about === "question").map(({ key }) => key)).size,
      linkIds.length
    )
    for (const { spoken } of prompts) assert.isNotEmpty(spoken)
  })
})
