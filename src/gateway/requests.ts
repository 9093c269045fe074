/** What requests may say, decoded strictly: query strings and small JSON bodies. A fault names field and allowed range. */
import { ByteSize, Effect, Result, Schema, SchemaIssue } from "effect"
import { HttpIncomingMessage, type HttpServerError, type HttpServerRequest } from "effect/http"
import { Scope, tokenTtlSeconds } from "#src/gateway/auth.ts"
import { refuse, type Refusal } from "#src/gateway/refusal.ts"

const bodyBytesMax = 4 * 1024

const scopesAllowed = Scope.literals.join(", ")
const Scopes = Schema.String.check(
  Schema.makeFilter((text: string) => scopesOf(text).length > 0 && scopesOf(text).every(Schema.is(Scope)), {
    expected: `scopes separated by spaces, of ${scopesAllowed}`
  })
)
const ttl = Schema.isBetween(tokenTtlSeconds)
const Subject = Schema.String.check(
  Schema.isMaxLength(200),
  Schema.isPattern(/^[^\p{Cc}\s](?:[^\p{Cc}]*[^\p{Cc}\s])?$/u, { expected: "a reference without control characters" })
)

/** A subject is a patient's reference: it never stands in a URL, so it is no field of the query. */
const TokenQuery = Schema.Struct({
  scope: Schema.optionalKey(Scopes),
  ttl_seconds: Schema.optionalKey(
    Schema.String.check(Schema.isPattern(/^[0-9]{1,6}$/, { expected: "seconds" })).pipe(
      Schema.decodeTo(Schema.FiniteFromString.check(ttl))
    )
  )
})
const TokenBody = Schema.Struct({
  scope: Schema.optionalKey(Scopes),
  ttl_seconds: Schema.optionalKey(Schema.Int.check(ttl)),
  subject: Schema.optionalKey(Subject)
})

export interface TokenRequest {
  readonly scopes: ReadonlyArray<Scope>
  readonly ttlSeconds: number
  readonly subject?: string
}

export const tokenQuery = (url: URL): Result.Result<TokenRequest, Refusal> => {
  const names = [...url.searchParams.keys()]
  if (new Set(names).size < names.length) return Result.fail(refuse("invalid_message", "A parameter is given twice."))
  return Result.map(decodeWith(TokenQuery)(Object.fromEntries(url.searchParams)), toTokenRequest)
}

export const tokenBody = (request: HttpServerRequest.HttpServerRequest): Effect.Effect<TokenRequest, Refusal> =>
  readJson(request).pipe(
    Effect.map(decodeWith(TokenBody)),
    Effect.flatMap(Effect.fromResult),
    Effect.map(toTokenRequest)
  )

const toTokenRequest = (fields: typeof TokenBody.Type): TokenRequest => ({
  scopes: fields.scope === undefined ? ["voice"] : [...new Set(scopesOf(fields.scope))].filter(Schema.is(Scope)),
  ttlSeconds: fields.ttl_seconds ?? tokenTtlSeconds.default,
  ...(fields.subject === undefined ? {} : { subject: fields.subject })
})

const scopesOf = (text: string): ReadonlyArray<string> => text.split(" ").filter((scope) => scope !== "")

const toStandard = SchemaIssue.makeFormatterStandardSchemaV1()

const decodeWith = <A>(schema: Schema.ConstraintDecoder<A>) => {
  const decode = Schema.decodeUnknownResult(schema, { onExcessProperty: "error" })
  return (input: unknown): Result.Result<A, Refusal> =>
    Result.mapError(decode(input), (error) => {
      const issue = toStandard(error.issue).issues[0]
      const name = issue?.path?.map(String).join(".") ?? ""
      const field = /^\w{1,40}$/.test(name) ? `\`${name}\`` : "The request"
      return refuse("invalid_message", `${field}: ${issue?.message ?? "not valid"}.`)
    })
}

/** No body is an empty object. */
const readJson = Effect.fnUntraced(function* (request: HttpServerRequest.HttpServerRequest) {
  const tooLarge = refuse("message_too_large", `The body holds at most ${bodyBytesMax} bytes.`, { connection: "close" })
  const text = yield* request.text.pipe(
    Effect.provideService(HttpIncomingMessage.MaxBodySize, ByteSize.bytes(bodyBytesMax)),
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
