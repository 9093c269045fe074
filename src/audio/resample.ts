/**
 * A streaming resampler: 16-bit samples of one rate in, of another out, the same output however the input is split. The
 * n-th output sample comes with the input sample of its time, so that counts are exact at every moment, and holds the
 * sound of `delaySamples` earlier (1.5 ms at 16 kHz from any higher rate); the first ones are silence. `flush` gives the
 * sound still inside and starts afresh. Equal rates pass unchanged.
 */
import { type FilterBank, filterBank } from "./filter-bank.ts"
import { toSample } from "./pcm.ts"

/** Input samples that are filtered in one go: they fit the first-level cache together with one row of the bank. */
const blockSamples = 1_024

export class Resampler {
  readonly fromHz: number
  readonly toHz: number
  /** In samples of `toHz`. */
  readonly delaySamples: number
  readonly #bank: FilterBank | undefined
  /** The last `taps - 1` input samples, then the block in work. */
  readonly #window: Float32Array
  /** Place of the next output sample: whole input samples after the last block, and outputSteps-ths of one. */
  #next = 0
  #phase = 0

  /** Whole Hz. */
  constructor(fromHz: number, toHz: number) {
    this.fromHz = fromHz
    this.toHz = toHz
    this.#bank = fromHz === toHz ? undefined : filterBank(fromHz, toHz)
    this.delaySamples = this.#bank?.delaySamples ?? 0
    this.#window = new Float32Array(this.#bank === undefined ? 0 : this.#bank.taps - 1 + blockSamples)
  }

  /** Gives a new array, never a view of `samples`. */
  push(samples: Int16Array): Int16Array {
    const bank = this.#bank
    if (bank === undefined) return samples.slice()
    const { taps, inputStep, outputStep } = bank
    const left = (samples.length - this.#next) * outputStep - this.#phase
    const output = new Int16Array(Math.max(0, Math.ceil(left / inputStep)))
    for (let at = 0, written = 0; at < samples.length; at += blockSamples) {
      const block = samples.subarray(at, at + blockSamples)
      this.#window.set(block, taps - 1)
      written = this.#filter(bank, block.length, output, written)
      this.#next -= block.length
      this.#window.copyWithin(0, block.length, block.length + taps - 1)
    }
    return output
  }

  flush(): Int16Array {
    if (this.#bank === undefined) return new Int16Array(0)
    const { inputStep, outputStep } = this.#bank
    const tail = this.push(new Int16Array(Math.ceil((this.delaySamples * inputStep) / outputStep)))
    this.#window.fill(0)
    this.#next = 0
    this.#phase = 0
    return tail.subarray(0, this.delaySamples)
  }

  #filter(bank: FilterBank, end: number, output: Int16Array, written: number): number {
    const { outputStep, inputStep, phases, interpolated } = bank
    const wholeStep = Math.floor(inputStep / outputStep)
    const phaseStep = inputStep % outputStep
    let next = this.#next
    let phase = this.#phase
    while (next < end) {
      const place = interpolated ? (phase * phases) / outputStep : phase
      const row = Math.floor(place)
      const value = weigh(bank, row, this.#window, next)
      output[written++] = interpolated
        ? toSample(value + (weigh(bank, row + 1, this.#window, next) - value) * (place - row))
        : toSample(value)
      next += wholeStep
      phase += phaseStep
      if (phase >= outputStep) {
        phase -= outputStep
        next++
      }
    }
    this.#next = next
    this.#phase = phase
    return written
  }
}

/** `taps` samples of the window from `at`, weighed by one row. */
const weigh = ({ coefficients, taps }: FilterBank, row: number, window: Float32Array, at: number): number => {
  const start = row * taps
  // Four sums, because one alone waits for each addition before the next.
  let a = 0
  let b = 0
  let c = 0
  let d = 0
  for (let i = 0; i < taps; i += 4) {
    a += (coefficients[start + i] ?? 0) * (window[at + i] ?? 0)
    b += (coefficients[start + i + 1] ?? 0) * (window[at + i + 1] ?? 0)
    c += (coefficients[start + i + 2] ?? 0) * (window[at + i + 2] ?? 0)
    d += (coefficients[start + i + 3] ?? 0) * (window[at + i + 3] ?? 0)
  }
  return a + b + c + d
}
