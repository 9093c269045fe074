/** Speech out: samples of an engine → bytes in the client's format, in frames of `playbackFrameMs`. */
import type { SpeechFormat } from "#schemas/wire.ts"
import { limits } from "#src/limits.ts"
import { encodeMulaw } from "./mulaw.ts"
import { bytesOf } from "./pcm.ts"
import { Resampler } from "./resample.ts"

export class SpeechEncoder {
  readonly fromHz: number
  readonly #format: SpeechFormat
  readonly #resampler: Resampler
  readonly #frameSamples: number
  #rest = new Int16Array(0)

  constructor(fromHz: number, format: SpeechFormat) {
    this.fromHz = fromHz
    this.#format = format
    this.#resampler = new Resampler(fromHz, format.sample_rate)
    this.#frameSamples = Math.round((format.sample_rate * limits.playbackFrameMs) / 1_000)
  }

  /** Whole frames; what is left over waits for the next call. */
  push(samples: Int16Array): ReadonlyArray<Uint8Array> {
    return this.#cut(this.#resampler.push(samples), false)
  }

  flush(): ReadonlyArray<Uint8Array> {
    return this.#cut(this.#resampler.flush(), true)
  }

  #cut(samples: Int16Array, last: boolean): ReadonlyArray<Uint8Array> {
    const all = new Int16Array(this.#rest.length + samples.length)
    all.set(this.#rest)
    all.set(samples, this.#rest.length)
    const frames: Array<Uint8Array> = []
    let at = 0
    for (; at + this.#frameSamples <= all.length; at += this.#frameSamples) {
      frames.push(this.#encode(all.subarray(at, at + this.#frameSamples)))
    }
    this.#rest = all.slice(at)
    if (last && this.#rest.length > 0) {
      frames.push(this.#encode(this.#rest))
      this.#rest = new Int16Array(0)
    }
    return frames
  }

  #encode(samples: Int16Array): Uint8Array {
    return this.#format.encoding === "mulaw" ? encodeMulaw(samples) : bytesOf(samples)
  }
}
