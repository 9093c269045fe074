/** Letting go of persons and of what is old. Each function is one transaction's work. */
import { Effect } from "effect"
import type { Erased } from "./clinic.ts"
import type { OpenDatabase } from "./database.ts"
import type { Step } from "./kept-sessions.ts"

/** Logs and messages go with their sessions; of alerts only that there was one stays. */
export const eraseSubject = ({ sql, cipher }: OpenDatabase, subject: string): Step<Erased> =>
  Effect.gen(function* () {
    const name = cipher.nameOf(subject)
    const alerts = yield* sql`UPDATE alerts SET sealed = NULL, session_id = NULL, subject_name = NULL,
      acknowledgement = NULL WHERE subject_name = ${name} RETURNING id`
    const responses = yield* sql`DELETE FROM responses WHERE subject_name = ${name} RETURNING id`
    const sessions = yield* sql`DELETE FROM sessions WHERE subject_name = ${name} RETURNING id`
    return { sessions: sessions.length, responses: responses.length, alerts: alerts.length }
  })
