/**
 * The closed table of everything that can go wrong on the wire. An `error` message, a WebSocket close and an HTTP
 * refusal before the upgrade all take their code from here, exactly as `docs/protocol.md` prints it.
 */
import { Schema } from "effect"

export interface ErrorRow {
  /** Close code, where this error ends the connection. */
  readonly closeCode?: number
  /** Status of the same refusal over HTTP. */
  readonly httpStatus?: number
  /** Whether repeating the same thing later can succeed. */
  readonly retryable: boolean
}

export const errorTable = {
  invalid_message: { closeCode: 1008, httpStatus: 400, retryable: false },
  invalid_audio: { httpStatus: 400, retryable: false },
  invalid_answer: { httpStatus: 422, retryable: false },
  not_ready: { httpStatus: 409, retryable: false },
  unknown_questionnaire: { httpStatus: 404, retryable: false },
  not_found: { httpStatus: 404, retryable: false },
  method_not_allowed: { httpStatus: 405, retryable: false },
  upgrade_required: { httpStatus: 426, retryable: false },
  message_too_large: { closeCode: 1009, httpStatus: 413, retryable: false },
  unsupported_encoding: { closeCode: 1003, httpStatus: 415, retryable: false },
  unauthorized: { closeCode: 4401, httpStatus: 401, retryable: false },
  token_expired: { closeCode: 4401, httpStatus: 401, retryable: true },
  forbidden: { closeCode: 4403, httpStatus: 403, retryable: false },
  rate_limited: { closeCode: 4429, httpStatus: 429, retryable: true },
  sessions_full: { closeCode: 1013, httpStatus: 503, retryable: true },
  draining: { closeCode: 1012, httpStatus: 503, retryable: true },
  audio_too_fast: { closeCode: 1008, retryable: true },
  idle_timeout: { closeCode: 4408, retryable: false },
  duration_exceeded: { closeCode: 4408, retryable: false },
  resume_failed: { closeCode: 4404, httpStatus: 409, retryable: false },
  session_replaced: { closeCode: 4409, retryable: false },
  stt_unavailable: { httpStatus: 503, retryable: true },
  tts_unavailable: { httpStatus: 503, retryable: true },
  storage_unavailable: { httpStatus: 503, retryable: true },
  internal: { closeCode: 1011, httpStatus: 500, retryable: true }
} as const satisfies Record<string, ErrorRow>

export type ErrorCode = keyof typeof errorTable

export const ErrorCode = Schema.Literals(Object.keys(errorTable) as [ErrorCode, ...Array<ErrorCode>])

/** WebSocket close codes that are not errors. */
export const closeCodes = { ended: 1000, goingAway: 1001, badFraming: 1002, badUtf8: 1007 } as const

export const errorRow = (code: ErrorCode): ErrorRow => errorTable[code]

/** Body of every HTTP refusal. */
export const HttpErrorBody = Schema.Struct({
  error: Schema.Struct({ code: ErrorCode, message: Schema.String })
})
export type HttpErrorBody = typeof HttpErrorBody.Type

/**
 * A fault that the person at the other end may be told about. `message` says what was wrong, what is allowed and how to
 * repair it; it never holds speech, answers, tokens or paths.
 */
export class WireError extends Schema.TaggedError<WireError>()("WireError", {
  code: ErrorCode,
  message: Schema.String,
  ref: Schema.optionalKey(Schema.String),
  retryAfterMs: Schema.optionalKey(Schema.Int)
}) {}
