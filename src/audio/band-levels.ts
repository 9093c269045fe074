/**
 * How loud a short piece of sound is in each of a dozen bands between 150 Hz and 5.5 kHz, in dB: what is left of speech
 * when loudspeaker, room and microphone have had their way with it. Pure; the arrays in work are this object's own.
 */

export const bandCount = 12
const lowestHz = 150
const highestHz = 5_500
/** Of full scale; what is softer counts as silence. */
export const silenceDb = -75

const mel = (hz: number): number => 1_127 * Math.log1p(hz / 700)
const hzOf = (mels: number): number => 700 * Math.expm1(mels / 1_127)

const made = new Map<string, BandLevels>()

/** Levels of pieces of up to `windowMs` at one sample rate. */
export class BandLevels {
  /** One for all sessions: what it holds is in work during a call only. */
  static of(sampleRateHz: number, windowMs: number): BandLevels {
    const key = `${sampleRateHz}/${windowMs}`
    const known = made.get(key) ?? new BandLevels(sampleRateHz, windowMs)
    made.set(key, known)
    return known
  }

  readonly windowSamples: number
  readonly #size: number
  readonly #window: Float32Array
  readonly #real: Float32Array
  readonly #imaginary: Float32Array
  readonly #cos: Float32Array
  readonly #sin: Float32Array
  /** Bin at which each band begins; one more for the end of the last. */
  readonly #edges: Int32Array
  readonly #scale: number

  constructor(sampleRateHz: number, windowMs: number) {
    this.windowSamples = Math.round((sampleRateHz * windowMs) / 1_000)
    this.#size = 2 ** Math.ceil(Math.log2(this.windowSamples))
    const size = this.#size
    this.#window = Float32Array.from(
      { length: this.windowSamples },
      (_, i) => 0.5 - 0.5 * Math.cos((2 * Math.PI * (i + 0.5)) / this.windowSamples)
    )
    this.#real = new Float32Array(size)
    this.#imaginary = new Float32Array(size)
    this.#cos = Float32Array.from({ length: size / 2 }, (_, i) => Math.cos((2 * Math.PI * i) / size))
    this.#sin = Float32Array.from({ length: size / 2 }, (_, i) => -Math.sin((2 * Math.PI * i) / size))
    const step = (mel(highestHz) - mel(lowestHz)) / bandCount
    const edges = Array.from({ length: bandCount + 1 }, (_, band) =>
      Math.round((hzOf(mel(lowestHz) + band * step) * size) / sampleRateHz)
    )
    // Each band holds a bin at least, and none lies beyond half of the sample rate.
    this.#edges = Int32Array.from(edges, (edge, band) => Math.min(size / 2, Math.max(edge, (edges[0] ?? 0) + band)))
    const energy = this.#window.reduce((sum, weight) => sum + weight * weight, 0)
    this.#scale = 2 / (energy * size * 32_768 ** 2)
  }

  /** Of the window that begins at sample `from`, silent outside of 0 … `end`: `bandCount` levels, into `levels` at `place`. */
  measure(samples: Int16Array, from: number, end: number, levels: Float32Array, place: number): void {
    this.#real.fill(0)
    this.#imaginary.fill(0)
    const last = Math.min(this.windowSamples, end - from)
    for (let i = Math.max(0, -from); i < last; i++) this.#real[i] = (samples[from + i] ?? 0) * (this.#window[i] ?? 0)
    this.#transform()
    const floor = 10 ** (silenceDb / 10)
    for (let band = 0; band < bandCount; band++) {
      let power = 0
      for (let bin = this.#edges[band] ?? 0; bin < (this.#edges[band + 1] ?? 0); bin++) {
        power += (this.#real[bin] ?? 0) ** 2 + (this.#imaginary[bin] ?? 0) ** 2
      }
      levels[place + band] = 10 * Math.log10(power * this.#scale + floor)
    }
  }

  /** Cooley and Tukey's, in place. */
  #transform(): void {
    const size = this.#size
    const [re, im] = [this.#real, this.#imaginary]
    for (let i = 1, j = 0; i < size; i++) {
      let bit = size >> 1
      for (; (j & bit) !== 0; bit >>= 1) j ^= bit
      j ^= bit
      if (i >= j) continue
      const held = re[i] ?? 0
      re[i] = re[j] ?? 0
      re[j] = held
    }
    for (let half = 1; half < size; half *= 2) {
      const step = size / (2 * half)
      for (let start = 0; start < size; start += 2 * half) {
        for (let k = 0; k < half; k++) {
          const cos = this.#cos[k * step] ?? 0
          const sin = this.#sin[k * step] ?? 0
          const [a, b] = [start + k, start + k + half]
          const real = (re[b] ?? 0) * cos - (im[b] ?? 0) * sin
          const imaginary = (re[b] ?? 0) * sin + (im[b] ?? 0) * cos
          re[b] = (re[a] ?? 0) - real
          im[b] = (im[a] ?? 0) - imaginary
          re[a] = (re[a] ?? 0) + real
          im[a] = (im[a] ?? 0) + imaginary
        }
      }
    }
  }
}
