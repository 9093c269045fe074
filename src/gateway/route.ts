/**
 * One row of the table of routes: what it is called, who may call it, what it takes and answers, and what performs it. The
 * router, `Allow`, the admin's bearer and `/openapi.json` all follow from the row, so that none of them can differ from it.
 * A handler answers, or refuses; it does neither twice.
 */
import type { Effect, Schema } from "effect"
import { type HttpRouter, type HttpServerRequest, HttpServerResponse } from "effect/http"
import type { ErrorCode } from "#schemas/errors.ts"
import { parseUrl } from "#src/gateway/admission.ts"
import type { Refusal } from "#src/gateway/refusal.ts"

/** Who calls, as the audit log tells it. */
export type Caller =
  | { readonly by: "anybody" }
  | { readonly by: "admin" }
  /** Whoever holds a token of scope `clinician`. */
  | { readonly by: "clinician"; readonly tokenId: string }

export type Handle = (
  request: HttpServerRequest.HttpServerRequest,
  caller: Caller
) => Effect.Effect<HttpServerResponse.HttpServerResponse, Refusal, HttpRouter.RouteContext>

export interface Answer {
  readonly description: string
  /** JSON of this schema, `application/json` unless `mediaType` says so; absent with it: text; absent without: no body. */
  readonly body?: Schema.Constraint
  readonly mediaType?: string
  /** Text that a client may ask for instead, by `Accept`. */
  readonly alsoText?: string
}

export interface Route {
  readonly method: "GET" | "POST" | "DELETE"
  readonly path: `/${string}`
  readonly summary: string
  readonly description?: string
  /** Absent: anybody. `staff`: the admin secret, or a token of scope `clinician`; `metrics`: the former, or `METRICS_TOKEN`. */
  readonly auth?: "admin" | "clinician" | "staff" | "metrics"
  /** Parameters of the path, by name. */
  readonly params?: Readonly<Record<string, Schema.Constraint>>
  readonly query?: Schema.Struct<Schema.Struct.Fields>
  readonly body?: Schema.Constraint
  /** By status. Refusals that follow from the rest of the row (401, 429, 400 …) need not be named. */
  readonly answers: Readonly<Record<number, Answer>>
  /** Refusals that are this route's own. */
  readonly refusals?: ReadonlyArray<ErrorCode>
  readonly handle: Handle
}

export const noStore = { "cache-control": "no-store" }

/** Typed by the schema that documents it; written as it stands. */
export const answerJson = <S extends Schema.Constraint>(
  _: S,
  body: S["Type"],
  options: { readonly status?: number; readonly headers?: Readonly<Record<string, string>> } = {}
): HttpServerResponse.HttpServerResponse =>
  HttpServerResponse.jsonUnsafe(body, { status: options.status ?? 200, headers: { ...noStore, ...options.headers } })

export const urlOf = (request: HttpServerRequest.HttpServerRequest): URL =>
  parseUrl(request.url) ?? new URL("http://service/")
