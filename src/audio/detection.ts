/**
 * The frames of one session on their way through the voice activity detector. A frame is kept until it has been answered
 * and is no longer wanted, so a detector that dies is opened again and fed from the first frame it has not answered.
 * Bounds: the session stops reading its socket while too much is unanswered, so what waits for a detector is bounded too.
 */
import type { Vad, VadStream } from "#src/vad/vad.ts"

/** A dead detector is tried again after this. */
const retryMs = 250

export interface DetectionOptions {
  readonly vad: Vad["Service"]
  /** The answer for the next frame. */
  readonly onProbability: (probability: number) => void
  /** Some frames have been answered. */
  readonly onAnswered: () => void
  /** The detector died. Once for each outage: until a frame is answered again. */
  readonly onFailed: () => void
  /** Whether the frame of this number holds nothing but an echo of what is being played. Absent: nothing comes back. */
  readonly isEcho?: (frame: Int16Array, number: number) => boolean
}

export class Detection {
  readonly #options: DetectionOptions
  #stream: VadStream | undefined
  #retry: NodeJS.Timeout | undefined
  #failed = false
  #closed = false
  #kept: Array<Int16Array> = []
  #firstKept = 0
  #answered = 0
  /** Frames without an answer that are echoes: no speech, whatever the detector says. */
  readonly #echoes = new Set<number>()

  constructor(options: DetectionOptions) {
    this.#options = options
  }

  /** Number of the first frame that is still there. */
  get firstKept(): number {
    return this.#firstKept
  }

  frame(number: number): Int16Array | undefined {
    return this.#kept[number - this.#firstKept]
  }

  push(frame: Int16Array): void {
    if (this.#closed) return
    const { isEcho } = this.#options
    const number = this.#firstKept + this.#kept.length
    if (isEcho?.(frame, number)) this.#echoes.add(number)
    this.#kept.push(frame)
    if (this.#retry !== undefined) return
    if (this.#stream === undefined) this.#open()
    else this.#stream.push(frame)
  }

  /** Frames before this one are not wanted any more; those without an answer stay. */
  forget(before: number): void {
    const count = Math.min(before, this.#answered) - this.#firstKept
    if (count <= 0 || this.#closed) return
    this.#kept.splice(0, count)
    this.#firstKept += count
  }

  close(): void {
    this.#closed = true
    clearTimeout(this.#retry)
    this.#stream?.close()
    this.#kept = []
  }

  #open(): void {
    this.#retry = undefined
    const stream = this.#options.vad.open({
      probabilities: (values) => {
        if (this.#stream !== stream) return
        this.#failed = false
        for (let index = 0; index < values.length && !this.#closed; index++) {
          const isEcho = this.#echoes.size > 0 && this.#echoes.delete(this.#answered)
          this.#answered++
          this.#options.onProbability(isEcho ? 0 : (values[index] ?? 0))
        }
        this.#options.onAnswered()
      },
      failed: () => {
        if (this.#stream !== stream || this.#closed) return
        this.#stream = undefined
        this.#retry = setTimeout(() => this.#open(), retryMs)
        if (this.#failed) return
        this.#failed = true
        this.#options.onFailed()
      }
    })
    this.#stream = stream
    for (const frame of this.#kept.slice(this.#answered - this.#firstKept)) stream.push(frame)
  }
}
