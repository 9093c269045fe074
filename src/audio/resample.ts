/**
 * A streaming polyphase resampler: Kaiser-windowed sinc, any whole rates. The output does not depend on how the input is
 * split, to the bit, since every output sample is computed from the same inputs at a position kept in whole numbers.
 * 48 → 16 kHz takes 96 taps a sample. Ratios with more than `phasesMax` phases (47,999 → 16,000) interpolate linearly
 * between the two nearest, so a bank stays small. Banks are shared by all sessions of a ratio.
 */
import { toSample } from "./pcm.ts"

/** Zero crossings of the sinc on each side, at the lower of the two rates. */
const crossings = 16
/** Kaiser's β: about 100 dB of stop band. */
const beta = 10
/** Cut-off as part of the lower Nyquist frequency; the rest is the transition. */
const passPart = 0.91
const phasesMax = 512

interface Bank {
  /** Taps of phase p at `[p * taps, (p + 1) * taps)`; one phase more than `phases`, for interpolation. */
  readonly coefficients: Float32Array
  readonly phases: number
  readonly taps: number
}

const bessel0 = (x: number): number => {
  let sum = 1
  let term = 1
  for (let k = 1; term > sum * 1e-12; k++) {
    term *= (x / (2 * k)) ** 2
    sum += term
  }
  return sum
}

const greatestDivisor = (a: number, b: number): number => (b === 0 ? a : greatestDivisor(b, a % b))

const makeBank = (up: number, down: number): Bank => {
  const phases = Math.min(up, phasesMax)
  const stretch = Math.max(1, down / up)
  const half = Math.ceil(crossings * stretch)
  const taps = 2 * half
  const cutOff = passPart / stretch
  const coefficients = new Float32Array((phases + 1) * taps)
  for (let phase = 0; phase <= phases; phase++) {
    let sum = 0
    const row = coefficients.subarray(phase * taps, (phase + 1) * taps)
    for (let tap = 0; tap < taps; tap++) {
      /** Input samples between this tap and the output's place. */
      const distance = tap - (half - 1) - phase / phases
      const x = Math.PI * distance * cutOff
      const window = Math.abs(distance) >= half ? 0 : bessel0(beta * Math.sqrt(1 - (distance / half) ** 2))
      row[tap] = (x === 0 ? 1 : Math.sin(x) / x) * window
      sum += row[tap] ?? 0
    }
    for (let tap = 0; tap < taps; tap++) row[tap] = (row[tap] ?? 0) / sum
  }
  return { coefficients, phases, taps }
}

const banks = new Map<string, Bank>()
const bankOf = (up: number, down: number): Bank => {
  const key = `${up}/${down}`
  const known = banks.get(key)
  if (known !== undefined) return known
  const bank = makeBank(up, down)
  if (banks.size >= 64) banks.clear()
  banks.set(key, bank)
  return bank
}

export class Resampler {
  readonly #up: number
  readonly #down: number
  readonly #bank: Bank | undefined
  /** Input not yet done with; `#start` is the first sample that the next output needs. */
  #buffer: Float32Array
  #length: number
  /** Place of the next output between two inputs, in parts of `#up`. */
  #fraction = 0

  constructor(fromHz: number, toHz: number) {
    const divisor = greatestDivisor(fromHz, toHz)
    this.#up = toHz / divisor
    this.#down = fromHz / divisor
    this.#bank = fromHz === toHz ? undefined : bankOf(this.#up, this.#down)
    this.#length = this.#bank === undefined ? 0 : this.#bank.taps / 2 - 1
    this.#buffer = new Float32Array(this.#length + 4_096)
  }

  push(samples: Int16Array): Int16Array {
    if (this.#bank === undefined) return samples.slice()
    this.#reserve(samples.length)
    this.#buffer.set(samples, this.#length)
    this.#length += samples.length
    return this.#produce(this.#bank)
  }

  /** What the filter still holds: call once, at the end. */
  flush(): Int16Array {
    return this.#bank === undefined ? new Int16Array(0) : this.push(new Int16Array(this.#bank.taps / 2))
  }

  #reserve(extra: number): void {
    if (this.#length + extra <= this.#buffer.length) return
    const larger = new Float32Array(2 * (this.#length + extra))
    larger.set(this.#buffer.subarray(0, this.#length))
    this.#buffer = larger
  }

  #produce({ coefficients, phases, taps }: Bank): Int16Array {
    const ready = this.#length - taps + 1
    const up = this.#up
    const count = ready <= 0 ? 0 : Math.max(0, Math.ceil((ready * up - this.#fraction) / this.#down))
    const out = new Int16Array(count)
    const buffer = this.#buffer
    let start = 0
    let fraction = this.#fraction
    const exact = phases === up
    for (let index = 0; index < count; index++) {
      const place = exact ? fraction : (fraction * phases) / up
      const phase = Math.floor(place)
      const row = phase * taps
      let sum = 0
      for (let tap = 0; tap < taps; tap++) sum += (buffer[start + tap] as number) * (coefficients[row + tap] as number)
      if (!exact) {
        let next = 0
        for (let tap = 0; tap < taps; tap++) {
          next += (buffer[start + tap] as number) * (coefficients[row + taps + tap] as number)
        }
        sum += (next - sum) * (place - phase)
      }
      out[index] = toSample(sum)
      fraction += this.#down
      start += Math.floor(fraction / up)
      fraction %= up
    }
    this.#fraction = fraction
    buffer.copyWithin(0, start, this.#length)
    this.#length -= start
    return out
  }
}
