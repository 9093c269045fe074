/** `/admin/health`: all of `/health`, and what the process, the model hosts and the gateway's guards have counted. */
import { Effect, Result } from "effect"
import { AdminHealth } from "#schemas/http.ts"
import { Audit, type AuditHealth } from "#src/audit/audit.ts"
import { Health } from "#src/gateway/health.ts"
import { Limiters } from "#src/gateway/limiter.ts"
import { answerJson, type Route } from "#src/gateway/route.ts"
import { Counters } from "#src/registry/counters.ts"
import { Slots } from "#src/registry/slots.ts"
import { Alerts, type Waiting } from "#src/store/clinic.ts"
import { Deliveries, type DeliveryCounts } from "#src/store/deliveries.ts"
import { Stt } from "#src/stt/stt.ts"
import { Tts } from "#src/tts/tts.ts"
import { Vad } from "#src/vad/vad.ts"
import { hostReport, namedHosts, rounded } from "./host-report.ts"
import { loopDelay } from "./loop-delay.ts"

const mebibyte = 1024 * 1024
/** Few samples, since these are of the whole time since the start. */
const delaySampleMs = 100

const auditReport = ({ status, sinceMs, reason, written, leftOut, lost }: AuditHealth) => ({
  status,
  since: new Date(sinceMs).toISOString(),
  ...(reason === undefined ? {} : { reason }),
  lines_written: written,
  lines_left_out: leftOut,
  lines_lost: lost
})

const timeOf = (atMs: number | undefined): string | null => (atMs === undefined ? null : new Date(atMs).toISOString())
const clinicReport = (alerts: Waiting, outbox: DeliveryCounts) => ({
  alerts_unacknowledged: alerts.count,
  oldest_alert_at: timeOf(alerts.oldestAtMs),
  outbox_pending: outbox.pending,
  outbox_dead: outbox.dead,
  oldest_pending_at: timeOf(outbox.oldestAtMs)
})

export const healthRoutes = Effect.gen(function* () {
  const health = yield* Health
  const limiters = yield* Limiters
  const counters = yield* Counters
  const slots = yield* Slots
  const audit = yield* Audit
  const alerts = yield* Alerts
  const deliveries = yield* Deliveries
  const [stt, vad, tts] = [yield* Stt, yield* Vad, yield* Tts]
  const eventLoop = yield* loopDelay(delaySampleMs)
  const waiting = alerts.unacknowledged.pipe(
    Effect.map((unacknowledged) => clinicReport(unacknowledged, Result.getOrThrow(deliveries.counts()))),
    Effect.catchCause(() => Effect.succeed(null))
  )
  const report = (clinic: (typeof AdminHealth.Type)["clinic"]): typeof AdminHealth.Type => {
    const { heapUsed, rss } = process.memoryUsage()
    const { user, system } = process.cpuUsage()
    const delay = eventLoop.read()
    return {
      ...health.report(),
      process: {
        uptime_seconds: Math.floor(process.uptime()),
        rss_mb: Math.round(rss / mebibyte),
        heap_mb: Math.round(heapUsed / mebibyte),
        cpu_seconds: rounded((user + system) / 1e6, 2),
        event_loop_delay_ms: {
          mean: rounded(delay.mean, 2),
          p99: rounded(delay.p99, 2),
          max: rounded(delay.max, 2)
        }
      },
      slots: slots.counts,
      hosts: namedHosts({ stt, vad, tts }).map(hostReport),
      audit: auditReport(audit.health()),
      clinic,
      security: {
        tokens_issued: counters.tokensIssued,
        tokens_revoked: counters.tokensRevoked,
        authentications_accepted: counters.authenticationsAccepted,
        authentications_refused: { ...counters.authenticationsRefused },
        sessions_ended_by_token: { ...counters.sessionsEndedByToken },
        admin_refused: counters.adminRefused,
        rate_limit_refusals: counters.rateLimitRefusals,
        session_limit_refusals: counters.sessionLimitRefusals,
        malformed_messages: counters.malformedMessages,
        oversize_frames: counters.oversizeFrames,
        tracked_addresses: limiters.trackedAddresses()
      }
    }
  }
  return [
    {
      method: "GET",
      path: "/admin/health",
      summary: "How the service fares, for operators",
      description:
        "Everything in `/health`, the process, the model hosts, the audit log and what the guards have refused.",
      auth: "admin",
      answers: { 200: { description: "Whatever the status says.", body: AdminHealth } },
      handle: () => Effect.map(waiting, (clinic) => answerJson(AdminHealth, report(clinic)))
    }
  ] satisfies ReadonlyArray<Route>
})
