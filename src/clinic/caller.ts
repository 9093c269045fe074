/** Who called, for the audit log: the holder of the admin secret, or of which clinician's token, and from where. */
import type { HttpServerRequest } from "effect/http"
import type { Settings } from "#src/config.ts"
import { clientAddress } from "#src/gateway/address.ts"
import { nodeRequest } from "#src/gateway/guard.ts"
import type { Caller } from "#src/gateway/route.ts"

export const auditedCaller = (
  caller: Caller,
  request: HttpServerRequest.HttpServerRequest,
  { trustedProxyHops }: Pick<Settings, "trustedProxyHops">
) => ({
  ...(caller.by === "clinician" ? { by: "clinician" as const, token_id: caller.tokenId } : { by: "admin" as const }),
  client_address: clientAddress(nodeRequest(request), trustedProxyHops)
})
