/**
 * Bodies of the clinic's routes: invitations, results, erasure. A patient's reference stands in bodies only, never in a URL,
 * and goes out to scope `clinician` alone. Times are ISO 8601 in UTC.
 */
import { Schema } from "effect"

const describe = <S extends Schema.Top>(schema: S, description: string): S["Rebuild"] =>
  schema.annotate({ description })
const Time = Schema.String.annotate({ format: "date-time" })
export const Language = Schema.Literals(["ar", "en"])
export type Language = typeof Language.Type

export const InvitationState = Schema.Literals(["open", "begun", "expired", "revoked"])

const invitationFields = {
  id: describe(Schema.String, "Names the invitation in this service; it opens nothing."),
  questionnaire: Schema.String,
  language: Language,
  expires_at: describe(Time, "Until then it may be begun.")
}

export const InvitationAnswer = Schema.Struct({
  ...invitationFields,
  link: describe(
    Schema.String,
    "For the patient alone. What follows `#` is the token of one visit; it is told here and nowhere else."
  ),
  qr_svg: describe(Schema.String, "The link as a QR code, an SVG document.")
}).annotate({ identifier: "Invitation" })

export const InvitationRow = Schema.Struct({
  ...invitationFields,
  state: describe(InvitationState, "`begun`: its visit has begun, and nobody can begin another with it."),
  subject_hash: describe(Schema.String, "Keyed hash of the patient's reference, as in the audit log."),
  subject: Schema.optionalKey(describe(Schema.String, "The patient's reference; for scope `clinician` only.")),
  created_at: Time,
  begun_at: Schema.NullOr(Time),
  session_id: Schema.NullOr(Schema.String)
}).annotate({ identifier: "InvitationRow" })
export type InvitationRow = typeof InvitationRow.Type

export const InvitationList = Schema.Struct({
  invitations: describe(Schema.Array(InvitationRow), "The youngest first."),
  next: Schema.optionalKey(describe(Schema.String, "There are more: pass it as `after`."))
}).annotate({ identifier: "InvitationList" })
