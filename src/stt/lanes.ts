/**
 * Turns at the processors for utterances that wait to be decoded. There are as many lanes as processors: a recogniser
 * that has one goes on with its own audio, since what it has in the caches is what the next block needs (eight that take
 * turns block by block need 30 % more processor time than two that do not; docs/decisions/012-decoding-lanes.md).
 * Who has little waiting is speaking now and goes first; recordings, and whoever floods, share what is left, in order.
 */
type Waiting = () => void

export class Lanes {
  readonly #urgent: Array<Waiting> = []
  readonly #patient: Array<Waiting> = []
  readonly #lanes: number
  #free: number

  constructor(lanes: number) {
    this.#lanes = this.#free = lanes
  }

  /** Resolves when it is this one's turn; `release` must follow. */
  async take(isUrgent: boolean): Promise<void> {
    if (this.#free > 0) {
      this.#free--
      return
    }
    await new Promise<void>((resolve) => (isUrgent ? this.#urgent : this.#patient).push(resolve))
  }

  /** Gives the lane to whoever waits first. */
  release(): void {
    const next = this.#urgent.shift() ?? this.#patient.shift()
    if (next === undefined) this.#free++
    else next()
  }

  /** Whether somebody who speaks now waits: time to give way. */
  get pressed(): boolean {
    return this.#urgent.length > 0
  }

  /** Whether nobody else has a lane, or waits for one. */
  get isAlone(): boolean {
    return this.#free === this.#lanes - 1 && !this.awaited
  }

  /** Whether anybody waits. */
  get awaited(): boolean {
    return this.pressed || this.#patient.length > 0
  }
}
