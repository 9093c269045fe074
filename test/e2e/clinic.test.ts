/**
 * The clinic's whole way, once, through the real service: a nurse invites, a patient opens the link and speaks, the line is
 * cut when it matters most, somebody hears of it and acts, a clinician reads the result, and the person is erased.
 */
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { afterAll, assert, beforeAll, it } from "vitest"
import type { AlertList } from "#schemas/alerts.ts"
import type { ServerMessage } from "#schemas/wire.ts"
import { joined } from "#src/audio/pcm.ts"
import { auditLines } from "#test/support/audit-log.ts"
import { faultsByOthers } from "#test/support/fhir-validator.ts"
import { WebhookReceiver } from "#test/support/webhook-receiver.ts"
import { loadRecordings } from "../../scripts/demo/recordings.ts"
import { startServer, type ServerProcess } from "../../scripts/server-process.ts"
import { Caller, noPrompts, silence, spoken, tokenOf } from "./caller.ts"
import { filesBelow, findCanaries } from "./canaries.ts"
import { safetyItem } from "./questionnaire-file.ts"

const subject = "Patient/Huda-canary-4711"
const note = "called her, canary-note-4712"
let receiver: WebhookReceiver
let server: ServerProcess
beforeAll(async () => {
  receiver = await WebhookReceiver.started()
  server = await startServer({ ...noPrompts, ...receiver.settings })
}, 60_000)
afterAll(async () => {
  receiver.close()
  await server.stop()
})

const call = (method: string, path: string, bearer: string, body?: object) =>
  fetch(server.url + path, {
    method,
    headers: {
      authorization: `Bearer ${bearer}`,
      ...(body === undefined ? {} : { "content-type": "application/json" })
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) })
  })
