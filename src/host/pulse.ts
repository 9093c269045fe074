/**
 * Counts the beats that a host left unanswered. Time is counted in ticks of this process's own timer, and a tick is judged
 * only after the pipe has been read: however long this loop was blocked or the machine slept, that is one tick, and an
 * answer that waited in the pipe is heard first. Anything that a host says is a sign of life, so one that is busy
 * with what was sent before the beat is not thought dead. One that speaks, or has nothing to do, is asked only now and then:
 * each beat wakes two processes, which is most of what a service costs that has little to do.
 */
/** Of one that speaks anyway or has nothing to do: a beat's answer tells its memory, too. */
const ticksPerBeatMax = 10

/** All that tick equally often tick together: each tick wakes this process. */
const tickers = new Map<number, { readonly ticked: Set<() => void>; readonly timer: NodeJS.Timeout }>()

/** Returns how to stop. */
const everyTick = (tickMs: number, judge: () => void): (() => void) => {
  const ticked = tickers.get(tickMs)?.ticked ?? new Set()
  ticked.add(judge)
  if (!tickers.has(tickMs)) {
    const tick = (): void => void setImmediate(() => ticked.forEach((each) => each()))
    tickers.set(tickMs, { ticked, timer: setInterval(tick, tickMs) })
  }
  return () => {
    ticked.delete(judge)
    if (ticked.size > 0) return
    clearInterval(tickers.get(tickMs)?.timer)
    tickers.delete(tickMs)
  }
}

export class Pulse {
  readonly #stop: () => void
  readonly #isUsed: () => boolean
  readonly #beat: () => void
  readonly #judged: (missed: number) => void
  #heard = false
  #isAsked = true
  #ticksUnasked = 0
  #missed = 0
  #stopped = false

  /** `beat` sends one, now and after a tick in which one that is used said nothing; `judged` hears of every tick. */
  constructor(beatMs: number, isUsed: () => boolean, beat: () => void, judged: (missed: number) => void) {
    this.#isUsed = isUsed
    this.#beat = beat
    this.#judged = judged
    this.#stop = everyTick(beatMs, () => this.#judge())
    beat()
  }

  heard(): void {
    this.#heard = true
  }

  stop(): void {
    this.#stopped = true
    this.#stop()
  }

  #judge(): void {
    if (this.#stopped) return
    const heard = this.#heard
    this.#heard = false
    this.#missed = this.#isAsked && !heard ? this.#missed + 1 : 0
    if (heard) this.#isAsked = false
    // One beat at a time: a full pipe does not fill with them.
    const isQuiet = !heard && this.#isUsed()
    if (!this.#isAsked && (isQuiet || ++this.#ticksUnasked >= ticksPerBeatMax)) this.#ask()
    this.#judged(this.#missed)
  }

  #ask(): void {
    this.#isAsked = true
    this.#ticksUnasked = 0
    this.#beat()
  }
}
