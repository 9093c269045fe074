/** What was deleted is looked for in the bytes of every file: SQLite leaves copies of rows where it has moved them. */
import { createHash } from "node:crypto"
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Result, Scope } from "effect"
import { TestClock } from "effect/testing"
import type { StoreOptions } from "#src/store/keeping.ts"
import { type Deleted, deleting, Shedding } from "#src/store/shedding.ts"
import { openSqlite } from "#src/store/sqlite.ts"
import { temporaryFolder } from "#test/support/folder.ts"
import { emptySummary, openStore, responseOf } from "#test/support/kept.ts"

const open = (folder: string, over: Partial<StoreOptions> = {}) =>
  Effect.map(openStore(folder, over), (opened) => ({ folder, ...opened }))
type Opened = Effect.Success<ReturnType<typeof open>>

const persons = 60
const subjectOf = (person: number) => `Patient/${person}`
/** As even and as unordered as real ones, and the same in each run. */
const idOf = (person: number) => createHash("sha256").update(String(person)).digest("hex").slice(0, 32)

const begin = ({ store }: Opened, person: number) =>
  Result.getOrThrow(
    store.begin({ id: idOf(person), endpoint: "healthcare", subject: subjectOf(person), questionnaire: "{}" })
  ).journal
const parked = { connectedMs: 1, positionMs: 1, summary: emptySummary }
const visit = (opened: Opened, person: number) => {
  const journal = begin(opened, person)
  for (let n = 0; n < 10; n++) {
    const record = { linkId: `q${n}`, answer: { value: n, display: String(n) }, via: "touch", revised: false } as const
    Result.getOrThrow(journal.append({ entry: { type: "answer", atMs: 1, record } }))
  }
  Result.getOrThrow(journal.append({ entry: { type: "ended", status: "completed", atMs: 1 }, response: responseOf(0) }))
  journal.park({ resumable: false, ...parked })
  return journal
}
const visits = (opened: Opened) => Array.from({ length: persons }, (_, person) => visit(opened, person))

const tracesOf = ({ folder, store }: Opened, person: number): ReadonlyArray<string> => {
  const files = readdirSync(folder).map((name) => [name, readFileSync(join(folder, name))] as const)
  return files.flatMap(([name, bytes]) =>
    [idOf(person), store.subjectHash(subjectOf(person))]
      .filter((trace) => bytes.includes(trace))
      .map((trace) => `${name} holds ${trace} of person ${person}`)
  )
}

/** So that it is never written anew at once. */
const large = { rewrittenAtOnceMaxBytes: 0 }
const halfErased = (opened: Opened) =>
  Effect.gen(function* () {
    visits(opened)
    const connected = begin(opened, persons)
    const erased = Array.from({ length: persons / 2 }, (_, n) => 2 * n)
    for (const person of erased) yield* opened.responses.eraseSubject(subjectOf(person))
    return { connected, traces: () => erased.flatMap((person) => tracesOf(opened, person)) }
  })
/** One that is connected, and rows to delete. */
const bare = (atOnceMaxBytes: number) =>
  Effect.gen(function* () {
    const file = join(yield* temporaryFolder, "bare.db")
    const sql = yield* openSqlite({ filename: file, busyTimeoutMs: 0 })
    yield* sql.unsafe("CREATE TABLE sessions (ended_at_ms INTEGER, parked_uptime_ms REAL)")
    yield* sql`INSERT INTO sessions VALUES (NULL, NULL)`
    const remove = (deleted: Deleted) =>
      Effect.andThen(
        sql`INSERT INTO sessions VALUES (1, NULL)`,
        sql.withTransaction(deleting(sql, deleted, sql`DELETE FROM sessions WHERE ended_at_ms = 1`))
      )
    const isWaiting = Effect.map(sql<{ user_version: number }>`PRAGMA user_version`, ([row]) => row?.user_version !== 0)
    return { sql, remove, isWaiting, shedding: new Shedding({ sql, file, atOnceMaxBytes }) }
  })

