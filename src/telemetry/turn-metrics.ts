/**
 * The histograms of turns, from the record that each turn leaves: what is measured is what its trace and its timeline
 * tell. Waits of recordings (`mode: "file"`) are left out, since their audio comes at any speed.
 */
import { Effect, Layer } from "effect"
import { type MetricBook, Metrics } from "./metrics.ts"
import type { TurnRecord } from "./turn-record.ts"
import { Turns } from "./turns.ts"

const seconds = (fromMs: number, toMs: number): number => Math.max(0, toMs - fromMs) / 1_000

const observeWaits = (metrics: MetricBook, turn: TurnRecord): void => {
  const { traceId, speech, settledAtMs, responseMs, spoken } = turn
  const labels = { endpoint: turn.session.endpoint }
  if (speech?.stoppedAtMs !== undefined && speech.endedAtMs !== undefined) {
    const { stoppedAtMs, endedAtMs } = speech
    metrics.observe("sawt_turn_endpoint_wait_seconds", seconds(stoppedAtMs, endedAtMs), labels, traceId)
    if (settledAtMs !== undefined)
      metrics.observe("sawt_turn_transcript_seconds", seconds(stoppedAtMs, settledAtMs), labels, traceId)
    const firstByteAtMs = spoken.find((prompt) => prompt.firstByteAtMs !== undefined)?.firstByteAtMs
    if (firstByteAtMs !== undefined)
      metrics.observe("sawt_turn_first_audio_seconds", seconds(stoppedAtMs, firstByteAtMs), labels, traceId)
  }
  if (responseMs !== undefined && turn.cause !== "service")
    metrics.observe("sawt_turn_response_seconds", responseMs / 1_000, labels, traceId)
  const { bargeIn } = turn
  if (bargeIn === undefined) return
  metrics.observe("sawt_barge_in_duck_seconds", seconds(bargeIn.startedAtMs, bargeIn.duckedAtMs), {}, traceId)
  if (bargeIn.stoppedAtMs !== undefined)
    metrics.observe("sawt_barge_in_stop_seconds", seconds(bargeIn.startedAtMs, bargeIn.stoppedAtMs), {}, traceId)
}

const observeSound = (metrics: MetricBook, { traceId, speech, session }: TurnRecord): void => {
  const { endpoint } = session
  if (speech === undefined) return
  metrics.count("sawt_audio_gaps_total", { endpoint }, speech.audioGaps)
  if (speech.sound === undefined) return
  metrics.observe("sawt_speech_level_dbfs", speech.sound.levelDbfs, { endpoint }, traceId)
  metrics.observe("sawt_speech_clipped_ratio", speech.sound.clippedShare, { endpoint }, traceId)
}

const observeModels = (metrics: MetricBook, { traceId, hearings, spoken, writes }: TurnRecord): void => {
  for (const { work, audioMs, fault } of hearings) {
    if (fault !== undefined) metrics.count("sawt_hearings_failed_total", { reason: fault })
    if (work === undefined) continue
    metrics.observe("sawt_host_queue_wait_seconds", work.queueMs / 1_000, {}, traceId)
    if (audioMs > 0) metrics.observe("sawt_decode_real_time_factor", work.decodeMs / audioMs, {}, traceId)
  }
  for (const { synthesis } of spoken)
    for (const { startedAtMs, endedAtMs, source, degraded } of synthesis)
      metrics.observe(
        "sawt_synthesis_seconds",
        seconds(startedAtMs, endedAtMs),
        { source, degraded: degraded ? "true" : "false" },
        traceId
      )
  for (const { startedAtMs, endedAtMs, isStored } of writes) {
    metrics.observe("sawt_store_write_seconds", seconds(startedAtMs, endedAtMs), {}, traceId)
    if (!isStored) metrics.count("sawt_store_writes_failed_total", {})
  }
}

export const measureTurn = (metrics: MetricBook, turn: TurnRecord): void => {
  const { outcome, cause, isSlow, failure } = turn
  const { endpoint, mode } = turn.session
  metrics.count("sawt_turns_total", { endpoint, cause, outcome })
  if (mode === "live" && isSlow && cause !== "service") metrics.count("sawt_turns_slow_total", { endpoint })
  if (failure !== undefined) metrics.count("sawt_turns_failed_total", { endpoint, failure })
  if (mode === "live") observeWaits(metrics, turn)
  observeSound(metrics, turn)
  observeModels(metrics, turn)
}

export const layerTurnMetrics = Layer.effectDiscard(
  Effect.gen(function* () {
    const metrics = yield* Metrics
    const turns = yield* Turns
    yield* Effect.acquireRelease(
      Effect.sync(() => turns.onTurn((turn) => measureTurn(metrics, turn))),
      (stop) => Effect.sync(stop)
    )
  })
)
