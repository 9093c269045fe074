/**
 * The detector's answers on their way to the endpointer, in their order. They are held back while the recogniser is asked
 * what it has heard so far, so that an utterance's end follows from its audio alone, however fast it is decoded. What is
 * held counts as pending: the session stops reading its socket long before there is much of it.
 */
export class HeldAnswers {
  readonly #take: (probability: number) => void
  readonly #waiting: Array<number> = []
  #held = false
  #taking = false

  constructor(take: (probability: number) => void) {
    this.#take = take
  }

  push(probability: number): void {
    this.#waiting.push(probability)
    this.#drain()
  }

  hold(): void {
    this.#held = true
  }

  release(): void {
    this.#held = false
    this.#drain()
  }

  /** Taking one may hold or release the rest. */
  #drain(): void {
    if (this.#taking) return
    this.#taking = true
    try {
      while (!this.#held && this.#waiting.length > 0) this.#take(this.#waiting.shift() ?? 0)
    } finally {
      this.#taking = false
    }
  }
}
