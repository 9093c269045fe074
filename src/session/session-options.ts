/** What one session is given: who was let in, on which connection, for how long, and whom it tells. */
import type { SessionMachine } from "#machines/session.ts"
import type { AuditEvent } from "#schemas/audit.ts"
import type { LogContent } from "./content-log.ts"
import type { Admission, Connection } from "./contract.ts"
import type { Told } from "./interview.ts"
import type { RecordedSession } from "#src/telemetry/open-turn.ts"
import type { TurnRecorder } from "#src/telemetry/turn-recorder.ts"
import type { SessionToken } from "./session-token.ts"

export interface SessionOptions {
  readonly id: string
  readonly admission: Admission
  readonly connection: Connection
  readonly token: SessionToken
  readonly machine: SessionMachine
  readonly idleMs: number
  readonly durationMs: number
  /** Silence after which a question is asked again, in audio time. */
  readonly noSpeechMs: number
  /** What the operator wants said to people. */
  readonly told: Told
  readonly nowMs: () => number
  readonly recordTurns: (session: () => RecordedSession) => TurnRecorder
  /** For the audit log. */
  readonly record: (event: AuditEvent) => void
  /** Absent: nothing of what people say is logged. */
  readonly logContent?: LogContent
  /** Something that operators should know, without a word of the person's. */
  readonly onNotice: (notice: string) => void
  /** A programming error, for the log. */
  readonly onDefect: (error: unknown) => void
  /** Called once, when the session has ended by itself or by its client. */
  readonly onEnded: () => void
}
