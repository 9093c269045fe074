/**
 * Bodies of the HTTP side, in and out: what the routes answer, and what `/openapi.json` and `/docs` print of them. Closed:
 * an answer has no field that is not here. Times are ISO 8601 in UTC.
 */
import { Schema } from "effect"
import { ClinicReport } from "./alerts.ts"
import { ServingKind, HostReason } from "./host.ts"
import { StoreReason } from "./record.ts"
import { LeadingState, ModelStatus } from "./wire.ts"

const Count = Schema.Int.check(Schema.isGreaterThanOrEqualTo(0))
const Amount = Schema.Finite.check(Schema.isGreaterThanOrEqualTo(0))
const describe = <S extends Schema.Top>(schema: S, description: string): S["Rebuild"] =>
  schema.annotate({ description })
const Time = Schema.String.annotate({ format: "date-time" })
const Endpoint = Schema.Literals(["basic", "secure", "healthcare"])

export const Information = Schema.Struct({
  name: Schema.String,
  version: Schema.String,
  environment: Schema.Literals(["development", "production"]),
  uptime_seconds: Count,
  endpoints: describe(Schema.Record(Schema.String, Schema.String), "Name of each endpoint that is open, and its path."),
  protocols: describe(Schema.Array(Schema.String), "WebSocket subprotocols.")
}).annotate({ identifier: "Information" })

const ModelReport = Schema.Struct({
  status: ModelStatus,
  backend: describe(Schema.String, "The model or voice that serves; never a path."),
  since: describe(Time, "When this state began."),
  degraded: describe(Schema.Boolean, "A lesser one stands in."),
  reason: Schema.optionalKey(describe(Schema.String, "Why it is not ready, and how to repair it.")),
  cause: Schema.optionalKey(HostReason),
  downloading: Schema.optionalKey(
    describe(
      Schema.Struct({
        model: Schema.String,
        step: Schema.Literals(["download", "unpack"]),
        percent: Schema.optionalKey(Schema.Int)
      }),
      "The configured model is being fetched; another one serves."
    )
  )
}).annotate({ identifier: "ModelReport" })

const StorageReport = Schema.Struct({
  status: Schema.Literals(["ready", "failed"]),
  since: Time,
  cause: Schema.optionalKey(StoreReason),
  reason: Schema.optionalKey(Schema.String)
}).annotate({ identifier: "StorageReport" })

const healthFields = {
  status: describe(
    Schema.Literals(["healthy", "degraded", "unhealthy"]),
    "`degraded`: something is lacking and the rest goes on; `unhealthy`: nothing can be served."
  ),
  draining: describe(Schema.Boolean, "It is going down: nobody new is let in."),
  models: Schema.Struct({ stt: ModelReport, vad: ModelReport, tts: ModelReport }),
  storage: StorageReport,
  sessions: Schema.Struct({ open: Count, max: Count })
}
export const Health = Schema.Struct(healthFields).annotate({ identifier: "Health" })

export const Probe = Schema.Struct({ status: Schema.Literals(["alive", "ready", "not_ready"]) }).annotate({
  identifier: "Probe"
})

export const AdmissionAnswer = Schema.Struct({ admitted: Schema.Literal(true), endpoint: Endpoint }).annotate({
  identifier: "Admission"
})

export const TokenAnswer = Schema.Struct({
  token: Schema.String,
  token_type: Schema.Literal("Bearer"),
  expires_in: describe(Count, "Seconds."),
  expires_at: Time,
  scope: describe(Schema.String, "Scopes, separated by spaces.")
}).annotate({ identifier: "Token" })

const Language = Schema.Literals(["ar", "en"])

export const QuestionnaireSummary = Schema.Struct({
  id: Schema.String,
  version: Schema.String,
  url: describe(Schema.String, "Its canonical URL."),
  status: Schema.Literals(["draft", "active", "retired", "unknown"]),
  title: describe(
    Schema.Struct({ ar: Schema.optionalKey(Schema.String), en: Schema.optionalKey(Schema.String) }),
    "In each language that it may be held in."
  ),
  languages: describe(Schema.Array(Language), "Its own first."),
  items: describe(Count, "Questions that may be asked.")
}).annotate({ identifier: "QuestionnaireSummary" })
export type QuestionnaireSummary = typeof QuestionnaireSummary.Type

export const QuestionnaireList = Schema.Struct({ questionnaires: Schema.Array(QuestionnaireSummary) }).annotate({
  identifier: "QuestionnaireList"
})

