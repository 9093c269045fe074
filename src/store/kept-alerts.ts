/** The rows of alerts: raised once, acknowledged once. Each function is one transaction's work. */
import { Effect } from "effect"
import { shortNameOf } from "./cipher.ts"
import { responseIdOf } from "./clinic.ts"
import type { Acknowledgement, AlertContent, AlertPage, AlertQuery, NewAlert, StoredAlert, Waiting } from "./clinic.ts"
import type { OpenDatabase } from "./database.ts"
import { beforeAll, pageOf } from "./kept-responses.ts"
import { placeOf, type Step, subjectOf } from "./kept-sessions.ts"

/** Keyed, so that nobody can find out by trying which rule of which session it stands for. */
const idOf = ({ cipher }: OpenDatabase, sessionId: string, { linkId, rule }: NewAlert): string =>
  `a-${cipher.nameOf(JSON.stringify(["alert", sessionId, linkId, rule])).slice(0, 32)}`

/** Gives those that were not there before. */
export const raise = (
  open: OpenDatabase,
  sessionId: string,
  alerts: ReadonlyArray<NewAlert>,
  nowMs: number
): Step<ReadonlyArray<string>> =>
  Effect.gen(function* () {
    const { sql, cipher } = open
    const raised: Array<string> = []
    for (const alert of alerts) {
      const id = idOf(open, sessionId, alert)
      const subject = yield* subjectOf(open, sessionId)
      const content: AlertContent = { ...alert, ...(subject === undefined ? {} : { subject }) }
      const sealed = cipher.seal(JSON.stringify(content), placeOf("alert", id, 0))
      const added = yield* sql`INSERT INTO alerts (id, session_id, subject_name, raised_at_ms, sealed, reminded_at_ms)
        SELECT ${id}, id, subject_name, ${nowMs}, ${sealed}, ${nowMs} FROM sessions WHERE id = ${sessionId}
        ON CONFLICT (id) DO NOTHING RETURNING id`
      if (added.length > 0) raised.push(id)
    }
    return raised
  })

interface AlertRow {
  readonly id: string
  readonly session_id: string | null
  readonly subject_name: string | null
  readonly raised_at_ms: number
  readonly sealed: Uint8Array | null
  readonly acknowledged_at_ms: number | null
  readonly acknowledgement: Uint8Array | null
  readonly reminders: number
}

const acknowledgementOf = ({ cipher }: OpenDatabase, row: AlertRow): Acknowledgement | undefined => {
  const { id, acknowledged_at_ms: atMs, acknowledgement } = row
  if (atMs === null || acknowledgement === null) return undefined
  const text = cipher.open(acknowledgement, placeOf("acknowledgement", id, 0))
  return { atMs, ...(JSON.parse(text) as Omit<Acknowledgement, "atMs">) }
}

const stored = (open: OpenDatabase, row: AlertRow): StoredAlert => {
  const { id, session_id: sessionId, subject_name, sealed } = row
  const acknowledged = acknowledgementOf(open, row)
  return {
    id,
    raisedAtMs: row.raised_at_ms,
    reminders: row.reminders,
    ...(acknowledged === undefined ? {} : { acknowledged }),
    ...(sealed === null || sessionId === null
      ? {}
      : {
          about: {
            ...(JSON.parse(open.cipher.open(sealed, placeOf("alert", id, 0))) as AlertContent),
            sessionId,
            responseId: responseIdOf(sessionId),
            ...(subject_name === null ? {} : { subjectHash: shortNameOf(subject_name) })
          }
        })
  }
}

export const list = (open: OpenDatabase, { acknowledged, after = beforeAll, limit }: AlertQuery): Step<AlertPage> => {
  const { sql } = open
  const wanted =
    acknowledged === undefined
      ? sql`TRUE`
      : acknowledged
        ? sql`acknowledged_at_ms IS NOT NULL`
        : sql.and(isWaiting(open))
  const rows = sql<AlertRow>`SELECT * FROM alerts WHERE (raised_at_ms, id) < (${after.atMs}, ${after.id}) AND ${wanted}
    ORDER BY raised_at_ms DESC, id DESC LIMIT ${limit + 1}`
  return Effect.map(rows, (found) =>
    pageOf(
      found.map((row) => stored(open, row)),
      limit,
      ({ raisedAtMs }) => raisedAtMs
    )
  )
}

/** Of an erased person nothing is left to act upon. */
const isWaiting = ({ sql }: OpenDatabase) => [sql`acknowledged_at_ms IS NULL`, sql`sealed IS NOT NULL`]

export const get = (open: OpenDatabase, id: string): Step<StoredAlert | undefined> =>
  Effect.map(open.sql<AlertRow>`SELECT * FROM alerts WHERE id = ${id}`, ([row]) =>
    row === undefined ? undefined : stored(open, row)
  )

export const acknowledge = (
  open: OpenDatabase,
  id: string,
  { atMs, ...by }: Acknowledgement
): Step<StoredAlert | undefined> =>
  Effect.gen(function* () {
    const sealed = open.cipher.seal(JSON.stringify(by), placeOf("acknowledgement", id, 0))
    yield* open.sql`UPDATE alerts SET acknowledged_at_ms = ${atMs}, acknowledgement = ${sealed}
      WHERE id = ${id} AND ${open.sql.and(isWaiting(open))}`
    return yield* get(open, id)
  })

/** Counts a reminder of each that has waited since before then, and whose last event is not still on its way. */
export const remind = ({ sql }: OpenDatabase, beforeMs: number, nowMs: number): Step<ReadonlyArray<Reminder>> =>
  sql<Reminder>`UPDATE alerts SET reminders = reminders + 1, reminded_at_ms = ${nowMs} WHERE acknowledged_at_ms IS NULL
    AND sealed IS NOT NULL AND reminded_at_ms <= ${beforeMs}
    AND NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.about = alerts.id AND d.state = 'pending') RETURNING id, reminders`

export interface Reminder {
  readonly id: string
  readonly reminders: number
}

export const waiting = (open: OpenDatabase): Step<Waiting> =>
  Effect.map(
    open.sql<{ readonly count: number; readonly oldest: number | null }>`SELECT count(*) AS count,
      min(raised_at_ms) AS oldest FROM alerts WHERE ${open.sql.and(isWaiting(open))}`,
    ([row]) => ({
      count: row?.count ?? 0,
      ...(row === undefined || row.oldest === null ? {} : { oldestAtMs: row.oldest })
    })
  )
