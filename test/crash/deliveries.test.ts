/**
 * A whole server killed around the answer that staff must hear of, and around the end: every alert and every response is told
 * at least once, under one id each, and none is lost. The receiver fails now and then too.
 */
import { randomBytes } from "node:crypto"
import { once } from "node:events"
import { createServer, type Server } from "node:http"
import type { AddressInfo } from "node:net"
import * as fc from "fast-check"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import type { AlertList } from "#schemas/alerts.ts"
import { safetyItem } from "#test/e2e/questionnaire-file.ts"
import { type Event, isGenuine } from "../../examples/webhook-receiver.ts"
import { isLong, longTimeoutMs, points, seed } from "./form.ts"
import { Patient } from "./patient.ts"
import { begin, perform } from "./script.ts"
import { Service } from "./service.ts"

const secret = `whsec_${randomBytes(32).toString("base64")}`
/** Of each alert and response: the ids that its events came with, and how often they came. */
const told = new Map<string, { readonly ids: Set<string>; times: number }>()
let requests = 0
const receiver: Server = createServer((request, response) => {
  let body = ""
  request.on("data", (part: Buffer) => (body += part.toString()))
  request.on("end", () => {
    if (!isGenuine(request.headers, body, secret)) return response.writeHead(401).end()
    if (++requests % 3 === 0) return response.writeHead(503).end()
    const { type, data } = JSON.parse(body) as Event
    const about = String(data["alert_id"] ?? data["response_id"])
    const known = told.get(about) ?? { ids: new Set<string>(), times: 0 }
    if (type !== "alert.reminder") known.ids.add(String(request.headers["webhook-id"]))
    known.times++
    told.set(about, known)
    return response.writeHead(204).end()
  })
})

let service: Service
let crashes = 0
let interviews = 0
beforeAll(async () => {
  receiver.listen(0, "127.0.0.1")
  await once(receiver, "listening")
  const { port } = receiver.address() as AddressInfo
  service = await Service.started({ env: { WEBHOOK_URL: `http://127.0.0.1:${port}/`, WEBHOOK_SECRET: secret } })
}, longTimeoutMs)
afterAll(async () => {
  const twice = [...told.values()].filter(({ times }) => times > 1).length
  process.stdout.write(
    `kill -9 around alerts and ends, seed ${seed}: ${crashes} crashes in ${interviews} interviews, ` +
      `${told.size} alerts and responses told, ${twice} of them more than once\n`
  )
  receiver.closeAllConnections()
  receiver.close()
  await service.close()
})

/** Gives the id of the response. A crash comes so many milliseconds after the answer was sent. */
const held = async (delays: { readonly safety: number; readonly end: number }): Promise<string> => {
  let delayMs: number | undefined
  let crashing: Promise<void> = Promise.resolve()
  const patient = new Patient(service.dial(`patient-${++interviews}`), {
    onSent: () => {
      if (delayMs === undefined) return
      const inMs = delayMs
      delayMs = undefined
      crashing = new Promise((resolve) => setTimeout(resolve, inMs)).then(() => {
        crashes++
        return service.crash()
      })
    }
  })
  await begin(patient)
  while (patient.ledger.completed === undefined) {
    const isSafety = patient.ledger.question?.link_id === safetyItem
    const isLast = patient.ledger.answers.size === 9
    delayMs = isSafety ? delays.safety : isLast ? delays.end : undefined
    await perform(patient, { type: "answer", by: "touch", choice: isSafety ? 1 : 0 })
    await crashing
  }
  await patient.knows(() => true)
  patient.tell({ type: "session.end" })
  await patient.fallen()
  return patient.ledger.completed.response_id
}

const alertsByResponse = async (): Promise<ReadonlyMap<string, ReadonlyArray<string>>> => {
  const headers = { authorization: `Bearer ${await service.token("Staff/1")}` }
  const found = new Map<string, Array<string>>()
  let after = ""
  for (;;) {
    const page = (await (
      await fetch(`${service.url}/admin/alerts?limit=200${after}`, { headers })
    ).json()) as typeof AlertList.Type
    for (const { id, about } of page.alerts) {
      if (about !== null) found.set(about.response_id, [...(found.get(about.response_id) ?? []), id])
    }
    if (page.next === undefined) return found
    after = `&after=${page.next}`
  }
}

describe("a server that is killed around what staff must hear of", () => {
  it(
    "tells of each alert and each response at least once, always with the same id",
    async () => {
      const delay = fc.nat(15)
      const responses: Array<string> = []
      await fc.assert(
        fc.asyncProperty(fc.record({ safety: delay, end: delay }), async (delays) => {
          responses.push(await held(delays))
        }),
        { seed, numRuns: isLong ? Math.ceil(points / 2) : 1, endOnFailure: true }
      )
      const alerts = await alertsByResponse()
      for (const response of responses) {
        assert.lengthOf(alerts.get(response) ?? [], 1, "raised once")
        for (const about of [response, ...(alerts.get(response) ?? [])]) {
          while (!told.has(about)) await new Promise((resolve) => setTimeout(resolve, 50))
          assert.strictEqual(told.get(about)?.ids.size, 1, about)
        }
      }
      assert.isAtLeast(crashes, responses.length)
    },
    longTimeoutMs
  )
})
