/** `GET /metrics`: every number of the table, for Prometheus and whoever reads its format. */
import { Effect } from "effect"
import { HttpServerResponse } from "effect/http"
import { noStore, type Route } from "#src/gateway/route.ts"
import { exposition, formatFor, mediaTypes } from "#src/telemetry/exposition.ts"
import { Metrics } from "#src/telemetry/metrics.ts"
import { readings } from "./readings.ts"

export const metricRoutes = Effect.gen(function* () {
  const metrics = yield* Metrics
  yield* readings
  return [
    {
      method: "GET",
      path: "/metrics",
      summary: "Metrics, for Prometheus",
      description:
        "Prometheus's text format, or OpenMetrics with exemplars for whoever accepts it. The metrics: docs/reference/metrics.md.",
      auth: "metrics",
      answers: {
        200: {
          description: "All metrics of this process.",
          mediaType: "text/plain",
          alsoText: "application/openmetrics-text"
        }
      },
      handle: ({ headers }) => {
        const format = formatFor(headers["accept"])
        return Effect.sync(() =>
          HttpServerResponse.text(exposition(metrics, format), {
            contentType: mediaTypes[format],
            headers: { ...noStore, vary: "accept" }
          })
        )
      }
    }
  ] satisfies ReadonlyArray<Route>
})
