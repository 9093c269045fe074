/** Backup, restore and export as an operator runs them, beside a store that writes all the time. */
import { execFile } from "node:child_process"
import { randomBytes } from "node:crypto"
import { appendFileSync, mkdirSync, readdirSync, readFileSync, statSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Exit, Layer, Logger, Redacted, Result, Scope } from "effect"
import type { RecordEntry } from "#schemas/record.ts"
import { restoreBackup, takeBackup } from "#src/store/backup.ts"
import { Alerts, type NewResponse, Responses } from "#src/store/clinic.ts"
import { exportKept } from "#src/store/export.ts"
import { layerStore } from "#src/store/keeping.ts"
import { Store } from "#src/store/store.ts"
import { temporaryFolder } from "#test/support/folder.ts"

const script = join(import.meta.dirname, "../../scripts/data.ts")
const key = randomBytes(32).toString("hex")
const owner = { endpoint: "healthcare", subject: "Patient/canary-7" } as const
const questionnaire = { id: "phq-9", version: "1" }
const alert = { questionnaire, linkId: "q9", rule: "canary-rule" }
const response: NewResponse = {
  questionnaire,
  status: "completed",
  authoredAtMs: Date.now(),
  content: {
    response: {
      resourceType: "QuestionnaireResponse",
      id: "r",
      questionnaire: "urn:phq-9|1",
      status: "completed",
      authored: "2026-01-01T00:00:00.000Z"
    },
    scores: [{ id: "sum", value: 12 }],
    alerts: []
  }
}
const answer = (n: number): RecordEntry => ({
  type: "answer",
  atMs: n,
  record: { linkId: `q${n}`, answer: { value: n, display: String(n) }, via: "touch", revised: false }
})

const data = (dataDir: string, args: ReadonlyArray<string>, storageKey = key) =>
  Effect.promise(
    () =>
      new Promise<{ readonly code: number; readonly output: string }>((resolve) => {
        const env = { PATH: process.env["PATH"], DATA_DIR: dataDir, STORAGE_KEY: storageKey }
        execFile(process.execPath, [script, ...args], { env }, (error, stdout, stderr) =>
          resolve({ code: error === null ? 0 : Number(error.code), output: stdout + stderr })
        )
      })
  )

const open = (folder: string, storageKey = key) =>
  Effect.gen(function* () {
    const scope = yield* Scope.make()
    yield* Effect.addFinalizer(() => Scope.close(scope, Exit.void))
    const options = { folder, resumeWindowSeconds: 600, retentionDays: 30, production: false }
    const layer = layerStore({ ...options, storageKey: Redacted.make(storageKey) }).pipe(
      Layer.provide(Logger.layer([]))
    )
    const context = yield* Layer.buildWithScope(layer, scope)
    return {
      store: Context.get(context, Store),
      responses: Context.get(context, Responses),
      alerts: Context.get(context, Alerts),
      close: Scope.close(scope, Exit.void)
    }
  })
