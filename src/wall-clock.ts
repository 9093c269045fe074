/**
 * Whether the wall clock may decide what is deleted by age: not for an hour after it was set, as a comparison with the
 * monotonic clock shows. Looked at once a minute by whoever sweeps.
 */

/** Off by more than this, the clock has been set. */
const jumpMs = 60_000
/** So many looks pass after a jump before it is believed again. */
const looksOfDoubt = 60

export class WallClock {
  readonly #nowMs: () => number
  readonly #uptimeMs: () => number
  #offsetMs: number
  #doubts = 0

  constructor(nowMs: () => number, uptimeMs: () => number = () => performance.now()) {
    this.#nowMs = nowMs
    this.#uptimeMs = uptimeMs
    this.#offsetMs = nowMs() - uptimeMs()
  }

  look(): { readonly jumped: boolean; readonly trusted: boolean } {
    const offsetMs = this.#nowMs() - this.#uptimeMs()
    const jumped = Math.abs(offsetMs - this.#offsetMs) > jumpMs
    this.#offsetMs = offsetMs
    if (jumped) this.#doubts = looksOfDoubt
    const trusted = this.#doubts === 0
    this.#doubts = Math.max(0, this.#doubts - 1)
    return { jumped, trusted }
  }
}
