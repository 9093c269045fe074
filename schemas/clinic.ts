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

const FhirResource = Schema.Record(Schema.String, Schema.Unknown)

export const ResponseBundle = Schema.Struct({
  resourceType: Schema.Literal("Bundle"),
  type: Schema.Literal("searchset"),
  timestamp: Time,
  link: describe(
    Schema.Array(Schema.Struct({ relation: Schema.Literals(["self", "next"]), url: Schema.String })),
    "`next`: there are more; asked with the same body, where there was one."
  ),
  entry: Schema.optionalKey(
    describe(
      Schema.Array(
        Schema.Struct({
          fullUrl: Schema.String,
          resource: FhirResource,
          search: Schema.Struct({ mode: Schema.Literals(["match", "include"]) })
        })
      ),
      "`match`: a QuestionnaireResponse, the youngest first. `include`: an Observation for each of its scores."
    )
  )
}).annotate({ identifier: "ResponseBundle", description: "FHIR R4 Bundle of type searchset." })
export type ResponseBundle = typeof ResponseBundle.Type

export const QuestionnaireResponseBody = FhirResource.annotate({
  identifier: "QuestionnaireResponse",
  description: "FHIR R4 QuestionnaireResponse."
})

const Count = Schema.Int.check(Schema.isGreaterThanOrEqualTo(0))
export const ErasedAnswer = Schema.Struct({
  sessions: Count,
  responses: Count,
  alerts: describe(Count, "Of these stays that there was one; whom it was about and why is gone.")
}).annotate({ identifier: "Erased" })
