/**
 * The filters of the resampler: a Kaiser-windowed sinc cut into polyphase rows, one row for each place that an output
 * sample can have between two input samples. A row ends at the newest input sample and its delay is a whole number of
 * output samples. Banks depend on the ratio only, so sessions share them; the least recently used is forgotten.
 *
 * Of the lower of both Nyquist frequencies: flat (0.02 dB) to 0.85, -4.6 dB at 0.96, under -100 dB from 1.1. That keeps
 * the telephone band (3.4 kHz) of an 8 kHz line whole, which 16 zero crossings would not.
 */

export interface FilterBank {
  /** `rows` times `taps` coefficients; each row sums to 1. */
  readonly coefficients: Float32Array
  readonly taps: number
  /** Output samples for every `inputStep` input samples, in lowest terms. */
  readonly outputStep: number
  readonly inputStep: number
  /** False: a row stands at every place. True: rows stand closer than places are told apart, blend the two around one. */
  readonly interpolated: boolean
  /** Rows for one input sample; one more follows where they are blended. */
  readonly phases: number
  /** By how many output samples the output is late. */
  readonly delaySamples: number
}

/** On each side of the middle. 24 make 144 taps and 1.5 ms of delay for 48 to 16 kHz. */
const zeroCrossings = 24
const kaiserBeta = 10.5
/** Where the response is -6 dB without the window, of the lower Nyquist frequency. */
const cutoff = 0.96
/** Holds every ratio among 8, 11.025, 12, 16, 22.05, 24, 32, 44.1 and 48 kHz. */
const exactPhasesMax = 640
/** Blending rows this close errs by less than -100 dB, under the noise of 16 bits. */
const blendedPhases = 256
/** At most 0.75 MB each (48 to 8 kHz with 640 phases). */
const banksMax = 16

/** Modified Bessel function of order 0, by its power series: the sum of ((x/2)^k / k!)^2. */
const bessel0 = (x: number): number => {
  let sum = 1
  let term = 1
  for (let k = 1; term > sum * 1e-17; k++) {
    term *= (x / (2 * k)) ** 2
    sum += term
  }
  return sum
}

const sinc = (x: number): number => (x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x))

const greatestCommonDivisor = (a: number, b: number): number => (b === 0 ? a : greatestCommonDivisor(b, a % b))

const design = (outputStep: number, inputStep: number): FilterBank => {
  /** In input samples from here on. */
  const scale = Math.min(1, outputStep / inputStep)
  const halfWidth = zeroCrossings / scale
  const delaySamples = Math.ceil((halfWidth * outputStep) / inputStep)
  const delay = (delaySamples * inputStep) / outputStep
  // Whole fours: the inner loop takes four at a time. What is too many is older and 0.
  const taps = Math.ceil(Math.ceil(delay + halfWidth) / 4) * 4
  const interpolated = outputStep > exactPhasesMax
  const phases = interpolated ? blendedPhases : outputStep
  const rows = phases + (interpolated ? 1 : 0)

  const coefficients = new Float32Array(rows * taps)
  for (let row = 0; row < rows; row++) {
    const weights = Float64Array.from({ length: taps }, (_, tap) => {
      const t = row / phases - delay + taps - 1 - tap
      const place = t / halfWidth
      if (Math.abs(place) > 1) return 0
      return sinc(cutoff * scale * t) * bessel0(kaiserBeta * Math.sqrt(1 - place * place))
    })
    const sum = weights.reduce((total, weight) => total + weight, 0)
    for (let tap = 0; tap < taps; tap++) coefficients[row * taps + tap] = (weights[tap] ?? 0) / sum
  }
  return { coefficients, taps, outputStep, inputStep, interpolated, phases, delaySamples }
}

const banks = new Map<string, FilterBank>()

export const filterBank = (fromHz: number, toHz: number): FilterBank => {
  const divisor = greatestCommonDivisor(fromHz, toHz)
  const key = `${toHz / divisor}/${fromHz / divisor}`
  const bank = banks.get(key) ?? design(toHz / divisor, fromHz / divisor)
  banks.delete(key)
  banks.set(key, bank)
  for (const oldest of banks.keys()) {
    if (banks.size <= banksMax) break
    banks.delete(oldest)
  }
  return bank
}
