/** Whether a stream is somebody who speaks now, not a recording: what has come is no more than the time that has passed. */
import { gatherMs } from "#src/host/gathering.ts"

/** A gate sends a second from before speech at once, and the message with it. */
const aheadMsMax = 1_500
/** A client that waits for each answer would not keep up with speech if shorter messages waited so long. */
const waitingAudioMsMin = 2 * gatherMs

export class Live {
  readonly #openedAtMs = performance.now()
  #audioMs = 0
  #lastAudioMs = 0

  came(audioMs: number): void {
    this.#audioMs += audioMs
    this.#lastAudioMs = audioMs
  }

  get isLive(): boolean {
    return this.#audioMs - (performance.now() - this.#openedAtMs) <= aheadMsMax
  }

  /** Whether what came last may wait for what others send (`src/host/gathering.ts`). */
  get mayWait(): boolean {
    return this.#lastAudioMs >= waitingAudioMsMin && this.isLive
  }
}
