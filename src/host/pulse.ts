/**
 * Counts the beats that a host left unanswered. Time is counted in ticks of this process's own timer, and a tick is judged
 * only after the pipe has been read: however long this loop was blocked or the machine slept, that is one tick, and an
 * answer that waited in the pipe is heard first. Anything that a host says is a sign of life, so one that is busy
 * with what was sent before the beat is not thought dead.
 */
export class Pulse {
  readonly #timer: NodeJS.Timeout
  readonly #beat: () => void
  readonly #judged: (missed: number) => void
  #heard = false
  #missed = 0
  #stopped = false

  /** `beat` sends one, now and after every tick that heard something; `judged` hears of every tick. */
  constructor(beatMs: number, beat: () => void, judged: (missed: number) => void) {
    this.#beat = beat
    this.#judged = judged
    this.#timer = setInterval(() => setImmediate(() => this.#judge()), beatMs)
    beat()
  }

  heard(): void {
    this.#heard = true
  }

  stop(): void {
    this.#stopped = true
    clearInterval(this.#timer)
  }

  #judge(): void {
    if (this.#stopped) return
    this.#missed = this.#heard ? 0 : this.#missed + 1
    // One beat at a time: a full pipe does not fill with them.
    if (this.#heard) this.#beat()
    this.#heard = false
    this.#judged(this.#missed)
  }
}
