/**
 * Sees to it that what was deleted is in no byte of the database's files. SQLite overwrites deleted rows (`secure_delete`),
 * but where it has moved rows between pages, copies stay in those pages' free space, and old pages in the write-ahead log.
 * The copies go when the file is written anew (VACUUM), the old pages when the log is emptied.
 */
import { statSync } from "node:fs"
import { dirname } from "node:path"
import { Clock, Effect } from "effect"
import type { SqlClient, SqlError } from "effect/sql"

/** `erased`: a person asked for it, so it goes as soon as nobody is held up; `forgotten`: its time was over, so it may wait a day. */
export type Deleted = "erased" | "forgotten"

/** In the file itself (sqlite.org/pragma.html#pragma_user_version), so that neither a crash nor a failure loses it. */
const levels = { forgotten: 1, erased: 2 } as const satisfies Record<Deleted, number>

const levelOf = (sql: SqlClient.SqlClient): Effect.Effect<number, SqlError.SqlError> =>
  Effect.map(sql.unsafe<{ readonly user_version: number }>("PRAGMA user_version"), ([row]) => row?.user_version ?? 0)

/** Runs `step` in the caller's transaction; what it deletes or replaces is to be shed from then on. */
export const deleting = <A, E>(
  sql: SqlClient.SqlClient,
  deleted: Deleted,
  step: Effect.Effect<A, E>
): Effect.Effect<A, E | SqlError.SqlError> =>
  Effect.gen(function* () {
    const changes = Effect.map(sql<{ readonly count: number }>`SELECT total_changes() AS count`, ([row]) => row?.count)
    const before = yield* changes
    const value = yield* step
    const level = levels[deleted]
    if ((yield* changes) !== before && (yield* levelOf(sql)) < level) yield* sql.unsafe(`PRAGMA user_version=${level}`)
    return value
  })

/** Nothing that was deleted is in the file then, once its log is emptied. Needs room for two copies, in its own folder only. */
export const writeAnew = (sql: SqlClient.SqlClient, file: string): Effect.Effect<void, SqlError.SqlError> => {
  // Elsewhere may be a file system that is read-only.
  const folder = dirname(file).replaceAll("'", "''")
  return sql
    .unsafe(`PRAGMA temp_store_directory='${folder}'`)
    .pipe(Effect.andThen(sql.unsafe("VACUUM")), Effect.andThen(sql.unsafe("PRAGMA user_version=0")), Effect.asVoid)
}

export interface SheddingOptions {
  readonly sql: SqlClient.SqlClient
  readonly file: string
  /** A file up to this size is written anew at once: everybody waits for it, 4 ms for each MiB. */
  readonly atOnceMaxBytes: number
}

/** Somebody is always connected, then. */
const atLatestMs = 60 * 60_000
const forgottenEveryMs = 24 * 60 * 60_000
/** After a failure. */
const againAfterMs = 60_000

/** Of one opened file. */
export class Shedding {
  readonly #options: SheddingOptions
  #isLogFull = false
  #waitingSinceMs: number | undefined
  #rewrittenAtMs: number | undefined
  #failedAtMs: number | undefined

  constructor(options: SheddingOptions) {
    this.#options = options
  }

  /** After a deletion, once it is committed. */
  get now(): Effect.Effect<void, SqlError.SqlError> {
    return Effect.suspend(() => {
      this.#isLogFull = true
      return this.look
    })
  }

  /** From time to time: does what is due. What cannot be done now is done later. */
  get look(): Effect.Effect<void, SqlError.SqlError> {
    return Effect.gen({ self: this }, function* () {
      const level = yield* levelOf(this.#options.sql)
      const nowMs = yield* Clock.currentTimeMillis
      if (level === 0) this.#waitingSinceMs = undefined
      else {
        this.#waitingSinceMs ??= nowMs
        if (yield* this.#isDue(level, nowMs)) yield* this.#rewrite(nowMs)
      }
      if (this.#isLogFull) yield* this.#emptyLog
    })
  }

  #isDue(level: number, nowMs: number): Effect.Effect<boolean, SqlError.SqlError> {
    const { sql, file, atOnceMaxBytes } = this.#options
    const since = (atMs = Number.NEGATIVE_INFINITY): number => nowMs - atMs
    return Effect.gen({ self: this }, function* () {
      if (since(this.#failedAtMs) < againAfterMs) return false
      if (level === levels.forgotten && since(this.#rewrittenAtMs) < forgottenEveryMs) return false
      if (level === levels.erased) {
        if ((statSync(file, { throwIfNoEntry: false })?.size ?? 0) <= atOnceMaxBytes) return true
        if (since(this.#waitingSinceMs) >= atLatestMs) return true
      }
      const connected =
        yield* sql`SELECT 1 FROM sessions WHERE ended_at_ms IS NULL AND parked_uptime_ms IS NULL LIMIT 1`
      return connected.length === 0
    })
  }

  #rewrite(nowMs: number): Effect.Effect<void> {
    return writeAnew(this.#options.sql, this.#options.file).pipe(
      Effect.matchEffect({
        onSuccess: () => {
          this.#isLogFull = true
          this.#waitingSinceMs = undefined
          this.#rewrittenAtMs = nowMs
          return Effect.void
        },
        onFailure: () => {
          this.#failedAtMs = nowMs
          return Effect.logWarning(
            "The database cannot be written anew: copies of what was deleted may still be in it",
            {
              repair: "DATA_DIR needs room for two more copies of sawt.db for a moment."
            }
          )
        }
      })
    )
  }

  /** Not while another process reads, as a backup does. */
  get #emptyLog(): Effect.Effect<void, SqlError.SqlError> {
    const { sql } = this.#options
    return Effect.map(
      sql.unsafe<{ readonly busy: number }>("PRAGMA wal_checkpoint(TRUNCATE)"),
      ([row]) => void (this.#isLogFull = row?.busy !== 0)
    )
  }
}
