/** An alert on its way from an answer to somebody who acts: through a real server, its inbox and a webhook that fails. */
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import type { Alert, AlertList, Outbox } from "#schemas/alerts.ts"
import { auditLines, auditText } from "#test/support/audit-log.ts"
import { WebhookReceiver } from "#test/support/webhook-receiver.ts"
import { startServer, type ServerProcess } from "../../scripts/server-process.ts"
import { Caller, noPrompts, tokenOf } from "./caller.ts"
import { choiceItems, linkIds, safetyItem } from "./questionnaire-file.ts"

let receiver: WebhookReceiver
let server: ServerProcess
let clinician: string
beforeAll(async () => {
  receiver = await WebhookReceiver.started()
  server = await startServer({ ...noPrompts, ...receiver.settings })
  clinician = await tokenOf(server, "clinician")
}, 60_000)
afterAll(async () => {
  receiver.close()
  await server.stop()
})

const ask = (path: string, bearer: string, init: RequestInit = {}) =>
  fetch(server.url + path, { ...init, headers: { authorization: `Bearer ${bearer}`, ...init.headers } })
const alertsOf = async (sessionId: string, bearer = clinician): Promise<ReadonlyArray<Alert>> => {
  const { alerts } = (await (await ask("/admin/alerts", bearer)).json()) as typeof AlertList.Type
  return alerts.filter(({ about }) => about?.session_id === sessionId)
}
/** By what it is about, since it comes when it comes. */
const eventually = async <A>(look: () => Promise<A | undefined>): Promise<A> => {
  for (;;) {
    const found = await look()
    if (found !== undefined) return found
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

const agreed = async (subject: string) => {
  const token = await tokenOf(server, "voice healthcare", subject)
  const caller = await Caller.open(server.url, { path: "/ws/secure/healthcare", token })
  const { session_id } = await caller.start({ questionnaire: "phq-9" })
  await caller.ask({ type: "consent.give", version: "1" })
  return { caller, id: session_id, token }
}
const code = (choice: number): string => choiceItems[0]?.answerOption?.[choice]?.valueCoding.code ?? ""
const answer = (caller: Caller, link_id: string, choice: number) =>
  caller.ask({ type: "answer.select", link_id, code: code(choice) })
const asked = (caller: Caller, link_id: string) =>
  caller.until((message) => message.type === "question.asked" && message.link_id === link_id)
const upToSafety = async (caller: Caller) => {
  for (const link_id of linkIds) {
    await asked(caller, link_id)
    if (link_id === safetyItem) return
    await answer(caller, link_id, 0)
  }
}

describe("an answer that staff must hear of", () => {
  it("is in the inbox when it is told as recorded, and at the webhook after that failed twice, with the line cut", async () => {
    const { caller, id, token } = await agreed("Patient/canary-9")
    await upToSafety(caller)
    assert.deepStrictEqual(await alertsOf(id), [])
    const recorded = await answer(caller, safetyItem, 1)
    assert.strictEqual(recorded.type, "answer.recorded")
    const [alert, ...others] = await alertsOf(id)
    caller.terminate()
    assert.deepStrictEqual(others, [])
    assert.deepInclude(alert?.about, { subject: "Patient/canary-9", questionnaire: "phq-9", link_id: safetyItem })

    const told = await eventually(async () => receiver.events.find(({ data }) => data["alert_id"] === alert?.id))
    assert.deepStrictEqual(Object.keys(told.data).toSorted(), ["alert_id", "inbox"])
    const outbox = (await (await ask("/admin/outbox", server.secret)).json()) as typeof Outbox.Type
    const event = outbox.events.find(({ about }) => about === alert?.id)
    assert.strictEqual(event?.type, "alert.raised")

    const body = JSON.stringify({ by: "Dr. A", note: "called the patient-canary" })
    const headers = { "content-type": "application/json" }
    const path = `/admin/alerts/${alert?.id}/acknowledge`
    assert.strictEqual((await ask(path, token, { method: "POST", body, headers })).status, 403)
    const acknowledged = (await (await ask(path, clinician, { method: "POST", body, headers })).json()) as Alert
    assert.deepInclude(acknowledged.acknowledged, { by: "Dr. A", note: "called the patient-canary" })
    const waiting = (await (await ask("/admin/alerts?state=waiting", clinician)).json()) as typeof AlertList.Type
    assert.isFalse(waiting.alerts.some((one) => one.id === alert?.id))
  })

  it("stays when it is changed to nothing later, once, and is told to an admin without what it is about", async () => {
    const { caller, id } = await agreed("Patient/canary-10")
    await upToSafety(caller)
    await answer(caller, safetyItem, 2)
    await caller.ask({ type: "question.goto", link_id: safetyItem })
    await answer(caller, safetyItem, 0)
    await caller.until(({ type }) => type === "question.asked" || type === "questionnaire.completed")
    const found = await alertsOf(id)
    assert.strictEqual(found.length, 1)
    const [seen] = await alertsOf(id, server.secret)
    assert.notProperty(seen?.about ?? {}, "rule")
    assert.notProperty(seen?.about ?? {}, "subject")
    await caller.end()
  })

  it("is raised by stopping before the safety question is answered, and by leaving", async () => {
    const stopped = await agreed("Patient/canary-11")
    await stopped.caller.ask({ type: "text.input", text: "توقف" })
    await stopped.caller.ask({ type: "dtmf", digits: "1" })
    await stopped.caller.until(({ type }) => type === "questionnaire.completed")
    const [first] = await alertsOf(stopped.id)
    assert.strictEqual(first?.about?.link_id, safetyItem)

    const left = await agreed("Patient/canary-12")
    await answer(left.caller, linkIds[0] ?? "", 1)
    await left.caller.end()
    const second = await eventually(async () => (await alertsOf(left.id))[0])
    assert.strictEqual(second.about?.link_id, safetyItem)
    assert.strictEqual(second.about?.rule, first?.about?.rule)
    await stopped.caller.end()
  })

  it("leaves who looked and who acknowledged in the audit log, and no name, note or rule", async () => {
    await eventually(async () => {
      const events = new Set(auditLines(server.dataDir).map(({ event }) => event))
      return events.has("alert.acknowledged") && events.has("alert.listed") ? true : undefined
    })
    for (const secretText of ["canary", safetyItem]) {
      assert.notInclude(auditText(server.dataDir), secretText)
      assert.notInclude(server.log(), secretText)
      assert.notInclude(JSON.stringify(receiver.events), secretText)
    }
  })
})
