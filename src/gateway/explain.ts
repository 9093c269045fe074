/** Why a message does not decode, for its sender: what is wrong, where, and what is allowed, never repeating a value. */
import { type Schema, SchemaIssue } from "effect"
import { WireError } from "#schemas/errors.ts"

const toStandard = SchemaIssue.makeFormatterStandardSchemaV1()
const faultsTold = 3

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** Field names come from the client too: one that is no plain name is not repeated. */
export const nameOf = (key: unknown): string => (/^\w{1,40}$/.test(String(key)) ? String(key) : "(a field)")

export const explain = (type: string, error: Schema.SchemaError): string => {
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

export const invalid = (message: string, ref?: string): WireError =>
  new WireError({ code: "invalid_message", message, ...(ref === undefined ? {} : { ref }) })
