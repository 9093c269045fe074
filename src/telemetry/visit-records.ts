/** What is known of an upgrade and of a session, beside its turns. Times and ids as in `turn-record.ts`; nothing personal. */
import type { ErrorCode } from "#schemas/errors.ts"
import type { SpanRef } from "./trace-context.ts"
import type { TurnRecord } from "./turn-record.ts"

export interface UpgradeRecord {
  readonly traceId: string
  readonly spanId: string
  /** The client's own span (`traceparent`). */
  readonly parent?: SpanRef
  readonly unixOffsetMs: number
  readonly startedAtMs: number
  /** All that is asked of a client before it is let in - token, scope, rate - was answered. */
  readonly admittedAtMs: number
  readonly endedAtMs: number
  /** One of the sockets' paths; absent where there is no socket. */
  readonly route?: string
  /** 101 when it became a WebSocket. */
  readonly status: number
  readonly refusal?: ErrorCode
}

export interface SessionRecord {
  readonly session: TurnRecord["session"]
  /** The client's span of `session.start`, else the upgrade's. */
  readonly parent?: SpanRef
  /** The upgrade's, where it is in another trace. */
  readonly upgrade?: SpanRef
  readonly unixOffsetMs: number
  readonly startedAtMs: number
  readonly endedAtMs: number
  readonly questionnaire?: string
  /** Why it ended (`EndReason` of the session's machine). */
  readonly end: string
  readonly turns: number
  readonly turnsSlow: number
  readonly turnsFailed: number
}
