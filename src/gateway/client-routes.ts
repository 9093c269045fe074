/** The client SDK for pages, of this service and of those that `ALLOWED_ORIGINS` names. */
import { Effect } from "effect"
import { HttpServerResponse } from "effect/http"
import { clientModules } from "#src/gateway/client-modules.ts"
import type { Route } from "#src/gateway/route.ts"

const summaries: Readonly<Record<string, string>> = {
  "sawt-client.js": 'The client SDK: `import { connect } from "/client/sawt-client.js"`',
  "voice.js": "Microphone and loudspeaker for the client SDK"
}
/** It changes with a release only; a browser asks again whether it has the newest. */
const headers = { "cache-control": "public, max-age=60", "cross-origin-resource-policy": "cross-origin" }

export const clientRoutes = Effect.sync((): ReadonlyArray<Route> =>
  [...clientModules()].map(([name, code]) => ({
    method: "GET",
    path: `/client/${name}`,
    summary: summaries[name] ?? `Of the client SDK: ${name}`,
    answers: { 200: { description: "A module of JavaScript.", mediaType: "text/javascript" } },
    handle: () =>
      Effect.succeed(HttpServerResponse.text(code, { contentType: "text/javascript; charset=utf-8", headers }))
  }))
)
