/**
 * The database file of a running service: opened as soon as it can be, looked after while it is open, opened again when it
 * was lost. Whoever uses it gets a `StoreError` with a reason instead of an exception, and the service goes on.
 */
import { randomBytes } from "node:crypto"
import { chmodSync, existsSync, mkdirSync, statSync } from "node:fs"
import { join } from "node:path"
import { Cause, Clock, type Context, Effect, Exit, type Redacted, Result, Schedule, Scope } from "effect"
import { SqlClient, type SqlError } from "effect/sql"
import { StorageKeyError, StoreError, type StoreReason } from "#schemas/record.ts"
import { Cipher, keyBytes, shortNameOf } from "./cipher.ts"
import { migrate } from "./migrations.ts"
import { Shedding } from "./shedding.ts"
import { openSqlite } from "./sqlite.ts"
import type { StoreHealth } from "./store.ts"
import { keysOf, openVault } from "./vault.ts"

export interface OpenDatabase {
  readonly sql: SqlClient.SqlClient
  readonly cipher: Cipher
}

export interface DatabaseOptions {
  readonly folder: string
  readonly storageKey?: Redacted.Redacted
  readonly storageKeyPrevious?: Redacted.Redacted
  readonly production: boolean
  readonly pagesMax?: number
  readonly rewrittenAtOnceMaxBytes?: number
  /** Told each time the file has been opened. */
  readonly onOpened: (database: OpenDatabase) => Effect.Effect<void, SqlError.SqlError | StoreError>
}

/** A statement may wait this long for another process; everything else waits with it. */
const busyTimeoutMs = 200
/** How often the file is looked after, and a lost one tried again. */
const watchInterval = "5 seconds"
/** About 35 ms; as many as 2,000 interviews. */
const rewrittenAtOnceMaxBytes = 8 * 2 ** 20

/** Of SQLite's primary result codes (sqlite.org/rescode.html). */
const reasons: Readonly<Record<number, readonly [StoreReason, string]>> = {
  5: ["busy", "Another process holds the database in DATA_DIR; it is tried again."],
  6: ["busy", "Another process holds the database in DATA_DIR; it is tried again."],
  8: ["read_only", "The database in DATA_DIR cannot be written: check the volume and the file's owner."],
  11: ["corrupt", "The database in DATA_DIR is damaged: put a backup back, or move sawt.db away."],
  13: ["full", "The disk of DATA_DIR is full: make room."],
  14: ["cannot_open", "The database in DATA_DIR cannot be opened: check the folder and its owner."],
  26: ["corrupt", "sawt.db in DATA_DIR is no database: put a backup back, or move it away."]
}

const storeErrorOf = (cause: unknown): StoreError => {
  if (cause instanceof StoreError) return cause
  const native = cause instanceof Error && "reason" in cause ? (cause.reason as { cause?: unknown }).cause : cause
  const code = native instanceof Error && "errcode" in native ? Number(native.errcode) & 0xff : undefined
  const known = code === undefined ? undefined : reasons[code]
  if (known !== undefined) return new StoreError({ reason: known[0], message: known[1] })
  const system = native instanceof Error && "code" in native ? String(native.code) : ""
  if (/^E[A-Z]+$/.test(system)) {
    return new StoreError({
      reason: system === "ENOSPC" ? "full" : system === "EROFS" ? "read_only" : "cannot_open",
      message: `DATA_DIR cannot be used (${system}): check the folder, its owner and its volume.`
    })
  }
  return new StoreError({ reason: "failed", message: `The database failed (code ${code ?? "unknown"}).` })
}

const gone = new StoreError({
  reason: "gone",
  message: "sawt.db in DATA_DIR was removed or replaced while the service ran; it is opened anew."
})

export class Database {
  readonly #options: DatabaseOptions
  readonly #file: string
  readonly #context: Context.Context<never>
  #open:
    | (OpenDatabase & { readonly scope: Scope.Closeable; readonly inode: number; readonly shedding: Shedding })
    | undefined
  #fault: StoreError | undefined
  /** How the connection is set: as `openSqlite` opens it, at first. */
  #lasting = true
  /** The last one that opened anything; until then one of this run. */
  #cipher = new Cipher(randomBytes(keyBytes))
  #health: StoreHealth

  private constructor(options: DatabaseOptions, context: Context.Context<never>, nowMs: number) {
    this.#options = options
    this.#context = context
    this.#file = join(options.folder, "sawt.db")
    this.#health = { status: "failed", sinceMs: nowMs, reason: "cannot_open", message: "It is being opened." }
  }

  /** Opens it if that is possible now, and looks after it as long as the scope lasts. */
  static make(options: DatabaseOptions): Effect.Effect<Database, StorageKeyError, Scope.Scope> {
    return Effect.gen(function* () {
      const database = new Database(options, yield* Effect.context<never>(), yield* Clock.currentTimeMillis)
      yield* Effect.addFinalizer(() => database.#close)
      yield* database.#tryToOpen
      const watch = database.#watch.pipe(
        // The key was right when the service started: the file it belongs to has been replaced.
        Effect.catch((error) => Effect.logError("What is kept cannot be read", { reason: error.message }))
      )
      yield* watch.pipe(Effect.repeat(Schedule.spaced(watchInterval)), Effect.delay(watchInterval), Effect.forkScoped)
      return database
    })
  }

  get health(): StoreHealth {
    return this.#health
  }

