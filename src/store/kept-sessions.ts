/** The rows of sessions: begun, taken up again, let go when their time is over. Each function is one transaction's work. */
import { randomBytes, timingSafeEqual } from "node:crypto"
import { Effect, Schema } from "effect"
import type { SqlError } from "effect/sql"
import { Place, RecordEntry, SessionSummary, StoreError } from "#schemas/record.ts"
import type { ServerMessage } from "#schemas/wire.ts"
import { hashOf, shortNameOf } from "./cipher.ts"
import type { OpenDatabase } from "./database.ts"
import type { NewSession, Owner, ParkedPage, ParkedSession, Unfinished } from "./store.ts"

export type Step<A> = Effect.Effect<A, SqlError.SqlError | StoreError>

type Sealed =
  "entry" | "message" | "place" | "summary" | "subject" | "response" | "alert" | "acknowledgement" | "anchor"

/** Where a sealed value belongs: by this it opens nowhere else. `id`: of its session, or its own. */
export const placeOf = (kind: Sealed, id: string, number: number): string => `${kind} ${id} ${number}`

export const entryJson = Schema.fromJsonString(RecordEntry)
export const placeJson = Schema.fromJsonString(Place)
export const summaryJson = Schema.fromJsonString(SessionSummary)
const decodeEntry = Schema.decodeUnknownSync(entryJson)
const decodePlace = Schema.decodeUnknownSync(placeJson)
const decodeSummary = Schema.decodeUnknownSync(summaryJson)

const newSecret = (): string => randomBytes(32).toString("base64url")
const tokenOf = (id: string, secret: string): string => `${id}.${secret}`

/** Gives the resume token. */
export const begin = ({ sql, cipher }: OpenDatabase, session: NewSession, nowMs: number): Step<string> =>
  Effect.gen(function* () {
    const { id, endpoint, subject, questionnaire } = session
    const secret = newSecret()
    const hash = questionnaire === undefined ? null : hashOf(questionnaire)
    if (hash !== null) {
      yield* sql`INSERT INTO questionnaires (hash, source) VALUES (${hash}, ${questionnaire}) ON CONFLICT DO NOTHING`
    }
    const subjectName = subject === undefined ? null : cipher.nameOf(subject)
    // Only an interview can come to something that staff must be able to trace to a person.
    const isInterview = subject !== undefined && hash !== null
    const sealedSubject = isInterview ? cipher.seal(subject, placeOf("subject", id, 0)) : null
    yield* sql`INSERT INTO sessions (id, endpoint, subject_name, subject, token_hash, questionnaire_hash, begun_at_ms,
      connections, connected_ms, position_ms, last_seq) VALUES (${id}, ${endpoint}, ${subjectName}, ${sealedSubject},
      ${hashOf(secret)}, ${hash}, ${session.startedAtMs ?? nowMs}, 1, 0, 0, 0)`
    return tokenOf(id, secret)
  })

/** Undefined where there is none, or where the session began before references were kept. */
export const subjectOf = ({ sql, cipher }: OpenDatabase, id: string): Step<string | undefined> =>
  Effect.map(sql<{ readonly subject: Uint8Array | null }>`SELECT subject FROM sessions WHERE id = ${id}`, ([row]) =>
    row === undefined || row.subject === null ? undefined : cipher.open(row.subject, placeOf("subject", id, 0))
  )

interface SessionRow {
  readonly id: string
  readonly endpoint: string
  readonly subject_name: string | null
  readonly token_hash: string
  readonly token_hash_before: string | null
  readonly source: string | null
  readonly connections: number
  readonly connected_ms: number
  readonly position_ms: number
  readonly last_seq: number
  readonly place: Uint8Array | null
  readonly summary: Uint8Array | null
  readonly begun_at_ms: number
  readonly parked_uptime_ms: number | null
  readonly ended_at_ms: number | null
}

const sameHash = (a: string, b: string | null): boolean =>
  b !== null && a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b))

export interface Found {
  readonly row: SessionRow
  readonly tokenHash: string
}

