/**
 * The closed table of everything that can go wrong on the wire. An `error` message, a WebSocket close and an HTTP
 * refusal before the upgrade all take their code from here, exactly as `docs/protocol.md` prints it.
 */
import { Schema } from "effect"
import { type ErrorRow, errorTable } from "./error-table.ts"

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