const eventually = async <A>(look: () => A | undefined): Promise<A> => {
  for (;;) {
    const found = look()
    if (found !== undefined) return found
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

const recordings = loadRecordings()
const numbers = { 0: "صفر", 1: "واحد" } as const
type Word = "yes" | "no" | keyof typeof numbers
let utterances = 0
/** A real person's voice and the silence after it; numbers by another person each time, yes and no by whom they are sure of. */
const voiceOf = (word: Word): Int16Array => {
  if (word === "yes" || word === "no") return spoken(word)
  const clips = recordings.get(numbers[word]) ?? []
  return joined(clips[utterances++ % clips.length] ?? silence(0), silence(900))
}

/** Hears each prompt to its end and then speaks: the least to everything, one to item 9, yes to a right read-back. */
const converse = async (caller: Caller, isOver: (message: ServerMessage) => boolean): Promise<ServerMessage> => {
  let next: Word | undefined
  let said: Word | undefined
  let wanted: 0 | 1 = 0
  let displays = new Map<number, string>()
  for (let handled = 0; ; handled++) {
    let passed = 0
    const message = await caller.until(() => ++passed > handled)
    if (isOver(message)) return message
    if (message.type === "consent.requested") next = "yes"
    if (message.type === "question.asked") {
      // The last question counts its options from one.
      next = wanted = message.link_id === safetyItem || message.options[0]?.key === "1" ? 1 : 0
      displays = new Map(message.options.map(({ key, display }) => [Number(key), display]))
    }
    if (message.type === "question.reprompt") next = wanted
    if (message.type === "answer.confirm") next = message.display === displays.get(wanted) ? "yes" : "no"
    // Not heard at all, it is said again.
    if (message.type === "transcript.final" && message.text === "" && !message.replayed && said !== undefined) {
      await caller.play(voiceOf(said))
    }
    if (message.type === "audio.end" && next !== undefined) {
      said = next
      next = undefined
      await caller.play(voiceOf(said))
    }
  }
}

it("invited, heard, cut off, acted upon, read, erased", { timeout: 180_000 }, async () => {
  // A nurse invites; the link's fragment is all that the patient has.
  const invitation = { questionnaire: "phq-9", subject, language: "ar" }
  const invited = await call("POST", "/invitations", server.secret, invitation)
  assert.strictEqual(invited.status, 201)
  const { link, qr_svg } = (await invited.json()) as { link: string; qr_svg: string }
  assert.match(qr_svg, /^<svg/)
  const token = new URL(link).hash.slice(1)

  // The patient agrees and answers in a real voice, until item 9 is recorded; then the line is cut.
  const path = "/ws/secure/healthcare"
  const first = await Caller.open(server.url, { path, token })
  const { session_id, resume_token = "" } = await first.start()
  const recorded = await converse(
    first,
    (message) => message.type === "answer.recorded" && message.link_id === safetyItem
  )
  first.terminate()
  assert.deepInclude(recorded, { value: "LA6569-3", via: "voice" })
  assert.isNotEmpty(first.of("answer.confirm").filter(({ link_id }) => link_id === safetyItem))

  // Staff hear of it: in the inbox at once, at the webhook once that stands again.
  const clinician = await tokenOf(server, "clinician")
  const inbox = (await (await call("GET", "/admin/alerts?state=waiting", clinician)).json()) as typeof AlertList.Type
  assert.strictEqual(inbox.unacknowledged, 1)
  const [alert] = inbox.alerts
  assert.deepInclude(alert?.about, { subject, session_id, link_id: safetyItem })
  await eventually(() => receiver.events.find(({ data }) => data["alert_id"] === alert?.id))
  const acted = await call("POST", `/admin/alerts/${alert?.id}/acknowledge`, clinician, { by: "Dr. A", note })
  assert.strictEqual(acted.status, 200)

  // She comes back to her visit with the same link, and finishes; her client is told no score.
  const second = await Caller.open(server.url, { path, token })
  await second.start({ resume_token, last_seq: 0 })
  const completed = await converse(second, ({ type }) => type === "questionnaire.completed")
  for (const { messages } of [first, second]) {
    assert.notMatch(JSON.stringify(messages), /"scores"|"band"|"alerts"|"response":|canary/)
  }
  await second.end()
  assert.strictEqual(completed.type, "questionnaire.completed")
  const responseId = completed.type === "questionnaire.completed" ? completed.response_id : ""

  // A clinician reads it; nobody else does.
  for (const scope of ["voice", "healthcare", "voice healthcare"]) {
    const patient = await tokenOf(server, scope, subject)
    for (const where of ["/responses", `/responses/${responseId}`]) {
      assert.strictEqual((await call("GET", where, patient)).status, 403, `${scope} ${where}`)
    }
  }
  assert.strictEqual((await call("GET", `/responses/${responseId}`, token)).status, 403)
  const read = await call("GET", `/responses/${responseId}`, clinician)
  const resource = (await read.json()) as Readonly<Record<string, unknown>>
  assert.strictEqual(read.headers.get("content-type"), "application/fhir+json")
  assert.deepStrictEqual(faultsByOthers(resource), [])
  assert.deepInclude(resource, { status: "completed", subject: { identifier: { value: subject } } })
  assert.include(JSON.stringify(resource), '"code":"LA6569-3"')

  // Erased, nothing of her is in any file, the write-ahead log included; the audit log knows that it was done, not of whom.
  const erased = await call("POST", "/subjects/erase", clinician, { subject })
  assert.deepStrictEqual(await erased.json(), { sessions: 1, responses: 1, alerts: 1 })
  assert.strictEqual((await call("GET", `/responses/${responseId}`, clinician)).status, 404)
  await eventually(() => auditLines(server.dataDir).find(({ event }) => event === "subject.erased"))
  const files = filesBelow(server.dataDir)
  assert.include([...files.keys()].join(), "sawt.db-wal")
  const names = { subject, note, token: token.split(".")[1] ?? "" }
  const found = [...files].flatMap(([name, bytes]) =>
    findCanaries(bytes, name.startsWith("audit") ? names : { ...names, session_id }).map((what) => `${name}: ${what}`)
  )
  assert.deepStrictEqual(found, [])
  assert.deepStrictEqual(findCanaries(Buffer.from(server.log()), names), [])
  const database = new DatabaseSync(join(server.dataDir, "sawt.db"), { readOnly: true })
  for (const table of ["sessions", "entries", "outbox", "responses", "invitations"]) {
    assert.strictEqual(database.prepare(`SELECT count(*) AS n FROM ${table}`).get()?.["n"], 0, table)
  }
  assert.strictEqual(database.prepare("SELECT count(*) AS n FROM alerts WHERE sealed IS NOT NULL").get()?.["n"], 0)
  database.close()
})
