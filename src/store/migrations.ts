/** The tables, one step for each released shape; a step is never changed, only followed by another. */
import { Effect } from "effect"
import { Migrator, SqlClient } from "effect/sql"

const statements = (...all: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    for (const statement of all) yield* sql.unsafe(statement)
  })

const migrations = Migrator.fromRecord({
  "0001_sessions": statements(
    /** One row: a text sealed with the key in use, by which a wrong key is told from a damaged row. */
    "CREATE TABLE vault (key_id TEXT PRIMARY KEY, sealed BLOB NOT NULL) STRICT",
    "CREATE TABLE probe (id INTEGER PRIMARY KEY, filler BLOB NOT NULL) STRICT",
    /** As they were when a session began with them. No secret: they are FHIR resources of the operator. */
    "CREATE TABLE questionnaires (hash TEXT PRIMARY KEY, source TEXT NOT NULL) STRICT",
    `CREATE TABLE sessions (
      id TEXT PRIMARY KEY,
      endpoint TEXT NOT NULL,
      subject_name TEXT,
      token_hash TEXT NOT NULL,
      token_hash_before TEXT,
      questionnaire_hash TEXT REFERENCES questionnaires,
      begun_at_ms INTEGER NOT NULL,
      connections INTEGER NOT NULL,
      connected_ms INTEGER NOT NULL,
      position_ms INTEGER NOT NULL,
      last_seq INTEGER NOT NULL,
      place BLOB,
      parked_uptime_ms REAL,
      ended_at_ms INTEGER
    ) STRICT`,
    "CREATE INDEX sessions_by_end ON sessions (ended_at_ms)",
    `CREATE TABLE entries (
      session_id TEXT NOT NULL REFERENCES sessions ON DELETE CASCADE,
      number INTEGER NOT NULL,
      sealed BLOB NOT NULL,
      PRIMARY KEY (session_id, number)
    ) STRICT, WITHOUT ROWID`,
    `CREATE TABLE outbox (
      session_id TEXT NOT NULL REFERENCES sessions ON DELETE CASCADE,
      seq INTEGER NOT NULL,
      sealed BLOB NOT NULL,
      PRIMARY KEY (session_id, seq)
    ) STRICT, WITHOUT ROWID`
  ),
  /** What operators see of a session; sealed, since it holds an address. */
  "0003_summaries": statements("ALTER TABLE sessions ADD COLUMN summary BLOB"),
  /** Tokens taken back, until none of them can be valid any more; a token's id or a subject only as a keyed hash. */
  "0004_revocations": statements(
    `CREATE TABLE revocations (
      name TEXT PRIMARY KEY,
      through_s INTEGER NOT NULL,
      forget_at_ms INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID`
  ),
  "0005_clinic": statements(
    /** The patient's reference, sealed: an alert must say whom it is about. */
    "ALTER TABLE sessions ADD COLUMN subject BLOB",
    /** 1: it holds what no response has yet. */
    "ALTER TABLE sessions ADD COLUMN unfinished INTEGER NOT NULL DEFAULT 0",
    "CREATE INDEX sessions_unfinished ON sessions (ended_at_ms) WHERE unfinished = 1",
    "CREATE INDEX sessions_by_subject ON sessions (subject_name)",
    /** What the clean-up looks for each minute, so that it scans none of what is kept. */
    "ALTER TABLE sessions ADD COLUMN logged INTEGER NOT NULL DEFAULT 0",
    "UPDATE sessions SET logged = 1 WHERE id IN (SELECT session_id FROM entries)",
    "CREATE INDEX sessions_without_log ON sessions (ended_at_ms) WHERE logged = 0",
    "CREATE INDEX sessions_by_questionnaire ON sessions (questionnaire_hash)",
    `CREATE TABLE responses (
      id TEXT PRIMARY KEY,
      version INTEGER NOT NULL,
      session_id TEXT NOT NULL,
      questionnaire TEXT NOT NULL,
      questionnaire_version TEXT NOT NULL,
      status TEXT NOT NULL,
      subject_name TEXT,
      authored_at_ms INTEGER NOT NULL,
      sealed BLOB NOT NULL
    ) STRICT`,
    "CREATE INDEX responses_by_time ON responses (authored_at_ms, id)",
    "CREATE INDEX responses_by_questionnaire ON responses (questionnaire, authored_at_ms, id)",
    "CREATE INDEX responses_by_subject ON responses (subject_name, authored_at_ms, id)",
    /** Which rule was met is as good as an answer, so it is sealed; without it, and without session, it was erased. */
    `CREATE TABLE alerts (
      id TEXT PRIMARY KEY,
      session_id TEXT,
      subject_name TEXT,
      raised_at_ms INTEGER NOT NULL,
      sealed BLOB,
      acknowledged_at_ms INTEGER,
      acknowledgement BLOB,
      reminders INTEGER NOT NULL DEFAULT 0,
      reminded_at_ms INTEGER NOT NULL
    ) STRICT`,
    "CREATE INDEX alerts_by_time ON alerts (raised_at_ms, id)",
    "CREATE INDEX alerts_waiting ON alerts (reminded_at_ms) WHERE acknowledged_at_ms IS NULL AND sealed IS NOT NULL",
    "CREATE INDEX alerts_by_subject ON alerts (subject_name)",
    /** The last link of the audit log, sealed: whoever cuts that off or writes it anew cannot follow here. */
    "CREATE TABLE anchors (id INTEGER PRIMARY KEY, sealed BLOB NOT NULL) STRICT",
    /** Where the key has changed: the one that names subjects, which stays. */
    "ALTER TABLE vault ADD COLUMN naming BLOB",
    /** The outbox of the webhook: ids only. */
    `CREATE TABLE deliveries (
      id TEXT PRIMARY KEY,
      type TEXT NOT NULL,
      about TEXT NOT NULL,
      version INTEGER NOT NULL,
      created_at_ms INTEGER NOT NULL,
      tried_since_ms INTEGER NOT NULL,
      state TEXT NOT NULL DEFAULT 'pending',
      attempts INTEGER NOT NULL DEFAULT 0,
      next_at_ms INTEGER NOT NULL,
      fault TEXT
    ) STRICT`,
    "CREATE INDEX deliveries_by_time ON deliveries (created_at_ms, id)",
    "CREATE INDEX deliveries_by_object ON deliveries (about)",
    "CREATE INDEX deliveries_unsettled ON deliveries (state, next_at_ms) WHERE state <> 'delivered'"
  ),
  /** Who may visit once. The patient is in `sealed`, and in `subject_name` as a keyed hash. */
  "0010_invitations": statements(
    `CREATE TABLE invitations (
      id TEXT PRIMARY KEY,
      secret_hash TEXT NOT NULL,
      subject_name TEXT NOT NULL,
      sealed BLOB NOT NULL,
      created_at_ms INTEGER NOT NULL,
      expires_at_ms INTEGER NOT NULL,
      begun_at_ms INTEGER,
      session_id TEXT,
      revoked_at_ms INTEGER
    ) STRICT`,
    "CREATE INDEX invitations_by_creation ON invitations (created_at_ms, id)",
    "CREATE INDEX invitations_by_subject ON invitations (subject_name)"
  )
})

export const migrate = Migrator.make({})({ loader: migrations, table: "migrations" })
