/**
 * One stream at the detector: its samples from where they may still be wanted to the newest, Silero's state after the
 * last frame that was heard, and the probabilities that have not been sent yet.
 */
import { BackendFault, type BackendStream } from "#src/host/backend.ts"
import { Doubt } from "./doubt.ts"
import { vadFrameSamples } from "./frame.ts"

/** Samples of the previous frame that stand before each frame. Without them the graph runs and detects nothing. */
const contextSamples = 64
export const inputSamples = contextSamples + vadFrameSamples
export const stateSize = 128
/** Frames of a second hearing, the doubtful one last: 0.4 s. */
export const againFrames = 12
/** Samples that stay behind the next frame. */
const keptSamples = contextSamples + (againFrames - 1) * vadFrameSamples
/** Frames of one call of the graph, at most: about 1 ms. More gain nothing (decision 010). */
export const framesMax = 64
/** A stream's audio that may wait here; over it the stream is closed as `refused`. */
const queuedFramesMax = 2_000
const resultsPerMessage = 16

export class SileroStream {
  readonly #stream: BackendStream
  readonly #doubt = new Doubt()
  readonly hidden = new Float32Array(stateSize)
  readonly cell = new Float32Array(stateSize)
  /** Kept from `#kept`, next from `#head`, to `#tail`; moved to the front when the room ends. Silence came before. */
  #samples = new Int16Array(keptSamples + 4 * vadFrameSamples)
  #kept = 0
  #head = keptSamples
  #tail = keptSamples
  /** Probabilities not sent yet. */
  readonly #results = new Float32Array(resultsPerMessage + framesMax)
  #resultCount = 0
  lastFedMs = 0

  constructor(stream: BackendStream) {
    this.#stream = stream
  }

  get queuedFrames(): number {
    return (this.#tail - this.#head) / vadFrameSamples
  }

  push(bytes: Uint8Array): void {
    const count = bytes.byteLength / Int16Array.BYTES_PER_ELEMENT
    if (count % vadFrameSamples !== 0) throw new BackendFault("refused", "Only whole frames of 512 samples are taken.")
    if (this.queuedFrames + count / vadFrameSamples > queuedFramesMax) {
      throw new BackendFault("refused", "Audio came much faster than it was acknowledged.")
    }
    if (this.#tail + count > this.#samples.length) this.#makeRoom(count)
    // As bytes: the payload of a pipe's frame may begin at an odd address.
    new Uint8Array(this.#samples.buffer, this.#tail * Int16Array.BYTES_PER_ELEMENT, bytes.byteLength).set(bytes)
    this.#tail += count
  }

  /** Writes the next frame, with its context, into a row of the batch. */
  take(input: Float32Array, row: number): void {
    this.#write(input, row, this.#head)
    this.#head += vadFrameSamples
  }

  /** The probability of the next of the frames taken; true when that frame is to be heard again. */
  add(probability: number): boolean {
    this.#results[this.#resultCount++] = probability
    return this.#doubt.isDue(probability)
  }

  /** Writes a frame already taken, `back` frames before the next, and those that lead to it into rows of the batch. */
  takeAgain(input: Float32Array, row: number, rowStep: number, back: number): void {
    const first = this.#head - (back + againFrames - 1) * vadFrameSamples
    for (let i = 0; i < againFrames; i++) this.#write(input, row + i * rowStep, first + i * vadFrameSamples)
  }

  /** What a second hearing made of that frame: both have to take it for speech. */
  amend(back: number, probability: number): void {
    const at = this.#resultCount - back
    this.#results[at] = Math.min(this.#results[at] ?? 0, probability)
  }

  /**
   * Nothing taken is wanted again but for the frames to come. Sends all results when no frame waits; in between those of
   * every half second of sound, as acknowledgement.
   */
  settle(): void {
    this.#kept = this.#head - keptSamples
    if (this.queuedFrames > 0 && this.#resultCount < resultsPerMessage) return
    this.#stream.sendBinary(new Uint8Array(this.#results.buffer, 0, this.#resultCount * Float32Array.BYTES_PER_ELEMENT))
    this.#resultCount = 0
  }

  fail(): void {
    this.#stream.close(new BackendFault("refused", "Voice activity detection failed on this input."))
  }

  #write(input: Float32Array, row: number, frame: number): void {
    const to = row * inputSamples
    const from = frame - contextSamples
    for (let i = 0; i < inputSamples; i++) input[to + i] = (this.#samples[from + i] ?? 0) / 32_768
  }

  #makeRoom(count: number): void {
    let room = this.#samples.length
    while (room < this.#tail - this.#kept + count) room *= 2
    const samples = room === this.#samples.length ? this.#samples : new Int16Array(room)
    samples.set(this.#samples.subarray(this.#kept, this.#tail))
    this.#samples = samples
    this.#head -= this.#kept
    this.#tail -= this.#kept
    this.#kept = 0
  }
}
