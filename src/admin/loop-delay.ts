/**
 * How late the server's event loop is. Node's histogram holds the time from sample to sample; what is told here is without
 * the interval that was asked for, so that an idle loop has a delay of about nothing.
 */
import { monitorEventLoopDelay } from "node:perf_hooks"
import { Effect, type Scope } from "effect"

export interface LoopDelay {
  /** Since the last `reset`, in milliseconds; zeros before the first sample. */
  readonly read: () => { readonly mean: number; readonly p99: number; readonly max: number }
  readonly reset: () => void
}

/** Of a time from sample to sample, what is more than the interval. */
export const lateMs = (sampledNs: number, everyMs: number): number => Math.max(0, sampledNs / 1e6 - everyMs)

/** Samples wake the process, each `everyMs`, until the scope closes. */
export const loopDelay = (everyMs: number): Effect.Effect<LoopDelay, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const histogram = monitorEventLoopDelay({ resolution: everyMs })
      histogram.enable()
      return histogram
    }),
    (histogram) => Effect.sync(() => histogram.disable())
  ).pipe(
    Effect.map((histogram) => {
      // Before its first sample it says NaN and more than there can be.
      const late = (ns: number): number => (histogram.count === 0 ? 0 : lateMs(ns, everyMs))
      return {
        read: () => ({ mean: late(histogram.mean), p99: late(histogram.percentile(99)), max: late(histogram.max) }),
        reset: () => histogram.reset()
      }
    })
  )
