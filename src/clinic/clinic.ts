/** The clinic's side of HTTP: whom it invites, and what comes of it. */
import { Effect } from "effect"
import type { Route } from "#src/gateway/route.ts"
import { alertRoutes } from "./alert-routes.ts"
import { erasureRoutes } from "./erasure-routes.ts"
import { invitationRoutes } from "./invitation-routes.ts"
import { clinicPageRoutes } from "./page-routes.ts"
import { responseRoutes } from "./response-routes.ts"

export const clinicRoutes = Effect.gen(function* () {
  return [
    ...(yield* invitationRoutes),
    ...(yield* alertRoutes),
    ...(yield* responseRoutes),
    ...(yield* erasureRoutes),
    ...(yield* clinicPageRoutes)
  ] satisfies ReadonlyArray<Route>
})
