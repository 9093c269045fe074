/** Whether a stream is somebody who speaks now, not a recording: what has come is no more than the time that has passed. */

/** A gate sends a second from before speech at once, and the message with it. */
const aheadMsMax = 1_500

export class Live {
  readonly #openedAtMs = performance.now()
  #audioMs = 0

  came(audioMs: number): void {
    this.#audioMs += audioMs
  }

  get isLive(): boolean {
    return this.#audioMs - (performance.now() - this.#openedAtMs) <= aheadMsMax
  }
}
