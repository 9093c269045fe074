/**
 * The rows of the table of errors, as plain data: the client SDK reads them in a browser, where nothing of Effect goes.
 * `errors.ts` makes schemas of them.
 */
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
