/**
 * The native protocol `sawt.v1`: JSON objects, decoded strictly with schemas/wire.ts. What does not decode becomes an
 * `invalid_message` that says what is wrong, where, and what is allowed - by the schema, never by repeating a value.
 */
import { Result, Schema, SchemaIssue } from "effect"
import { WireError } from "#schemas/errors.ts"
import { ClientMessage, Ref, type ServerMessage, subprotocol } from "#schemas/wire.ts"
import type { Adapter } from "#src/gateway/adapter.ts"

const decode = Schema.decodeUnknownResult(ClientMessage, { onExcessProperty: "error", errors: "all" })
const toStandard = SchemaIssue.makeFormatterStandardSchemaV1()
const faultsTold = 3
const isRef = Schema.is(Ref)

const types: ReadonlySet<string> = new Set(Object.keys(ClientMessage.cases))
const allowedTypes = [...types].join(", ")

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** Field names come from the client too: one that is no plain name is not repeated. */
const nameOf = (key: unknown): string => (/^\w{1,40}$/.test(String(key)) ? String(key) : "(a field)")

const explain = (type: string, error: Schema.SchemaError): string => {
  const { issues } = toStandard(error.issue)
  const told = issues.slice(0, faultsTold).map((issue) => {
    const path = (issue.path ?? []).map(nameOf).join(".")
    if (issue.message === "Missing key") return `\`${path}\` is missing`
    if (issue.message === "Expected no excess property") return `\`${path}\` is not a field of it`
    return `\`${path}\`: ${issue.message.charAt(0).toLowerCase()}${issue.message.slice(1)}`
  })
  const more = issues.length - told.length
  return `${type}: ${told.join("; ")}${more > 0 ? `; and ${more} more` : ""}.`
}

const invalid = (message: string, ref?: string): WireError =>
  new WireError({ code: "invalid_message", message, ...(ref === undefined ? {} : { ref }) })

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

export const sawtV1: Adapter = { subprotocol, decodeText, encode: (message: ServerMessage) => JSON.stringify(message) }