describe("what is deleted", () => {
  it.effect("of each person in turn is in no byte of any file at once", () =>
    Effect.gen(function* () {
      const opened = yield* open(yield* temporaryFolder)
      visits(opened)
      assert.isNotEmpty(tracesOf(opened, 0))
      for (let person = 0; person < persons - 1; person++) {
        yield* opened.responses.eraseSubject(subjectOf(person))
        assert.deepStrictEqual(tracesOf(opened, person), [])
      }
      assert.isDefined(yield* opened.responses.get(`r-${idOf(persons - 1)}`))
    })
  )

  it.effect("by those who take their consent back, or with a response, goes as thoroughly", () =>
    Effect.gen(function* () {
      const opened = yield* open(yield* temporaryFolder)
      const journals = visits(opened)
      for (const [person, journal] of journals.entries()) {
        if (person % 2 === 0) Result.getOrThrow(journal.erase())
        else yield* opened.responses.remove(`r-${idOf(person)}`, undefined)
        assert.deepStrictEqual(tracesOf(opened, person), [])
      }
    })
  )

  it.effect("from a large file goes when nobody is connected, and a restart does not forget it", () =>
    Effect.gen(function* () {
      const folder = yield* temporaryFolder
      const scope = yield* Scope.make()
      const first = yield* open(folder, large).pipe(Scope.provide(scope))
      const { connected, traces } = yield* halfErased(first)
      yield* TestClock.adjust("10 minutes")
      assert.isNotEmpty(traces())
      connected.park({ resumable: true, ...parked })
      yield* Scope.close(scope, Exit.void)

      yield* open(folder, large)
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(traces(), [])
    })
  )

  it.effect("while another process writes goes as soon as that is over", () =>
    Effect.gen(function* () {
      const opened = yield* open(yield* temporaryFolder, large)
      const { connected, traces } = yield* halfErased(opened)
      connected.park({ resumable: false, ...parked })
      const other = new DatabaseSync(join(opened.folder, "sawt.db"))
      other.exec("BEGIN IMMEDIATE")
      yield* TestClock.adjust("5 seconds")
      other.exec("ROLLBACK")
      other.close()
      assert.isNotEmpty(traces())
      yield* TestClock.adjust("2 minutes")
      assert.deepStrictEqual(traces(), [])
    })
  )

  it.effect("goes after an hour though somebody is connected", () =>
    Effect.gen(function* () {
      const { shedding, remove, isWaiting } = yield* bare(0)
      yield* remove("erased")
      for (const [minutes, waits] of [
        [0, true],
        [59, true],
        [1, false]
      ] as const) {
        yield* TestClock.adjust(`${minutes} minutes`)
        yield* shedding.look
        assert.strictEqual(yield* isWaiting, waits)
      }
    })
  )

  it.effect("because its time was over goes when nobody is connected, once a day", () =>
    Effect.gen(function* () {
      const { sql, shedding, remove, isWaiting } = yield* bare(Number.POSITIVE_INFINITY)
      yield* remove("forgotten")
      yield* shedding.look
      assert.isTrue(yield* isWaiting)
      yield* sql`UPDATE sessions SET parked_uptime_ms = 1`
      yield* shedding.look
      assert.isFalse(yield* isWaiting)

      yield* remove("forgotten")
      yield* TestClock.adjust("23 hours")
      yield* shedding.look
      assert.isTrue(yield* isWaiting)
      yield* TestClock.adjust("1 hour")
      yield* shedding.look
      assert.isFalse(yield* isWaiting)
    })
  )

  it.effect("is nothing where there was nothing to delete", () =>
    Effect.gen(function* () {
      const { sql, isWaiting } = yield* bare(0)
      yield* sql.withTransaction(deleting(sql, "erased", sql`DELETE FROM sessions WHERE ended_at_ms = 2`))
      assert.isFalse(yield* isWaiting)
    })
  )
})
