/** For designers: the questionnaires, the machines, and how they run. */
import { Effect } from "effect"
import type { Route } from "#src/gateway/route.ts"
import { studioAdminRoutes } from "./admin-routes.ts"
import { studioPageRoutes } from "./page-routes.ts"
import { questionnaireRoutes } from "./questionnaire-routes.ts"

export const studioRoutes = Effect.gen(function* () {
  return [
    ...(yield* questionnaireRoutes),
    ...(yield* studioPageRoutes),
    ...(yield* studioAdminRoutes)
  ] satisfies ReadonlyArray<Route>
})
