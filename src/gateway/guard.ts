/**
 * Around every HTTP answer: a request id, the rate limit of the caller's address, CORS for the origins that are named,
 * and typed JSON for whatever went wrong. A defect becomes `internal` and is logged by its name alone.
 */
import { randomUUID } from "node:crypto"
import type { IncomingMessage } from "node:http"
import { NodeHttpServerRequest } from "@effect/platform-node"
import { Effect, type Scope } from "effect"
import { HttpMiddleware, type HttpServerError, HttpServerRequest, HttpServerResponse } from "effect/http"
import { Audit } from "#src/audit/audit.ts"
import { AppConfig } from "#src/config.ts"
import { clientAddress, limitKey } from "#src/gateway/address.ts"
import { Limiters, rateHeaders } from "#src/gateway/limiter.ts"
import { commonHeaders, refuse, Refusal, refusalBody, refusalStatus } from "#src/gateway/refusal.ts"
import { Counters } from "#src/registry/counters.ts"

type App<E> = Effect.Effect<HttpServerResponse.HttpServerResponse, E, HttpServerRequest.HttpServerRequest | Scope.Scope>

/** Asked by platforms all the time: a probe must never lock itself out. `/admission` counts as the upgrade it foretells. */
const uncounted: ReadonlySet<string> = new Set(["/health", "/livez", "/readyz", "/admission"])
export const isCounted = (path: string): boolean => !uncounted.has(path)
const readable = ["X-Request-Id", "RateLimit", "RateLimit-Policy", "Retry-After"]

/** What one failed guess of the admin secret costs, in requests. */
export const adminFailureCost = 10

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
  const audit = yield* Audit
  const cors = settings.allowedOrigins.length === 0 ? undefined : corsFor(settings.allowedOrigins)

  return (app: App<Refusal | HttpServerError.HttpServerError>, notFound: (path: string) => Refusal) => {
    const answered: App<never> = Effect.gen(function* () {
      const request = yield* HttpServerRequest.HttpServerRequest
      const path = pathOf(request.url)
      const address = clientAddress(nodeRequest(request), settings.trustedProxyHops)
      const decision = isCounted(path) ? limiters.byAddress.take(limitKey(address)) : undefined
      const rate = decision === undefined ? {} : rateHeaders("ip", decision)
      if (decision?.allowed === false) {
        counters.rateLimitRefusals++
        audit.record({ event: "limit.refused", limit: "rate_of_address", client_address: address })
        return refusalResponse(refuse("rate_limited", "Too many requests from this address; wait as told.", rate))
      }
      const response = yield* app.pipe(
        Effect.catchTag("HttpServerError", (error) =>
          error.reason._tag === "RouteNotFound"
            ? Effect.fail(notFound(path))
            : Effect.fail(refuse("invalid_message", "The request could not be read."))
        ),
        Effect.catch((refusal) => Effect.succeed(refusalResponse(refusal))),
        Effect.catchDefect((defect) =>
          Effect.as(
            Effect.logError("A request failed", { error: defect instanceof Error ? defect.name : typeof defect }),
            refusalResponse(refuse("internal", "The request failed; the request id helps to find out why."))
          )
        )
      )
      return HttpServerResponse.setHeaders(response, { ...rate, ...response.headers })
    })
    return Effect.flatMap(cors === undefined ? answered : cors(answered), (response) => {
      const requestId = randomUUID()
      return Effect.as(
        Effect.logDebug("Request answered", { requestId, status: response.status }),
        HttpServerResponse.setHeaders(response, commonHeaders(requestId))
      )
    })
  }
})

const corsFor = (origins: ReadonlyArray<string>) =>
  HttpMiddleware.cors({
    ...(origins.includes("*") ? {} : { allowedOrigins: (origin: string) => origins.includes(origin?.toLowerCase()) }),
    allowedMethods: ["GET", "POST", "DELETE"],
    allowedHeaders: ["authorization", "content-type"],
    exposedHeaders: readable,
    maxAge: 600
  })

const pathOf = (url: string): string => url.replace(/[?#].*$/, "")
