/** Where a test's server counts: with time in the test's hands, so that nothing is refilled because a machine is slow. */
import { Effect } from "effect"
import { BucketStore } from "#src/gateway/bucket-store.ts"
import type { MakeLimitStore } from "#src/gateway/limiter.ts"

export const storeAt =
  (clock: { readonly nowMs: number }): MakeLimitStore =>
  () =>
    Effect.sync(() => new BucketStore({ keysMax: 1_000, nowMs: () => clock.nowMs }))

/** No time passes. */
export const standingStore = storeAt({ nowMs: 1 })
