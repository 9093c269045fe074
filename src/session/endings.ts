/** How a session that ends by itself tells its client why. Reasons without a row end without an error. */
import type { EndReason } from "#machines/session-events.ts"
import type { ErrorCode } from "#schemas/errors.ts"
import { limits } from "#src/limits.ts"

/**
 * After these a client may come back with its resume token. Not when it was ended politely, lasted too long, or lives on in
 * another connection; a declined consent leaves nothing to come back to.
 */
export const resumableEnds: ReadonlySet<EndReason> = new Set([
  "disconnected",
  "paused",
  "idle_timeout",
  "refused",
  "token_expired",
  "draining",
  "session_replaced",
  "internal"
])

export const endings: Partial<Record<EndReason, { readonly code: ErrorCode; readonly message: string }>> = {
  not_started: { code: "idle_timeout", message: `session.start did not come within ${limits.startTimeoutMs} ms` },
  idle_timeout: { code: "idle_timeout", message: "nobody spoke, typed or touched anything for too long" },
  duration_exceeded: { code: "duration_exceeded", message: "the session has reached its longest duration" },
  token_expired: { code: "token_expired", message: "the token has expired; connect again with a fresh one" },
  session_replaced: { code: "session_replaced", message: "this session goes on in another connection" },
  draining: { code: "draining", message: "the server is going down; connect again" },
  internal: { code: "internal", message: "something went wrong inside the server; connect again" }
}