/** The session that this token may resume now. */
export const find = (
  { sql, cipher }: OpenDatabase,
  token: string,
  owner: Owner,
  window: { readonly uptimeMs: number; readonly lengthMs: number }
): Step<Found | undefined> =>
  Effect.gen(function* () {
    const at = token.indexOf(".")
    const id = token.slice(0, at)
    const tokenHash = hashOf(token.slice(at + 1))
    const rows = yield* sql<SessionRow>`SELECT s.*, q.source FROM sessions s
      LEFT JOIN questionnaires q ON q.hash = s.questionnaire_hash WHERE s.id = ${id}`
    const row = rows[0]
    if (row === undefined || row.ended_at_ms !== null || row.endpoint !== owner.endpoint) return undefined
    if (row.subject_name !== (owner.subject === undefined ? null : cipher.nameOf(owner.subject))) return undefined
    if (!sameHash(tokenHash, row.token_hash) && !sameHash(tokenHash, row.token_hash_before)) return undefined
    if (row.parked_uptime_ms !== null && row.parked_uptime_ms + window.lengthMs < window.uptimeMs) return undefined
    if (owner.invitation !== undefined) {
      const begun = yield* sql`SELECT id FROM invitations WHERE id = ${owner.invitation} AND session_id = ${id}`
      if (begun.length === 0) return undefined
    }
    return { row, tokenHash }
  })

/** The next token; the one that was used stays good until the client has spoken. */
export const takeUp = ({ sql }: OpenDatabase, { row, tokenHash }: Found, lastSeq: number): Step<string> =>
  Effect.gen(function* () {
    const secret = newSecret()
    yield* sql`UPDATE sessions SET token_hash = ${hashOf(secret)}, token_hash_before = ${tokenHash},
      connections = connections + 1, parked_uptime_ms = NULL,
      last_seq = max(last_seq, ${lastSeq}) WHERE id = ${row.id}`
    yield* sql`DELETE FROM outbox WHERE session_id = ${row.id} AND seq <= ${lastSeq}`
    return tokenOf(row.id, secret)
  })

export const log = ({ sql, cipher }: OpenDatabase, id: string): Step<ReadonlyArray<RecordEntry>> =>
  Effect.map(
    sql<{ readonly number: number; readonly sealed: Uint8Array }>`SELECT number, sealed FROM entries
      WHERE session_id = ${id} ORDER BY number`,
    (rows) => rows.map(({ number, sealed }) => decodeEntry(cipher.open(sealed, placeOf("entry", id, number))))
  )

export const outbox = (
  { sql, cipher }: OpenDatabase,
  id: string
): Step<ReadonlyArray<ServerMessage & { seq: number }>> =>
  Effect.map(
    sql<{ readonly seq: number; readonly sealed: Uint8Array }>`SELECT seq, sealed FROM outbox
      WHERE session_id = ${id} ORDER BY seq`,
    // Written by this service and authenticated by its seal: it is what it was.
    (rows) =>
      rows.map(
        ({ seq, sealed }) =>
          JSON.parse(cipher.open(sealed, placeOf("message", id, seq))) as ServerMessage & { seq: number }
      )
  )

export const standing = ({ cipher }: OpenDatabase, { row }: Found): Place | undefined =>
  row.place === null ? undefined : decodePlace(cipher.open(row.place, placeOf("place", row.id, 0)))

const unfinishedPerLook = 50

/** Agreed to, answered since it last ended or never ended, and over for good. */
export const unfinished = (open: OpenDatabase): Step<ReadonlyArray<Omit<Unfinished, "journal">>> =>
  Effect.gen(function* () {
    const rows = yield* open.sql<{ readonly id: string; readonly source: string }>`SELECT s.id, q.source FROM sessions s
      JOIN questionnaires q ON q.hash = s.questionnaire_hash
      WHERE s.unfinished = 1 AND s.ended_at_ms IS NOT NULL LIMIT ${unfinishedPerLook}`
    const found = yield* Effect.forEach(rows, ({ id, source }) =>
      Effect.gen(function* () {
        const entries = yield* log(open, id)
        const subject = yield* subjectOf(open, id)
        return [{ id, questionnaire: source, entries, ...(subject === undefined ? {} : { subject }) }]
      }).pipe(Effect.catchDefect(() => Effect.succeed([])))
    )
    return found.flat()
  })

/** Undefined where there is none yet, or none that can be read: a list is not refused for one of its rows. */
export const summaryOf = (
  { cipher }: OpenDatabase,
  { id, summary }: Pick<SessionRow, "id" | "summary">
): SessionSummary | undefined => {
  try {
    return summary === null ? undefined : decodeSummary(cipher.open(summary, placeOf("summary", id, 0)))
  } catch {
    return undefined
  }
}

