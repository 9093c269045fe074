/**
 * How long a block of somebody who speaks may wait in the server for blocks of others, so that a host is woken once for
 * several: each time it wakes it finds its model in no cache any more, which costs as much again as the decoding itself.
 * Nobody waits while too few others speak for that to be worth it.
 */

/** Of a block of 200 ms; libvosk ends an utterance after 500 ms of silence or more. */
export const gatherMs = 60
/** Blocks that come less often than this find nobody to wait for. */
const intervalMsMax = 40
const newestShare = 0.1

export class Gathering {
  readonly #gatherMs: number
  /** Between two blocks, lately. Nothing is known before the first. */
  #intervalMs = 1_000
  #lastAtMs = -Infinity

  constructor(waitMs = gatherMs) {
    this.#gatherMs = waitMs
  }

  /** A block comes now; what comes in the same millisecond is one, such as the frames of a message. */
  waitMs(nowMs: number): number {
    const intervalMs = Math.min(1_000, nowMs - this.#lastAtMs)
    if (intervalMs >= 1) {
      this.#lastAtMs = nowMs
      this.#intervalMs += newestShare * (intervalMs - this.#intervalMs)
    }
    return this.#intervalMs <= intervalMsMax ? this.#gatherMs : 0
  }
}
