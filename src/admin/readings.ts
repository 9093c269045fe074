/**
 * What others count already, as metrics that are read when somebody looks: nothing of it costs anything until then. What
 * would have to be asked of the disk, and the delay of the event loop, are looked at every five seconds.
 */
import { Effect, Schedule } from "effect"
import { ModelStatus } from "#schemas/wire.ts"
import { Audit } from "#src/audit/audit.ts"
import { Limiters } from "#src/gateway/limiter.ts"
import type { HostFigures } from "#src/host/host.ts"
import { Counters } from "#src/registry/counters.ts"
import { Live } from "#src/registry/live.ts"
import { Slots } from "#src/registry/slots.ts"
import { Alerts } from "#src/store/clinic.ts"
import { Deliveries } from "#src/store/deliveries.ts"
import { Store } from "#src/store/store.ts"
import { Stt } from "#src/stt/stt.ts"
import { authenticationFaults, metricTable } from "#src/telemetry/metric-table.ts"
import { Metrics } from "#src/telemetry/metrics.ts"
import { Tts } from "#src/tts/tts.ts"
import { Vad } from "#src/vad/vad.ts"
import { namedHosts } from "./host-report.ts"
import { loopDelay } from "./loop-delay.ts"

const lookEvery = "5 seconds"
const delaySampleMs = 100

const flag = (is: boolean): number => (is ? 1 : 0)

const ageOf = (atMs: number | undefined): number => (atMs === undefined ? 0 : Math.max(0, (Date.now() - atMs) / 1_000))

/** What is looked at now and then. */
interface Look {
  delayMs: { readonly mean: number; readonly p99: number; readonly max: number }
  alerts: number
  oldestAlertAtMs: number | undefined
  waiting: number
  dead: number
  oldestWaitingAtMs: number | undefined
}

const looking = Effect.gen(function* () {
  const alerts = yield* Alerts
  const deliveries = yield* Deliveries
  const look: Look = {
    delayMs: { mean: 0, p99: 0, max: 0 },
    alerts: 0,
    oldestAlertAtMs: undefined,
    waiting: 0,
    dead: 0,
    oldestWaitingAtMs: undefined
  }
  const loop = yield* loopDelay(delaySampleMs)
  const again = Effect.gen(function* () {
    look.delayMs = loop.read()
    loop.reset()
    const unacknowledged = yield* alerts.unacknowledged
    look.alerts = unacknowledged.count
    look.oldestAlertAtMs = unacknowledged.oldestAtMs
    const outbox = yield* Effect.fromResult(deliveries.counts())
    look.waiting = outbox.pending
    look.dead = outbox.dead
    look.oldestWaitingAtMs = outbox.oldestAtMs
    // A disk that fails is told by `sawt_storage_ready`; the last numbers stand meanwhile.
  }).pipe(Effect.ignoreCause)
  yield* again.pipe(Effect.repeat(Schedule.spaced(lookEvery)), Effect.forkScoped)
  return look
})

