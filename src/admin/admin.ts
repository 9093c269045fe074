/** What an operator may see and do: counts, states and who is connected; never what was said. */
import { Effect } from "effect"
import { clinicRoutes } from "#src/clinic/clinic.ts"
import type { Route } from "#src/gateway/route.ts"
import { healthRoutes } from "./health.ts"
import { metricRoutes } from "./metrics.ts"
import { outboxRoutes } from "./outbox.ts"
import { sessionRoutes } from "./sessions.ts"
import { telemetryRoutes } from "./telemetry.ts"
import { revocationRoutes } from "./tokens.ts"

export const adminRoutes = Effect.gen(function* () {
  return [
    ...(yield* healthRoutes),
    ...(yield* metricRoutes),
    ...(yield* sessionRoutes),
    ...(yield* telemetryRoutes),
    ...(yield* revocationRoutes),
    ...(yield* outboxRoutes),
    ...(yield* clinicRoutes)
  ] satisfies ReadonlyArray<Route>
})
