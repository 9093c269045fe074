/**
 * Token buckets in the memory of this process: the store of Effect's `RateLimiter` where no shared one is given. At most
 * `keysMax` buckets, a few megabytes (decision 018). A bucket that has filled up again is forgotten by itself, the oldest
 * first, since an unknown key has a full one anyway; a bucket in debt never is. Where all are in debt a key that is not
 * among them is answered as if its bucket were empty: a flood can shut newcomers out, but never wins a token.
 */
import { Clock, Duration, Effect, Schedule, type Scope } from "effect"
import { RateLimiter } from "effect/persistence"

type Shape = RateLimiter.RateLimiterStore["Service"]
export type TokenBucketOptions = Parameters<Shape["tokenBucket"]>[0]

/** How exactly full buckets are noticed. */
const slotMs = 100
const sweepEvery = "10 seconds"
/** Of a token: time in floating point must not cost a caller, who waited as told, another wait. */
const hair = 1e-6

const notKept = Effect.fail(
  new RateLimiter.RateLimiterError({
    reason: new RateLimiter.RateLimitStoreError({ message: "Only token buckets are kept here." })
  })
)

/** A key cut out of a header would hold all of that header in memory. */
const copyOf = (text: string): string => JSON.parse(JSON.stringify(text)) as string

export class BucketStore implements Shape {
  /** When each bucket will be full again; how much is in it follows. */
  readonly #fullAtMs = new Map<string, number>()
  /** Keys by the slot of time in which their buckets may be full: looked at then, and moved on if they were used since. */
  readonly #due = new Map<number, Array<string>>()
  #slot = 0
  readonly #keysMax: number
  readonly #nowMs: () => number

  constructor(options: { readonly keysMax: number; readonly nowMs: () => number }) {
    this.#keysMax = options.keysMax
    this.#nowMs = options.nowMs
  }

  /** On the monotonic clock, and sweeping by itself while its scope is open. */
  static readonly make = (keysMax: number): Effect.Effect<BucketStore, never, Scope.Scope> =>
    Effect.gen(function* () {
      const clock = yield* Clock.Clock
      const store = new BucketStore({ keysMax, nowMs: () => Number(clock.monotonicTimeNanosUnsafe()) / 1e6 })
      yield* Effect.sync(() => store.#sweep(store.#nowMs())).pipe(
        Effect.repeat(Schedule.spaced(sweepEvery)),
        Effect.forkScoped
      )
      return store
    })

  readonly fixedWindow = () => notKept
  readonly adaptiveConsume = () => notKept
  readonly adaptiveFeedback = () => notKept
  readonly tokenBucket = (options: TokenBucketOptions) => Effect.sync(() => this.take(options))

  /** What `RateLimiterStore` asks of `tokenBucket`, for whole tokens; without waiting. */
  take({ key, tokens, limit, refillRate, allowOverflow }: TokenBucketOptions): readonly [number, number] {
    const nowMs = this.#nowMs()
    this.#sweep(nowMs)
    const known = this.#fullAtMs.get(key)
    if (known === undefined && this.#fullAtMs.size >= this.#keysMax) return [-tokens, 0]
    const refillMs = Duration.toMillis(refillRate)
    const fillingMs = Math.max(0, (known ?? nowMs) - nowMs)
    const missing = Math.ceil(fillingMs / refillMs - hair)
    const left = limit - missing - tokens
    if (left >= 0 || allowOverflow) this.#fill(key, nowMs + fillingMs + tokens * refillMs, known === undefined)
    return [left, Math.max(0, missing * refillMs - fillingMs)]
  }

  /** Buckets in memory. */
  readonly tracked = (): number => this.#fullAtMs.size

  #fill(key: string, fullAtMs: number, isNew: boolean): void {
    const kept = isNew ? copyOf(key) : key
    this.#fullAtMs.set(kept, fullAtMs)
    if (isNew) this.#await(kept, fullAtMs)
  }

  #await(key: string, fullAtMs: number): void {
    const slot = Math.ceil(fullAtMs / slotMs)
    const keys = this.#due.get(slot)
    if (keys === undefined) this.#due.set(slot, [key])
    else keys.push(key)
  }

  #sweep(nowMs: number): void {
    const slot = Math.floor(nowMs / slotMs)
    if (slot === this.#slot) return
    this.#slot = slot
    for (const [due, keys] of this.#due) {
      if (due > slot) continue
      this.#due.delete(due)
      for (const key of keys) {
        const fullAtMs = this.#fullAtMs.get(key) ?? 0
        if (fullAtMs > nowMs) this.#await(key, fullAtMs)
        else this.#fullAtMs.delete(key)
      }
    }
  }
}
