/** The admin bearer, or a scraper's, before a handler. A wrong one costs its address as much as ten requests, so that guessing is slow. */
import { Effect } from "effect"
import { Audit } from "#src/audit/audit.ts"
import { AppConfig } from "#src/config.ts"
import { clientAddress } from "#src/gateway/address.ts"
import { Auth } from "#src/gateway/auth.ts"
import { adminFailureCost, nodeRequest } from "#src/gateway/guard.ts"
import { Limiters } from "#src/gateway/limiter.ts"
import { refuse, type Refusal } from "#src/gateway/refusal.ts"
import type { Handle } from "#src/gateway/route.ts"
import { Counters } from "#src/registry/counters.ts"

const needed = (what: string) => refuse("unauthorized", `${what}.`, { "www-authenticate": 'Bearer realm="sawt-admin"' })
const secretNeeded = needed("The admin secret is needed: Authorization: Bearer <VOICE_SERVICE_SECRET>")
const scraperNeeded = needed("Authorization: Bearer <METRICS_TOKEN> is needed, or the admin secret")

export const requireAdmin = Effect.gen(function* () {
  const settings = yield* AppConfig
  const auth = yield* Auth
  const limiters = yield* Limiters
  const counters = yield* Counters
  const audit = yield* Audit

  const required =
    (isAllowed: (authorization: string | undefined) => boolean, refusal: Refusal) =>
    (handle: Handle): Handle =>
    (request) => {
      if (isAllowed(request.headers.authorization)) return handle(request, { by: "admin" })
      counters.adminRefused++
      const address = clientAddress(nodeRequest(request), settings.trustedProxyHops)
      audit.record({ event: "admin.refused", client_address: address })
      return Effect.andThen(limiters.chargeAddress(address, adminFailureCost), Effect.fail(refusal))
    }
  return { admin: required(auth.isAdmin, secretNeeded), metrics: required(auth.mayScrape, scraperNeeded) }
})
