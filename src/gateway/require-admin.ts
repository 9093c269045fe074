/** The admin bearer before a handler. A wrong one costs its address as much as ten requests, so that guessing is slow. */
import { Effect } from "effect"
import { AppConfig } from "#src/config.ts"
import { clientAddress, limitKey } from "#src/gateway/address.ts"
import { Auth } from "#src/gateway/auth.ts"
import { adminFailureCost, nodeRequest } from "#src/gateway/guard.ts"
import { Limiters } from "#src/gateway/limiter.ts"
import { refuse } from "#src/gateway/refusal.ts"
import type { Handle } from "#src/gateway/route.ts"
import { Counters } from "#src/registry/counters.ts"

export const requireAdmin = Effect.gen(function* () {
  const settings = yield* AppConfig
  const auth = yield* Auth
  const limiters = yield* Limiters
  const counters = yield* Counters

  return (handle: Handle): Handle =>
    (request) => {
      if (auth.isAdmin(request.headers.authorization)) return handle(request)
      counters.adminRefused++
      limiters.byAddress.take(
        limitKey(clientAddress(nodeRequest(request), settings.trustedProxyHops)),
        adminFailureCost
      )
      return Effect.fail(
        refuse("unauthorized", "The admin secret is needed: Authorization: Bearer <VOICE_SERVICE_SECRET>.", {
          "www-authenticate": 'Bearer realm="sawt-admin"'
        })
      )
    }
})
