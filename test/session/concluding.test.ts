/** Interviews that were left for good, over a real store: what becomes of them, and what they raise. */
import { fileURLToPath } from "node:url"
import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Layer, Logger, Result } from "effect"
import { TestClock } from "effect/testing"
import type { AuditEvent } from "#schemas/audit.ts"
import type { RecordEntry } from "#schemas/record.ts"
import { Questionnaires } from "#src/questionnaire/questionnaires.ts"
import { concluderOf } from "#src/session/concluding.ts"
import { keptOf } from "#src/session/kept.ts"
import { Alerts, Responses } from "#src/store/clinic.ts"
import { layerStore } from "#src/store/keeping.ts"
import { Store } from "#src/store/store.ts"
import { linkIds, safetyItem } from "#test/e2e/questionnaire-file.ts"
import { temporaryFolder } from "#test/support/folder.ts"
import { emptySummary } from "#test/support/kept.ts"

const folder = fileURLToPath(new URL("../../questionnaires", import.meta.url))
const subject = "Patient/7"

const opened = Effect.gen(function* () {
  const clock = yield* TestClock.testClockWith((found) => Effect.succeed(found))
  const store = layerStore({
    folder: yield* temporaryFolder,
    resumeWindowSeconds: 600,
    retentionDays: 30,
    production: false,
    uptimeMs: () => clock.currentTimeMillisUnsafe()
  })
  const layer = Layer.merge(store, Questionnaires.layer(folder)).pipe(Layer.provide(Logger.layer([])))
  const context = yield* Layer.build(layer)
  const questionnaires = Context.get(context, Questionnaires)
  const told: Array<AuditEvent> = []
  const services = {
    store: Context.get(context, Store),
    questionnaires,
    record: (event: AuditEvent) => told.push(event)
  }
  return {
    ...services,
    told,
    responses: Context.get(context, Responses),
    alerts: Context.get(context, Alerts),
    conclude: concluderOf({ ...services, nowMs: () => clock.currentTimeMillisUnsafe() }),
    source: questionnaires.get("phq-9")?.source ?? ""
  }
})
type Opened = Effect.Success<typeof opened>

const consent: RecordEntry = { type: "consent", via: "touch", version: "1", language: "ar", atMs: 1 }
const answer = (linkId: string, value = "LA6568-5"): RecordEntry => ({
  type: "answer",
  atMs: 2,
  record: { linkId, answer: { value, display: "…" }, via: "touch", revised: false }
})
const left = ({ store, source }: Opened, resumable: boolean, entries: ReadonlyArray<RecordEntry>) => {
  const begun = Result.getOrThrow(store.begin({ id: "s1", endpoint: "healthcare", subject, questionnaire: source }))
  for (const entry of entries) Result.getOrThrow(begun.journal.append({ entry }))
  begun.journal.park({ resumable, connectedMs: 1, positionMs: 1, summary: emptySummary })
  return begun
}
const raised = ({ alerts }: Opened) =>
  Effect.map(alerts.list({ limit: 9 }), ({ items }) => items.map(({ about }) => about?.linkId))

describe("an interview that was left", () => {
  it.effect("becomes a response as it stood once nobody can go on with it, and what it left open is raised, once", () =>
    Effect.gen(function* () {
      const service = yield* opened
      left(service, true, [consent, answer(linkIds[0] ?? "")])
      yield* service.conclude
      assert.isUndefined(yield* service.responses.get("r-s1"), "somebody may still come back")

      yield* TestClock.adjust("12 minutes")
      yield* service.conclude
      const response = yield* service.responses.get("r-s1")
      assert.deepInclude(response, { status: "stopped", version: 1 })
      assert.strictEqual(response?.content.response.subject?.identifier?.value, subject)
      assert.deepStrictEqual(yield* raised(service), [safetyItem])
      assert.deepInclude(service.told[0], { event: "questionnaire.ended", status: "stopped", subject })
      const before = yield* service.alerts.list({ limit: 9 })

      yield* service.conclude
      assert.deepInclude(yield* service.responses.get("r-s1"), { version: 1 })
      assert.deepStrictEqual(yield* service.alerts.list({ limit: 9 }), before)
    })
  )

  it.effect("is complete where all was answered and only its end was not written", () =>
    Effect.gen(function* () {
      const service = yield* opened
      left(service, false, [consent, ...linkIds.map((linkId) => answer(linkId))])
      yield* service.conclude
      assert.deepInclude(yield* service.responses.get("r-s1"), { status: "completed" })
      assert.deepStrictEqual(yield* raised(service), [])
    })
  )

  it.effect("is amended where an answer was changed after it was complete", () =>
    Effect.gen(function* () {
      const service = yield* opened
      const ended: RecordEntry = { type: "ended", status: "completed", atMs: 3 }
      const all = linkIds.map((linkId) => answer(linkId))
      left(service, false, [consent, ...all, ended, answer(safetyItem, "LA6569-3")])
      yield* service.conclude
      assert.deepInclude(yield* service.responses.get("r-s1"), { status: "amended" })
      assert.deepStrictEqual(yield* raised(service), [safetyItem])
    })
  )

  it.effect("raises that a safety question was passed over, also where it was answered later", () =>
    Effect.gen(function* () {
      const service = yield* opened
      const skip: RecordEntry = { type: "skip", linkId: safetyItem, atMs: 2 }
      left(service, false, [consent, skip, ...linkIds.map((linkId) => answer(linkId))])
      yield* service.conclude
      assert.deepStrictEqual(yield* raised(service), [safetyItem])
      const plan = service.questionnaires.get("phq-9")?.plan
      assert.isDefined(plan)
      const kept = keptOf(plan, { type: "question.skipped", linkId: safetyItem }, 1)
      assert.deepStrictEqual(
        kept?.alerts?.map(({ linkId, rule }) => [linkId, rule]),
        [[safetyItem, "self-harm-unanswered"]]
      )
      assert.isUndefined(keptOf(plan, { type: "question.skipped", linkId: linkIds[0] ?? "" }, 1)?.alerts)
    })
  )

  it.effect("is nothing where nobody agreed, or where it had its end", () =>
    Effect.gen(function* () {
      const service = yield* opened
      left(service, false, [consent, { type: "ended", status: "stopped", atMs: 3 }])
      yield* service.conclude
      assert.isUndefined(yield* service.responses.get("r-s1"))
      assert.deepStrictEqual(service.told, [])
    })
  )
})
