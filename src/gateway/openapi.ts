/** `/openapi.json`: the table of routes as an OpenAPI 3.1 document. Pure: what a row does not say is not in it. */
import { JsonSchema, Schema } from "effect"
import packageJson from "../../package.json" with { type: "json" }
import { type ErrorCode, errorRow, HttpErrorBody } from "#schemas/errors.ts"
import type { Answer, Route } from "#src/gateway/route.ts"

/** Schemas of a document: each is put in once and stands for its place; named ones become shared definitions. */
class Schemas {
  readonly #schemas: Array<JsonSchema.JsonSchema> = []
  readonly #definitions: Record<string, JsonSchema.JsonSchema> = {}

  /** Its place in `all().schemas`. */
  add(schema: Schema.Constraint): number {
    const { schema: root, definitions } = Schema.toJsonSchemaDocument(schema, { onExcessProperty: "error" })
    Object.assign(this.#definitions, definitions)
    return this.#schemas.push(root) - 1
  }

  all(): JsonSchema.MultiDocument<"openapi-3.1"> {
    const [first, ...rest] = this.#schemas
    if (first === undefined) throw new Error("a document without a schema")
    return JsonSchema.toMultiDocumentOpenApi3_1({
      dialect: "draft-2020-12",
      schemas: [first, ...rest],
      definitions: this.#definitions
    })
  }
}

const errorBody = HttpErrorBody.annotate({ identifier: "Error" })

/** What a row lets go wrong without saying so. */
const impliedRefusals = ({ auth, query, body }: Route): ReadonlyArray<ErrorCode> => [
  ...(auth === undefined ? [] : (["unauthorized"] as const)),
  ...(auth === undefined || auth === "admin" || auth === "metrics"
    ? []
    : (["token_expired", "forbidden", "storage_unavailable"] as const)),
  ...(query === undefined && body === undefined ? [] : (["invalid_message"] as const)),
  ...(body === undefined ? [] : (["message_too_large", "unsupported_encoding"] as const)),
  "internal"
]

const refusalAnswers = (route: Route, isCounted: boolean): ReadonlyMap<number, ReadonlyArray<ErrorCode>> => {
  const codes = [
    ...impliedRefusals(route),
    ...(route.refusals ?? []),
    ...(isCounted ? (["rate_limited", "storage_unavailable"] as const) : [])
  ]
  const byStatus = new Map<number, Array<ErrorCode>>()
  for (const code of codes) {
    const status = errorRow(code).httpStatus ?? 500
    byStatus.set(status, [...(byStatus.get(status) ?? []), code])
  }
  return byStatus
}

export const pathOf = (route: Route): string => route.path.replace(/:(\w+)/g, "{$1}")

/** `getAdminSessionsId` for `GET /admin/sessions/:id`. */
const operationIdOf = (route: Route): string => {
  const words = pathOf(route).match(/[A-Za-z0-9]+/g) ?? ["root"]
  return `${route.method.toLowerCase()}${words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join("")}`
}

const tagOf = ({ path, auth }: Route): string =>
  path.startsWith("/admin") || auth === "metrics"
    ? "admin"
    : path.startsWith("/auth")
      ? "tokens"
      : auth === undefined && !path.startsWith("/clinic")
        ? "service"
        : "clinic"

const securityOf = {
  admin: [{ admin: [] }],
  clinician: [{ clinician: [] }],
  staff: [{ admin: [] }, { clinician: [] }],
  metrics: [{ metrics: [] }, { admin: [] }]
} as const satisfies Record<NonNullable<Route["auth"]>, unknown>

export interface OpenApiOptions {
  /** Whether a path counts against the rate limit. */
  readonly isCounted: (path: string) => boolean
}

export const openApiOf = (routes: ReadonlyArray<Route>, { isCounted }: OpenApiOptions): Record<string, unknown> => {
  const schemas = new Schemas()
  const placeOf = (schema: Schema.Constraint) => ({ place: schemas.add(schema) })
  const json = (schema: Schema.Constraint) => ({ "application/json": { schema: placeOf(schema) } })

  const parametersOf = ({ params = {}, query }: Route) => [
    ...Object.entries(params).map(([name, schema]) => ({ name, in: "path", required: true, schema: placeOf(schema) })),
    ...Object.entries(query?.fields ?? {}).map(([name, schema]) => ({
      name,
      in: "query",
      // The number that is meant, not the text that a query string makes of it.
      schema: placeOf(Schema.toType(schema))
    }))
  ]
  const text = { schema: { type: "string" } }
  const answerOf = ({ description, body, mediaType, alsoText }: Answer) => ({
    description,
    ...(body === undefined && mediaType === undefined
      ? {}
      : {
          content: {
            [mediaType ?? "application/json"]: body === undefined ? text : { schema: placeOf(body) },
            ...(alsoText === undefined ? {} : { [alsoText]: text })
          }
        })
  })
  const refusalOf = (codes: ReadonlyArray<ErrorCode>) => ({
    description: codes.map((code) => `\`${code}\``).join(", "),
    content: json(errorBody)
  })
  const operationOf = (route: Route) => {
    const { summary, description, auth, body } = route
    const parameters = parametersOf(route)
    const refusals = [...refusalAnswers(route, isCounted(route.path))].map(([status, codes]) => [
      status,
      refusalOf(codes)
    ])
    const answers = Object.entries(route.answers).map(([status, answer]) => [status, answerOf(answer)])
    return {
      operationId: operationIdOf(route),
      summary,
      ...(description === undefined ? {} : { description }),
      tags: [tagOf(route)],
      ...(auth === undefined ? {} : { security: securityOf[auth] }),
      ...(parameters.length === 0 ? {} : { parameters }),
      ...(body === undefined ? {} : { requestBody: { content: json(body) } }),
      // What the row says of a status stands before what would follow by itself.
      responses: Object.fromEntries([...refusals, ...answers])
    }
  }
  const paths: Record<string, Record<string, unknown>> = {}
  for (const route of routes) {
    const path = pathOf(route)
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operationOf(route) }
  }
  const { schemas: resolved, definitions } = schemas.all()
  return {
    openapi: "3.1.0",
    info: {
      title: "Sawt",
      version: packageJson.version,
      summary: "HTTP side of a self-hosted streaming voice engine.",
      description:
        "Every answer carries `X-Request-Id`. Whatever is refused has the body `Error`, whose codes are those of the " +
        "WebSocket protocol. The WebSockets themselves are described by /asyncapi.json.",
      license: { name: packageJson.license, identifier: packageJson.license }
    },
    servers: [{ url: "/" }],
    tags: [
      { name: "service", description: "What the service is and how it fares, for anybody." },
      { name: "tokens", description: "Tokens for the WebSockets." },
      { name: "clinic", description: "Invitations and results, for those who care for patients." },
      { name: "admin", description: "For operators." }
    ],
    paths: resolvePlaces(paths, resolved),
    components: {
      schemas: definitions,
      securitySchemes: {
        admin: { type: "http", scheme: "bearer", description: "`VOICE_SERVICE_SECRET`; a client's token is refused." },
        clinician: { type: "http", scheme: "bearer", description: "A token of scope `clinician`." },
        metrics: { type: "http", scheme: "bearer", description: "`METRICS_TOKEN`." }
      }
    }
  }
}

/** `{ place: n }` is where the n-th schema belongs. */
const resolvePlaces = (node: unknown, schemas: ReadonlyArray<unknown>): unknown => {
  if (Array.isArray(node)) return node.map((child) => resolvePlaces(child, schemas))
  if (typeof node !== "object" || node === null) return node
  if ("place" in node && typeof node.place === "number") return schemas[node.place]
  return Object.fromEntries(Object.entries(node).map(([key, child]) => [key, resolvePlaces(child, schemas)]))
}
