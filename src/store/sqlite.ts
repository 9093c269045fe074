/**
 * SQLite for `effect/sql`, on Node's own `node:sqlite`: no published driver fits Effect 4.1. One connection, opened so that
 * every commit is on disk before it returns (WAL, `synchronous=FULL`), deleted rows overwritten. Every statement is synchronous, so an
 * effect over this client can be run by `Effect.runSync`.
 */
import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite"
import { Effect, type Scope, Semaphore, Stream } from "effect"
import { Reactivity } from "effect/reactivity"
import { SqlClient, type SqlConnection, SqlError, Statement } from "effect/sql"

export interface SqliteOptions {
  readonly filename: string
  /** How long a statement waits for another process's lock; it blocks everything else meanwhile. */
  readonly busyTimeoutMs: number
  /** Pages of 4 KiB that the file may have; unset: as the disk allows. */
  readonly pagesMax?: number
}

const statementsMax = 100

const failure = (cause: unknown, operation: string) =>
  new SqlError.SqlError({
    reason: SqlError.classifySqliteError(
      cause instanceof Error && "errcode" in cause ? Object.assign(cause, { errno: cause.errcode }) : cause,
      { operation }
    )
  })

const open = ({ filename, busyTimeoutMs, pagesMax }: SqliteOptions): DatabaseSync => {
  const database = new DatabaseSync(filename, { timeout: busyTimeoutMs, defensive: true })
  try {
    database.exec("PRAGMA journal_mode=WAL")
    database.exec("PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; PRAGMA secure_delete=ON")
    if (pagesMax !== undefined) database.exec(`PRAGMA max_page_count=${pagesMax}`)
    return database
  } catch (cause) {
    database.close()
    throw cause
  }
}

const bound = (value: unknown): SQLInputValue =>
  value === undefined ? null : typeof value === "boolean" ? Number(value) : (value as SQLInputValue)

const connectionOf = (database: DatabaseSync): SqlConnection.Connection => {
  const prepared = new Map<string, StatementSync>()
  const prepare = (sql: string): StatementSync => {
    const known = prepared.get(sql)
    if (known !== undefined) return known
    if (prepared.size >= statementsMax) prepared.clear()
    const statement = database.prepare(sql)
    prepared.set(sql, statement)
    return statement
  }
  const run = (sql: string, parameters: ReadonlyArray<unknown>, arrays: boolean) =>
    Effect.try({
      try: () => {
        const statement = prepare(sql)
        const values = parameters.map(bound)
        if (statement.columns().length === 0) {
          statement.run(...values)
          return []
        }
        statement.setReturnArrays(arrays)
        return statement.all(...values)
      },
      catch: (cause) => failure(cause, sql.split(" ", 1)[0] ?? "statement")
    })
  const rows: SqlConnection.Connection["execute"] = (sql, parameters, transform) =>
    Effect.map(run(sql, parameters, false), (found) => transform?.(found as Array<object>) ?? found) as never
  const arrays: SqlConnection.Connection["executeValues"] = (sql, parameters) => run(sql, parameters, true) as never
  return {
    execute: rows,
    executeUnprepared: rows,
    executeRaw: (sql, parameters) => run(sql, parameters, false),
    executeValues: arrays,
    executeValuesUnprepared: arrays,
    executeStream: () => Stream.die("rows are few here and come at once")
  }
}

/** Closed with the scope. Fails when the file cannot be opened, made or read as a database. */
export const openSqlite = (
  options: SqliteOptions
): Effect.Effect<SqlClient.SqlClient, SqlError.SqlError, Scope.Scope> =>
  Effect.gen(function* () {
    const database = yield* Effect.acquireRelease(
      Effect.try({ try: () => open(options), catch: (cause) => failure(cause, "open") }),
      (database) => Effect.sync(() => database.close())
    )
    const acquirers = SqlClient.makeSqliteAcquirers({
      connection: Effect.succeed(connectionOf(database)),
      semaphore: yield* Semaphore.make(1),
      isTransaction: () => database.isTransaction
    })
    return yield* SqlClient.make({
      ...acquirers,
      driver: "sqlite",
      compiler: Statement.makeCompilerSqlite(),
      beginTransaction: "BEGIN IMMEDIATE",
      spanAttributes: [["db.system.name", "sqlite"]]
    })
  }).pipe(Effect.provide(Reactivity.layer))
