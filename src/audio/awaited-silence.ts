/** A stretch of silence that somebody waits for, in frames of audio: once it has passed, it is told once. Pure. */
export class AwaitedSilence {
  #frames: number | undefined
  #since = 0

  arm(frames: number, since: number): void {
    this.#frames = frames
    this.#since = since
  }

  disarm(): void {
    this.#frames = undefined
  }

  /** What was heard up to this frame was no silence. */
  restart(frame: number): void {
    this.#since = Math.max(this.#since, frame)
  }

  /** Whether it has just passed, with `heardFrames` heard in all. */
  passes(heardFrames: number): boolean {
    if (this.#frames === undefined || heardFrames - this.#since < this.#frames) return false
    this.disarm()
    return true
  }
}