export const AdminSession = Schema.Struct({
  id: Schema.String,
  endpoint: Endpoint,
  connected: Schema.Boolean,
  resumable_until: describe(
    Schema.NullOr(Time),
    "Null while it is connected; else when it is given up unless its client comes back."
  ),
  subject_hash: describe(
    Schema.NullOr(Schema.String),
    "Keyed hash of the token's subject, as in the audit log; null without one."
  ),
  protocol: Schema.NullOr(Schema.String),
  client_address: describe(Schema.NullOr(Schema.String), "Of the last connection."),
  state: describe(Schema.NullOr(LeadingState), "What its client was told last."),
  questionnaire: describe(
    Schema.NullOr(
      Schema.Struct({
        id: Schema.String,
        version: Schema.String,
        answered: Count,
        total: Count,
        link_id: Schema.NullOr(Schema.String).annotate({ description: "The question that stands." })
      })
    ),
    "How far the interview has come; null where none is held."
  ),
  started_at: Time,
  last_activity_at: describe(Schema.NullOr(Time), "When its client last said or sent anything."),
  audio_seconds_in: describe(Amount, "Audio that was taken from the client, by all connections of the session."),
  audio_seconds_out: describe(Amount, "Speech that was sent to the client, by all connections of the session."),
  utterances: describe(Count, "That have ended, understood or not."),
  dropped_frames: describe(
    Count,
    "Audio frames of the client that nobody heard: before `session.ready`, malformed, or while it was leaving."
  ),
  trace_id: Schema.NullOr(Schema.String)
}).annotate({
  identifier: "AdminSession",
  description:
    "A session as an operator sees it. Fields are null where what is kept of a parked session cannot be read."
})
export type AdminSession = typeof AdminSession.Type

export const AdminSessions = Schema.Struct({
  sessions: describe(Schema.Array(AdminSession), "The youngest first."),
  complete: describe(Schema.Boolean, "False: what is kept could not be read, and only connected sessions are here."),
  next: Schema.optionalKey(describe(Schema.String, "There are more: pass it as `after`."))
}).annotate({ identifier: "AdminSessions" })

const HostReport = Schema.Struct({
  name: describe(Schema.String, "As metrics name it: `stt-1`."),
  model: Schema.Literals(["stt", "vad", "tts"]),
  kind: ServingKind,
  backend: Schema.String,
  state: describe(
    Schema.Literals(["loading", "ready", "suspect", "recovering", "failed"]),
    "`suspect`: it left beats unanswered, and either answers soon or is replaced."
  ),
  since: Time,
  pid: describe(Schema.NullOr(Count), "Null while no process serves."),
  memory_mb: describe(Schema.NullOr(Amount), "Resident memory of that process."),
  restarts: describe(Count, "Processes that were started after the first one, replacements included."),
  last_error: describe(
    Schema.NullOr(Schema.Struct({ reason: HostReason, message: Schema.String, at: Time })),
    "Of the last process that ended by a fault, or could not start."
  ),
  queue_depth: describe(Count, "Streams and requests to which the process owes an answer now."),
  work: describe(
    Schema.NullOr(
      Schema.Struct({
        audio_seconds: describe(Amount, "Audio that was recognised, looked at or made."),
        cpu_seconds: describe(
          Amount,
          "Processor time of the process, all threads added up, while the model was at work; idle time does not count."
        ),
        real_time_factor: describe(
          Schema.NullOr(Amount),
          "`cpu_seconds` by `audio_seconds`: the share of one core that one stream needs. Null before any audio."
        ),
        recent_real_time_factor: describe(
          Schema.NullOr(Amount),
          "The same over the last half to whole minute. Null without audio in it."
        )
      })
    ),
    "Of the process that serves, since it started; null while none does."
  )
}).annotate({ identifier: "HostReport" })
export type HostReport = typeof HostReport.Type

const Reasons = Schema.Record(Schema.String, Count)

export const SecurityReport = Schema.Struct({
  tokens_issued: Count,
  tokens_revoked: describe(Count, "Times that one token, or all of a subject, were taken back."),
  authentications_accepted: Count,
  authentications_refused: describe(Reasons, "By reason."),
  sessions_ended_by_token: describe(Reasons, "By the code that the session was told."),
  admin_refused: Count,
  rate_limit_refusals: Count,
  session_limit_refusals: Count,
  malformed_messages: Count,
  oversize_frames: Count,
  tracked_addresses: describe(Count, "Addresses that the rate limiter remembers now, in this process.")
}).annotate({ identifier: "SecurityReport" })

export const AdminHealth = Schema.Struct({
  ...healthFields,
  process: Schema.Struct({
    uptime_seconds: Count,
    rss_mb: Count,
    heap_mb: Count,
    cpu_seconds: describe(
      Amount,
      "User and system time of the server process since its start; model hosts have their own."
    ),
    event_loop_delay_ms: describe(
      Schema.Struct({ mean: Amount, p99: Amount, max: Amount }),
      "How much later than due timers ran, since the start; the sampling's own 20 ms are in it."
    )
  }),
  slots: describe(
    Schema.Struct({ open: Count, basic: Count, max: Count }),
    "Sessions that are connected; those of `/ws`."
  ),
  hosts: Schema.Array(HostReport),
  audit: Schema.Struct({
    status: Schema.Literals(["ready", "failed"]),
    since: Time,
    reason: Schema.optionalKey(Schema.String),
    lines_written: Count,
    lines_left_out: describe(Count, "Counted instead of written: the rest of floods."),
    lines_lost: describe(Count, "Given up, since the disk failed for too long.")
  }),
  clinic: describe(Schema.NullOr(ClinicReport), "Null while what is kept cannot be read."),
  security: describe(SecurityReport, "Since the start.")
}).annotate({ identifier: "AdminHealth" })
