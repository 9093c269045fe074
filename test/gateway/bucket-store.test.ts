/** The buckets in memory: right against Effect's own store, which forgets nothing, and bounded where that is not. */
import { execFile } from "node:child_process"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { it as effectIt } from "@effect/vitest"
import { Clock, Context, Duration, Effect, Layer, Scope } from "effect"
import { RateLimiter } from "effect/persistence"
import { TestClock } from "effect/testing"
import fc from "fast-check"
import { assert, describe, it } from "vitest"
import { BucketStore, type TokenBucketOptions } from "#src/gateway/bucket-store.ts"

const storeOf = (keysMax: number) => {
  const clock = { nowMs: 1 }
  return { clock, store: new BucketStore({ keysMax, nowMs: () => clock.nowMs }) }
}
const asked = (key: string, limit: number, tokens = 1, allowOverflow = false): TokenBucketOptions => ({
  key,
  tokens,
  limit,
  refillRate: Duration.millis(60_000 / limit),
  allowOverflow
})

const clockAt = (time: { readonly wallMs: () => number; readonly monotonicMs?: () => number }): Clock.Clock => {
  const real = Effect.runSync(Clock.Clock)
  return {
    ...real,
    currentTimeMillisUnsafe: time.wallMs,
    monotonicTimeNanosUnsafe: () => BigInt((time.monotonicMs ?? time.wallMs)()) * 1_000_000n,
    sleep: (duration) => real.sleep(duration)
  }
}

/** Limits whose share of the minute is a whole number of milliseconds, so that no two clocks disagree about it. */
const someLimit = fc.constantFrom(1, 2, 3, 6, 10, 60, 600)
const someSteps = fc.array(
  fc.record({
    key: fc.integer({ min: 0, max: 12 }).map((n) => `192.0.2.${n}`),
    stepMs: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 500 }), fc.integer({ min: 0, max: 30_000 })),
    tokens: fc.constantFrom(1, 1, 1, 10)
  }),
  { minLength: 1, maxLength: 150 }
)

describe("a bucket", () => {
  it("holds what Effect's own store says it holds, however it is used", () => {
    const context = Effect.runSync(Layer.buildWithScope(RateLimiter.layerStoreMemory, Scope.makeUnsafe()))
    const memory = Context.get(context, RateLimiter.RateLimiterStore)
    let run = 0
    fc.assert(
      fc.property(someLimit, someSteps, (limit, steps) => {
        run++
        const { clock, store } = storeOf(1_000)
        const sameTime = clockAt({ wallMs: () => clock.nowMs })
        for (const { key, stepMs, tokens } of steps) {
          clock.nowMs += stepMs
          const options = asked(`${run} ${key}`, limit, tokens, tokens > 1)
          const expected = Effect.runSync(Effect.provideService(memory.tokenBucket(options), Clock.Clock, sameTime))
          assert.deepStrictEqual([...store.take(options)], [...expected])
        }
      })
    )
  })

  it("gives all it holds at once, whatever the time is to the last fraction of a millisecond", () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1e9, noNaN: true }), fc.integer({ min: 1, max: 200 }), (nowMs, limit) => {
        const { clock, store } = storeOf(10)
        clock.nowMs = nowMs
        for (let left = limit - 1; left >= -1; left--) {
          assert.strictEqual(store.take(asked("a", limit))[0], left)
        }
      })
    )
  })

  it("never gives more in any stretch of time than it holds and what is refilled", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 100 }),
        fc.array(fc.integer({ min: 0, max: 5_000 }), { minLength: 1, maxLength: 200 }),
        (limit, steps) => {
          const { clock, store } = storeOf(10)
          let given = 0
          for (const stepMs of steps) {
            clock.nowMs += stepMs
            if (store.take(asked("a", limit))[0] >= 0) given++
          }
          assert.isAtMost(given, limit + (clock.nowMs * limit) / 60_000 + 1e-6)
        }
      )
    )
  })
})

describe("at its bound", () => {
  it("never gives what a store without one would refuse: no bucket in debt is forgotten", () => {
    fc.assert(
      fc.property(someLimit, fc.integer({ min: 1, max: 6 }), someSteps, (limit, keysMax, steps) => {
        const [bounded, endless] = [storeOf(keysMax), storeOf(1_000)]
        for (const { key, stepMs, tokens } of steps) {
          bounded.clock.nowMs = endless.clock.nowMs += stepMs
          const options = asked(key, limit)
          const given = bounded.store.take(options)[0] >= 0
          if (given) assert.isAtLeast(endless.store.take(options)[0], 0)
          assert.isAtMost(bounded.store.tracked(), keysMax)
          // What was let in may turn out to cost more: a wrong admin secret.
          if (given && tokens > 1)
            for (const { store } of [bounded, endless]) store.take(asked(key, limit, tokens, true))
        }
      })
    )
  })

  it("a full bucket goes, the oldest first; while all are in debt a new key is refused until one is full", () => {
    const { clock, store } = storeOf(2)
    store.take(asked("one token short", 6))
    store.take(asked("empty", 6, 6))
    assert.isBelow(store.take(asked("new", 6))[0], 0)
    clock.nowMs += 10_100
    assert.strictEqual(store.take(asked("new", 6))[0], 5)
    assert.isBelow(store.take(asked("newer", 6))[0], 0)
    assert.strictEqual(store.take(asked("empty", 6))[0], 0, "it was kept with what it had")
    assert.strictEqual(store.tracked(), 2)
  })
})

describe("in time", () => {
  effectIt.effect("full buckets are forgotten although nobody asks, and what is in debt is not", () =>
    Effect.gen(function* () {
      const store = yield* BucketStore.make(100)
      yield* store.tokenBucket(asked("a", 60, 5))
      yield* store.tokenBucket(asked("b", 60, 30))
      yield* TestClock.adjust("20 seconds")
      assert.strictEqual(store.tracked(), 1)
      yield* TestClock.adjust("20 seconds")
      assert.strictEqual(store.tracked(), 0)
    })
  )

  effectIt.effect("a wall clock that jumps neither fills a bucket nor freezes it", () =>
    Effect.gen(function* () {
      const at = { wallMs: 1_000_000_000, monotonicMs: 5_000 }
      const clock = clockAt({ wallMs: () => at.wallMs, monotonicMs: () => at.monotonicMs })
      const store = yield* Effect.provideService(BucketStore.make(100), Clock.Clock, clock)
      yield* store.tokenBucket(asked("a", 60, 60))
      at.wallMs += 3_600_000
      assert.isBelow((yield* store.tokenBucket(asked("a", 60)))[0], 0)
      at.wallMs -= 7_200_000
      at.monotonicMs += 1_000
      assert.strictEqual((yield* store.tokenBucket(asked("a", 60)))[0], 0)
    })
  )
})

describe("memory", () => {
  it("of a million addresses at once stays under 64 MB, also when each came in a long header", async () => {
    const program = fileURLToPath(new URL("bucket-memory.ts", import.meta.url))
    const { stdout } = await promisify(execFile)(process.execPath, ["--expose-gc", program])
    const { addresses, tracked, forgiven, heapMb, headersHeapMb } = JSON.parse(stdout) as Record<string, number>
    process.stdout.write(`${addresses} addresses: ${heapMb} MB; from headers of 15 kB: ${headersHeapMb} MB\n`)
    assert.strictEqual(addresses, 1_000_000)
    assert.strictEqual(tracked, 100_000)
    assert.strictEqual(forgiven, 0)
    assert.isBelow(heapMb ?? Infinity, 64)
    assert.isBelow(headersHeapMb ?? Infinity, 64)
  }, 120_000)
})
