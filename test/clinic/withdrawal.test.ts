/** Consent, given and taken back, through the real server: what is kept at each moment, by every row and byte of DATA_DIR. */
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import type { AnswerVia, ClientMessage } from "#schemas/wire.ts"
import { filesBelow, findCanaries } from "#test/e2e/canaries.ts"
import { auditLines } from "#test/support/audit-log.ts"
import { type Clinic, invite, openClinic, Visitor } from "./service.ts"

let clinic: Clinic
beforeAll(async () => (clinic = await openClinic()))
afterAll(() => clinic.close())

const visit = async (subject: string) => {
  const visitor = await Visitor.open(clinic, (await invite(clinic, { subject })).token)
  const { session_id, resume_token = "" } = await visitor.start()
  return { visitor, id: session_id, resume_token }
}

/** Rows that name the session, by table; an alert that names nobody is not among them. */
const rowsOf = (id: string): Readonly<Record<string, number>> => {
  const database = new DatabaseSync(join(clinic.dataDir, "sawt.db"), { readOnly: true })
  const count = (table: string, column: string) =>
    Number(database.prepare(`SELECT count(*) AS n FROM ${table} WHERE ${column} = ?`).get(id)?.["n"])
  const counts = {
    sessions: count("sessions", "id"),
    entries: count("entries", "session_id"),
    outbox: count("outbox", "session_id"),
    responses: count("responses", "session_id"),
    alerts: count("alerts", "session_id")
  }
  database.close()
  return counts
}
const nothing = { sessions: 0, entries: 0, outbox: 0, responses: 0, alerts: 0 }

/** Where a session's id stands; the invitation's own row and the audit log name it lawfully. */
const filesWith = (id: string): ReadonlyArray<string> =>
  [...filesBelow(clinic.dataDir)]
    .filter(([name]) => !name.startsWith("audit"))
    .flatMap(([name, bytes]) => (findCanaries(bytes, { id: `entry ${id}` }).length > 0 ? [name] : []))

const withdrawnOf = async (id: string) => {
  const found = () =>
    auditLines(clinic.dataDir).find((line) => line.event === "consent.withdrawn" && line.session_id === id)
  while (found() === undefined) await new Promise((resolve) => setTimeout(resolve, 5))
  return found()
}

/** Answers everything, item 9 with "several days" confirmed where it is asked for. */
const answers = { "44260-8": 1 }

describe("consent", () => {
  it("declined ends politely and keeps nothing", async () => {
    const { visitor, id } = await visit("patient-declines")
    const { version } = await visitor.next("consent.requested")
    visitor.send({ type: "consent.decline", version })
    await visitor.next("state.changed", ({ state }) => state === "completed")
    await visitor.drop()
    assert.deepStrictEqual(rowsOf(id), nothing)
    assert.deepStrictEqual(filesWith(id), [])
  })

  it("given is in the audit log with version, language and way", async () => {
    const { visitor, id } = await visit("patient-agrees")
    const { version } = await visitor.next("consent.requested")
    visitor.send({ type: "consent.give", version })
    await visitor.next("question.asked")
    const given = () =>
      auditLines(clinic.dataDir).find((line) => line.event === "consent.given" && line.session_id === id)
    while (given() === undefined) await new Promise((resolve) => setTimeout(resolve, 5))
    assert.deepInclude(given(), { consent_version: version, language: "en", via: "touch" })
    assert.strictEqual(rowsOf(id)["entries"], 1)
    visitor.send({ type: "consent.give", version: "0", ref: "again" })
    assert.strictEqual((await visitor.next("error", ({ ref }) => ref === "again")).code, "not_ready")
    await visitor.drop()
  })

  it("of another version is not taken", async () => {
    const { visitor, id } = await visit("patient-old")
    await visitor.next("consent.requested")
    visitor.send({ type: "consent.give", version: "0" })
    assert.strictEqual((await visitor.next("error")).code, "invalid_answer")
    assert.strictEqual(rowsOf(id)["entries"], 0)
    await visitor.drop()
  })
})

