/**
 * Tokens taken back by an operator: one by its id, or all that a subject was issued until now,
 * invitations included. A subject is a patient's
 * reference and stands in a body, never in a URL. Whom it concerns is not said back, nor whether there was such a token.
 */
import { Effect, Result } from "effect"
import { HttpRouter, type HttpServerRequest, HttpServerResponse } from "effect/http"
import { Audit } from "#src/audit/audit.ts"
import { AppConfig } from "#src/config.ts"
import { clientAddress } from "#src/gateway/address.ts"
import { TokenId } from "#src/gateway/auth.ts"
import { nodeRequest } from "#src/gateway/guard.ts"
import { refuse } from "#src/gateway/refusal.ts"
import { RevocationBody, revocationBody, tokenIdOf } from "#src/gateway/requests.ts"
import type { Route } from "#src/gateway/route.ts"
import { Counters } from "#src/registry/counters.ts"
import { type Revoked, Revocations } from "#src/registry/revocations.ts"
import { Invitations } from "#src/store/invitations.ts"

export const revocationRoutes = Effect.gen(function* () {
  const counters = yield* Counters
  const audit = yield* Audit
  const revocations = yield* Revocations
  const invitations = yield* Invitations
  const { trustedProxyHops } = yield* AppConfig

  const revoke = Effect.fnUntraced(function* (request: HttpServerRequest.HttpServerRequest, revoked: Revoked) {
    const outcome = revocations.revoke(revoked)
    // An invitation may outlast the list of what was taken back.
    const isWritten = "tokenId" in revoked || Result.isSuccess(invitations.revokeOf(revoked.subject))
    if (outcome === "too_many") {
      const message = "Not revoked: there are too many revocations. A new VOICE_SERVICE_TOKEN takes all tokens back."
      return yield* refuse("storage_unavailable", message)
    }
    counters.tokensRevoked++
    audit.record({
      event: "token.revoked",
      by: "admin",
      client_address: clientAddress(nodeRequest(request), trustedProxyHops),
      ...("tokenId" in revoked ? { token_id: revoked.tokenId } : { subject: revoked.subject })
    })
    if (outcome === "kept" && isWritten) return HttpServerResponse.empty({ status: 204 })
    const message = "Revoked, but it could not be written, and a restart would forget it: repeat it in a moment."
    return yield* refuse("storage_unavailable", message, { "retry-after": "5" })
  })
  const row = {
    auth: "admin",
    answers: { 204: { description: "Taken back, whether or not there was such a token." } },
    refusals: ["storage_unavailable"]
  } as const
  return [
    {
      ...row,
      method: "DELETE",
      path: "/admin/tokens/:id",
      summary: "Take back a token",
      description:
        "By its `jti`. It is refused from now on, after a restart too, and its sessions end at once with `unauthorized`.",
      params: { id: TokenId },
      refusals: ["invalid_message", "storage_unavailable"],
      handle: Effect.fnUntraced(function* (request) {
        const { id } = yield* HttpRouter.params
        return yield* revoke(request, yield* Effect.fromResult(tokenIdOf(id)))
      })
    },
    {
      ...row,
      method: "POST",
      path: "/admin/tokens/revoke",
      summary: "Take back a token, or all of a subject's",
      description: "All that this subject was issued until now; one that is issued after it is good.",
      body: RevocationBody,
      handle: (request) => Effect.flatMap(revocationBody(request), (revoked) => revoke(request, revoked))
    }
  ] satisfies ReadonlyArray<Route>
})
