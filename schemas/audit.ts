/**
 * Lines of the audit log, `DATA_DIR/audit/*.jsonl`: who was let in, turned away or did what, and what was agreed to. One
 * JSON object a line. No line holds an answer, a transcript or a token; a subject stands there only as its keyed hash.
 * A reader should pass over fields and events that it does not know.
 */
import { Schema } from "effect"
import { AnswerVia } from "./wire.ts"

const Count = Schema.Int.check(Schema.isGreaterThanOrEqualTo(1))
const Endpoint = Schema.Literals(["basic", "secure", "healthcare"])

/** The same for the same subject as long as `STORAGE_KEY` is the same; nobody without that key can guess it. */
export const SubjectHash = Schema.String.check(Schema.isPattern(/^[0-9a-f]{16}$/))
const subject = { subject_hash: Schema.optionalKey(SubjectHash) }
const client = { client_address: Schema.String }
const admin = { by: Schema.Literal("admin"), ...client }
/** `token_id`: of the clinician's token. */
const staff = { by: Schema.Literals(["admin", "clinician"]), token_id: Schema.optionalKey(Schema.String), ...client }
const questionnaire = { session_id: Schema.String, questionnaire: Schema.String, questionnaire_version: Schema.String }

/** `npm run audit:verify` reads them (`src/audit/chain.ts`): the line's number, its link, and in a file's first line the link before. */
const chain = {
  n: Schema.optionalKey(Schema.Int),
  after: Schema.optionalKey(Schema.String),
  chain: Schema.optionalKey(Schema.String)
}

const line = <const Event extends string, const Fields extends Schema.Struct.Fields>(event: Event, fields: Fields) =>
  Schema.Struct({ at: Schema.String, event: Schema.Literal(event), ...fields, ...chain })

export const AuditLine = Schema.Union([
  line("token.issued", {
    ...admin,
    token_id: Schema.String,
    scope: Schema.String,
    expires_at: Schema.String,
    ...subject
  }),
  /** At an upgrade, or by a session that was told to go on with it; `reason` as counted in `/admin/health`. */
  line("token.refused", {
    reason: Schema.String,
    endpoint: Schema.Literals([...Endpoint.literals, "clinic"]),
    ...client,
    ...subject
  }),
  line("token.refreshed", { session_id: Schema.String, token_id: Schema.String, ...client, ...subject }),
  /** One token, or all of a subject. */
  line("token.revoked", { ...admin, token_id: Schema.optionalKey(Schema.String), ...subject }),
  line("admin.refused", client),
  line("admin.acted", {
    ...admin,
    action: Schema.Literals(["session.end", "log_level.set", "session.watch", "run.read", "event.retry"]),
    target: Schema.String
  }),
  line("limit.refused", {
    limit: Schema.Literals(["rate_of_address", "rate_of_subject", "sessions", "sessions_of_address"]),
    ...client,
    ...subject
  }),
  line("invitation.created", {
    ...staff,
    invitation_id: Schema.String,
    questionnaire: Schema.String,
    expires_at: Schema.String,
    ...subject
  }),
  line("invitation.listed", { ...staff, count: Schema.Int }),
  line("invitation.revoked", { ...staff, invitation_id: Schema.String, ...subject }),
  line("invitation.begun", { invitation_id: Schema.String, session_id: Schema.String, ...client, ...subject }),
  line("alert.listed", { ...staff, count: Schema.Int }),
  line("alert.acknowledged", { ...staff, alert_id: Schema.String, ...subject }),
  /** Which responses somebody was given, by a list, a search for a person, or one by its id; `table`: without identities. */
  line("responses.read", {
    ...staff,
    how: Schema.Literals(["list", "search", "one", "table"]),
    count: Schema.Int,
    response_ids: Schema.optionalKey(Schema.Array(Schema.String)),
    questionnaire: Schema.optionalKey(Schema.String),
    ...subject
  }),
  line("response.deleted", { ...staff, response_id: Schema.String }),
  /** Everything of a person, and how much there was. */
  line("subject.erased", {
    ...staff,
    sessions: Schema.Int,
    responses: Schema.Int,
    alerts: Schema.Int,
    ...subject
  }),
  line("consent.given", {
    ...questionnaire,
    consent_version: Schema.String,
    language: Schema.Literals(["ar", "en"]),
    via: AnswerVia,
    ...subject
  }),
  /** What was kept of the session has been deleted. */
  line("consent.withdrawn", { ...questionnaire, consent_version: Schema.String, via: AnswerVia, ...subject }),
  line("questionnaire.ended", {
    ...questionnaire,
    status: Schema.Literals(["completed", "amended", "stopped", "declined", "withdrawn"]),
    ...subject
  }),
  /** So many more of this event came within a minute than are written. */
  line("events.left_out", { left_out: Schema.String, count: Count }),
  /** So many lines could not be written for so long that they were given up. */
  line("events.lost", { count: Count })
]).pipe(Schema.toTaggedUnion("event"))
export type AuditLine = typeof AuditLine.Type
export type AuditEventName = AuditLine["event"]

type Told<Line> = Line extends unknown
  ? "subject_hash" extends keyof Line
    ? Omit<Line, "at" | "subject_hash" | keyof typeof chain> & { readonly subject?: string }
    : Omit<Line, "at" | keyof typeof chain>
  : never
/** What is told to the log: the time and the hash of the subject are its own work. */
export type AuditEvent = Told<AuditLine>
