/**
 * Around every HTTP answer: a request id, the rate limit of the caller's address, headers for browsers, CORS for the
 * origins that are named, and typed JSON for whatever went wrong. A defect becomes `internal` and is logged by its name alone.
 */
import { randomUUID } from "node:crypto"
import type { IncomingMessage } from "node:http"
import * as NodeHttpServerRequest from "@effect/platform-node/NodeHttpServerRequest"
import { Effect, type Scope } from "effect"
import { HttpMiddleware, type HttpServerError, HttpServerRequest, HttpServerResponse } from "effect/http"
import { AppConfig } from "#src/config.ts"
import { clientAddress } from "#src/gateway/address.ts"
import { Limiters, type RateHeaders } from "#src/gateway/limiter.ts"
import { ambiguity } from "#src/gateway/node-server.ts"
import { refuse, Refusal, refusalBody, refusalStatus } from "#src/gateway/refusal.ts"
import { securityHeaders } from "#src/gateway/security-headers.ts"
import { Counters } from "#src/registry/counters.ts"

type App<E> = Effect.Effect<HttpServerResponse.HttpServerResponse, E, HttpServerRequest.HttpServerRequest | Scope.Scope>

/** Asked by platforms all the time: a probe must never lock itself out. `/admission` counts as the upgrade it foretells. */
const uncounted: ReadonlySet<string> = new Set(["/health", "/livez", "/readyz", "/admission"])
/** Scripts and style sheets of pages: the same for everybody, answered from memory, and several for one look at a page. */
const staticFile = /^\/[a-z]+\/[a-z-]+\.(js|css)$/
export const isCounted = (path: string): boolean => !uncounted.has(path) && !staticFile.test(path)
const readable = ["X-Request-Id", "RateLimit", "RateLimit-Policy", "Retry-After"]

/** What one failed guess of the admin secret costs, in requests. */
export const adminFailureCost = 10

/** What to say where no route takes the request. */
type NoRoute = (method: string, path: string) => Refusal

export const nodeRequest = (request: HttpServerRequest.HttpServerRequest): IncomingMessage =>
  NodeHttpServerRequest.toIncomingMessage(request) as IncomingMessage

export const refusalResponse = (refusal: Refusal): HttpServerResponse.HttpServerResponse =>
  HttpServerResponse.jsonUnsafe(refusalBody(refusal), {
    status: refusalStatus(refusal),
    headers: { "cache-control": "no-store", ...refusal.headers }
  })

export const makeGuard = Effect.gen(function* () {
  const settings = yield* AppConfig
  const limiters = yield* Limiters
  const counters = yield* Counters
  const respond = (refusal: Refusal) => {
    counters.refuse(refusal.code)
    return refusalResponse(refusal)
  }
  const cors = settings.allowedOrigins.length === 0 ? undefined : corsFor(settings.allowedOrigins)
  const isProduction = settings.environment === "production"

  return (app: App<Refusal | HttpServerError.HttpServerError>, noRoute: NoRoute) => {
    const answered: App<never> = Effect.gen(function* () {
      const request = yield* HttpServerRequest.HttpServerRequest
      const node = nodeRequest(request)
      const path = pathOf(request.url)
      const address = clientAddress(node, settings.trustedProxyHops)
      const rate: RateHeaders = isCounted(path) ? yield* limiters.countAddress(address) : {}
      const ambiguous = ambiguity(node)
      if (ambiguous !== undefined) return yield* ambiguous
      const routed = isPreflight(request) && cors !== undefined ? cors(app) : app
      const response = yield* routed.pipe(
        Effect.catchTag("HttpServerError", (error) =>
          error.reason._tag === "RouteNotFound"
            ? Effect.fail(noRoute(request.method, path))
            : Effect.fail(refuse("invalid_message", "The request could not be read."))
        ),
        Effect.catch((refusal) => Effect.sync(() => respond(refusal))),
        Effect.catchDefect((defect) =>
          Effect.as(
            Effect.logError("A request failed", { error: defect instanceof Error ? defect.name : typeof defect }),
            respond(refuse("internal", "The request failed; the request id helps to find out why."))
          )
        )
      )
      return HttpServerResponse.setHeaders(response, { ...rate, ...response.headers })
    }).pipe(Effect.catch((refusal) => Effect.sync(() => respond(refusal))))
    return Effect.gen(function* () {
      const { method } = yield* HttpServerRequest.HttpServerRequest
      const response = yield* cors === undefined || method === "OPTIONS" ? answered : cors(answered)
      const requestId = randomUUID()
      counters.answer(response.status)
      yield* Effect.logDebug("Request answered", { requestId, status: response.status })
      const forBrowsers = securityHeaders(response.headers["content-type"], isProduction)
      return HttpServerResponse.setHeaders(response, { ...forBrowsers, ...response.headers, "x-request-id": requestId })
    })
  }
})

/** Asked by a browser, before a request that another origin's page makes. Any other OPTIONS is a method like others. */
const isPreflight = ({ method, headers }: HttpServerRequest.HttpServerRequest): boolean =>
  method === "OPTIONS" && headers["origin"] !== undefined && headers["access-control-request-method"] !== undefined

const corsFor = (origins: ReadonlyArray<string>) =>
  HttpMiddleware.cors({
    ...(origins.includes("*") ? {} : { allowedOrigins: (origin: string) => origins.includes(origin?.toLowerCase()) }),
    allowedMethods: ["GET", "POST", "DELETE"],
    allowedHeaders: ["authorization", "content-type"],
    exposedHeaders: readable,
    maxAge: 600
  })

const pathOf = (url: string): string => url.replace(/[?#].*$/, "")