  subjectHash(subject: string): string {
    return shortNameOf(this.#cipher.nameOf(subject))
  }

  /**
   * In one transaction. A bug in `use` is thrown. `lasting`: on disk when it returns, whatever happens. Otherwise it outlives
   * this process, however that ends, and is on disk with the next lasting one; a power cut before that takes it back.
   */
  run<A>(
    use: (database: OpenDatabase) => Effect.Effect<A, SqlError.SqlError | StoreError>,
    lasting = true
  ): Result.Result<A, StoreError> {
    const open = this.#open
    if (open === undefined) return Result.fail(this.#fault ?? gone)
    const exit = Effect.runSyncExitWith(this.#context)(
      Effect.andThen(this.#synchronise(open, lasting), open.sql.withTransaction(use(open)))
    )
    if (Exit.isSuccess(exit)) return Result.succeed(exit.value)
    const error = Exit.findErrorOption(exit)
    if (error._tag === "None") throw Cause.squash(exit.cause)
    const fault = storeErrorOf(error.value)
    Effect.runSyncWith(this.#context)(this.#failed(fault))
    return Result.fail(fault)
  }

  /** After what was run as `deleting`: none of it is in any file then, or soon; see `Shedding`. */
  shed(): void {
    const open = this.#open
    if (open !== undefined) Effect.runSyncExitWith(this.#context)(open.shedding.now)
  }

  /** SQLite's own switch, between transactions (sqlite.org/pragma.html#pragma_synchronous). */
  #synchronise(open: OpenDatabase, lasting: boolean): Effect.Effect<void, SqlError.SqlError> {
    if (this.#lasting === lasting) return Effect.void
    return Effect.map(open.sql.unsafe(`PRAGMA synchronous=${lasting ? "FULL" : "NORMAL"}`), () => {
      this.#lasting = lasting
    })
  }

  get #tryToOpen(): Effect.Effect<void, StorageKeyError> {
    return Effect.gen({ self: this }, function* () {
      const scope = yield* Scope.make()
      const exit = yield* Effect.exit(this.#opening.pipe(Scope.provide(scope)))
      if (Exit.isSuccess(exit)) {
        const atOnceMaxBytes = this.#options.rewrittenAtOnceMaxBytes ?? rewrittenAtOnceMaxBytes
        const shedding = new Shedding({ sql: exit.value.sql, file: this.#file, atOnceMaxBytes })
        this.#open = { ...exit.value, scope, shedding }
        this.#lasting = true
        this.#cipher = exit.value.cipher
        return yield* this.#recovered
      }
      yield* Scope.close(scope, Exit.void)
      const cause = Cause.squash(exit.cause)
      const fault =
        cause instanceof StorageKeyError
          ? new StoreError({ reason: "cannot_open", message: cause.message })
          : storeErrorOf(cause)
      // A wrong key is told by whoever starts the service, or looks after the file.
      yield* this.#failed(fault, !(cause instanceof StorageKeyError))
      if (cause instanceof StorageKeyError) return yield* cause
    })
  }

  get #opening(): Effect.Effect<OpenDatabase & { readonly inode: number }, unknown, Scope.Scope> {
    const { folder, pagesMax, onOpened, production } = this.#options
    return Effect.gen({ self: this }, function* () {
      mkdirSync(folder, { recursive: true, mode: 0o700 })
      const isNew = !existsSync(this.#file)
      const { fromFile, ...keys } = keysOf(folder, this.#file, this.#options)
      if (isNew && fromFile && production) {
        yield* Effect.logWarning("STORAGE_KEY is not set: the key is in DATA_DIR, beside the answers that it seals.")
      }
      const filename = this.#file
      const sql = yield* openSqlite({ filename, busyTimeoutMs, ...(pagesMax === undefined ? {} : { pagesMax }) })
      chmodSync(filename, 0o600)
      yield* migrate.pipe(Effect.provideService(SqlClient.SqlClient, sql))
      const cipher = yield* sql.withTransaction(openVault(sql, keys))
      yield* sql.withTransaction(onOpened({ sql, cipher }))
      return { sql, cipher, inode: statSync(filename).ino }
    })
  }

  get #watch(): Effect.Effect<void, StorageKeyError> {
    return Effect.gen({ self: this }, function* () {
      if (this.#open !== undefined && statSync(this.#file, { throwIfNoEntry: false })?.ino !== this.#open.inode) {
        yield* this.#failed(gone)
        yield* this.#close
      }
      if (this.#open === undefined) return yield* this.#tryToOpen
      // What it takes to keep an answer: room for pages, and a commit.
      const probe = this.run(({ sql }) =>
        Effect.andThen(sql`INSERT INTO probe VALUES (1, zeroblob(16384))`, sql`DELETE FROM probe`)
      )
      if (Result.isSuccess(probe)) yield* this.#recovered
      yield* Effect.ignore(this.#open.shedding.look)
    })
  }

  get #close(): Effect.Effect<void> {
    return Effect.suspend(() => {
      const open = this.#open
      this.#open = undefined
      return open === undefined ? Effect.void : Scope.close(open.scope, Exit.void)
    })
  }

  #failed(fault: StoreError, isLogged = true): Effect.Effect<void> {
    return Effect.gen({ self: this }, function* () {
      const { reason, message } = fault
      const isNews = this.#fault?.reason !== reason
      this.#fault = fault
      if (!isNews) return
      this.#health = { status: "failed", sinceMs: yield* Clock.currentTimeMillis, reason, message }
      if (isLogged) yield* Effect.logError("Nothing can be kept now", { reason, message })
    })
  }

  get #recovered(): Effect.Effect<void> {
    return Effect.gen({ self: this }, function* () {
      if (this.#health.status === "ready") return
      if (this.#fault !== undefined) yield* Effect.logInfo("What is said can be kept again")
      this.#fault = undefined
      this.#health = { status: "ready", sinceMs: yield* Clock.currentTimeMillis }
    })
  }
}
