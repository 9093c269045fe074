/** JSON Schemas as HTML for people: a table of fields, or a phrase. Pure; every text is escaped. */
export interface JsonSchema {
  readonly $ref?: string
  readonly type?: string
  readonly enum?: ReadonlyArray<unknown>
  readonly const?: unknown
  readonly description?: string
  readonly format?: string
  readonly pattern?: string
  readonly minimum?: number
  readonly maximum?: number
  readonly minLength?: number
  readonly maxLength?: number
  readonly items?: JsonSchema
  readonly anyOf?: ReadonlyArray<JsonSchema>
  readonly oneOf?: ReadonlyArray<JsonSchema>
  readonly allOf?: ReadonlyArray<JsonSchema>
  readonly properties?: Readonly<Record<string, JsonSchema>>
  readonly required?: ReadonlyArray<string>
  readonly additionalProperties?: JsonSchema | boolean
}

export const escapeHtml = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;")

/** `code` in text stays code. */
export const prose = (text: string): string => escapeHtml(text).replace(/`([^`]+)`/g, "<code>$1</code>")

export const schemaAnchor = (name: string): string => `schema-${name}`

const code = (text: string): string => `<code>${escapeHtml(text)}</code>`

const nameOf = (ref: string): string => ref.slice(ref.lastIndexOf("/") + 1)

/** What bounds a value, where the schema bounds it; the integers that JSON can hold are no bound. */
const boundsOf = ({ minimum, maximum, minLength, maxLength, pattern, format, allOf = [] }: JsonSchema): string => {
  const isBound = (value: number | undefined): value is number =>
    value !== undefined && Math.abs(value) !== Number.MAX_SAFE_INTEGER
  const parts = [
    isBound(minimum) && isBound(maximum)
      ? `${minimum} … ${maximum}`
      : isBound(minimum)
        ? `≥ ${minimum}`
        : isBound(maximum)
          ? `≤ ${maximum}`
          : "",
    isBound(minLength) && minLength > 1 ? `at least ${minLength} characters` : "",
    isBound(maxLength) ? `at most ${maxLength} characters` : "",
    format === undefined ? "" : format,
    pattern === undefined ? "" : pattern,
    ...allOf.map(boundsOf)
  ]
  return parts.filter((part) => part !== "").join(", ")
}

/** A phrase: names of types, values that are allowed, a link to what has its own table. */
export const typeOf = (schema: JsonSchema): string => {
  if (schema.$ref !== undefined) {
    const name = nameOf(schema.$ref)
    return `<a href="#${schemaAnchor(name)}">${escapeHtml(name)}</a>`
  }
  const choices = schema.anyOf ?? schema.oneOf
  if (choices !== undefined) return [...new Set(choices.map(typeOf))].join(" | ")
  if (schema.enum !== undefined) return schema.enum.map((value) => code(String(value))).join(" | ")
  if (schema.const !== undefined) return code(String(schema.const))
  if (schema.type === "array") return `list of ${schema.items === undefined ? "anything" : typeOf(schema.items)}`
  if (schema.type === "object" && typeof schema.additionalProperties === "object") {
    return `object of ${typeOf(schema.additionalProperties)}`
  }
  const bounds = boundsOf(schema)
  return `${escapeHtml(schema.type ?? "anything")}${bounds === "" ? "" : ` <span class="bounds">${escapeHtml(bounds)}</span>`}`
}

/** The object within a nullable or a list, whose fields are shown below it. */
const objectIn = (schema: JsonSchema): JsonSchema | undefined => {
  if (schema.properties !== undefined) return schema
  if (schema.items !== undefined) return objectIn(schema.items)
  return (schema.anyOf ?? schema.oneOf)?.map(objectIn).find((found) => found !== undefined)
}

interface FieldRow {
  /** HTML. */
  readonly field: string
  readonly type: string
  /** Text. */
  readonly meaning: string
}

const rowsOf = (schema: JsonSchema, prefix = ""): ReadonlyArray<FieldRow> =>
  Object.entries(schema.properties ?? {}).flatMap(([name, field]) => {
    const isRequired = schema.required?.includes(name) === true
    const inner = field.$ref === undefined ? objectIn(field) : undefined
    const row = {
      field: `${code(prefix + name)}${isRequired ? "" : ' <span class="optional">optional</span>'}`,
      type: typeOf(field),
      meaning: field.description ?? ""
    }
    return [row, ...(inner === undefined ? [] : rowsOf(inner, `${prefix}${name}.`))]
  })

/** Undefined: it has no fields, and is a phrase. */
export const fieldTable = (schema: JsonSchema): string | undefined => {
  const rows = rowsOf(schema)
  if (rows.length === 0) return undefined
  const isExplained = rows.some(({ meaning }) => meaning !== "")
  const cells = rows.map(
    ({ field, type, meaning }) =>
      `<tr><td>${field}</td><td>${type}</td>${isExplained ? `<td>${prose(meaning)}</td>` : ""}</tr>`
  )
  const head = `<th>field</th><th>type</th>${isExplained ? "<th>meaning</th>" : ""}`
  return `<table><thead><tr>${head}</tr></thead><tbody>${cells.join("")}</tbody></table>`
}
