/**
 * How late does what is played come back into the microphone? Found where the levels of both rise and fall together, band
 * by band. Delays at which the microphone was quiet while something loud should have come back are ruled out: with
 * headphones that is every one of them, within the first second of the first prompt. Delays are in hops. Pure.
 */
import { bandCount, silenceDb } from "./band-levels.ts"
import { placeOf, type PlayedLevels } from "./played-levels.ts"

/** 64 ms too early (a rounded position) to 1.2 s late. */
export const lagMin = -4
export const lagMax = 75
const lagCount = lagMax - lagMin + 1
/** While no delay is known none over 640 ms is looked for in what has just begun to sound. */
export const likelyLagMax = 40
/** Frames whose levels are kept as they are; a frame is two hops. */
const framesKept = 16

export const delayTuning = {
  /** Frames over which levels are followed. */
  memoryFrames: 40,
  /** A delay is believed from this correlation on, once there are so many frames … */
  correlationMin: 0.75,
  correlatedFramesMin: 20,
  /** … and so many of them hold sound: one onset is like any other. */
  soundingFramesMin: 12,
  /** What is forgotten when a prompt begins: a client does not begin each as soon as the last. */
  startMemory: 0.25,
  /** Softer than this a prompt tells nothing. */
  quietDb: -55,
  /** A delay is ruled out by so many quiet frames in which so many bands of it were so loud. */
  ruledOutFrames: 6,
  loudBands: 4,
  loudDb: -32
} as const

export class EchoDelay {
  /** The best of this frame and its delay. */
  correlation = 0
  #bestLag = lagMin
  readonly #played: PlayedLevels
  /** Moving sums for each delay and band, of the reference, its square and its product with the microphone … */
  readonly #sumR = new Float32Array(lagCount * bandCount)
  readonly #sumRR = new Float32Array(lagCount * bandCount)
  readonly #sumMR = new Float32Array(lagCount * bandCount)
  /** … and for each band of the microphone. */
  readonly #sumM = new Float32Array(bandCount)
  readonly #sumMM = new Float32Array(bandCount)
  #weight = 0
  #sounding = 0
  /** Of the microphone, the last frames. */
  readonly #recent = new Float32Array(framesKept * bandCount)
  #frames = 0
  /** Quiet frames that speak against each delay. */
  readonly #against = new Uint8Array(lagCount)

  constructor(played: PlayedLevels) {
    this.#played = played
  }