type Opened = Effect.Success<ReturnType<typeof open>>
const keys = (storageKey = key) => ({ storageKey: Redacted.make(storageKey) })
const outcome = (act: () => unknown): string => {
  try {
    act()
    return "done"
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}
const backedUp = (dataDir: string, backup: string) => outcome(() => takeBackup({ dataDir, backup }, keys(), Date.now()))
const restored = (dataDir: string, backup: string, { replace = true } = {}, storageKey = key) =>
  outcome(() => restoreBackup({ dataDir, backup }, keys(storageKey), { replace }))
const begun = ({ store }: Opened, id: string, subject: string = owner.subject) =>
  Result.getOrThrow(store.begin({ ...owner, subject, id, questionnaire: "{}" }))

describe("a backup", () => {
  it.live(
    "taken while answers are written restores to a sound database with each that was acknowledged before it",
    () =>
      Effect.gen(function* () {
        const [folder, base, other] = [yield* temporaryFolder, yield* temporaryFolder, yield* temporaryFolder]
        const backup = join(base, "backup")
        const service = yield* open(folder)
        const { journal, resumeToken = "" } = begun(service, "s1")
        Result.getOrThrow(journal.append({ alerts: [alert], response }))
        let written = 0
        const answering = yield* Effect.forkChild(
          Effect.forever(
            Effect.gen(function* () {
              Result.getOrThrow(journal.append({ entry: answer(written + 1) }))
              written++
              yield* Effect.sleep("1 millis")
            })
          )
        )
        yield* Effect.sleep("50 millis")
        const acknowledged = written
        assert.isAbove(acknowledged, 0)
        const taken = yield* data(folder, ["backup", backup])
        const atItsEnd = written
        yield* Effect.sync(() => answering.interruptUnsafe())
        assert.deepInclude(taken, { code: 0 }, taken.output)
        assert.include(taken.output, "The storage key is not in it")
        assert.isAbove(atItsEnd, acknowledged, "the service went on")
        for (const name of readdirSync(backup)) {
          assert.notInclude(readFileSync(join(backup, name)).toString("latin1"), key)
          assert.strictEqual(statSync(join(backup, name)).mode & 0o077, 0, name)
        }

        const put = yield* data(other, ["restore", backup])
        assert.deepInclude(put, { code: 0 }, put.output)
        const after = yield* open(other)
        const found = Result.getOrThrow(after.store.resume(resumeToken, owner, 0))
        const entries = found?.entries.map(({ atMs }) => atMs) ?? []
        assert.isAtLeast(entries.length, acknowledged)
        assert.deepStrictEqual(
          entries,
          Array.from({ length: entries.length }, (_, n) => n + 1)
        )
        assert.deepInclude(yield* after.responses.get("r-s1"), { content: response.content })
        assert.strictEqual((yield* after.alerts.unacknowledged).count, 1)
      }),
    30_000
  )

  it.live(
    "is not put back over a running service, damaged, with another key, or over a database unless told to",
    () =>
      Effect.gen(function* () {
        const [folder, base, other] = [yield* temporaryFolder, yield* temporaryFolder, yield* temporaryFolder]
        const backup = join(base, "backup")
        const service = yield* open(folder)
        begun(service, "s1")
        assert.strictEqual(backedUp(folder, backup), "done")
        assert.include(backedUp(folder, backup), "is there already")
        assert.include(restored(folder, backup), "stop it first")
        yield* service.close
        assert.include(restored(folder, backup, { replace: false }), "--replace")
        assert.include(restored(other, backup, {}, randomBytes(32).toString("hex")), "STORAGE_KEY")
        assert.deepStrictEqual(readdirSync(other), [])
        assert.strictEqual(restored(folder, backup), "done")
        appendFileSync(join(backup, "sawt.db"), "x")
        assert.include(restored(other, backup), "checksum")
      }),
    30_000
  )

  it.live(
    "does not bring back who was erased since",
    () =>
      Effect.gen(function* () {
        const [folder, base] = [yield* temporaryFolder, yield* temporaryFolder]
        const backup = join(base, "backup")
        const service = yield* open(folder)
        Result.getOrThrow(begun(service, "s1").journal.append({ response, alerts: [alert] }))
        Result.getOrThrow(begun(service, "s2", "Patient/other").journal.append({ response }))
        assert.strictEqual(backedUp(folder, backup), "done")
        yield* service.responses.eraseSubject(owner.subject)
        const line = {
          at: new Date().toISOString(),
          event: "subject.erased",
          subject_hash: service.store.subjectHash(owner.subject)
        }
        yield* service.close
        mkdirSync(join(folder, "audit"))
        appendFileSync(join(folder, "audit", "2026-01-01.1.jsonl"), `${JSON.stringify(line)}\n`)

        const { erasedAgain } = restoreBackup({ dataDir: folder, backup }, keys(), { replace: true })
        assert.strictEqual(erasedAgain, 1)
        const after = yield* open(folder)
        assert.isUndefined(yield* after.responses.get("r-s1"))
        assert.isDefined(yield* after.responses.get("r-s2"))
      }),
    30_000
  )
})

describe("an export", () => {
  it.live("holds responses as FHIR, scores and alerts, one a line, for its owner alone", () =>
    Effect.gen(function* () {
      const [folder, base] = [yield* temporaryFolder, yield* temporaryFolder]
      const out = join(base, "export")
      const service = yield* open(folder)
      Result.getOrThrow(begun(service, "s1").journal.append({ response, alerts: [alert] }))
      assert.deepStrictEqual(exportKept(folder, out, keys()), { responses: 1, alerts: 1 })
      const lines = (name: string): ReadonlyArray<Record<string, unknown>> =>
        readFileSync(join(out, name), "utf8")
          .trim()
          .split("\n")
          .map((text) => JSON.parse(text) as Record<string, unknown>)
      assert.deepStrictEqual(lines("QuestionnaireResponse.ndjson"), [response.content.response])
      assert.deepStrictEqual(lines("scores.ndjson"), [
        { response_id: "r-s1", version: 1, scores: response.content.scores }
      ])
      assert.deepInclude(lines("alerts.ndjson")[0]?.["about"], { rule: "canary-rule", subject: owner.subject })
      assert.strictEqual(statSync(join(out, "alerts.ndjson")).mode & 0o777, 0o600)
    })
  )
})
