/** One row of the table of routes. A handler answers, or refuses; it does neither twice. */
import type { Effect } from "effect"
import type { HttpRouter, HttpServerRequest, HttpServerResponse } from "effect/http"
import type { Refusal } from "#src/gateway/refusal.ts"

export type Handle = (
  request: HttpServerRequest.HttpServerRequest
) => Effect.Effect<HttpServerResponse.HttpServerResponse, Refusal, HttpRouter.RouteContext>

export interface Route {
  readonly method: "GET" | "POST" | "DELETE"
  readonly path: `/${string}`
  readonly handle: Handle
}