interface ParkedRow extends Pick<SessionRow, "id" | "subject_name" | "summary" | "begun_at_ms"> {
  readonly endpoint: ParkedSession["endpoint"]
  readonly parked_uptime_ms: number
}

/** Those that nobody is connected to and whose window is open; `nowMs` is the wall clock's. */
export const parked = (
  open: OpenDatabase,
  window: { readonly uptimeMs: number; readonly lengthMs: number },
  nowMs: number,
  { count, before }: ParkedPage
): Step<ReadonlyArray<ParkedSession>> => {
  const { sql } = open
  const { startedAtMs, id } = before ?? { startedAtMs: Number.MAX_SAFE_INTEGER, id: "" }
  const rows = sql<ParkedRow>`SELECT id, endpoint, subject_name, begun_at_ms, parked_uptime_ms, summary FROM sessions
    WHERE ended_at_ms IS NULL AND parked_uptime_ms >= ${window.uptimeMs - window.lengthMs}
    AND (begun_at_ms, id) < (${startedAtMs}, ${id}) ORDER BY begun_at_ms DESC, id DESC LIMIT ${count}`
  return Effect.map(rows, (found) =>
    found.map((row) => {
      const summary = summaryOf(open, row)
      return {
        id: row.id,
        endpoint: row.endpoint,
        ...(row.subject_name === null ? {} : { subjectHash: shortNameOf(row.subject_name) }),
        startedAtMs: row.begun_at_ms,
        resumableUntilMs: Math.round(nowMs + row.parked_uptime_ms + window.lengthMs - window.uptimeMs),
        ...(summary === undefined ? {} : { summary })
      }
    })
  )
}

/** False: it is not there, or its time was over already. */
export const end = (
  { sql }: OpenDatabase,
  id: string,
  window: { readonly uptimeMs: number; readonly lengthMs: number },
  nowMs: number
): Step<boolean> =>
  Effect.gen(function* () {
    const ended = yield* sql`UPDATE sessions SET ended_at_ms = ${nowMs} WHERE id = ${id} AND ended_at_ms IS NULL
      AND parked_uptime_ms >= ${window.uptimeMs - window.lengthMs} RETURNING id`
    if (ended.length > 0) yield* sql`DELETE FROM outbox WHERE session_id = ${id}`
    return ended.length > 0
  })

/** A server's start: whoever was connected or parked has the whole window again (R4.5). */
export const recountWindows = ({ sql }: OpenDatabase, uptimeMs: number): Step<void> =>
  Effect.asVoid(sql`UPDATE sessions SET parked_uptime_ms = ${uptimeMs} WHERE ended_at_ms IS NULL`)

/** Ends what nobody came back for. What an ended session has not told its client, it never will. */
export const endExpired = (
  { sql }: OpenDatabase,
  window: { readonly uptimeMs: number; readonly lengthMs: number },
  nowMs: number
): Step<void> =>
  Effect.gen(function* () {
    yield* sql`UPDATE sessions SET ended_at_ms = ${nowMs}
      WHERE ended_at_ms IS NULL AND parked_uptime_ms < ${window.uptimeMs - window.lengthMs}`
    // From the few that are waited for, not from all that is kept.
    yield* sql`DELETE FROM outbox WHERE EXISTS (SELECT 1 FROM sessions s
      WHERE s.id = outbox.session_id AND s.ended_at_ms IS NOT NULL)`
  })

/** So many rows go in one transaction: everybody waits for it. */
export const deletionsMax = 500

/** Deletes ended sessions without a log at once, the others when their time is over. */
export const forget = ({ sql }: OpenDatabase, endedBeforeMs: number): Step<void> =>
  Effect.gen(function* () {
    yield* sql`DELETE FROM sessions WHERE ended_at_ms IS NOT NULL AND logged = 0`
    yield* sql`DELETE FROM sessions WHERE id IN
      (SELECT id FROM sessions WHERE ended_at_ms < ${endedBeforeMs} LIMIT ${deletionsMax})`
    yield* sql`DELETE FROM questionnaires WHERE NOT EXISTS
      (SELECT 1 FROM sessions s WHERE s.questionnaire_hash = questionnaires.hash)`
  })
