/**
 * Bodies of the routes of alerts and of the webhook's outbox. Which rule was met says as much as an answer, so only scope
 * `clinician` is told that and who it is about; an admin sees that there is something. Times are ISO 8601 in UTC.
 */
import { Schema } from "effect"

const describe = <S extends Schema.Top>(schema: S, description: string): S["Rebuild"] =>
  schema.annotate({ description })
const Time = Schema.String.annotate({ format: "date-time" })
const Count = Schema.Int.check(Schema.isGreaterThanOrEqualTo(0))
const next = Schema.optionalKey(describe(Schema.String, "There are more: pass it as `after`."))

export const Alert = Schema.Struct({
  id: describe(Schema.String, "The same here, in the webhook and in the audit log."),
  raised_at: Time,
  reminders: describe(Count, "So often somebody was reminded of it."),
  erased: describe(Schema.Boolean, "Its person was erased; that it was there is all that is left."),
  acknowledged: describe(
    Schema.NullOr(
      Schema.Struct({
        at: Time,
        by: Schema.String,
        note: Schema.optionalKey(describe(Schema.String, "For scope `clinician` only."))
      })
    ),
    "Null while nobody has acted on it."
  ),
  about: describe(
    Schema.NullOr(
      Schema.Struct({
        subject_hash: Schema.NullOr(Schema.String),
        session_id: Schema.String,
        response_id: describe(Schema.String, "For `GET /responses/{id}`; there is one once the interview is over."),
        questionnaire: Schema.String,
        questionnaire_version: Schema.String,
        subject: Schema.optionalKey(describe(Schema.String, "The patient's reference; for scope `clinician` only.")),
        link_id: Schema.optionalKey(describe(Schema.String, "The question; for scope `clinician` only.")),
        rule: Schema.optionalKey(describe(Schema.String, "What was met; for scope `clinician` only."))
      })
    ),
    "Null where its person was erased."
  )
}).annotate({ identifier: "Alert" })
export type Alert = typeof Alert.Type

export const AlertList = Schema.Struct({
  alerts: describe(Schema.Array(Alert), "The youngest first."),
  unacknowledged: describe(Count, "All that wait for somebody, not only those of this page."),
  next
}).annotate({ identifier: "AlertList" })

export const OutboxEvent = Schema.Struct({
  id: describe(Schema.String, "The `webhook-id`: the same at every attempt."),
  type: Schema.Literals(["alert.raised", "alert.reminder", "response.completed"]),
  about: describe(Schema.String, "Id of the alert or response."),
  state: describe(Schema.Literals(["pending", "delivered", "dead"]), "`dead`: given up after three days."),
  created_at: Time,
  attempts: Count,
  next_at: describe(Schema.NullOr(Time), "Of one that is pending."),
  fault: describe(Schema.NullOr(Schema.String), "Why the last attempt failed.")
}).annotate({ identifier: "OutboxEvent" })
export type OutboxEvent = typeof OutboxEvent.Type

export const Outbox = Schema.Struct({
  events: describe(Schema.Array(OutboxEvent), "The youngest first."),
  pending: Count,
  dead: Count,
  next
}).annotate({ identifier: "Outbox" })

/** What waits for staff, and for the webhook; in `/admin/health`. */
export const ClinicReport = Schema.Struct({
  alerts_unacknowledged: Count,
  oldest_alert_at: Schema.NullOr(Time),
  outbox_pending: Count,
  outbox_dead: describe(Count, "Events that the webhook was not told of, and will not be unless somebody says so."),
  oldest_pending_at: Schema.NullOr(Time)
}).annotate({ identifier: "ClinicReport" })
