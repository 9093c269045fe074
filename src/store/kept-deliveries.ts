/** The rows of the outbox. Each function is one transaction's work. */
import { Effect } from "effect"
import type { OpenDatabase } from "./database.ts"
import type {
  Attempt,
  Delivery,
  DeliveryCounts,
  DeliveryPage,
  DeliveryQuery,
  DeliveryState,
  EventType
} from "./deliveries.ts"
import { beforeAll, pageOf } from "./kept-responses.ts"
import { deletionsMax, type Step } from "./kept-sessions.ts"

export interface Event {
  readonly type: EventType
  readonly about: string
  readonly version: number
}

interface DeliveryRow {
  readonly id: string
  readonly type: EventType
  readonly about: string
  readonly version: number
  readonly created_at_ms: number
  readonly tried_since_ms: number
  readonly state: DeliveryState
  readonly attempts: number
  readonly next_at_ms: number
  readonly fault: string | null
}

const stored = (row: DeliveryRow): Delivery => ({
  id: row.id,
  type: row.type,
  about: row.about,
  version: row.version,
  createdAtMs: row.created_at_ms,
  triedSinceMs: row.tried_since_ms,
  state: row.state,
  attempts: row.attempts,
  nextAtMs: row.next_at_ms,
  ...(row.fault === null ? {} : { fault: row.fault })
})

export const queue = ({ sql, cipher }: OpenDatabase, { type, about, version }: Event, nowMs: number): Step<void> => {
  const id = `evt_${cipher.nameOf(JSON.stringify(["event", type, about, version])).slice(0, 32)}`
  return Effect.asVoid(sql`INSERT INTO deliveries (id, type, about, version, created_at_ms, tried_since_ms, next_at_ms)
    VALUES (${id}, ${type}, ${about}, ${version}, ${nowMs}, ${nowMs}, ${nowMs}) ON CONFLICT (id) DO NOTHING`)
}

export const due = ({ sql }: OpenDatabase, nowMs: number, count: number): Step<ReadonlyArray<Delivery>> =>
  Effect.map(
    sql<DeliveryRow>`SELECT * FROM deliveries WHERE state = 'pending' AND next_at_ms <= ${nowMs}
      ORDER BY type LIKE 'alert.%' DESC, next_at_ms LIMIT ${count}`,
    (rows) => rows.map(stored)
  )

export const nextAtMs = ({ sql }: OpenDatabase): Step<number | undefined> =>
  Effect.map(
    sql<{ readonly next: number | null }>`SELECT min(next_at_ms) AS next FROM deliveries WHERE state = 'pending'`,
    ([row]) => row?.next ?? undefined
  )

/** One that was sent anew meanwhile, or erased, stays as it is. */
export const settle = ({ sql }: OpenDatabase, id: string, attempt: Attempt): Step<void> => {
  const fault = attempt.state === "delivered" ? null : attempt.fault
  const nextAt = attempt.state === "pending" ? attempt.nextAtMs : null
  return Effect.asVoid(sql`UPDATE deliveries SET state = ${attempt.state}, attempts = attempts + 1, fault = ${fault},
    next_at_ms = coalesce(${nextAt}, next_at_ms) WHERE id = ${id} AND state = 'pending'`)
}

export const retry = ({ sql }: OpenDatabase, id: string, nowMs: number): Step<boolean> =>
  Effect.map(
    sql`UPDATE deliveries SET state = 'pending', attempts = 0, next_at_ms = ${nowMs}, tried_since_ms = ${nowMs}
      WHERE id = ${id} RETURNING id`,
    (rows) => rows.length > 0
  )

export const list = ({ sql }: OpenDatabase, { state, after = beforeAll, limit }: DeliveryQuery): Step<DeliveryPage> => {
  const wanted = state === undefined ? sql`TRUE` : sql`state = ${state}`
  const rows = sql<DeliveryRow>`SELECT * FROM deliveries WHERE (created_at_ms, id) < (${after.atMs}, ${after.id})
    AND ${wanted} ORDER BY created_at_ms DESC, id DESC LIMIT ${limit + 1}`
  return Effect.map(rows, (found) => pageOf(found.map(stored), limit, ({ createdAtMs }) => createdAtMs))
}

export const counts = ({ sql }: OpenDatabase): Step<DeliveryCounts> =>
  Effect.map(
    sql<{ readonly pending: number; readonly dead: number; readonly oldest: number | null }>`SELECT
      count(*) FILTER (WHERE state = 'pending') AS pending, count(*) FILTER (WHERE state = 'dead') AS dead,
      min(created_at_ms) FILTER (WHERE state = 'pending') AS oldest FROM deliveries WHERE state <> 'delivered'`,
    ([row]) => ({
      pending: row?.pending ?? 0,
      dead: row?.dead ?? 0,
      ...(row === undefined || row.oldest === null ? {} : { oldestAtMs: row.oldest })
    })
  )

/** Without a webhook nothing waits for one. */
export const forgetPending = ({ sql }: OpenDatabase): Step<void> =>
  Effect.asVoid(sql`DELETE FROM deliveries WHERE state = 'pending'`)

export const forget = ({ sql }: OpenDatabase, beforeMs: number): Step<void> =>
  Effect.asVoid(sql`DELETE FROM deliveries WHERE id IN (SELECT id FROM deliveries
    WHERE created_at_ms < ${beforeMs} AND state <> 'pending' LIMIT ${deletionsMax})`)
