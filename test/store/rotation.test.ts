/** A new storage key, while people answer: everything is sealed anew, nothing is lost, and it may be cut off at any time. */
import { randomBytes } from "node:crypto"
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Exit, Layer, Logger, Redacted, Result, Scope } from "effect"
import type { RecordEntry } from "#schemas/record.ts"
import { Cipher } from "#src/store/cipher.ts"
import { Alerts, Responses } from "#src/store/clinic.ts"
import { layerStore, type StoreOptions } from "#src/store/keeping.ts"
import { sealedColumns } from "#src/store/rotating.ts"
import { Store } from "#src/store/store.ts"
import { temporaryFolder } from "#test/support/folder.ts"

const keys = [randomBytes(32), randomBytes(32)] as const
const [first, second] = keys.map((key) => Redacted.make(key.toString("hex")))
const both = { storageKey: second, storageKeyPrevious: first } as Pick<
  StoreOptions,
  "storageKey" | "storageKeyPrevious"
>
const firstKeyId = Buffer.from(new Cipher(keys[0]).keyId, "hex")

const owner = { endpoint: "healthcare", subject: "Patient/7" } as const
const alert = { questionnaire: { id: "phq-9", version: "1" }, linkId: "q9", rule: "self-harm" }
const answer = (n: number): RecordEntry => ({
  type: "answer",
  atMs: n,
  record: { linkId: `q${n}`, answer: { value: n, display: String(n) }, via: "touch", revised: false }
})

/** Open until it is closed, by hand or with the test. */
const open = (folder: string, options: Partial<StoreOptions>) =>
  Effect.gen(function* () {
    const scope = yield* Scope.make()
    yield* Effect.addFinalizer(() => Scope.close(scope, Exit.void))
    const layer = layerStore({ folder, resumeWindowSeconds: 600, retentionDays: 30, production: false, ...options })
    const context = yield* Layer.buildWithScope(layer.pipe(Layer.provide(Logger.layer([]))), scope)
    return {
      store: Context.get(context, Store),
      alerts: Context.get(context, Alerts),
      responses: Context.get(context, Responses),
      close: Scope.close(scope, Exit.void)
    }
  })
type Opened = Effect.Success<ReturnType<typeof open>>

const rowsOf = (folder: string): number => {
  const database = new DatabaseSync(join(folder, "sawt.db"), { readOnly: true })
  try {
    return Number(database.prepare("SELECT count(*) AS count FROM vault").get()?.["count"])
  } finally {
    database.close()
  }
}
const rotated = (folder: string) =>
  Effect.promise(async () => {
    while (rowsOf(folder) > 1) await new Promise((resolve) => setTimeout(resolve, 5))
  })
const inFiles = (folder: string, bytes: Buffer): boolean =>
  readdirSync(folder).some((name) => readFileSync(join(folder, name)).includes(bytes))

/** A session with so many answers, an alert and a message; gives its resume token. */
const filled = ({ store }: Opened, answers: number) => {
  const { journal, resumeToken = "" } = Result.getOrThrow(store.begin({ ...owner, id: "s1", questionnaire: "{}" }))
  for (let n = 1; n <= answers; n++) Result.getOrThrow(journal.append({ entry: answer(n) }))
  Result.getOrThrow(
    journal.append({
      alerts: [alert],
      place: { linkId: "q" },
      message: { type: "questionnaire.notice", seq: 1, link_id: "q", message: "m" }
    })
  )
  return { journal, resumeToken }
}

describe("the columns that are sealed anew", () => {
  it.effect("are all that hold sealed values", () =>
    Effect.gen(function* () {
      const folder = yield* temporaryFolder
      yield* open(folder, {})
      const database = new DatabaseSync(join(folder, "sawt.db"), { readOnly: true })
      const found = database
        .prepare(
          `SELECT m.name || '.' || c.name AS name FROM sqlite_schema m, pragma_table_info(m.name) c
           WHERE m.type = 'table' AND c.type = 'BLOB' AND m.name NOT IN ('vault', 'probe')`
        )
        .all()
        .map(({ name }) => String(name))
      database.close()
      assert.deepStrictEqual(
        found.toSorted(),
        sealedColumns.map(({ table, column }) => `${table}.${column}`).toSorted()
      )
    })
  )
})

describe("a new storage key", () => {
  it.live(
    "seals everything anew while answers come, loses none, and the key before is not needed or found any more",
    () =>
      Effect.gen(function* () {
        const folder = yield* temporaryFolder
        const before = yield* open(folder, { storageKey: first as Redacted.Redacted })
        const { resumeToken } = filled(before, 900)
        const hash = before.store.subjectHash(owner.subject)
        const alertBefore = yield* before.alerts.list({ limit: 1 })
        yield* before.close

        const during = yield* open(folder, both)
        const resumed = Result.getOrThrow(during.store.resume(resumeToken, owner, 0))
        assert.strictEqual(resumed?.entries.length, 900)
        let written = 900
        const answering = yield* Effect.forkChild(
          Effect.forever(
            Effect.gen(function* () {
              if (resumed !== undefined) Result.getOrThrow(resumed.journal.append({ entry: answer(++written) }))
              yield* Effect.sleep("1 millis")
            })
          )
        )
        yield* rotated(folder)
        yield* Effect.sync(() => answering.interruptUnsafe())
        assert.isAbove(written, 901)
        yield* during.close

        const after = yield* open(folder, { storageKey: second as Redacted.Redacted })
        const found = Result.getOrThrow(after.store.resume(resumed?.resumeToken ?? "", owner, 0))
        assert.deepStrictEqual(
          found?.entries.map((entry) => entry.atMs),
          Array.from({ length: written }, (_, n) => n + 1)
        )
        assert.deepStrictEqual(found?.place, { linkId: "q" })
        assert.strictEqual(after.store.subjectHash(owner.subject), hash)
        assert.deepStrictEqual(yield* after.alerts.list({ limit: 1 }), alertBefore)
        assert.isFalse(inFiles(folder, firstKeyId), "nothing in any file is sealed with the key before")
      })
  )

  it.live("goes on where it was cut off, and needs the key before until it is through", () =>
    Effect.gen(function* () {
      const folder = yield* temporaryFolder
      const before = yield* open(folder, { storageKey: first as Redacted.Redacted })
      const { resumeToken } = filled(before, 900)
      yield* before.close
      const cut = yield* open(folder, both)
      yield* cut.close
      assert.strictEqual(rowsOf(folder), 2)
      assert.isTrue(inFiles(folder, firstKeyId))

      const alone = yield* Effect.exit(open(folder, { storageKey: second as Redacted.Redacted }))
      assert.include(String(Exit.findErrorOption(alone)), "STORAGE_KEY_PREVIOUS")
      const again = yield* open(folder, both)
      yield* rotated(folder)
      assert.strictEqual(Result.getOrThrow(again.store.resume(resumeToken, owner, 0))?.entries.length, 900)
    })
  )

  it.effect("is refused without the one before, or with another", () =>
    Effect.gen(function* () {
      const folder = yield* temporaryFolder
      yield* (yield* open(folder, { storageKey: first as Redacted.Redacted })).close
      const third = Redacted.make(randomBytes(32).toString("hex"))
      for (const wrong of [
        { storageKey: third },
        { storageKey: third, storageKeyPrevious: second as Redacted.Redacted }
      ]) {
        const exit = yield* Effect.exit(open(folder, wrong))
        assert.include(String(Exit.findErrorOption(exit)), "STORAGE_KEY")
      }
    })
  )
})
