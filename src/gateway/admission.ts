/**
 * Who may open a socket, decided before the upgrade from the request alone. Cheap and public checks come first, the token
 * next, the rate then (an authenticated client is counted by its subject, so that a ward behind one address is not), and
 * the slot last, by the caller, in the same synchronous step as the upgrade.
 */
import type { IncomingMessage } from "node:http"
import { Context, Effect, Layer } from "effect"
import { clientAddress, limitKey } from "#src/gateway/address.ts"
import { Auth, type AuthError, bearerOf } from "#src/gateway/auth.ts"
import type { Claims, Scope } from "#src/gateway/claims.ts"
import { Limiters } from "#src/gateway/limiter.ts"
import { ambiguity } from "#src/gateway/node-server.ts"
import { refuse, type Refusal } from "#src/gateway/refusal.ts"
import { sawtV1 } from "#src/gateway/sawt-v1.ts"
import { voskServer } from "#src/gateway/vosk-server.ts"
import { Audit } from "#src/audit/audit.ts"
import { AppConfig } from "#src/config.ts"
import { Counters } from "#src/registry/counters.ts"
import type { SlotRefusal } from "#src/registry/slots.ts"
import type { Endpoint } from "#src/session/contract.ts"

export const sockets = [
  { path: "/ws", endpoint: "basic" },
  { path: "/", endpoint: "basic" },
  { path: "/ws/secure", endpoint: "secure" },
  { path: "/secure", endpoint: "secure" },
  { path: "/ws/secure/healthcare", endpoint: "healthcare" },
  { path: "/secure/healthcare", endpoint: "healthcare" }
] as const satisfies ReadonlyArray<{ readonly path: string; readonly endpoint: Endpoint }>
const endpoints: ReadonlyMap<string, Endpoint> = new Map(sockets.map(({ path, endpoint }) => [path, endpoint]))
export const socketPaths = sockets.map(({ path }) => path)

const scopesFor: Record<Endpoint, ReadonlyArray<Scope>> = {
  basic: [],
  secure: ["voice", "healthcare"],
  healthcare: ["healthcare"]
}

export const allows = (endpoint: Endpoint, scopes: ReadonlyArray<Scope>): boolean =>
  endpoint === "basic" || scopesFor[endpoint].some((scope) => scopes.includes(scope))

/** By subprotocol. Which one a client speaks that offers none, its first message tells. */
const protocols = [sawtV1, voskServer] as const
export type Protocol = (typeof protocols)[number]
const protocolNames = protocols.map(({ subprotocol }) => subprotocol)
const bearerProtocol = "bearer."
/** Names under which tokens are put into URLs by habit. */
const tokenParameters: ReadonlySet<string> = new Set([
  "token",
  "access_token",
  "jwt",
  "auth",
  "authorization",
  "bearer"
])

export interface Admitted {
  readonly endpoint: Endpoint
  readonly protocol: Protocol | "by first message"
  readonly clientAddress: string
  /** What counts as one address, see `limitKey`. */
  readonly network: string
  /** Of `?gate=`, which only vosk-server's protocol knows. */
  readonly gate?: "vad"
  readonly claims?: Claims
}

export class Gate extends Context.Service<
  Gate,
  {
    /** `path` stands in for the request's own when a client asks what an upgrade there would meet. */
    readonly admit: (request: IncomingMessage, path?: string) => Effect.Effect<Admitted, Refusal>
  }
