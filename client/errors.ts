/** Everything that can go wrong for a client: the codes of the wire, and those that only its own end can know. */
import { errorTable } from "../schemas/error-table.ts"
import type { ErrorCode } from "../schemas/errors.ts"

/** What no server says. The value: whether doing the same again later can succeed. */
const ownCodes = {
  /** No connection came about, and the service could not be asked why. */
  unreachable: true,
  connection_lost: true,
  /** The session is over: nothing more can be sent or will come. */
  session_over: false,
  /** Too many requests wait for their answers. */
  too_many_requests: true,
  /** An iterator was not read while very many messages came. */
  reader_too_slow: false,
  /** The token callback failed. */
  no_token: true,
  /** This runtime lacks something that is needed: no WebSocket, no AudioWorklet, a page without TLS. */
  unsupported: false,
  microphone_refused: false,
  microphone_missing: false,
  /** Another program holds it. */
  microphone_busy: true
} as const

export type SawtErrorCode = ErrorCode | keyof typeof ownCodes

export const isErrorCode = (text: unknown): text is ErrorCode =>
  typeof text === "string" && Object.hasOwn(errorTable, text)

const isRetryable = (code: SawtErrorCode): boolean =>
  isErrorCode(code) ? errorTable[code].retryable : ownCodes[code as keyof typeof ownCodes]

export interface SawtErrorDetails {
  readonly retryable?: boolean
  readonly retryAfterMs?: number
  readonly traceId?: string
  readonly cause?: unknown
}

export class SawtError extends Error {
  override readonly name = "SawtError"
  readonly code: SawtErrorCode
  readonly retryable: boolean
  readonly retryAfterMs: number | undefined
  /** Helps an operator to find what happened. */
  readonly traceId: string | undefined

  constructor(code: SawtErrorCode, message: string, details: SawtErrorDetails = {}) {
    super(message, details.cause === undefined ? {} : { cause: details.cause })
    this.code = code
    this.retryable = details.retryable ?? isRetryable(code)
    this.retryAfterMs = details.retryAfterMs
    this.traceId = details.traceId
  }
}
