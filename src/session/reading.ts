/** Backpressure on what a client sends: its socket is not read while the models are too far behind. */
import { limits } from "#src/limits.ts"
import type { Connection } from "./contract.ts"

export class Reading {
  readonly #connection: Pick<Connection, "pauseReading" | "resumeReading">
  #isPaused = false

  constructor(connection: Pick<Connection, "pauseReading" | "resumeReading">) {
    this.#connection = connection
  }

  /** So much audio waits for the models. */
  pending(pendingMs: number): void {
    if (pendingMs > limits.unackedAudioMsMax) this.pause()
  }

  pause(): void {
    if (this.#isPaused) return
    this.#isPaused = true
    this.#connection.pauseReading()
  }

  /** The models have caught up. */
  goOn(): void {
    if (!this.#isPaused) return
    this.#isPaused = false
    this.#connection.resumeReading()
  }
}