/** Registers them for as long as the scope is open. */
export const readings = Effect.gen(function* () {
  const metrics = yield* Metrics
  const counters = yield* Counters
  const slots = yield* Slots
  const live = yield* Live
  const limiters = yield* Limiters
  const audit = yield* Audit
  const store = yield* Store
  const [stt, vad, tts] = [yield* Stt, yield* Vad, yield* Tts]
  const look = yield* looking
  const stops: Array<() => void> = []
  const reading: typeof metrics.reading = (name, labels, read) => {
    const stop = metrics.reading(name, labels, read)
    stops.push(stop)
    return stop
  }

  for (const endpoint of metricTable.sawt_sessions_open.labels.endpoint)
    reading(
      "sawt_sessions_open",
      { endpoint },
      () => live.open.filter(({ admission }) => admission.endpoint === endpoint).length
    )
  reading("sawt_slots_open", {}, () => slots.counts.open)
  reading("sawt_slots_max", {}, () => slots.counts.max)
  reading("sawt_draining", {}, () => flag(slots.draining))

  reading("sawt_authentications_accepted_total", {}, () => counters.authenticationsAccepted)
  for (const reason of authenticationFaults)
    reading("sawt_authentications_refused_total", { reason }, () => counters.authenticationsRefused[reason] ?? 0)
  for (const code of metricTable.sawt_sessions_ended_by_token_total.labels.code)
    reading("sawt_sessions_ended_by_token_total", { code }, () => counters.sessionsEndedByToken[code] ?? 0)
  for (const status of metricTable.sawt_http_answers_total.labels.status)
    reading("sawt_http_answers_total", { status }, () => counters.answered[status] ?? 0)
  for (const code of metricTable.sawt_refusals_total.labels.code)
    reading("sawt_refusals_total", { code }, () => counters.refusals[code] ?? 0)
  reading("sawt_admin_refused_total", {}, () => counters.adminRefused)
  reading("sawt_tokens_issued_total", {}, () => counters.tokensIssued)
  reading("sawt_tokens_revoked_total", {}, () => counters.tokensRevoked)
  reading("sawt_rate_limit_refusals_total", {}, () => counters.rateLimitRefusals)
  reading("sawt_session_limit_refusals_total", {}, () => counters.sessionLimitRefusals)
  reading("sawt_malformed_messages_total", {}, () => counters.malformedMessages)
  reading("sawt_oversize_frames_total", {}, () => counters.oversizeFrames)
  reading("sawt_tracked_addresses", {}, () => limiters.trackedAddresses())

  for (const [model, service] of [["stt", stt] as const, ["vad", vad] as const, ["tts", tts] as const]) {
    reading("sawt_model_degraded", { model }, () => flag(service.health().degraded))
    for (const state of ModelStatus.literals)
      reading("sawt_model_state", { model, state }, () => flag(service.health().status === state))
  }
  for (const { name, host } of namedHosts({ stt, vad, tts })) {
    const serving = (of: (process: NonNullable<HostFigures["serving"]>) => number) => (): number => {
      const process = host.figures().serving
      return process === undefined ? 0 : of(process)
    }
    reading("sawt_host_ready", { host: name }, () => flag(host.status()._tag === "Ready"))
    reading("sawt_host_restarts_total", { host: name }, () => host.figures().restarts)
    reading(
      "sawt_host_queue_depth",
      { host: name },
      serving(({ queueDepth }) => queueDepth)
    )
    reading(
      "sawt_host_audio_seconds_total",
      { host: name },
      serving(({ work }) => work.audioMs / 1_000)
    )
    reading(
      "sawt_host_cpu_seconds_total",
      { host: name },
      serving(({ work }) => work.cpuMs / 1_000)
    )
    reading(
      "sawt_process_memory_bytes",
      { process: name },
      serving(({ memoryBytes }) => memoryBytes)
    )
  }

  reading("sawt_process_memory_bytes", { process: "server" }, () => process.memoryUsage.rss())
  reading("sawt_process_heap_bytes", {}, () => process.memoryUsage().heapUsed)
  reading("sawt_process_cpu_seconds_total", {}, () => {
    const { user, system } = process.cpuUsage()
    return (user + system) / 1e6
  })
  const startedAtSeconds = Date.now() / 1_000 - process.uptime()
  reading("sawt_process_start_time_seconds", {}, () => startedAtSeconds)
  reading("sawt_event_loop_delay_seconds", { stat: "mean" }, () => look.delayMs.mean / 1e3)
  reading("sawt_event_loop_delay_seconds", { stat: "p99" }, () => look.delayMs.p99 / 1e3)
  reading("sawt_event_loop_delay_seconds", { stat: "max" }, () => look.delayMs.max / 1e3)

  reading("sawt_storage_ready", {}, () => flag(store.health().status === "ready"))
  reading("sawt_audit_lines_total", { result: "written" }, () => audit.health().written)
  reading("sawt_audit_lines_total", { result: "left_out" }, () => audit.health().leftOut)
  reading("sawt_audit_lines_total", { result: "lost" }, () => audit.health().lost)
  reading("sawt_alerts_unacknowledged", {}, () => look.alerts)
  reading("sawt_alert_oldest_age_seconds", {}, () => ageOf(look.oldestAlertAtMs))
  reading("sawt_outbox_waiting", {}, () => look.waiting)
  reading("sawt_outbox_dead", {}, () => look.dead)
  reading("sawt_outbox_oldest_age_seconds", {}, () => ageOf(look.oldestWaitingAtMs))
  yield* Effect.addFinalizer(() => Effect.sync(() => stops.forEach((stop) => stop())))
})
