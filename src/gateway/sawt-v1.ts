/**
 * The native protocol `sawt.v1`: JSON objects, decoded strictly with schemas/wire.ts. What does not decode becomes an
 * `invalid_message` that says what is wrong, where, and what is allowed - by the schema, never by repeating a value.
 */
import { Result, Schema } from "effect"
import type { WireError } from "#schemas/errors.ts"
import { ClientMessage, Ref, type ServerMessage, subprotocol } from "#schemas/wire.ts"
import type { Adapter } from "#src/gateway/adapter.ts"
import { explain, invalid, isObject } from "#src/gateway/explain.ts"

const decode = Schema.decodeUnknownResult(ClientMessage, { onExcessProperty: "error", errors: "all" })
const isRef = Schema.is(Ref)

const types: ReadonlySet<string> = new Set(Object.keys(ClientMessage.cases))
const allowedTypes = [...types].join(", ")

const decodeText = (text: string): Result.Result<ClientMessage, WireError> => {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return Result.fail(invalid("The text is not JSON. A message is one JSON object with a `type`."))
  }
  if (!isObject(value)) return Result.fail(invalid("A message is one JSON object with a `type`."))
  const ref = isRef(value.ref) ? value.ref : undefined
  const { type } = value
  if (typeof type !== "string" || !types.has(type)) {
    const problem = type === undefined ? "missing" : "unknown"
    return Result.fail(invalid(`The \`type\` is ${problem}. Allowed: ${allowedTypes}.`, ref))
  }
  return Result.mapError(decode(value), (error) => invalid(explain(type, error), ref))
}

export const sawtV1 = {
  subprotocol,
  decodeText,
  encode: (message: ServerMessage) => JSON.stringify(message)
} satisfies Adapter
