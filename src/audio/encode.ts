/**
 * Speech of an engine's rate becomes binary frames of the client's format, each of `playbackFrameMs`. Samples that do not
 * fill a frame wait for more; `flush` sends them as one shorter frame and starts afresh. The resampler's delay is cut
 * off at the front, so that the frames last exactly as long as the speech.
 */
import type { SpeechFormat } from "#schemas/wire.ts"
import { limits } from "#src/limits.ts"
import { encodeMulaw } from "./mulaw.ts"
import { bytesOf } from "./pcm.ts"
import { Resampler } from "./resample.ts"

export class SpeechEncoder {
  readonly fromHz: number
  readonly format: SpeechFormat
  readonly #resampler: Resampler
  /** The frame in work; one longer than a whole frame where its length is not a whole number of samples. */
  readonly #frame: Int16Array
  #filled = 0
  #frameNumber = 0
  /** Samples of delay still to be cut off. */
  #late: number

  constructor(fromHz: number, format: SpeechFormat) {
    this.fromHz = fromHz
    this.format = format
    this.#resampler = new Resampler(fromHz, format.sample_rate)
    this.#frame = new Int16Array(Math.ceil((format.sample_rate * limits.playbackFrameMs) / 1_000))
    this.#late = this.#resampler.delaySamples
  }

  /** The frames that are full now; the arrays are the caller's to keep. */
  push(samples: Int16Array): ReadonlyArray<Uint8Array> {
    return this.#take(this.#resampler.push(samples))
  }

  /** The rest; the last frame may be shorter. */
  flush(): ReadonlyArray<Uint8Array> {
    const frames = this.#take(this.#resampler.flush())
    const rest = this.#filled === 0 ? frames : [...frames, this.#encoded()]
    this.#frameNumber = 0
    this.#late = this.#resampler.delaySamples
    return rest
  }

  #take(resampled: Int16Array): ReadonlyArray<Uint8Array> {
    const frames: Array<Uint8Array> = []
    const cut = Math.min(this.#late, resampled.length)
    this.#late -= cut
    for (let at = cut; at < resampled.length;) {
      const frameSamples = this.#frameEnd(this.#frameNumber + 1) - this.#frameEnd(this.#frameNumber)
      const taken = Math.min(frameSamples - this.#filled, resampled.length - at)
      this.#frame.set(resampled.subarray(at, at + taken), this.#filled)
      this.#filled += taken
      at += taken
      if (this.#filled === frameSamples) frames.push(this.#encoded())
    }
    return frames
  }

  /** Rounded from the start, so that odd rates do not drift. */
  #frameEnd(frames: number): number {
    return Math.round((frames * this.format.sample_rate * limits.playbackFrameMs) / 1_000)
  }

  #encoded(): Uint8Array {
    const samples = this.#frame.subarray(0, this.#filled)
    this.#filled = 0
    this.#frameNumber++
    return this.format.encoding === "mulaw" ? encodeMulaw(samples) : bytesOf(samples.slice())
  }
}
