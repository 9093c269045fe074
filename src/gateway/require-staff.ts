/**
 * A clinician's token before a handler, alone or beside the admin secret. What a patient's own token may do, it may not do
 * here: without scope `clinician` it is refused with 403.
 */
import { Effect } from "effect"
import type { HttpServerRequest } from "effect/http"
import { Audit } from "#src/audit/audit.ts"
import { AppConfig } from "#src/config.ts"
import { clientAddress } from "#src/gateway/address.ts"
import { refusalOfAuth } from "#src/gateway/admission.ts"
import { Auth, bearerOf } from "#src/gateway/auth.ts"
import { nodeRequest } from "#src/gateway/guard.ts"
import { refuse } from "#src/gateway/refusal.ts"
import { requireAdmin } from "#src/gateway/require-admin.ts"
import type { Caller, Handle } from "#src/gateway/route.ts"
import { Counters } from "#src/registry/counters.ts"

const tokenNeeded = refuse(
  "unauthorized",
  "A token of scope clinician is needed: Authorization: Bearer <token>; POST /auth/token issues one.",
  { "www-authenticate": 'Bearer realm="sawt", scope="clinician"' }
)
const scopeNeeded = refuse("forbidden", "The token's scope does not allow this; it needs clinician.", {
  "www-authenticate": 'Bearer realm="sawt", error="insufficient_scope", scope="clinician"'
})

/** A JWT has dots; whatever has none was meant for the admin secret. */
const looksLikeToken = (bearer: string | undefined): boolean => bearer?.includes(".") === true

export const requireStaff = Effect.gen(function* () {
  const { trustedProxyHops } = yield* AppConfig
  const auth = yield* Auth
  const counters = yield* Counters
  const audit = yield* Audit
  const { admin, metrics } = yield* requireAdmin

  const clinicianOf = Effect.fnUntraced(function* (request: HttpServerRequest.HttpServerRequest) {
    const refused = (reason: string, subject?: string) =>
      audit.record({
        event: "token.refused",
        reason,
        endpoint: "clinic",
        client_address: clientAddress(nodeRequest(request), trustedProxyHops),
        ...(subject === undefined ? {} : { subject })
      })
    const token = bearerOf(request.headers.authorization)
    if (token === undefined) {
      counters.refuseAuthentication("missing")
      refused("missing")
      return yield* tokenNeeded
    }
    const { id, scopes, subject } = yield* auth.verify(token).pipe(
      Effect.mapError((error) => {
        refused(error.reason)
        return refusalOfAuth(error)
      })
    )
    if (!scopes.includes("clinician")) {
      counters.refuseAuthentication("scope")
      refused("scope", subject)
      return yield* scopeNeeded
    }
    return { by: "clinician", tokenId: id } satisfies Caller
  })

  const clinician =
    (handle: Handle): Handle =>
    (request) =>
      Effect.flatMap(clinicianOf(request), (caller) => handle(request, caller))
  const staff = (handle: Handle): Handle => {
    const [asClinician, asAdmin] = [clinician(handle), admin(handle)]
    return (request, caller) =>
      (looksLikeToken(bearerOf(request.headers.authorization)) && !auth.isAdmin(request.headers.authorization)
        ? asClinician
        : asAdmin)(request, caller)
  }
  return { admin, clinician, staff, metrics }
})