>()("sawt/gateway/Gate") {
  static readonly layer = Layer.effect(
    Gate,
    Effect.gen(function* () {
      const settings = yield* AppConfig
      const auth = yield* Auth
      const limiters = yield* Limiters
      const counters = yield* Counters
      const audit = yield* Audit

      /** Failures are counted by address, also when the token is what failed: guessing must not be free. */
      const refuseCounted = (address: string, refusal: Refusal) =>
        Effect.andThen(limiters.countAddress(address), Effect.fail(refusal))

      const admit = Effect.fnUntraced(function* (request: IncomingMessage, path?: string) {
        const address = clientAddress(request, settings.trustedProxyHops)
        const ambiguous = ambiguity(request)
        if (ambiguous !== undefined) return yield* refuseCounted(address, ambiguous)
        const url = parseUrl(path ?? request.url)
        const endpoint = url && endpoints.get(url.pathname)
        if (url === undefined || endpoint === undefined || (endpoint === "basic" && !settings.basicSocket)) {
          return yield* refuseCounted(
            address,
            refuse("not_found", `No socket here. Sockets: ${socketPaths.join(", ")}.`)
          )
        }
        const offered = offeredProtocols(request)
        const protocol = chooseProtocol(offered)
        if (!originAllowed(request, settings.allowedOrigins)) {
          return yield* refuseCounted(address, refuse("forbidden", "This Origin may not connect; see ALLOWED_ORIGINS."))
        }
        // `/admission` has a URL of its own around the one that it is asked about.
        const around = path === undefined ? undefined : parseUrl(request.url)
        if (holdsToken(url) || (around !== undefined && holdsToken(around))) {
          const message =
            "A token in the URL is refused: it would land in logs. Send it as Authorization or subprotocol."
          return yield* refuseCounted(address, unauthorized("invalid_request", message))
        }
        if (protocol === undefined) {
          const message = `Offer the subprotocol ${protocolNames.join(" or ")}.`
          return yield* refuseCounted(address, refuse("invalid_message", message))
        }
        const gate = url.searchParams.get("gate")
        if (gate !== null && gate !== "vad") {
          return yield* refuseCounted(address, refuse("invalid_message", "`gate` is `vad`, or absent."))
        }
        const gated = gate === null ? {} : { gate: "vad" as const }
        const admitted = { endpoint, protocol, ...gated, clientAddress: address, network: limitKey(address) }
        if (endpoint === "basic") {
          yield* limiters.countAddress(address)
          return admitted
        }
        const tokenRefused = (reason: string, claims?: Claims) =>
          audit.record({
            event: "token.refused",
            reason,
            endpoint,
            client_address: address,
            ...subjectOf(claims)
          })
        const tokens = tokensOf(request, offered)
        const [token] = tokens
        if (token === undefined) {
          counters.refuseAuthentication("missing")
          tokenRefused("missing")
          return yield* refuseCounted(
            address,
            unauthorized(undefined, "A token is needed: Authorization: Bearer <token>.")
          )
        }
        if (tokens.size > 1) {
          counters.refuseAuthentication("ambiguous")
          tokenRefused("ambiguous")
          return yield* refuseCounted(address, unauthorized("invalid_request", "Two different tokens were sent."))
        }
        const claims = yield* auth.verify(token).pipe(
          Effect.catch((error) => {
            tokenRefused(error.reason)
            return refuseCounted(address, refusalOfAuth(error))
          })
        )
        yield* limiters.countSubject(claims, address)
        // A visit is for its questionnaire, not for speech of any kind.
        const isElsewhere = claims.invitation !== undefined && endpoint !== "healthcare"
        if (isElsewhere || !allows(endpoint, claims.scopes)) {
          const needed = scopesFor[endpoint]
          counters.refuseAuthentication("scope")
          tokenRefused("scope", claims)
          return yield* refuse("forbidden", `The token's scope does not allow this; it needs ${needed.join(" or ")}.`, {
            "www-authenticate": `Bearer realm="sawt", error="insufficient_scope", scope="${needed.join(" ")}"`
          })
        }
        return { ...admitted, claims }
      })
      return Gate.of({ admit })
    })
  )
}

const subjectOf = (claims: Claims | undefined) => (claims?.subject === undefined ? {} : { subject: claims.subject })

export const refusalOfSlot = (refusal: SlotRefusal): Refusal => {
  const headers = { "retry-after": "5" }
  switch (refusal) {
    case "draining":
      return refuse("draining", "The service is about to restart; connect again in a moment.", headers)
    case "sessions_full":
      return refuse("sessions_full", "Every session slot is taken; try again in a moment.", headers)
    case "address_full":
      return refuse("rate_limited", "This address has as many unauthenticated sessions as it may.", headers)
  }
}

const unauthorized = (error: string | undefined, message: string): Refusal =>
  refuse("unauthorized", message, {
    "www-authenticate": `Bearer realm="sawt"${error === undefined ? "" : `, error="${error}"`}`
  })

/** Expiry is told, since a fresh token repairs it; which other check failed is nobody's business but the counters'. */
export const refusalOfAuth = (error: AuthError): Refusal => {
  switch (error.reason) {
    case "expired":
      return refuse("token_expired", "The token has expired; get a fresh one.", {
        "www-authenticate": 'Bearer realm="sawt", error="invalid_token", error_description="expired"'
      })
    case "unverifiable":
      return refuse("storage_unavailable", "This token cannot be checked now: try again, or get a fresh one.", {
        "retry-after": "5"
      })
    default:
      return unauthorized("invalid_token", "The token is not valid here.")
  }
}

export const parseUrl = (target: string | undefined): URL | undefined =>
  target?.startsWith("/") ? (URL.parse(target, "http://service") ?? undefined) : undefined

const holdsToken = ({ search, searchParams }: URL): boolean =>
  search !== "" && [...searchParams.keys()].some((name) => tokenParameters.has(name.toLowerCase()))

const offeredProtocols = (request: IncomingMessage): ReadonlyArray<string> =>
  (request.headers["sec-websocket-protocol"] ?? "")
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "")

/** A header's, or a browser's as a subprotocol; the same one may come both ways. */
const tokensOf = (request: IncomingMessage, offered: ReadonlyArray<string>): ReadonlySet<string> => {
  const header = bearerOf(request.headers.authorization)
  const subprotocols = offered.filter((name) => name.startsWith(bearerProtocol))
  const named = subprotocols.map((name) => name.slice(bearerProtocol.length))
  return new Set(header === undefined ? named : [header, ...named])
}

/** With only unknown ones, none. */
export const chooseProtocol = (offered: ReadonlyArray<string>): Admitted["protocol"] | undefined =>
  offered.length === 0 ? "by first message" : offered.map(protocolOf).find((protocol) => protocol !== undefined)

const protocolOf = (name: string): Protocol | undefined => protocols.find(({ subprotocol }) => subprotocol === name)

/** A program sends no Origin; a page of our own host, or one that is named, may connect. */
const originAllowed = (request: IncomingMessage, allowed: ReadonlyArray<string>): boolean => {
  const origin = request.headers.origin?.toLowerCase()
  if (origin === undefined || allowed.includes("*") || allowed.includes(origin)) return true
  const host = URL.parse(origin)?.host
  return host !== undefined && host === request.headers.host?.toLowerCase()
}
