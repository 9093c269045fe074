/**
 * The HTTP side of the service. Every route stands in one table, from which the router, who may call it, `Allow` and the
 * published documents follow.
 */
import { Effect, Layer } from "effect"
import { type HttpMethod, HttpRouter, HttpServer } from "effect/http"
import { clientRoutes } from "#src/gateway/client-routes.ts"
import { documentRoutes } from "#src/gateway/document-routes.ts"
import { makeGuard } from "#src/gateway/guard.ts"
import { publicRoutes } from "#src/gateway/public-routes.ts"
import { refuse, type Refusal } from "#src/gateway/refusal.ts"
import { requireStaff } from "#src/gateway/require-staff.ts"
import type { Route } from "#src/gateway/route.ts"
import { tokenRoutes } from "#src/gateway/token-routes.ts"

/** Binds these routes and those of `more` to the server; the server itself listens below this layer. */
export const layerHttp = <E, R>(more: Effect.Effect<ReadonlyArray<Route>, E, R>) =>
  Layer.effectDiscard(
    Effect.gen(function* () {
      const undocumented: ReadonlyArray<Route> = [
        ...(yield* publicRoutes),
        ...(yield* tokenRoutes),
        ...(yield* clientRoutes),
        ...(yield* more)
      ]
      const routes = [...undocumented, ...documentRoutes(undocumented)]
      const guard = yield* makeGuard
      const required = yield* requireStaff
      const bound = routes.map(({ method, path, auth, handle }) => {
        const allowed = auth === undefined ? handle : required[auth](handle)
        return HttpRouter.route(method, path, (request) => allowed(request, { by: "anybody" }))
      })
      const router = HttpRouter.toHttpEffect(HttpRouter.addAll(bound))
      const app = yield* Effect.provideService(router, HttpRouter.RouterConfig, exactPaths)
      yield* HttpServer.serveEffect(guard(app, noRoute(routes)))
    })
  )

/** As the router takes it. */
const parameter = "[^/]{1,100}"

/** A path is as it is listed: what a proxy in front forbids must not be reachable as `/ADMIN/` or `//admin`. */
const exactPaths = { caseSensitive: true, ignoreTrailingSlash: false, ignoreDuplicateSlashes: false } as const

/** Known path, other method: 405 with `Allow`. */
const noRoute = (routes: ReadonlyArray<Route>) => {
  const patterns = routes.map((route) => ({
    method: route.method,
    pattern: new RegExp(`^${route.path.replaceAll(".", "\\.").replace(/:\w+/g, parameter)}$`)
  }))
  return (method: string, path: string): Refusal => {
    const allowed = patterns.filter(({ pattern }) => pattern.test(path)).map((row) => row.method)
    // The method is right and still no route: the path holds what is no text, such as a broken %-sequence.
    if (allowed.length === 0 || allowed.some((one) => one === method))
      return refuse("not_found", "There is nothing here; `GET /` lists what there is.")
    const allow: ReadonlyArray<HttpMethod.HttpMethod> = allowed.includes("GET") ? [...allowed, "HEAD"] : allowed
    return refuse("method_not_allowed", `This method is not allowed here.`, { allow: [...new Set(allow)].join(", ") })
  }
}
