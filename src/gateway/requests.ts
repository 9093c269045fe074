/** What requests may say, decoded strictly: query strings and small JSON bodies. A fault names field and allowed range. */
import { ByteSize, Effect, Result, Schema, SchemaIssue } from "effect"
import { HttpIncomingMessage, type HttpServerError, type HttpServerRequest } from "effect/http"
import { Subject, TokenId, tokenTtlSeconds } from "#src/gateway/auth.ts"
import { Scope } from "#src/gateway/claims.ts"
import { refuse, type Refusal } from "#src/gateway/refusal.ts"
import type { Revoked } from "#src/registry/revocations.ts"

const bodyBytesMax = 4 * 1024

const scopesAllowed = Scope.literals.join(", ")
const Scopes = Schema.String.check(
  Schema.makeFilter((text: string) => scopesOf(text).length > 0 && scopesOf(text).every(Schema.is(Scope)), {
    expected: `scopes separated by spaces, of ${scopesAllowed}`
  })
)
const ttl = Schema.isBetween(tokenTtlSeconds)

/** In a query string everything is text. */
export const digits = (most: number, range: ReturnType<typeof Schema.isBetween>, expected: string) =>
  Schema.String.check(Schema.isPattern(new RegExp(`^[0-9]{1,${most}}$`), { expected })).pipe(
    Schema.decodeTo(Schema.FiniteFromString.check(Schema.isInt(), range))
  )

/** A subject is a patient's reference: it never stands in a URL, so it is no field of the query. */
export const TokenQuery = Schema.Struct({
  scope: Schema.optionalKey(Scopes),
  ttl_seconds: Schema.optionalKey(digits(6, ttl, "seconds"))
})
export const TokenBody = Schema.Struct({
  scope: Schema.optionalKey(Scopes),
  ttl_seconds: Schema.optionalKey(Schema.Int.check(ttl)),
  subject: Schema.optionalKey(Subject)
})

export const RevocationBody = Schema.Union([Schema.Struct({ jti: TokenId }), Schema.Struct({ subject: Subject })])

export const SessionId = Schema.String.check(Schema.isPattern(/^[A-Za-z0-9-]{1,64}$/u))
/** A page of the list of sessions. `after`: the `next` of the page before. */
export const SessionsQuery = Schema.Struct({
  limit: Schema.optionalKey(digits(3, Schema.isBetween({ minimum: 1, maximum: 200 }), "a number from 1 to 200")),
  after: Schema.optionalKey(
    Schema.String.check(
      Schema.isPattern(/^[0-9]{1,15}\.[A-Za-z0-9-]{1,64}$/u, { expected: "the `next` of the page before" })
    )
  )
})
const sessionsPerPage = 100

export interface SessionsPage {
  readonly limit: number
  readonly after?: { readonly startedAtMs: number; readonly id: string }
}

export const sessionsQuery = (url: URL): Result.Result<SessionsPage, Refusal> =>
  Result.map(queryWith(SessionsQuery)(url), ({ limit = sessionsPerPage, after }) => {
    if (after === undefined) return { limit }
    const at = after.indexOf(".")
    return { limit, after: { startedAtMs: Number(after.slice(0, at)), id: after.slice(at + 1) } }
  })

export interface TokenRequest {
  readonly scopes: ReadonlyArray<Scope>
  readonly ttlSeconds: number
  readonly subject?: string
}

export const tokenQuery = (url: URL): Result.Result<TokenRequest, Refusal> =>
  Result.map(queryWith(TokenQuery)(url), toTokenRequest)

export const tokenBody = (request: HttpServerRequest.HttpServerRequest): Effect.Effect<TokenRequest, Refusal> =>
  readJson(request).pipe(
    Effect.map(decodeWith(TokenBody)),
    Effect.flatMap(Effect.fromResult),
    Effect.map(toTokenRequest)
  )

/** One token, or all of a subject's. */
export const revocationBody = (request: HttpServerRequest.HttpServerRequest): Effect.Effect<Revoked, Refusal> =>
  readJson(request).pipe(
    Effect.map(decodeWith(RevocationBody)),
    Effect.flatMap(Effect.fromResult),
    Effect.map((body) => ("jti" in body ? { tokenId: body.jti } : { subject: body.subject }))
  )

export const tokenIdOf = (text: string | undefined): Result.Result<Revoked, Refusal> =>
  Result.map(decodeWith(RevocationBody)({ jti: text }), (body) => ({ tokenId: "jti" in body ? body.jti : "" }))

const toTokenRequest = (fields: typeof TokenBody.Type): TokenRequest => ({
  scopes: fields.scope === undefined ? ["voice"] : [...new Set(scopesOf(fields.scope))].filter(Schema.is(Scope)),
  ttlSeconds: fields.ttl_seconds ?? tokenTtlSeconds.default,
  ...(fields.subject === undefined ? {} : { subject: fields.subject })
})

const scopesOf = (text: string): ReadonlyArray<string> => text.split(" ").filter((scope) => scope !== "")

const toStandard = SchemaIssue.makeFormatterStandardSchemaV1()

export const decodeWith = <A>(schema: Schema.ConstraintDecoder<A>) => {
  const decode = Schema.decodeUnknownResult(schema, { onExcessProperty: "error" })
  return (input: unknown): Result.Result<A, Refusal> =>
    Result.mapError(decode(input), (error) => {
      const issue = toStandard(error.issue).issues[0]
      const name = issue?.path?.map(String).join(".") ?? ""
      const field = /^\w{1,40}$/.test(name) ? `\`${name}\`` : "The request"
      return refuse("invalid_message", `${field}: ${issue?.message ?? "not valid"}.`)
    })
}

export const queryWith = <A>(schema: Schema.ConstraintDecoder<A>) => {
  const decode = decodeWith(schema)
  return (url: URL): Result.Result<A, Refusal> => {
    const names = [...url.searchParams.keys()]
    if (new Set(names).size < names.length) return Result.fail(refuse("invalid_message", "A parameter is given twice."))
    return decode(Object.fromEntries(url.searchParams))
  }
}

/** A body of this schema, of at most so many bytes. */
export const bodyWith = <A>(schema: Schema.ConstraintDecoder<A>, bytesMax = bodyBytesMax) => {
  const decode = decodeWith(schema)
  return (request: HttpServerRequest.HttpServerRequest): Effect.Effect<A, Refusal> =>
    Effect.flatMap(readJson(request, bytesMax), (body) => Effect.fromResult(decode(body)))
}

/** No body is an empty object. */
const readJson = Effect.fnUntraced(function* (request: HttpServerRequest.HttpServerRequest, bytesMax = bodyBytesMax) {
  const tooLarge = refuse("message_too_large", `The body holds at most ${bytesMax} bytes.`, { connection: "close" })
  const text = yield* request.text.pipe(
    Effect.provideService(HttpIncomingMessage.MaxBodySize, ByteSize.bytes(bytesMax)),
    Effect.mapError((error) =>
      isOverflow(error) ? tooLarge : refuse("invalid_message", "The body could not be read.")
    )
  )
  if (text === "") return {}
  if (!/^application\/json\s*(;|$)/i.test(request.headers["content-type"] ?? "")) {
    return yield* refuse("unsupported_encoding", "The body must be application/json.")
  }
  return yield* Effect.try({
    try: (): unknown => JSON.parse(text),
    catch: () => refuse("invalid_message", "The body is not JSON.")
  })
})

const isOverflow = (error: HttpServerError.HttpServerError): boolean =>
  error.reason.cause instanceof Error && "_tag" in error.reason.cause && error.reason.cause._tag === "MaxBytesError"
