/** Letting go of persons and of what is old. Each function is one transaction's work. */
import { Effect } from "effect"
import type { Erased } from "./clinic.ts"
import type { OpenDatabase } from "./database.ts"
import { deletionsMax, type Step } from "./kept-sessions.ts"
import { deleting } from "./shedding.ts"

/** Logs and messages go with their sessions, and no invitation is left; of alerts only that there was one stays. */
export const eraseSubject = ({ sql, cipher }: OpenDatabase, subject: string): Step<Erased> =>
  deleting(sql, "erased", eraseNamed(sql, cipher.nameOf(subject)))

/** `name`: the keyed hash, or as much of it as the audit log shows. */
export const eraseNamed = (sql: OpenDatabase["sql"], name: string): Step<Erased> =>
  Effect.gen(function* () {
    const end = `${name}g`
    const named = sql`subject_name >= ${name} AND subject_name < ${end}`
    const alerts = yield* sql`UPDATE alerts SET sealed = NULL, session_id = NULL, subject_name = NULL,
      acknowledgement = NULL WHERE ${named} RETURNING id`
    // What an alert is told by holds nothing of the person, and somebody may have to know that it was there.
    yield* sql`DELETE FROM deliveries WHERE about IN (SELECT id FROM responses WHERE ${named})`
    const responses = yield* sql`DELETE FROM responses WHERE ${named} RETURNING id`
    const sessions = yield* sql`DELETE FROM sessions WHERE ${named} RETURNING id`
    yield* sql`DELETE FROM invitations WHERE ${named}`
    return { sessions: sessions.length, responses: responses.length, alerts: alerts.length }
  })

/** Responses, and alerts that somebody has acted on (or of which nothing is left); others stay until somebody does. */
export const forget = ({ sql }: OpenDatabase, beforeMs: number): Step<void> =>
  Effect.gen(function* () {
    yield* sql`DELETE FROM responses WHERE id IN
      (SELECT id FROM responses WHERE authored_at_ms < ${beforeMs} LIMIT ${deletionsMax})`
    yield* sql`DELETE FROM alerts WHERE id IN (SELECT id FROM alerts WHERE raised_at_ms < ${beforeMs}
      AND (acknowledged_at_ms IS NOT NULL OR sealed IS NULL) LIMIT ${deletionsMax})`
  })

/** The same of one session. */
export const eraseSession = ({ sql }: OpenDatabase, id: string): Step<void> =>
  deleting(
    sql,
    "erased",
    Effect.gen(function* () {
      yield* sql`UPDATE alerts SET sealed = NULL, session_id = NULL, subject_name = NULL, acknowledgement = NULL
        WHERE session_id = ${id}`
      yield* sql`DELETE FROM deliveries WHERE about IN (SELECT id FROM responses WHERE session_id = ${id})`
      yield* sql`DELETE FROM responses WHERE session_id = ${id}`
      yield* sql`DELETE FROM sessions WHERE id = ${id}`
    })
  )
