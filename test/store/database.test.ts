/** What is asked of the disk: all of it for answers, nothing that a session would have to wait for otherwise. */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { assert, it } from "@effect/vitest"
import { Effect, Result } from "effect"
import type { SqlClient } from "effect/sql"
import { Database } from "#src/store/database.ts"
import { journalOf } from "#src/store/journal.ts"
import type { Write } from "#src/store/store.ts"

const modes = { FULL: 2, NORMAL: 1 } as const

const opened = Effect.gen(function* () {
  const folder = yield* Effect.acquireRelease(
    Effect.sync(() => mkdtempSync(join(tmpdir(), "sawt-database-"))),
    (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
  )
  return yield* Database.make({ folder, production: false, onOpened: () => Effect.void })
})

/** How the connection was set when `use` ran last. */
const modeOf = (database: Database, lasting?: boolean) => {
  const read = ({ sql }: { readonly sql: SqlClient.SqlClient }) => sql<{ synchronous: number }>`PRAGMA synchronous`
  return Result.getOrThrow(database.run(read, lasting))[0]?.synchronous
}

it.live("a lasting transaction waits for the disk, another does not, in any order", () =>
  Effect.gen(function* () {
    const database = yield* opened
    assert.strictEqual(modeOf(database), modes.FULL)
    assert.strictEqual(modeOf(database, false), modes.NORMAL)
    assert.strictEqual(modeOf(database, false), modes.NORMAL)
    assert.strictEqual(modeOf(database, true), modes.FULL)
  }).pipe(Effect.scoped)
)

it.live("an entry is lasting, a message that is only sent is not", () =>
  Effect.gen(function* () {
    const database = yield* opened
    const asked: Array<boolean | undefined> = []
    const run = database.run.bind(database)
    database.run = (use, lasting) => {
      asked.push(lasting)
      return run(use, lasting)
    }
    const journal = journalOf({
      database,
      id: "s1",
      entries: 0,
      nowMs: () => 1,
      uptimeMs: () => 1,
      announces: false,
      announced: () => undefined
    })
    Result.getOrThrow(
      run(
        ({ sql }) => sql`INSERT INTO sessions (id, endpoint, token_hash, begun_at_ms, connections, connected_ms,
          position_ms, last_seq) VALUES ('s1', 'secure', 'hash', 1, 1, 0, 0, 0)`
      )
    )
    const message = { type: "session.ended", seq: 1, reason: "ended", resumable: false, trace_id: "t" } as const
    const entry = { type: "skip", linkId: "q1", atMs: 1 } as const
    for (const write of [{ message }, { entry }, { entry, place: null }] satisfies ReadonlyArray<Write>) {
      Result.getOrThrow(journal.append(write))
    }
    journal.erase()
    assert.deepStrictEqual(asked, [false, true, true, undefined])
  }).pipe(Effect.scoped)
)
