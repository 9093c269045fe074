/**
 * Which calls of libvosk a host makes on its own loop instead of a pool thread. Two switches of threads and caches gone cold
 * cost a sixth of a live stream's decoding with a small model; a long call would hold up all streams and beats, and one
 * loop alone uses one processor. So: short calls, of somebody who speaks now or of the only stream, while nobody else decodes.
 * And only the last block that has come: one after the other would keep the loop from beats and answers until the last.
 */

/** Processor time. Beats are answered within 25 ms (`hostPolicy`). */
const shortMs = 10
const newestShare = 0.1

export class OwnLoop {
  #streams = 0
  /** Processor time for a millisecond of audio; nothing is known before the first call. */
  #costMs = Infinity

  opened(): void {
    this.#streams++
  }

  closed(): void {
    this.#streams--
  }

  /** `waiting`: blocks of the stream that have come after this one. */
  takes(audioMs: number, isLive: boolean, waiting: number): boolean {
    return waiting === 0 && (isLive || this.#streams === 1) && this.#costMs * audioMs <= shortMs
  }

  /** What a call took while it was the only one. */
  took(cpuMs: number, audioMs: number): void {
    if (audioMs <= 0) return
    const costMs = cpuMs / audioMs
    this.#costMs = this.#costMs === Infinity ? costMs : this.#costMs + newestShare * (costMs - this.#costMs)
  }
}
