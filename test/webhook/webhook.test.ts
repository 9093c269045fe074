/** The webhook over a real store and a real receiver: the one of the examples, which checks every signature. */
import { randomBytes } from "node:crypto"
import { once } from "node:events"
import { createServer, type Server, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { assert, describe, it } from "@effect/vitest"
import { Context, Duration, Effect, Layer, Logger, Redacted, Result } from "effect"
import { TestClock } from "effect/testing"
import { Alerts, type NewAlert, type NewResponse, Responses } from "#src/store/clinic.ts"
import { Deliveries } from "#src/store/deliveries.ts"
import { layerStore } from "#src/store/keeping.ts"
import { Store } from "#src/store/store.ts"
import { delayAfter, layerWebhook } from "#src/webhook/webhook.ts"
import { signatureHeaders, webhookKey } from "#src/webhook/signature.ts"
import { temporaryFolder } from "#test/support/folder.ts"
import { type Event, isGenuine, receiver } from "../../examples/webhook-receiver.ts"

const secret = `whsec_${randomBytes(32).toString("base64")}`
const questionnaire = { id: "phq-9", version: "1.0.0" }
const alert: NewAlert = { questionnaire, linkId: "canary-item", rule: "canary-rule" }
const response: NewResponse = {
  questionnaire,
  status: "completed",
  authoredAtMs: 1,
  content: {
    response: {
      resourceType: "QuestionnaireResponse",
      id: "r-s1",
      questionnaire: "urn:phq-9|1.0.0",
      status: "completed",
      authored: "2026-01-01T00:00:00.000Z"
    },
    scores: [],
    alerts: []
  }
}

/** Real input and output under a virtual clock: turns of the event loop, until it has happened. */
const until = (condition: () => boolean) =>
  Effect.promise(async () => {
    do await new Promise((resolve) => setImmediate(resolve))
    while (!condition())
  })

const listening = (server: Server) =>
  Effect.acquireRelease(
    Effect.promise(async () => {
      server.listen(0, "127.0.0.1")
      await once(server, "listening")
      return `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`
    }),
    () =>
      Effect.sync(() => {
        server.close()
        server.closeAllConnections()
      })
  )

const service = Effect.fnUntraced(function* (
  url: string | undefined,
  folder?: string,
  // By the real clock: an attempt that a busy machine makes late would wait for a virtual time that never comes.
  timeoutMs = 60_000,
  giveUpMs = 600_000
) {
  // The signature's time is checked against the real clock.
  yield* TestClock.setTime(Math.max(Date.now(), yield* TestClock.testClockWith((clock) => clock.currentTimeMillis)))
  const clock = yield* TestClock.testClockWith((found) => Effect.succeed(found))
  const store = layerStore({
    folder: folder ?? (yield* temporaryFolder),
    resumeWindowSeconds: 600,
    retentionDays: 30,
    production: false,
    announces: url !== undefined,
    uptimeMs: () => clock.currentTimeMillisUnsafe()
  })
  const webhook =
    url === undefined ? Layer.empty : layerWebhook({ url, secret: Redacted.make(secret), timeoutMs, giveUpMs })
  const layer = webhook.pipe(Layer.provideMerge(store), Layer.provide(Logger.layer([])))
  const context = yield* Layer.build(layer)
  return {
    store: Context.get(context, Store),
    alerts: Context.get(context, Alerts),
    responses: Context.get(context, Responses),
    deliveries: Context.get(context, Deliveries)
  }
})
type Service = Effect.Success<ReturnType<typeof service>>

const begun = ({ store }: Service, id = "s1") =>
  Result.getOrThrow(store.begin({ id, endpoint: "healthcare", subject: "Patient/canary-7", questionnaire: "{}" }))
    .journal
const stateOf = ({ deliveries }: Service) =>
  Result.getOrThrow(deliveries.list({ limit: 10 })).items.map(({ type, state, attempts }) => ({
    type,
    state,
    attempts
  }))

/** Answers by hand, and remembers what came. */
const scripted = (answer: (response: ServerResponse, count: number) => void) => {
  const came: Array<{ readonly id: string; readonly body: string }> = []
  const server = createServer((request, reply) => {
    let body = ""
    request.on("data", (part: Buffer) => (body += part.toString()))
    request.on("end", () => {
      came.push({ id: String(request.headers["webhook-id"]), body })
      answer(reply, came.length)
    })
  })
  return { came, server }
}

describe("the webhook", () => {
  it.effect("tells of alerts and responses by their ids alone, signed, once each", () =>
    Effect.gen(function* () {
      const events: Array<readonly [string, Event]> = []
      const url = yield* listening(receiver(secret, (id, event) => events.push([id, event])))
      const opened = yield* service(url)
      Result.getOrThrow(begun(opened).append({ alerts: [alert], response }))
      yield* until(() => events.length === 2)
      const alertId = (yield* opened.alerts.list({ limit: 1 })).items[0]?.id ?? ""
      const told = Object.fromEntries(events.map(([, { type, data }]) => [type, data]))
      assert.deepStrictEqual(told["alert.raised"], { alert_id: alertId, inbox: "/clinic" })
      assert.deepStrictEqual(told["response.completed"], {
        response_id: "r-s1",
        version: 1,
        path: "/responses/r-s1"
      })
      const text = JSON.stringify(events)
      for (const personal of ["canary", "phq-9", opened.store.subjectHash("Patient/canary-7")]) {
        assert.notInclude(text, personal)
      }
      yield* until(() => stateOf(opened).every(({ state }) => state === "delivered"))
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(events.length, 2)
    })
  )

  it.effect("repeats what fails, later each time, with the same id and body, until it is taken", () =>
    Effect.gen(function* () {
      const { came, server } = scripted((reply, count) => reply.writeHead(count < 3 ? 500 : 204).end())
      const opened = yield* service(yield* listening(server))
      Result.getOrThrow(begun(opened).append({ alerts: [alert] }))
      for (const attempts of [1, 2]) {
        yield* until(() => stateOf(opened)[0]?.attempts === attempts)
        assert.strictEqual(came.length, attempts)
        yield* TestClock.adjust("1500 millis")
        assert.strictEqual(came.length, attempts, "not yet")
        yield* TestClock.adjust("5 seconds")
      }
      yield* until(() => stateOf(opened)[0]?.state === "delivered")
      assert.strictEqual(came.length, 3)
      assert.strictEqual(new Set(came.map(({ id, body }) => `${id} ${body}`)).size, 1)
    })
  )

  it.effect("follows no redirect, waits for no answer that does not come, and says why in the outbox", () =>
    Effect.gen(function* () {
      const elsewhere = scripted((reply) => reply.writeHead(204).end())
      const url = yield* listening(elsewhere.server)
      const { server } = scripted((reply, count) => {
        if (count === 1) reply.writeHead(307, { location: url }).end()
      })
      const opened = yield* service(yield* listening(server), undefined, 100)
      Result.getOrThrow(begun(opened).append({ alerts: [alert] }))
      const fault = () => Result.getOrThrow(opened.deliveries.list({ limit: 1 })).items[0]?.fault
      yield* until(() => stateOf(opened)[0]?.attempts === 1)
      assert.include(fault(), "307")
      yield* TestClock.adjust("5 seconds")
      yield* until(() => stateOf(opened)[0]?.attempts === 2)
      assert.strictEqual(fault(), "no answer in time")
      assert.deepStrictEqual(elsewhere.came, [])
    })
  )

  it.effect("goes on after a crash with what was not taken, under the same id", () =>
    Effect.gen(function* () {
      const folder = yield* temporaryFolder
      const { came, server } = scripted((reply, count) => reply.writeHead(count === 1 ? 503 : 204).end())
      const url = yield* listening(server)
      // Neither is closed for the other's sake.
      const first = yield* service(url, folder)
      Result.getOrThrow(begun(first).append({ alerts: [alert] }))
      yield* until(() => stateOf(first)[0]?.attempts === 1)
      const second = yield* service(url, folder)
      yield* TestClock.adjust("5 seconds")
      yield* until(() => stateOf(second)[0]?.state === "delivered")
      assert.isAbove(came.length, 1)
      assert.strictEqual(new Set(came.map(({ id }) => id)).size, 1)
    })
  )

  it.effect("gives up in the end, which stays to be seen, and sends it anew when told to", () =>
    Effect.gen(function* () {
      let status = 400
      const { came, server } = scripted((reply) => reply.writeHead(status).end())
      const opened = yield* service(yield* listening(server))
      Result.getOrThrow(begun(opened).append({ response }))
      yield* until(() => stateOf(opened)[0]?.attempts === 1)
      yield* TestClock.adjust("20 minutes")
      yield* until(() => stateOf(opened)[0]?.state === "dead")
      assert.deepInclude(Result.getOrThrow(opened.deliveries.counts()), { pending: 0, dead: 1 })
      status = 200
      const id = came[0]?.id ?? ""
      assert.isTrue(Result.getOrThrow(opened.deliveries.retry(id)))
      assert.isFalse(Result.getOrThrow(opened.deliveries.retry("evt_none")))
      yield* until(() => stateOf(opened)[0]?.state === "delivered")
      assert.strictEqual(new Set(came.map((one) => one.id)).size, 1)
    })
  )

  it.effect("reminds of an alert each hour until somebody acknowledges it", () =>
    Effect.gen(function* () {
      const { came, server } = scripted((reply) => reply.writeHead(204).end())
      const opened = yield* service(yield* listening(server))
      Result.getOrThrow(begun(opened).append({ alerts: [alert] }))
      yield* until(() => stateOf(opened)[0]?.state === "delivered")
      yield* TestClock.adjust("61 minutes")
      yield* until(() => came.length === 2 && stateOf(opened).every(({ state }) => state === "delivered"))
      const { items } = yield* opened.alerts.list({ limit: 1 })
      assert.strictEqual(items[0]?.reminders, 1)
      assert.strictEqual(new Set(came.map(({ id }) => id)).size, 2)
      assert.include(came[1]?.body, `"reminder":1`)
      yield* opened.alerts.acknowledge(items[0]?.id ?? "", { by: "Dr. A" })
      yield* TestClock.adjust("61 minutes")
      assert.strictEqual((yield* opened.alerts.list({ limit: 1 })).items[0]?.reminders, 1)
    })
  )
})

describe("the delay between two attempts", () => {
  it.effect("doubles from two seconds to a quarter of an hour, never by the same amount", () =>
    Effect.gen(function* () {
      const seconds = (attempts: number) => Effect.map(delayAfter(attempts), Duration.toSeconds)
      for (const [attempts, around] of [
        [1, 2],
        [2, 4],
        [5, 32],
        [30, 900]
      ] as const) {
        const delay = yield* seconds(attempts)
        assert.isAtLeast(delay, around * 0.79)
        assert.isAtMost(delay, around * 1.21)
      }
      assert.isAbove(new Set(yield* Effect.all(Array.from({ length: 5 }, () => seconds(8)))).size, 1)
    })
  )
})

describe("a signature", () => {
  const body = JSON.stringify({ type: "alert.raised" })
  const key = webhookKey(secret) ?? new Uint8Array()
  const nowMs = 1_800_000_000_000
  const headers = signatureHeaders({ id: "evt_1", timestampSeconds: nowMs / 1_000, body }, key)

  it("is that of the specification's example", () => {
    const example = webhookKey("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw") ?? new Uint8Array()
    const signed = { id: "msg_p5jXN8AQM9LWM0D4loKWxJek", timestampSeconds: 1_614_265_330, body: '{"test": 2432232314}' }
    assert.strictEqual(
      signatureHeaders(signed, example)["webhook-signature"],
      "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    )
  })

  it("is taken unchanged, in its time and with its secret alone", () => {
    assert.isTrue(isGenuine(headers, body, secret, nowMs))
    const other = `whsec_${randomBytes(32).toString("base64")}`
    assert.isFalse(isGenuine(headers, `${body} `, secret, nowMs))
    assert.isFalse(isGenuine({ ...headers, "webhook-id": "evt_2" }, body, secret, nowMs))
    assert.isFalse(isGenuine(headers, body, other, nowMs))
    assert.isFalse(isGenuine(headers, body, secret, nowMs + 301_000))
    assert.isFalse(isGenuine({}, body, secret, nowMs))
  })

  it("needs a secret of 24 to 64 bytes in base64", () => {
    for (const wrong of ["", "whsec_", "whsec_c2hvcnQ=", "no base64 at all, but long enough for it!", "A".repeat(88)]) {
      assert.isUndefined(webhookKey(wrong), wrong)
    }
    assert.isDefined(webhookKey(secret.slice("whsec_".length)))
  })
})
