/** What one client may do in a second: control messages, malformed messages, audio faster than time. Plain counters. */
import { limits } from "#src/limits.ts"

/** At most `max` events within any `windowMs`; one more and `hit` answers true. */
export class Window {
  readonly #max: number
  readonly #windowMs: number
  #times: Array<number> = []

  constructor(max: number, windowMs: number) {
    this.#max = max
    this.#windowMs = windowMs
  }

  hit(nowMs: number): boolean {
    this.#times = this.#times.filter((time) => time > nowMs - this.#windowMs)
    this.#times.push(nowMs)
    return this.#times.length > this.#max
  }
}

/** Live audio drains at four times real time from a store of `audioAheadMsMax` (R3.7). */
export class AudioPace {
  #aheadMs = 0
  #lastMs: number | undefined

  /** True when this much audio is too much now. */
  exceeds(durationMs: number, nowMs: number): boolean {
    const elapsedMs = this.#lastMs === undefined ? 0 : nowMs - this.#lastMs
    this.#lastMs = nowMs
    this.#aheadMs = Math.max(0, this.#aheadMs - 4 * elapsedMs) + durationMs
    return this.#aheadMs > limits.audioAheadMsMax
  }
}
