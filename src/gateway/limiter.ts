/**
 * Token buckets, one per key (a client address or a token's subject): `perMinute` tokens, refilled evenly over a minute.
 * Buckets are kept in the order of their last use; one that has rested for a minute is full again and is forgotten, so
 * idle keys cost nothing. At `keysMax` the least recently used bucket goes, which bounds the memory under any flood.
 */
import { Context } from "effect"

const windowMs = 60_000

interface Bucket {
  tokens: number
  usedAtMs: number
}

export interface RateDecision {
  readonly allowed: boolean
  readonly limit: number
  readonly remaining: number
  /** Until the bucket is full again. */
  readonly resetSeconds: number
  /** Until one token is there; 0 when allowed. */
  readonly retryAfterSeconds: number
}

export class RateLimiter {
  readonly #buckets = new Map<string, Bucket>()
  readonly #perMinute: number
  readonly #keysMax: number
  readonly #nowMs: () => number

  constructor(options: { readonly perMinute: number; readonly keysMax: number; readonly nowMs: () => number }) {
    this.#perMinute = options.perMinute
    this.#keysMax = options.keysMax
    this.#nowMs = options.nowMs
  }

  /** Takes `cost` tokens when one is there; a bucket never goes below empty. */
  take(key: string, cost = 1): RateDecision {
    const nowMs = this.#nowMs()
    this.#forgetRested(nowMs)
    const bucket = this.#buckets.get(key) ?? { tokens: this.#perMinute, usedAtMs: nowMs }
    const refilled = bucket.tokens + ((nowMs - bucket.usedAtMs) * this.#perMinute) / windowMs
    const tokens = Math.min(this.#perMinute, refilled)
    // A hair below one is one: refilling in floating point must not cost a caller a retry.
    const allowed = tokens > 1 - 1e-9
    bucket.tokens = allowed ? Math.max(0, tokens - cost) : tokens
    bucket.usedAtMs = nowMs
    this.#buckets.delete(key)
    if (this.#buckets.size >= this.#keysMax) this.#forgetOldest()
    this.#buckets.set(key, bucket)
    return {
      allowed,
      limit: this.#perMinute,
      remaining: Math.floor(bucket.tokens + 1e-9),
      resetSeconds: Math.ceil(((this.#perMinute - bucket.tokens) * windowMs) / this.#perMinute / 1_000),
      retryAfterSeconds: allowed ? 0 : Math.max(1, Math.ceil(((1 - tokens) * windowMs) / this.#perMinute / 1_000))
    }
  }

  /** Keys in memory now. */
  get tracked(): number {
    this.#forgetRested(this.#nowMs())
    return this.#buckets.size
  }

  #forgetRested(nowMs: number): void {
    for (const [key, bucket] of this.#buckets) {
      if (nowMs - bucket.usedAtMs < windowMs) return
      this.#buckets.delete(key)
    }
  }

  #forgetOldest(): void {
    for (const key of this.#buckets.keys()) {
      this.#buckets.delete(key)
      return
    }
  }
}

/** The gateway's limiters; separate maps, so that neither kind of key can push out the other. */
export class Limiters extends Context.Service<
  Limiters,
  { readonly byAddress: RateLimiter; readonly bySubject: RateLimiter }
>()("sawt/gateway/Limiters") {}

/** `policy` is `ip` or `sub` (draft-ietf-httpapi-ratelimit-headers-10). */
export const rateHeaders = (policy: string, decision: RateDecision): Record<string, string> => ({
  ratelimit: `"${policy}";r=${decision.remaining};t=${decision.resetSeconds}`,
  "ratelimit-policy": `"${policy}";q=${decision.limit};w=${windowMs / 1_000}`,
  ...(decision.allowed ? {} : { "retry-after": String(decision.retryAfterSeconds) })
})
