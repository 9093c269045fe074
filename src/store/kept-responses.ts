/** The rows of finished interviews. Each function is one transaction's work. */
import { Effect } from "effect"
import { shortNameOf } from "./cipher.ts"
import { responseIdOf } from "./clinic.ts"
import type {
  Cursor,
  EndStatus,
  NewResponse,
  ResponseContent,
  ResponsePage,
  ResponseQuery,
  StoredResponse
} from "./clinic.ts"
import type { OpenDatabase } from "./database.ts"
import { placeOf, type Step } from "./kept-sessions.ts"

interface ResponseRow {
  readonly id: string
  readonly version: number
  readonly session_id: string
  readonly questionnaire: string
  readonly questionnaire_version: string
  readonly status: EndStatus
  readonly subject_name: string | null
  readonly authored_at_ms: number
  readonly sealed: Uint8Array
}

const stored = ({ cipher }: OpenDatabase, row: ResponseRow): StoredResponse => ({
  id: row.id,
  version: row.version,
  sessionId: row.session_id,
  questionnaire: { id: row.questionnaire, version: row.questionnaire_version },
  status: row.status,
  authoredAtMs: row.authored_at_ms,
  ...(row.subject_name === null ? {} : { subjectHash: shortNameOf(row.subject_name) }),
  // Written by this service and authenticated by its seal: it is what it was.
  content: JSON.parse(cipher.open(row.sealed, placeOf("response", row.id, row.version))) as ResponseContent
})

/** Gives its version. */
export const write = (
  { sql, cipher }: OpenDatabase,
  sessionId: string,
  { questionnaire, status, authoredAtMs, content }: NewResponse
): Step<number> =>
  Effect.gen(function* () {
    const id = responseIdOf(sessionId)
    const rows = yield* sql<{ readonly version: number }>`SELECT version FROM responses WHERE id = ${id}`
    const version = (rows[0]?.version ?? 0) + 1
    const sealed = cipher.seal(JSON.stringify(content), placeOf("response", id, version))
    yield* sql`INSERT INTO responses (id, version, session_id, questionnaire, questionnaire_version, status, subject_name,
      authored_at_ms, sealed) SELECT ${id}, ${version}, id, ${questionnaire.id}, ${questionnaire.version}, ${status},
      subject_name, ${authoredAtMs}, ${sealed} FROM sessions WHERE id = ${sessionId}
      ON CONFLICT (id) DO UPDATE SET version = excluded.version, status = excluded.status,
      authored_at_ms = excluded.authored_at_ms, sealed = excluded.sealed`
    return version
  })

/** One row more than the page tells whether there is another. */
export const pageOf = <Item extends { readonly id: string }>(
  items: ReadonlyArray<Item>,
  limit: number,
  atMs: (item: Item) => number
): { readonly items: ReadonlyArray<Item>; readonly next?: Cursor } => {
  const last = items.length > limit ? items[limit - 1] : undefined
  return { items: items.slice(0, limit), ...(last === undefined ? {} : { next: { atMs: atMs(last), id: last.id } }) }
}

export const beforeAll: Cursor = { atMs: Number.MAX_SAFE_INTEGER, id: "" }

export const list = (open: OpenDatabase, query: ResponseQuery): Step<ResponsePage> => {
  const { sql, cipher } = open
  const { questionnaire, sinceMs, subject, after = beforeAll, limit } = query
  const conditions = [
    sql`(authored_at_ms, id) < (${after.atMs}, ${after.id})`,
    ...(questionnaire === undefined ? [] : [sql`questionnaire = ${questionnaire}`]),
    ...(sinceMs === undefined ? [] : [sql`authored_at_ms >= ${sinceMs}`]),
    ...(subject === undefined ? [] : [sql`subject_name = ${cipher.nameOf(subject)}`])
  ]
  const rows = sql<ResponseRow>`SELECT * FROM responses WHERE ${sql.and(conditions)}
    ORDER BY authored_at_ms DESC, id DESC LIMIT ${limit + 1}`
  return Effect.map(rows, (found) =>
    pageOf(
      found.map((row) => stored(open, row)),
      limit,
      ({ authoredAtMs }) => authoredAtMs
    )
  )
}

export const get = (open: OpenDatabase, id: string): Step<StoredResponse | undefined> =>
  Effect.map(open.sql<ResponseRow>`SELECT * FROM responses WHERE id = ${id}`, ([row]) =>
    row === undefined ? undefined : stored(open, row)
  )

export const remove = ({ sql }: OpenDatabase, id: string, version: number | undefined): Step<boolean> =>
  Effect.gen(function* () {
    const rows = yield* sql<{ readonly session_id: string }>`DELETE FROM responses WHERE id = ${id}
      AND version = coalesce(${version ?? null}, version) RETURNING session_id`
    for (const { session_id } of rows) yield* sql`DELETE FROM sessions WHERE id = ${session_id}`
    if (rows.length > 0) yield* sql`DELETE FROM deliveries WHERE about = ${id}`
    return rows.length > 0
  })
