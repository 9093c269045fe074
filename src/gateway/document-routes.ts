/** What is published of the service's own protocol: OpenAPI, AsyncAPI, and a page made of both. Made once, at the start. */
import { Effect } from "effect"
import { HttpServerResponse } from "effect/http"
import { sockets } from "#src/gateway/admission.ts"
import { asyncApiOf } from "#src/gateway/asyncapi.ts"
import { docsPage, docsStyle } from "#src/gateway/docs-page.ts"
import { isCounted } from "#src/gateway/guard.ts"
import { openApiOf } from "#src/gateway/openapi.ts"
import type { Route } from "#src/gateway/route.ts"

/** It is small, changes with a release only, and may be looked up often. */
const cached = { "cache-control": "public, max-age=300" }

/** Nothing but this page's own style sheet is loaded, and nothing runs. */
const pageHeaders = {
  ...cached,
  "content-security-policy":
    "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "referrer-policy": "no-referrer",
  "permissions-policy": "microphone=(), camera=(), geolocation=()"
}

export const documentRoutes = (others: ReadonlyArray<Route>): ReadonlyArray<Route> => {
  const text = (body: string, contentType: string, headers: Record<string, string> = cached) =>
    Effect.succeed(HttpServerResponse.text(body, { contentType, headers }))
  const rows: ReadonlyArray<Route> = [
    {
      method: "GET",
      path: "/openapi.json",
      summary: "This document",
      answers: { 200: { description: "OpenAPI 3.1.", mediaType: "application/json" } },
      handle: () => text(openApi, "application/json")
    },
    {
      method: "GET",
      path: "/asyncapi.json",
      summary: "The WebSockets",
      answers: { 200: { description: "AsyncAPI 3.", mediaType: "application/json" } },
      handle: () => text(asyncApi, "application/json")
    },
    {
      method: "GET",
      path: "/docs",
      summary: "Both documents, as a page to read or print",
      answers: { 200: { description: "HTML without scripts.", mediaType: "text/html" } },
      handle: () => text(page, "text/html; charset=utf-8", pageHeaders)
    },
    {
      method: "GET",
      path: "/docs/style.css",
      summary: "The page's style sheet",
      answers: { 200: { description: "CSS.", mediaType: "text/css" } },
      handle: () => text(docsStyle, "text/css; charset=utf-8")
    }
  ]
  const documents = { openApi: openApiOf([...others, ...rows], { isCounted }), asyncApi: asyncApiOf(sockets) }
  const openApi = JSON.stringify(documents.openApi)
  const asyncApi = JSON.stringify(documents.asyncApi)
  const page = docsPage(documents.openApi, documents.asyncApi)
  return rows
}
