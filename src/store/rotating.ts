/**
 * Seals everything anew when the storage key has changed: row by row, in small transactions with room for sessions between
 * them. Each row tells its key, so a run that was cut off is simply begun again. What is written meanwhile is sealed with
 * the new key, so one pass over the rows leaves nothing behind.
 */
import { Effect } from "effect"
import type { StoreError } from "#schemas/record.ts"
import type { Database, OpenDatabase } from "./database.ts"
import { placeOf as invitationPlace } from "./kept-invitations.ts"
import { placeOf, type Step } from "./kept-sessions.ts"
import { deleting } from "./shedding.ts"

type Value = string | number
type Row = Readonly<Record<string, Value>>

interface SealedColumn {
  readonly table: string
  readonly column: string
  /** Its primary key. */
  readonly key: ReadonlyArray<string>
  readonly place: (row: Row) => string
}

const byId = (kind: Parameters<typeof placeOf>[0]) => (row: Row) => placeOf(kind, String(row["id"]), 0)

/** Every column that holds sealed values; a test holds it against the tables. */
export const sealedColumns: ReadonlyArray<SealedColumn> = [
  {
    table: "entries",
    column: "sealed",
    key: ["session_id", "number"],
    place: (row) => placeOf("entry", String(row["session_id"]), Number(row["number"]))
  },
  {
    table: "outbox",
    column: "sealed",
    key: ["session_id", "seq"],
    place: (row) => placeOf("message", String(row["session_id"]), Number(row["seq"]))
  },
  { table: "sessions", column: "place", key: ["id"], place: byId("place") },
  { table: "sessions", column: "summary", key: ["id"], place: byId("summary") },
  { table: "sessions", column: "subject", key: ["id"], place: byId("subject") },
  {
    table: "responses",
    column: "sealed",
    key: ["id", "version"],
    place: (row) => placeOf("response", String(row["id"]), Number(row["version"]))
  },
  { table: "anchors", column: "sealed", key: ["id"], place: byId("anchor") },
  { table: "alerts", column: "sealed", key: ["id"], place: byId("alert") },
  { table: "alerts", column: "acknowledgement", key: ["id"], place: byId("acknowledgement") },
  { table: "invitations", column: "sealed", key: ["id"], place: (row) => invitationPlace(String(row["id"])) }
]

const rowsPerStep = 200
/** Between two steps, for everybody else. */
const pauseMs = 10

interface Stepped {
  readonly after: ReadonlyArray<Value> | undefined
  readonly damaged: number
}

const step = (
  { sql, cipher }: OpenDatabase,
  { table, column, key, place }: SealedColumn,
  after: ReadonlyArray<Value> | undefined
): Step<Stepped> =>
  Effect.gen(function* () {
    const names = key.join(", ")
    const marks = key.map(() => "?").join(", ")
    const from = after === undefined ? "" : `WHERE (${names}) > (${marks})`
    const rows = yield* sql.unsafe<Row & { readonly sealed: Uint8Array | null }>(
      `SELECT ${names}, ${column} AS sealed FROM ${table} ${from} ORDER BY ${names} LIMIT ${rowsPerStep}`,
      [...(after ?? [])]
    )
    let damaged = 0
    for (const row of rows) {
      if (row.sealed === null || cipher.isOwn(row.sealed)) continue
      const text = yield* Effect.option(Effect.try(() => cipher.open(row.sealed ?? new Uint8Array(), place(row))))
      if (text._tag === "None") {
        damaged++
        continue
      }
      yield* sql.unsafe(`UPDATE ${table} SET ${column} = ? WHERE ${key.map((name) => `${name} = ?`).join(" AND ")}`, [
        cipher.seal(text.value, place(row)),
        ...key.map((name) => row[name] ?? "")
      ])
    }
    const last = rows.length < rowsPerStep ? undefined : rows.at(-1)
    return { after: last === undefined ? undefined : key.map((name) => last[name] ?? ""), damaged }
  })

/** Done, or nothing to do, when it succeeds; a failure of the store is for the next try. */
export const rotate = (database: Database): Effect.Effect<void, StoreError> =>
  Effect.gen(function* () {
    const run = <A>(use: (open: OpenDatabase) => Step<A>, lasting = false) =>
      Effect.fromResult(database.run(use, lasting))
    if (!(yield* run(({ cipher }) => Effect.succeed(cipher.isRotating)))) return
    yield* Effect.logInfo("The storage key has changed: what is kept is sealed anew")
    let damaged = 0
    for (const column of sealedColumns) {
      let after: ReadonlyArray<Value> | undefined
      do {
        const stepped: Stepped = yield* run((open) => step(open, column, after))
        after = stepped.after
        damaged += stepped.damaged
        yield* Effect.sleep(pauseMs)
      } while (after !== undefined)
    }
    const drop = ({ sql, cipher }: OpenDatabase) =>
      deleting(sql, "erased", sql`DELETE FROM vault WHERE key_id <> ${cipher.keyId}`)
    yield* run(drop, true)
    database.shed()
    if (damaged > 0) yield* Effect.logError("Values that open with neither key were left as they are", { damaged })
    yield* Effect.logInfo("Everything is sealed with the new storage key: STORAGE_KEY_PREVIOUS is not needed any more")
  })
