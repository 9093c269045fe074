/**
 * One process at a time changes the folder of models. The lock is one of SQLite's on a file, which the kernel takes back
 * when its holder dies, however that comes: no stale lock can remain.
 */
import { DatabaseSync } from "node:sqlite"
import { Effect, type Scope } from "effect"

const retryMs = 250
/** SQLITE_BUSY: somebody else has it. */
const busy = 5

const take = (file: string): DatabaseSync | undefined => {
  const database = new DatabaseSync(file, { timeout: 0 })
  try {
    database.exec("BEGIN EXCLUSIVE")
    return database
  } catch (error) {
    database.close()
    if (error instanceof Error && "errcode" in error && error.errcode === busy) return undefined
    throw error
  }
}

/** Waits for the lock, telling once that it does, and holds it for the life of the scope. */
export const holdLock = (file: string, onWait: () => void): Effect.Effect<void, never, Scope.Scope> =>
  Effect.gen(function* () {
    let held = take(file)
    if (held === undefined) onWait()
    while (held === undefined) {
      yield* Effect.sleep(retryMs)
      held = take(file)
    }
    const database = held
    yield* Effect.addFinalizer(() => Effect.sync(() => database.close()))
  })
