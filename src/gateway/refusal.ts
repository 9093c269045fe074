/**
 * A request that is turned away: before an upgrade and over plain HTTP alike, always with a row of the table of errors, a
 * JSON body and a request id. `writeRefusal` serves sockets that never became a response.
 */
import { STATUS_CODES } from "node:http"
import type { Duplex } from "node:stream"
import { Schema } from "effect"
import { securityHeaders } from "#src/gateway/security-headers.ts"
import { type ErrorCode, ErrorCode as ErrorCodeSchema, errorRow, type HttpErrorBody } from "#schemas/errors.ts"

/** Message and headers are for the client: no secret, no path, no stack. */
export class Refusal extends Schema.TaggedError<Refusal>()("Refusal", {
  code: ErrorCodeSchema,
  message: Schema.String,
  headers: Schema.Record(Schema.String, Schema.String)
}) {}

export const refuse = (code: ErrorCode, message: string, headers: Record<string, string> = {}): Refusal =>
  new Refusal({ code, message, headers })

export const refusalStatus = (refusal: Refusal): number => errorRow(refusal.code).httpStatus ?? 500

export const refusalBody = (refusal: Refusal): HttpErrorBody => ({
  error: { code: refusal.code, message: refusal.message }
})

export const writeRefusal = (
  socket: Duplex,
  requestId: string,
  refusal: Refusal,
  status = refusalStatus(refusal)
): void => {
  if (!socket.writable) {
    socket.destroy()
    return
  }
  const body = JSON.stringify(refusalBody(refusal))
  const headers: Record<string, string> = {
    connection: "close",
    "content-type": "application/json",
    "content-length": String(Buffer.byteLength(body)),
    "cache-control": "no-store",
    "x-request-id": requestId,
    ...securityHeaders("application/json", false),
    ...refusal.headers
  }
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? "Error"}\r\n${lines.join("")}\r\n${body}`, () =>
    socket.destroy()
  )
}
