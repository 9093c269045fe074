/** Responses and alerts on a real file: written with what brought them about, found again, acknowledged, erased. */
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Result } from "effect"
import type { NewAlert, NewResponse, Responses } from "#src/store/clinic.ts"
import { temporaryFolder } from "#test/support/folder.ts"
import { openStore, type OpenedStore, phq9, responseOf } from "#test/support/kept.ts"

const alert: NewAlert = { questionnaire: phq9, linkId: "44260-8", rule: "self-harm" }
const begun = ({ store }: OpenedStore, id: string, subject = "Patient/canary-7") =>
  Result.getOrThrow(store.begin({ id, endpoint: "healthcare", subject, questionnaire: "{}" })).journal
const ended = (opened: OpenedStore, id: string, response: NewResponse, subject?: string) =>
  Result.getOrThrow(
    begun(opened, id, subject).append({ entry: { type: "ended", status: "completed", atMs: 1 }, response })
  )

describe("a stored response", () => {
  it.effect("is found by its id, with its content, its version and the hash of its subject", () =>
    Effect.gen(function* () {
      const opened = yield* openStore(yield* temporaryFolder)
      const journal = begun(opened, "s1")
      Result.getOrThrow(journal.append({ response: responseOf(1_000) }))
      const first = yield* opened.responses.get("r-s1")
      assert.deepInclude(first, {
        id: "r-s1",
        version: 1,
        sessionId: "s1",
        questionnaire: phq9,
        status: "completed",
        authoredAtMs: 1_000,
        subjectHash: opened.store.subjectHash("Patient/canary-7"),
        content: responseOf(1_000).content
      })
      Result.getOrThrow(journal.append({ response: responseOf(2_000, { status: "amended" }) }))
      assert.deepInclude(yield* opened.responses.get("r-s1"), { version: 2, status: "amended", authoredAtMs: 2_000 })
      assert.isUndefined(yield* opened.responses.get("r-s2"))
    })
  )

  it.effect("is listed by questionnaire, time and subject, the youngest first, in pages without gap or double", () =>
    Effect.gen(function* () {
      const opened = yield* openStore(yield* temporaryFolder)
      for (let n = 0; n < 7; n++) {
        const questionnaire = n === 3 ? { id: "gad-7", version: "1" } : phq9
        ended(opened, `s${n}`, responseOf(1_000 * Math.floor(n / 2), { questionnaire }), `Patient/${n % 2}`)
      }
      const ids = (query: Parameters<Responses["Service"]["list"]>[0]) =>
        Effect.map(opened.responses.list(query), ({ items }) => items.map(({ sessionId }) => sessionId))
      assert.deepStrictEqual(yield* ids({ limit: 10 }), ["s6", "s5", "s4", "s3", "s2", "s1", "s0"])
      assert.deepStrictEqual(yield* ids({ limit: 10, questionnaire: "gad-7" }), ["s3"])
      assert.deepStrictEqual(yield* ids({ limit: 10, sinceMs: 2_000 }), ["s6", "s5", "s4"])
      assert.deepStrictEqual(yield* ids({ limit: 10, subject: "Patient/0", questionnaire: "phq-9" }), [
        "s6",
        "s4",
        "s2",
        "s0"
      ])
      const paged: Array<string> = []
      let page = yield* opened.responses.list({ limit: 2 })
      for (;;) {
        paged.push(...page.items.map(({ sessionId }) => sessionId))
        if (page.next === undefined) break
        page = yield* opened.responses.list({ limit: 2, after: page.next })
      }
      assert.deepStrictEqual(paged, ["s6", "s5", "s4", "s3", "s2", "s1", "s0"])
    })
  )

  it.effect("is removed with the log of its session, of the version that is meant only", () =>
    Effect.gen(function* () {
      const opened = yield* openStore(yield* temporaryFolder)
      ended(opened, "s1", responseOf(1_000))
      assert.isFalse(yield* opened.responses.remove("r-s1", 2))
      assert.isTrue(yield* opened.responses.remove("r-s1", 1))
      assert.isFalse(yield* opened.responses.remove("r-s1"))
      assert.isUndefined(yield* opened.responses.get("r-s1"))
    })
  )
})

