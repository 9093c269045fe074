/** What one client may do in a second: control messages, malformed messages, audio faster than time. Plain counters. */
import { limits } from "#src/limits.ts"

/** At most `max` within any `windowMs`, of whatever is counted; over it `hit` answers true. */
export class Window {
  readonly #max: number
  readonly #windowMs: number
  #hits: Array<{ readonly atMs: number; readonly weight: number }> = []

  constructor(max: number, windowMs: number) {
    this.#max = max
    this.#windowMs = windowMs
  }

  hit(nowMs: number, weight = 1): boolean {
    this.#hits = this.#hits.filter(({ atMs }) => atMs > nowMs - this.#windowMs)
    this.#hits.push({ atMs: nowMs, weight })
    return this.#hits.reduce((sum, hit) => sum + hit.weight, 0) > this.#max
  }
}

/** Live audio drains at four times real time from a store of `audioAheadMsMax` (R3.7). */
export class AudioPace {
  /** Times that nothing came for `audioGapMs` longer than what had come lasted. */
  gaps = 0
  #aheadMs = 0
  #lastMs: number | undefined
  #lastDurationMs = 0

  /** True when this much audio is too much now. */
  exceeds(durationMs: number, nowMs: number): boolean {
    const elapsedMs = this.#lastMs === undefined ? 0 : nowMs - this.#lastMs
    this.#lastMs = nowMs
    if (elapsedMs > this.#lastDurationMs + limits.audioGapMs) this.gaps++
    this.#lastDurationMs = durationMs
    this.#aheadMs = Math.max(0, this.#aheadMs - 4 * elapsedMs) + Math.max(durationMs, limits.frameMsMin)
    return this.#aheadMs > limits.audioAheadMsMax
  }
}

/** All of one client's. `malformed` may be hit once less than ends it. */
export class WireBounds {
  readonly malformed = new Window(limits.malformedMax - 1, limits.malformedWindowMs)
  readonly messages = new Window(limits.messagesPerSecondMax, 1_000)
  /** Audio that came too early or was none: each is answered, so not without end. */
  readonly refusedFrames = new Window(limits.refusedFramesMax, limits.refusedFramesWindowMs)
  readonly pace = new AudioPace()
  /** Characters that the basic socket has had spoken. */
  readonly spoken = new Window(limits.basicSpeechCharactersPerMinute, 60_000)
}
