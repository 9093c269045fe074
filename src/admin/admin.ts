/** What an operator may see and do: counts, states and who is connected; never what was said. */
import { monitorEventLoopDelay } from "node:perf_hooks"
import { Effect } from "effect"
import { HttpRouter, type HttpServerRequest, HttpServerResponse } from "effect/http"
import { closeCodes } from "#schemas/errors.ts"
import { Audit, type AuditHealth } from "#src/audit/audit.ts"
import { AppConfig } from "#src/config.ts"
import { clientAddress } from "#src/gateway/address.ts"
import { nodeRequest } from "#src/gateway/guard.ts"
import { requireAdmin } from "#src/gateway/require-admin.ts"
import { Health } from "#src/gateway/health.ts"
import { Limiters } from "#src/gateway/limiter.ts"
import { refuse } from "#src/gateway/refusal.ts"
import type { Route } from "#src/gateway/route.ts"
import { Counters } from "#src/registry/counters.ts"
import { Live } from "#src/registry/live.ts"
import { Slots } from "#src/registry/slots.ts"

const noStore = { "cache-control": "no-store" }
const megabyte = 1024 * 1024

const auditReport = ({ status, sinceMs, reason, written, leftOut, lost }: AuditHealth) => ({
  status,
  since: new Date(sinceMs).toISOString(),
  ...(reason === undefined ? {} : { reason }),
  lines_written: written,
  lines_left_out: leftOut,
  lines_lost: lost
})

export const adminRoutes = Effect.gen(function* () {
  const asAdmin = yield* requireAdmin
  const health = yield* Health
  const limiters = yield* Limiters
  const counters = yield* Counters
  const live = yield* Live
  const slots = yield* Slots
  const audit = yield* Audit
  const { trustedProxyHops } = yield* AppConfig
  const eventLoop = yield* Effect.acquireRelease(
    Effect.sync(() => {
      const histogram = monitorEventLoopDelay({ resolution: 20 })
      histogram.enable()
      return histogram
    }),
    (histogram) => Effect.sync(() => histogram.disable())
  )

  const detailedHealth = () => {
    const { heapUsed, rss } = process.memoryUsage()
    const { user, system } = process.cpuUsage()
    return HttpServerResponse.jsonUnsafe(
      {
        ...health.report(),
        process: {
          uptime_seconds: Math.floor(process.uptime()),
          rss_mb: Math.round(rss / megabyte),
          heap_mb: Math.round(heapUsed / megabyte),
          cpu_seconds: Math.round((user + system) / 1e4) / 100,
          event_loop_delay_p99_ms: Math.round(eventLoop.percentile(99) / 1e4) / 100
        },
        slots: slots.counts,
        audit: auditReport(audit.health()),
        security: {
          tokens_issued: counters.tokensIssued,
          authentications_accepted: counters.authenticationsAccepted,
          authentications_refused: counters.authenticationsRefused,
          admin_refused: counters.adminRefused,
          rate_limit_refusals: counters.rateLimitRefusals,
          session_limit_refusals: counters.sessionLimitRefusals,
          malformed_messages: counters.malformedMessages,
          oversize_frames: counters.oversizeFrames,
          tracked_addresses: limiters.byAddress.tracked
        }
      },
      { headers: noStore }
    )
  }
  const endSession = Effect.fnUntraced(function* (request: HttpServerRequest.HttpServerRequest) {
    const { id } = yield* HttpRouter.params
    const session = live.get(id ?? "")
    if (session === undefined) return yield* refuse("not_found", "There is no such live session.")
    session.client.close(closeCodes.ended, "ended by an administrator")
    audit.record({
      event: "admin.acted",
      by: "admin",
      action: "session.end",
      target: session.handle.id,
      client_address: clientAddress(nodeRequest(request), trustedProxyHops)
    })
    return HttpServerResponse.empty({ status: 204 })
  })
  return [
    { method: "GET", path: "/admin/health", handle: asAdmin(() => Effect.sync(detailedHealth)) },
    {
      method: "GET",
      path: "/admin/sessions",
      handle: asAdmin(() =>
        Effect.sync(() => HttpServerResponse.jsonUnsafe({ sessions: live.list() }, { headers: noStore }))
      )
    },
    { method: "DELETE", path: "/admin/sessions/:id", handle: asAdmin(endSession) }
  ] satisfies ReadonlyArray<Route>
})
