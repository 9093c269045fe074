/**
 * Which calls of libvosk a host makes on its own loop instead of a pool thread. Two switches of threads and caches gone cold
 * cost a sixth of a live stream's decoding with a small model; long calls would hold up all streams and beats, and one
 * loop alone uses one processor. So: short calls, of somebody who speaks now or of the only stream, one after the other as
 * they came together, and no more in one turn of the loop than beats can wait for. And only the last block of a stream
 * that has come: a client that does not wait would keep the loop to its end.
 */

/** Processor time in one turn. Beats are answered within 25 ms (`hostPolicy`). */
const turnMsMax = 15
const newestShare = 0.1

export class OwnLoop {
  #streams = 0
  /** Processor time for a millisecond of audio; nothing is known before the first call. */
  #costMs = Infinity
  /** What the calls of this turn are expected to take. */
  #turnMs = 0
  readonly #begin = (): void => void (this.#turnMs = 0)

  opened(): void {
    this.#streams++
  }

  closed(): void {
    this.#streams--
  }

  /** Whether the loop makes this call, now. `waiting`: blocks of the stream that have come after this one. */
  takes(audioMs: number, isLive: boolean, waiting: number): boolean {
    const turnMs = this.#turnMs + this.#costMs * audioMs
    if (waiting > 0 || !(isLive || this.#streams === 1) || turnMs > turnMsMax) return false
    if (this.#turnMs === 0) setImmediate(this.#begin)
    this.#turnMs = turnMs
    return true
  }

  /** What a call took, of no other's time. */
  took({ user, system }: NodeJS.CpuUsage, audioMs: number): void {
    if (audioMs <= 0) return
    const costMs = (user + system) / 1_000 / audioMs
    this.#costMs = this.#costMs === Infinity ? costMs : this.#costMs + newestShare * (costMs - this.#costMs)
  }
}
