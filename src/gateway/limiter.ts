/**
 * How often a client may ask (R3.4): Effect's `RateLimiter` with a token bucket for each address, and one for each token's
 * subject, over a store that can be another one. The two have stores of their own, so that neither kind of key can push
 * out the other. A store that fails, or does not answer in time, lets nobody in: what cannot be counted is
 * refused with 503.
 */
import { Context, Duration, Effect, Layer, type Scope } from "effect"
import { RateLimiter } from "effect/persistence"
import { Audit } from "#src/audit/audit.ts"
import { AppConfig } from "#src/config.ts"
import { limitKey } from "#src/gateway/address.ts"
import type { Claims } from "#src/gateway/claims.ts"
import { BucketStore } from "#src/gateway/bucket-store.ts"
import { refuse, type Refusal } from "#src/gateway/refusal.ts"
import { limits } from "#src/limits.ts"
import { Counters } from "#src/registry/counters.ts"

const windowSeconds = 60
const storeRetrySeconds = 5

const silent = Effect.fail(
  new RateLimiter.RateLimiterError({
    reason: new RateLimiter.RateLimitStoreError({ message: "The store did not answer in time." })
  })
)

export type RateHeaders = Readonly<Record<string, string>>

export type LimitStore = RateLimiter.RateLimiterStore["Service"] & { readonly tracked?: () => number }
/** `ip` counts addresses, `sub` subjects: also the policy's name in `RateLimit` (draft-ietf-httpapi-ratelimit-headers-10). */
export type Policy = "ip" | "sub"
export type MakeLimitStore = (policy: Policy) => Effect.Effect<LimitStore, never, Scope.Scope>

const inMemory: MakeLimitStore = () => BucketStore.make(limits.trackedKeysMax)

export class Limiters extends Context.Service<
  Limiters,
  {
    /** Takes a token of this address, or of its /64. The headers are for the answer; a refusal carries its own. */
    readonly countAddress: (address: string) => Effect.Effect<RateHeaders, Refusal>
    /** Takes a token of whom a verified token is for. */
    readonly countSubject: (claims: Claims, address: string) => Effect.Effect<RateHeaders, Refusal>
    /** Takes tokens that are not there as well: the address is refused until they are paid back. */
    readonly chargeAddress: (address: string, tokens: number) => Effect.Effect<void>
    /** In the memory of this process: none where they are kept elsewhere. */
    readonly trackedAddresses: () => number
  }
>()("sawt/gateway/Limiters") {
  static readonly layer = (makeStore: MakeLimitStore = inMemory) =>
    Layer.effect(
      Limiters,
      Effect.gen(function* () {
        const audit = yield* Audit
        const addresses = yield* budget("ip", makeStore, "Too many requests from this address; wait as told.")
        const subjects = yield* budget("sub", makeStore, "Too many connections of this token's subject; wait as told.")
        return {
          countAddress: (address) =>
            addresses.take(limitKey(address), () =>
              audit.record({ event: "limit.refused", limit: "rate_of_address", client_address: address })
            ),
          countSubject: ({ id, subject }, address) =>
            subjects.take(subject ?? id, () => {
              const limited = { limit: "rate_of_subject", client_address: address } as const
              audit.record({ event: "limit.refused", ...limited, ...(subject === undefined ? {} : { subject }) })
            }),
          chargeAddress: (address, tokens) => addresses.charge(limitKey(address), tokens),
          trackedAddresses: () => addresses.tracked?.() ?? 0
        }
      })
    )
}

/** One kind of key and its buckets. */
const budget = Effect.fnUntraced(function* (policy: Policy, makeStore: MakeLimitStore, tooMany: string) {
  const { ratePerMinute } = yield* AppConfig
  const counters = yield* Counters
  const store = yield* makeStore(policy)
  const limiter = yield* Effect.provideService(RateLimiter.make, RateLimiter.RateLimiterStore, store)
  let isStoreDown = false

  /** Our own store answers at once, and a timer for each connect would cost as much as all the rest of this. */
  const inTime = <A>(answer: Effect.Effect<A, RateLimiter.RateLimiterError>) =>
    store instanceof BucketStore
      ? answer
      : Effect.timeoutOrElse(answer, { duration: limits.limitStoreTimeoutMs, orElse: () => silent })
  const consume = (key: string, tokens: number, onExceeded: "fail" | "delay") =>
    inTime(
      limiter.consume({
        algorithm: "token-bucket",
        window: Duration.seconds(windowSeconds),
        limit: ratePerMinute,
        key: `${policy}:${key}`,
        tokens,
        onExceeded
      })
    )
  const headersFor = (remaining: number, resetSeconds: number): RateHeaders => ({
    ratelimit: `"${policy}";r=${remaining};t=${Math.ceil(resetSeconds)}`,
    "ratelimit-policy": `"${policy}";q=${ratePerMinute};w=${windowSeconds}`
  })
  const exceeded = ({ retryAfter }: RateLimiter.RateLimitExceeded, onExceeded: () => void): Refusal => {
    counters.rateLimitRefusals++
    onExceeded()
    const waitSeconds = Duration.toSeconds(retryAfter)
    return refuse("rate_limited", tooMany, {
      ...headersFor(0, waitSeconds + ((ratePerMinute - 1) * windowSeconds) / ratePerMinute),
      "retry-after": String(Math.max(1, Math.ceil(waitSeconds)))
    })
  }
  /** Told once for each outage. */
  const down = Effect.suspend(() => {
    const told = isStoreDown ? Effect.void : Effect.logError("The store of rate limits does not answer", { policy })
    isStoreDown = true
    return told
  })
  const up = Effect.suspend(() => {
    const told = isStoreDown ? Effect.logInfo("The store of rate limits answers again", { policy }) : Effect.void
    isStoreDown = false
    return told
  })
  const uncountable = refuse(
    "storage_unavailable",
    "Requests cannot be counted at the moment, and none is let in uncounted; try again.",
    { "retry-after": String(storeRetrySeconds) }
  )

  return {
    take: (key: string, onExceeded: () => void): Effect.Effect<RateHeaders, Refusal> =>
      consume(key, 1, "fail").pipe(
        Effect.tap(up),
        Effect.map(({ remaining, resetAfter }) => headersFor(remaining, Duration.toSeconds(resetAfter))),
        Effect.catch(({ reason }) =>
          reason._tag === "RateLimitExceeded"
            ? Effect.fail(exceeded(reason, onExceeded))
            : Effect.andThen(down, Effect.fail(uncountable))
        )
      ),
    charge: (key: string, tokens: number): Effect.Effect<void> =>
      consume(key, tokens, "delay").pipe(
        Effect.catch(() => down),
        Effect.asVoid
      ),
    tracked: store.tracked
  }
})