describe("an alert", () => {
  it.effect("is raised once, whatever is written again, and keeps its id", () =>
    Effect.gen(function* () {
      const folder = yield* temporaryFolder
      const opened = yield* openStore(folder)
      const journal = begun(opened, "s1")
      Result.getOrThrow(journal.append({ alerts: [alert] }))
      Result.getOrThrow(journal.append({ alerts: [alert, { ...alert, rule: "unanswered" }] }))
      const { items } = yield* opened.alerts.list({ limit: 10 })
      assert.deepStrictEqual(items.map(({ about }) => about?.rule).toSorted(), ["self-harm", "unanswered"])
      assert.deepInclude(items[0]?.about, {
        questionnaire: phq9,
        linkId: "44260-8",
        subject: "Patient/canary-7",
        sessionId: "s1",
        responseId: "r-s1"
      })
      const again = yield* openStore(folder)
      const after = yield* again.alerts.list({ limit: 10 })
      assert.deepStrictEqual(after.items, items)
      assert.deepStrictEqual((yield* again.alerts.unacknowledged).count, 2)
    })
  )

  it.effect("is acknowledged once, by whoever came first", () =>
    Effect.gen(function* () {
      const opened = yield* openStore(yield* temporaryFolder)
      Result.getOrThrow(begun(opened, "s1").append({ alerts: [alert] }))
      const id = (yield* opened.alerts.list({ limit: 1 })).items[0]?.id ?? ""
      const first = yield* opened.alerts.acknowledge(id, { by: "Dr. A", note: "called" })
      assert.deepInclude(first?.acknowledged, { by: "Dr. A", note: "called" })
      assert.deepStrictEqual(yield* opened.alerts.acknowledge(id, { by: "Dr. B" }), first)
      assert.isUndefined(yield* opened.alerts.acknowledge("a-none", { by: "Dr. B" }))
      assert.deepStrictEqual(yield* opened.alerts.unacknowledged, { count: 0 })
      assert.deepStrictEqual((yield* opened.alerts.list({ limit: 9, acknowledged: false })).items, [])
      assert.strictEqual((yield* opened.alerts.list({ limit: 9, acknowledged: true })).items.length, 1)
    })
  )
})

describe("erasing a person", () => {
  it.effect(
    "leaves nothing of theirs in any file, only that there was an alert, and nothing of others is touched",
    () =>
      Effect.gen(function* () {
        const folder = yield* temporaryFolder
        const opened = yield* openStore(folder)
        const journal = begun(opened, "s1")
        Result.getOrThrow(journal.append({ alerts: [alert], response: responseOf(1_000) }))
        Result.getOrThrow(begun(opened, "s2", "Patient/other").append({ alerts: [alert], response: responseOf(2_000) }))
        const traces = [opened.store.subjectHash("Patient/canary-7"), "r-s1"]
        const files = () => readdirSync(folder).map((name) => readFileSync(join(folder, name)))
        const holds = (trace: string) => files().some((bytes) => bytes.includes(trace))
        for (const trace of traces) assert.isTrue(holds(trace), trace)

        assert.deepStrictEqual(yield* opened.responses.eraseSubject("Patient/canary-7"), {
          sessions: 1,
          responses: 1,
          alerts: 1
        })
        for (const trace of traces) assert.isFalse(holds(trace), trace)
        const { items } = yield* opened.alerts.list({ limit: 10 })
        assert.deepStrictEqual(new Set(items.map(({ about }) => about?.subject)), new Set([undefined, "Patient/other"]))
        assert.strictEqual((yield* opened.alerts.unacknowledged).count, 1)
        assert.isDefined(yield* opened.responses.get("r-s2"))
      })
  )
})
