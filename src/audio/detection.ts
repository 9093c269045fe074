/**
 * The frames of one session on their way through the voice activity detector. A frame is kept until it has been answered
 * and is no longer wanted, so a detector that dies is opened again and fed from the first frame it has not answered.
 * What is an echo goes on as silence to the detector, which hears even a soft voice, and softened to the recogniser; what is doubtful waits for the next
 * frames. Bounds: the session stops reading its socket while too much is unanswered, so what waits for a detector is bounded too.
 */
import type { Verdict } from "./echo-gate.ts"
import { type Vad, vadFrameSamples as frameSamples, type VadStream } from "#src/vad/vad.ts"

/** A dead detector is tried again after this. */
const retryMs = 250
/** What a recogniser still gets of an echo before speech: 30 dB down. */
const echoGain = 1 / 32
const noFrame = new Int16Array(0)
const silentFrame = new Int16Array(frameSamples)

export interface DetectionOptions {
  readonly vad: Vad["Service"]
  /** The answer for the next frame. */
  readonly onProbability: (probability: number) => void
  /** Some frames have been answered. */
  readonly onAnswered: () => void
  /** The detector died. Once for each outage: until a frame is answered again. */
  readonly onFailed: () => void
  /** Of the frame of this number. Absent: nothing of what is played comes back. */
  readonly judge?: (frame: Int16Array, number: number) => Verdict
  /** Whether frames may wait for those of others on their way. Absent: never. */
  readonly isPatient?: () => boolean
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
  /** The last frames, not judged yet. */
  #doubtful = 0
  /** Of those kept, the echoes. */
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

  /** One before speech: an echo in it is softened. */
  frameBefore(number: number): Int16Array | undefined {
    const frame = this.frame(number)
    return this.#echoes.has(number) ? frame?.map((sample) => sample * echoGain) : frame
  }

  push(frame: Int16Array): void {
    if (this.#closed) return
    const verdict = this.#options.judge?.(frame, this.#firstKept + this.#kept.length) ?? "other"
    this.#kept.push(frame)
    this.#doubtful++
    if (verdict !== "doubtful") this.#decide(verdict === "echo")
  }

  /** What is doubtful is taken for a person's. */
  flush(): void {
    if (this.#doubtful > 0 && !this.#closed) this.#decide(false)
  }

  /** Frames that wait for those of others go now. */
  hurry(): void {
    this.#stream?.push(noFrame)
  }

  /** Frames before this one are not wanted any more; those without an answer stay. */
  forget(before: number): void {
    let count = Math.min(before, this.#answered) - this.#firstKept
    if (count <= 0 || this.#closed) return
    this.#kept.splice(0, count)
    for (; count > 0; count--) this.#echoes.delete(this.#firstKept++)
  }

  close(): void {
    this.#closed = true
    clearTimeout(this.#retry)
    this.#stream?.close()
    this.#kept = []
  }

  #decide(isEcho: boolean): void {
    const first = this.#kept.length - this.#doubtful
    this.#doubtful = 0
    if (isEcho) for (let at = first; at < this.#kept.length; at++) this.#echoes.add(this.#firstKept + at)
    if (this.#retry !== undefined) return
    if (this.#stream === undefined) return this.#open()
    this.#feed(this.#stream, first)
  }

  #feed(stream: VadStream, first: number): void {
    const isPatient = this.#options.isPatient?.() ?? false
    for (let at = first; at < this.#kept.length - this.#doubtful; at++) {
      stream.push(this.#echoes.has(this.#firstKept + at) ? silentFrame : (this.#kept[at] ?? silentFrame), isPatient)
    }
  }

  #open(): void {
    this.#retry = undefined
    const stream = this.#options.vad.open({
      probabilities: (values) => {
        if (this.#stream !== stream) return
        this.#failed = false
        for (let index = 0; index < values.length && !this.#closed; index++) {
          this.#answered++
          this.#options.onProbability(values[index] ?? 0)
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
    this.#feed(stream, this.#answered - this.#firstKept)
  }
}
