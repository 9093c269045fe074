/**
 * The HTTP side of the service: what it is, how it fares, tokens, and what an upgrade would meet. Every route stands in
 * one table, from which the router, `Allow` and the paths of `GET /` follow.
 */
import { Effect, Layer } from "effect"
import { type HttpMethod, HttpRouter, HttpServer, HttpServerRequest, HttpServerResponse } from "effect/http"
import packageJson from "../../package.json" with { type: "json" }
import { requireAdmin } from "#src/gateway/require-admin.ts"
import { Audit } from "#src/audit/audit.ts"
import { AppConfig } from "#src/config.ts"
import { Gate, parseUrl, refusalOfSlot, socketPaths } from "#src/gateway/admission.ts"
import { clientAddress } from "#src/gateway/address.ts"
import { Auth } from "#src/gateway/auth.ts"
import { makeGuard, nodeRequest } from "#src/gateway/guard.ts"
import { Health } from "#src/gateway/health.ts"
import { refuse, type Refusal } from "#src/gateway/refusal.ts"
import { tokenBody, tokenQuery, type TokenRequest } from "#src/gateway/requests.ts"
import type { Route } from "#src/gateway/route.ts"
import { Slots } from "#src/registry/slots.ts"
import { subprotocol } from "#schemas/wire.ts"

const noStore = { "cache-control": "no-store" }

const tokenRoutes = Effect.gen(function* () {
  const auth = yield* Auth
  const audit = yield* Audit
  const settings = yield* AppConfig
  const asAdmin = yield* requireAdmin
  const issue = Effect.fnUntraced(function* (request: HttpServerRequest.HttpServerRequest, wanted: TokenRequest) {
    const issued = yield* auth.issue(wanted)
    const expires_at = new Date(issued.expiresAtMs).toISOString()
    audit.record({
      event: "token.issued",
      by: "admin",
      token_id: issued.id,
      scope: issued.scope,
      expires_at,
      client_address: clientAddress(nodeRequest(request), settings.trustedProxyHops),
      ...(wanted.subject === undefined ? {} : { subject: wanted.subject })
    })
    const body = {
      token: issued.token,
      token_type: "Bearer",
      expires_in: issued.expiresInSeconds,
      expires_at,
      scope: issued.scope
    }
    return HttpServerResponse.jsonUnsafe(body, { headers: { ...noStore, pragma: "no-cache" } })
  })
  return [
    {
      method: "GET",
      path: "/auth/token",
      handle: asAdmin((request) =>
        Effect.flatMap(Effect.fromResult(tokenQuery(urlOf(request))), (wanted) => issue(request, wanted))
      )
    },
    {
      method: "POST",
      path: "/auth/token",
      handle: asAdmin((request) => Effect.flatMap(tokenBody(request), (wanted) => issue(request, wanted)))
    }
  ] satisfies ReadonlyArray<Route>
})

const publicRoutes = Effect.gen(function* () {
  const settings = yield* AppConfig
  const health = yield* Health
  const slots = yield* Slots
  const gate = yield* Gate
  const startedAtMs = Date.now()

  const information = () =>
    HttpServerResponse.jsonUnsafe({
      name: packageJson.name,
      version: packageJson.version,
      environment: settings.environment,
      uptime_seconds: Math.floor((Date.now() - startedAtMs) / 1_000),
      endpoints: {
        health: "/health",
        token: "/auth/token",
        ...(settings.basicSocket ? { basic: "/ws" } : {}),
        secure: "/ws/secure",
        healthcare: "/ws/secure/healthcare"
      },
      protocols: [subprotocol]
    })
  const admission = Effect.fnUntraced(function* (request: HttpServerRequest.HttpServerRequest) {
    const path = urlOf(request).searchParams.get("path") ?? "/ws"
    const admitted = yield* gate.admit(nodeRequest(request), path)
    const refusal = slots.refusalOf(admitted)
    if (refusal !== undefined) return yield* refusalOfSlot(refusal)
    return HttpServerResponse.jsonUnsafe({ admitted: true, endpoint: admitted.endpoint }, { headers: noStore })
  })
  const upgradeOnly = (path: `/${string}`): Route => ({
    method: "GET",
    path,
    handle: () =>
      Effect.fail(refuse("upgrade_required", "This is a WebSocket.", { upgrade: "websocket", connection: "Upgrade" }))
  })
  return [
    { method: "GET", path: "/", handle: () => Effect.sync(information) },
    {
      method: "GET",
      path: "/health",
      handle: () =>
        Effect.sync(() => {
          const report = health.report()
          return HttpServerResponse.jsonUnsafe(report, {
            status: report.status === "unhealthy" ? 503 : 200,
            headers: noStore
          })
        })
    },
    { method: "GET", path: "/livez", handle: () => Effect.succeed(status(200, "alive")) },
    {
      method: "GET",
      path: "/readyz",
      handle: () => Effect.sync(() => (health.ready() ? status(200, "ready") : status(503, "not_ready")))
    },
    { method: "GET", path: "/admission", handle: admission },
    ...socketPaths.filter((path) => path !== "/").map(upgradeOnly)
  ] satisfies ReadonlyArray<Route>
})

/** Binds these routes and those of `more` to the server; the server itself listens below this layer. */
export const layerHttp = <E, R>(more: Effect.Effect<ReadonlyArray<Route>, E, R>) =>
  Layer.effectDiscard(
    Effect.gen(function* () {
      const routes = [...(yield* publicRoutes), ...(yield* tokenRoutes), ...(yield* more)]
      const guard = yield* makeGuard
      const router = HttpRouter.addAll(routes.map((route) => HttpRouter.route(route.method, route.path, route.handle)))
      const app = yield* HttpRouter.toHttpEffect(router)
      yield* HttpServer.serveEffect(guard(app, noRoute(routes)))
    })
  )

/** Known path, other method: 405 with `Allow`. */
const noRoute = (routes: ReadonlyArray<Route>) => {
  const patterns = routes.map((route) => ({
    method: route.method,
    pattern: new RegExp(`^${route.path.replace(/:\w+/g, "[^/]+")}$`)
  }))
  return (path: string): Refusal => {
    const allowed = patterns.filter(({ pattern }) => pattern.test(path)).map((row) => row.method)
    if (allowed.length === 0) return refuse("not_found", "There is nothing here; `GET /` lists what there is.")
    const allow: ReadonlyArray<HttpMethod.HttpMethod> = allowed.includes("GET") ? [...allowed, "HEAD"] : allowed
    return refuse("method_not_allowed", `This method is not allowed here.`, { allow: [...new Set(allow)].join(", ") })
  }
}

const status = (code: number, text: string) =>
  HttpServerResponse.jsonUnsafe({ status: text }, { status: code, headers: noStore })

const urlOf = (request: HttpServerRequest.HttpServerRequest): URL => parseUrl(request.url) ?? new URL("http://service/")
