/**
 * Counts the beats that a host left unanswered. Time is counted in ticks of this process's own timer, and a tick is judged
 * only after the pipe has been read: however long this loop was blocked or the machine slept, that is one tick, and an
 * answer that waited in the pipe is heard first. Anything that a host says is a sign of life, so one that is busy
 * with what was sent before the beat is not thought dead, and one that speaks is asked only now and then: each beat wakes
 * two processes, which is most of what a service costs that has little to do.
 */
/** Of one that speaks anyway: a beat's answer tells its memory, too. */
const ticksPerBeatMax = 10

export class Pulse {
  readonly #timer: NodeJS.Timeout
  readonly #beat: () => void
  readonly #judged: (missed: number) => void
  #heard = false
  #isAsked = true
  #ticksUnasked = 0
  #missed = 0
  #stopped = false

  /** `beat` sends one, now and after a tick in which nothing was heard or owed; `judged` hears of every tick. */
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
    const heard = this.#heard
    this.#heard = false
    this.#missed = this.#isAsked && !heard ? this.#missed + 1 : 0
    if (heard) this.#isAsked = false
    // One beat at a time: a full pipe does not fill with them.
    if (!this.#isAsked && (!heard || ++this.#ticksUnasked >= ticksPerBeatMax)) this.#ask()
    this.#judged(this.#missed)
  }

  #ask(): void {
    this.#isAsked = true
    this.#ticksUnasked = 0
    this.#beat()
  }
}
