/** Tokens, given to whoever holds the admin secret. A token is in the answer and nowhere else. */
import { Effect } from "effect"
import type { HttpServerRequest } from "effect/http"
import { TokenAnswer } from "#schemas/http.ts"
import { Audit } from "#src/audit/audit.ts"
import { AppConfig } from "#src/config.ts"
import { clientAddress } from "#src/gateway/address.ts"
import { Auth } from "#src/gateway/auth.ts"
import { nodeRequest } from "#src/gateway/guard.ts"
import { TokenBody, tokenBody, TokenQuery, tokenQuery, type TokenRequest } from "#src/gateway/requests.ts"
import { answerJson, type Route, urlOf } from "#src/gateway/route.ts"

export const tokenRoutes = Effect.gen(function* () {
  const auth = yield* Auth
  const audit = yield* Audit
  const { trustedProxyHops } = yield* AppConfig

  const issue = Effect.fnUntraced(function* (request: HttpServerRequest.HttpServerRequest, wanted: TokenRequest) {
    const { id, token, scope, expiresInSeconds, expiresAtMs } = yield* auth.issue(wanted)
    const expires_at = new Date(expiresAtMs).toISOString()
    audit.record({
      event: "token.issued",
      by: "admin",
      token_id: id,
      scope,
      expires_at,
      client_address: clientAddress(nodeRequest(request), trustedProxyHops),
      ...(wanted.subject === undefined ? {} : { subject: wanted.subject })
    })
    const body = { token, token_type: "Bearer", expires_in: expiresInSeconds, expires_at, scope } as const
    return answerJson(TokenAnswer, body, { headers: { pragma: "no-cache" } })
  })
  const row = {
    path: "/auth/token",
    auth: "admin",
    answers: { 200: { description: "A token (JWT, HS256) for the WebSockets. Not to be stored.", body: TokenAnswer } }
  } as const
  return [
    {
      ...row,
      method: "GET",
      summary: "Issue a token",
      description: "Scope `voice` for an hour unless told otherwise. A subject never stands in a URL: see POST.",
      query: TokenQuery,
      handle: (request) =>
        Effect.flatMap(Effect.fromResult(tokenQuery(urlOf(request))), (wanted) => issue(request, wanted))
    },
    {
      ...row,
      method: "POST",
      summary: "Issue a token for a subject",
      description: "`subject` is the patient's reference: a healthcare session and its resume are bound to it.",
      body: TokenBody,
      handle: (request) => Effect.flatMap(tokenBody(request), (wanted) => issue(request, wanted))
    }
  ] satisfies ReadonlyArray<Route>
})