  begin(): void {
    const { startMemory } = delayTuning
    this.#weight *= startMemory
    this.#sounding *= startMemory
    for (const sums of [this.#sumR, this.#sumRR, this.#sumMR, this.#sumM, this.#sumMM]) {
      for (let i = 0; i < sums.length; i++) sums[i] = (sums[i] ?? 0) * startMemory
    }
  }

  /** The client's clock of its playback is another one now: what was found belongs to the old one. */
  forget(): void {
    this.#weight = this.#sounding = 0
    for (const sums of [this.#sumR, this.#sumRR, this.#sumMR, this.#sumM, this.#sumMM]) sums.fill(0)
    this.#against.fill(0)
  }

  /** `risen`: levels of the microphone over its noise. The delay, if one is believed. */
  follow(hop: number, risen: Float32Array, isSounding: boolean): number | undefined {
    const { memoryFrames, correlationMin, correlatedFramesMin, soundingFramesMin, quietDb } = delayTuning
    const { reference } = this.#played
    const keep = 1 - 1 / memoryFrames
    this.#recent.set(risen, (this.#frames++ % framesKept) * bandCount)
    if (!isSounding) this.#ruleOut(hop)
    this.#weight = this.#weight * keep + 1
    this.#sounding = this.#sounding * keep + Number(isSounding)
    let microphoneVariance = 0
    for (let band = 0; band < bandCount; band++) {
      const level = risen[band] ?? 0
      const sum = (this.#sumM[band] = (this.#sumM[band] ?? 0) * keep + level)
      const squares = (this.#sumMM[band] = (this.#sumMM[band] ?? 0) * keep + level * level)
      microphoneVariance += squares / this.#weight - (sum / this.#weight) ** 2
    }
    this.correlation = 0
    this.#bestLag = lagMin
    for (let lag = lagMin; lag <= lagMax; lag++) {
      const place = placeOf(hop - lag)
      let covariance = 0
      let variance = 0
      for (let band = 0; band < bandCount; band++) {
        const i = (lag - lagMin) * bandCount + band
        const played = Math.max(reference[place + band] ?? silenceDb, quietDb)
        const sum = (this.#sumR[i] = (this.#sumR[i] ?? 0) * keep + played)
        const squares = (this.#sumRR[i] = (this.#sumRR[i] ?? 0) * keep + played * played)
        const products = (this.#sumMR[i] = (this.#sumMR[i] ?? 0) * keep + played * (risen[band] ?? 0))
        const mean = sum / this.#weight
        covariance += products / this.#weight - (mean * (this.#sumM[band] ?? 0)) / this.#weight
        variance += squares / this.#weight - mean * mean
      }
      // Less than a decibel of movement tells nothing.
      const correlation =
        variance > 1 && microphoneVariance > 1 ? covariance / Math.sqrt(variance * microphoneVariance) : 0
      if (correlation <= this.correlation) continue
      this.correlation = correlation
      this.#bestLag = lag
    }
    const isEnough = this.#weight >= correlatedFramesMin && this.#sounding >= soundingFramesMin
    return isEnough && this.correlation >= correlationMin ? this.#bestLag : undefined
  }

  /** How much louder the microphone was, on the mean, than what was played so much before. */
  meanGain(lag: number, band: number): number {
    return ((this.#sumM[band] ?? 0) - (this.#sumR[(lag - lagMin) * bandCount + band] ?? 0)) / this.#weight
  }

  /**
   * How far the last frames alone go together with what was played, at the likeliest delay that is not ruled out: 0 where
   * none is left.
   */
  likeness(hop: number, frames: number): { readonly correlation: number; readonly lag: number } {
    const count = Math.min(frames, framesKept, this.#frames)
    let best = { correlation: 0, lag: lagMin }
    for (let lag = lagMin; lag <= likelyLagMax; lag++) {
      if (this.#isRuledOut(lag)) continue
      const correlation = this.#correlationOf(hop, lag, count)
      if (correlation > best.correlation) best = { correlation, lag }
    }
    return best
  }

  /** The same of the last frames alone. */
  recentGain(hop: number, lag: number, frames: number, band: number): number {
    let sum = 0
    for (let back = 0; back < frames; back++) {
      const played = this.#played.reference[placeOf(hop - 2 * back - lag) + band] ?? silenceDb
      sum += this.#heardAgo(back, band) - played
    }
    return sum / frames
  }

  #heardAgo(back: number, band: number): number {
    return this.#recent[((this.#frames - 1 - back) % framesKept) * bandCount + band] ?? 0
  }

  #correlationOf(hop: number, lag: number, count: number): number {
    const { reference } = this.#played
    let [covariance, playedVariance, heardVariance] = [0, 0, 0]
    for (let band = 0; band < bandCount; band++) {
      let [sumM, sumR, sumMM, sumRR, sumMR] = [0, 0, 0, 0, 0]
      for (let back = 0; back < count; back++) {
        const heard = this.#heardAgo(back, band)
        const played = Math.max(reference[placeOf(hop - 2 * back - lag) + band] ?? silenceDb, delayTuning.quietDb)
        sumM += heard
        sumR += played
        sumMM += heard * heard
        sumRR += played * played
        sumMR += heard * played
      }
      covariance += sumMR - (sumM * sumR) / count
      playedVariance += sumRR - (sumR * sumR) / count
      heardVariance += sumMM - (sumM * sumM) / count
    }
    const least = count * bandCount * 0.1
    if (playedVariance < least || heardVariance < least) return 0
    return covariance / Math.sqrt(playedVariance * heardVariance)
  }

  #isRuledOut(lag: number): boolean {
    return (this.#against[lag - lagMin] ?? 0) >= delayTuning.ruledOutFrames
  }

  #ruleOut(hop: number): void {
    const { loudBands, loudDb } = delayTuning
    for (let lag = lagMin; lag <= likelyLagMax; lag++) {
      const at = lag - lagMin
      if (this.#played.bandsOver(hop - lag, loudDb) >= loudBands)
        this.#against[at] = Math.min(200, (this.#against[at] ?? 0) + 1)
    }
  }
}
