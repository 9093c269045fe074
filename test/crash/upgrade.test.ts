/** A server that is killed and replaced by a newer one: sessions go on, and finish on the questionnaire they began with. */
import { cpSync, globSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { linkIds } from "#test/e2e/questionnaire-file.ts"
import { Patient } from "./patient.ts"
import { begin, finish, perform } from "./script.ts"
import { newFolder, repository, Service } from "./service.ts"

const removed = linkIds[1] ?? ""
const reworded = linkIds[2] ?? ""
const newWording = "كيف كان نومك؟"

const states = ["asking", "helping", "listening", "transcribing", "confirming", "recording", "routing", "stopping"]

/** Every state has another name; what clients see of them, the tags, stays. */
const renamed = (source: string): string =>
  states.reduce(
    (text, state) =>
      text
        .replaceAll(new RegExp(`^( +)${state}: (\\{|${state}Or\\()`, "gm"), `$1${state}Anew: $2`)
        .replaceAll(
          new RegExp(`(?<!tags: |type: |hasTag\\()(["\`][^"\`\\s]*)\\b${state}(["\`])`, "g"),
          `$1${state}Anew$2`
        ),
    source
  )

interface Item {
  readonly linkId: string
  text?: string
  extension?: Array<{ readonly valueString?: string }>
  item?: Array<Item>
}

const without = (items: ReadonlyArray<Item>): Array<Item> =>
  items
    .filter(({ linkId }) => linkId !== removed)
    .map((item) => ({
      ...item,
      ...(item.linkId === reworded ? { text: newWording } : {}),
      ...(item.item === undefined ? {} : { item: without(item.item) }),
      ...(item.extension === undefined
        ? {}
        : { extension: item.extension.filter(({ valueString }) => valueString !== removed) })
    }))

const edit = (file: string, change: (text: string) => string): void => {
  const before = readFileSync(file, "utf8")
  const after = change(before)
  assert.notStrictEqual(after, before)
  writeFileSync(file, after)
}

const root = newFolder()
let service: Service
const middle = { touched: 3, standing: linkIds[3] ?? "" }
let inTheMiddle: Patient
let atTheRemoved: Patient

const questionOf = ({ ledger }: Patient) => ledger.question?.link_id

beforeAll(async () => {
  mkdirSync(root, { recursive: true })
  for (const name of ["src", "machines", "schemas", "client", "questionnaires", "web", "package.json"]) {
    cpSync(join(repository, name), join(root, name), { recursive: true })
  }
  for (const name of ["node_modules", "models"]) symlinkSync(join(repository, name), join(root, name))
  service = await Service.started({ root })
  inTheMiddle = new Patient(service.dial("patient-1"))
  atTheRemoved = new Patient(service.dial("patient-2"))
  for (const [patient, touched] of [
    [inTheMiddle, middle.touched],
    [atTheRemoved, 1]
  ] as const) {
    await begin(patient)
    for (let choice = 0; choice < touched; choice++) await perform(patient, { type: "answer", by: "touch", choice })
  }
  await service.kill()
  for (const file of globSync(join(root, "machines/*.ts"))) {
    if (/#interview\.|export const listenOn/u.test(readFileSync(file, "utf8"))) edit(file, renamed)
  }
  edit(join(root, "questionnaires/phq-9.ar.json"), (json) => {
    const questionnaire = JSON.parse(json) as { readonly item: ReadonlyArray<Item> }
    // With an item less it is no PHQ-9 any more, and must not be called so.
    const renamed = { name: "Mood", title: "استبيان المزاج", code: [], version: "9.9.9" }
    return JSON.stringify({ ...questionnaire, ...renamed, item: without(questionnaire.item) })
  })
  await service.start()
}, 60_000)
afterAll(async () => {
  await service.close()
  rmSync(root, { recursive: true, force: true })
})

describe("a session that outlives an upgrade of machines and questionnaire", () => {
  it("goes on at its question, with all answers, and finishes on the version it began with", async () => {
    assert.strictEqual(questionOf(inTheMiddle), middle.standing)
    await finish(inTheMiddle)
    const { ledger, resumes } = inTheMiddle
    assert.deepStrictEqual([ledger.faults, ledger.doubled, resumes], [[], 0, 1])
    assert.deepStrictEqual([...ledger.answers.keys()], linkIds)
    assert.include(JSON.stringify(ledger.completed?.response), "phq-9|0.2.0")
  })

  it("also where the newer version has no such question", async () => {
    assert.strictEqual(questionOf(atTheRemoved), removed)
    await perform(atTheRemoved, { type: "answer", by: "touch", choice: 2 })
    assert.strictEqual(questionOf(atTheRemoved), reworded)
    assert.notStrictEqual(atTheRemoved.ledger.question?.text, newWording)
    await finish(atTheRemoved)
    assert.deepStrictEqual([...atTheRemoved.ledger.answers.keys()], linkIds)
    assert.deepStrictEqual(atTheRemoved.ledger.faults, [])
  })

  it("while a new session begins with the newer version", async () => {
    const patient = new Patient(service.dial("patient-3"))
    await begin(patient)
    await perform(patient, { type: "answer", by: "touch", choice: 0 })
    assert.deepInclude(patient.ledger.question, { link_id: reworded, text: newWording, total: linkIds.length - 1 })
    await finish(patient)
    assert.notInclude([...patient.ledger.answers.keys()], removed)
    assert.include(JSON.stringify(patient.ledger.completed?.response), "phq-9|9.9.9")
    assert.deepStrictEqual(patient.ledger.faults, [])
  })
})