describe("taken back", () => {
  const afterAnswers = async (subject: string) => {
    const { visitor, id, resume_token } = await visit(subject)
    await visitor.answerAll(0, answers)
    await visitor.next("questionnaire.completed")
    assert.deepInclude(rowsOf(id), { sessions: 1, responses: 1, alerts: 1 })
    return { visitor, id, resume_token }
  }
  const isGone = async (id: string, via: AnswerVia, visitor: Visitor) => {
    await visitor.next("consent.withdrawn")
    assert.deepStrictEqual(rowsOf(id), nothing)
    assert.deepInclude(await withdrawnOf(id), { via, consent_version: "1" })
  }

  it("by touch, after the last question: answers, response and messages are gone, of its alert that there was one stays", async () => {
    const { visitor, id, resume_token } = await afterAnswers("patient-touch")
    visitor.send({ type: "consent.withdraw", ref: "w" })
    await isGone(id, "touch", visitor)
    assert.strictEqual((await visitor.next("consent.withdrawn")).ref, "w")
    await visitor.drop()
    assert.deepStrictEqual(filesWith(id), [])
    const database = new DatabaseSync(join(clinic.dataDir, "sawt.db"), { readOnly: true })
    const left = database.prepare("SELECT count(*) AS n FROM alerts WHERE sealed IS NULL").get()
    database.close()
    assert.strictEqual(left?.["n"], 1)
    // Nothing to come back to.
    const invited = await invite(clinic, { subject: "patient-touch" })
    const back = await Visitor.open(clinic, invited.token)
    back.send({ type: "session.start", resume_token })
    assert.strictEqual((await back.next("error")).code, "resume_failed")
  })

  const midway = async (subject: string) => {
    const { visitor, id } = await visit(subject)
    const { version } = await visitor.next("consent.requested")
    visitor.send({ type: "consent.give", version })
    const { link_id, options } = await visitor.next("question.asked")
    visitor.send({ type: "answer.select", link_id, code: options[0]?.code ?? "" })
    await visitor.next("answer.recorded")
    return { visitor, id }
  }

  it("in words, once a yes has confirmed it; a no changes nothing", async () => {
    const { visitor, id } = await midway("patient-words")
    visitor.send({ type: "text.input", text: "Delete my answers." })
    await visitor.next("state.changed", ({ state }) => state === "confirming")
    visitor.send({ type: "text.input", text: "no" })
    await visitor.next("state.changed", ({ previous }) => previous === "confirming")
    assert.isAbove(rowsOf(id)["entries"] ?? 0, 1)
    visitor.send({ type: "text.input", text: "I want to withdraw my consent" })
    visitor.send({ type: "dtmf", digits: "1" })
    await isGone(id, "voice", visitor)
    await visitor.drop()
  })

  it("while paused, and after the person has stopped", async () => {
    const paused = await midway("patient-paused")
    paused.visitor.send({ type: "session.pause" })
    await paused.visitor.next("state.changed", ({ state }) => state === "paused")
    paused.visitor.send({ type: "consent.withdraw" })
    await isGone(paused.id, "touch", paused.visitor)
    await paused.visitor.drop()

    const stopped = await midway("patient-stopped")
    const stop: ReadonlyArray<ClientMessage> = [
      { type: "text.input", text: "stop" },
      { type: "text.input", text: "yes" },
      { type: "consent.withdraw" }
    ]
    for (const message of stop) stopped.visitor.send(message)
    await isGone(stopped.id, "touch", stopped.visitor)
    assert.strictEqual(await stopped.visitor.ended(), 1000)
  })

  it("needs something to take back", async () => {
    const { visitor, id } = await visit("patient-early")
    await visitor.next("consent.requested")
    visitor.send({ type: "consent.withdraw" })
    await visitor.next("state.changed", ({ state }) => state === "completed")
    await visitor.drop()
    assert.deepStrictEqual(rowsOf(id), nothing)
  })
})
