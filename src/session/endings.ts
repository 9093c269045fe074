/** How a session that ends by itself tells its client why. Reasons without a row end without an error. */
import type { EndReason } from "#machines/session-events.ts"
import type { ErrorCode } from "#schemas/errors.ts"
import { limits } from "#src/limits.ts"

export const endings: Partial<Record<EndReason, { readonly code: ErrorCode; readonly message: string }>> = {
  not_started: { code: "idle_timeout", message: `session.start did not come within ${limits.startTimeoutMs} ms` },
  idle_timeout: { code: "idle_timeout", message: "nobody spoke, typed or touched anything for too long" },
  duration_exceeded: { code: "duration_exceeded", message: "the session has reached its longest duration" },
  token_expired: { code: "token_expired", message: "the token has expired; connect again with a fresh one" },
  draining: { code: "draining", message: "the server is going down; connect again" },
  internal: { code: "internal", message: "something went wrong inside the server; connect again" }
}
