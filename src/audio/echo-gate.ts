/**
 * Is what the microphone hears nothing but the service's own prompt, come back through loudspeaker and room? Judged frame
 * by frame from the audio alone, never by the clock: levels in a dozen bands of the microphone against those of what was
 * played (docs/decisions/TBD-echoes-by-bands.md).
 *
 * All times are positions of the microphone's audio. What is played is put where it would be heard without any delay. How
 * late its echo is and how much softer in each band is learned from the echo: the delay at which both levels rise and
 * fall together, then the loudest that a band usually comes back. Until a delay is found whatever is no louder than the
 * prompt counts as echo; where none is found after `unknownFramesMax`, there is no echo and everything passes.
 */
import { bandCount, BandLevels, silenceDb } from "./band-levels.ts"

const frameMs = 32
const hopMs = 16
/** Delays that are looked for, in hops: 64 ms too early (a rounded position) to 1.2 s late. */
const lagMin = -4
const lagMax = 75
const lagCount = lagMax - lagMin + 1
/** Delays in which an echo is expected while none is known. */
const likelyLagMax = 40
/** Of what was played, 4 s. */
const hopsKept = 256
/** A client that says that it plays so much earlier or later than before has what it plays moved with it. */
const movedMsMin = 120

/** Chosen on simulated rooms; figures in docs/decisions/TBD-echoes-by-bands.md. Levels in dB. */
export const echoTuning = {
  /** Frames over which levels are followed. */
  memoryFrames: 40,
  /** A delay is believed from this correlation on, once there are so many frames. */
  correlationMin: 0.75,
  correlatedFramesMin: 20,
  /** … and so many of them hold sound: one onset is like any other. */
  soundingFramesMin: 12,
  /** A band holds more than the echo when it is so much over what is expected … */
  marginDb: 9,
  /** … and over its noise; and a frame holds a person when so many bands do, in two of three frames. */
  noiseMarginDb: 9,
  bandsMin: 4,
  /** Frames that still pass after the last one of a person. */
  holdFrames: 4,
  /** How a room lets sound go on. */
  reverbDbPerHop: 3,
  /** A prompt under this comes back as silence. */
  activeDb: -50,
  /** Frames of a prompt, with less correlation than this, after which there is no echo: those in which the microphone is quiet. */
  unknownFramesMax: 25,
  unknownCorrelationMax: 0.5,
  /** Frames after a prompt in which a detector may still take silence for its voice. */
  afterFrames: 8,
  /** Hops that an echo may be earlier or later than its delay; and earlier at the start of a prompt, until it is found again. */
  spreadHops: 2,
  startEarlierHops: 16,
  /** What is forgotten of the delay when a prompt begins: a client does not begin each as soon as the last. */
  startMemory: 0.25,
  /** How fast the level of an echo is learned, up and down: it stays near its loudest. */
  riseRate: 0.1,
  fallRate: 0.02,
  /** Frames in which it is learned three times as fast. */
  quickFrames: 36,
  /** Added to a first guess from mean levels. */
  guessDb: 9,
  /** After a ducked prompt has come back, before its level is learned from again: 500 ms. */
  unduckedFrames: 16
} as const

interface Sound {
  fromMs: number
  toMs: number
  readonly pcm: Int16Array
  readonly sampleRateHz: number
  readonly levels: BandLevels
}

/** The ring's place for the levels of a hop. */
const placeOf = (hop: number): number => (((hop % hopsKept) + hopsKept) % hopsKept) * bandCount

export class EchoGate {
  readonly #microphone = new BandLevels(16_000, frameMs)
  readonly #byRate = new Map<number, BandLevels>()
  #sounds: Array<Sound> = []
  #movedMs = 0
  #reportedMs: number | undefined
  /** Levels of what was played, by hop; and with the room's decay. */
  readonly #direct = new Float32Array(hopsKept * bandCount).fill(silenceDb)
  readonly #reference = new Float32Array(hopsKept * bandCount).fill(silenceDb)
  #nextHop = 0
  /** Of the frame in work: as it is, over the noise, and what an echo would be. */
  readonly #heard = new Float32Array(bandCount)
  readonly #risen = new Float32Array(bandCount)
  readonly #expected = new Float32Array(bandCount)
  readonly #noise = new Float32Array(bandCount)
  /** How much louder than the prompt its echo is, in each band. */
  readonly #gain = new Float32Array(bandCount)
  /** Moving sums for each delay and band, of the reference, its square and its product with the microphone … */
  readonly #sumR = new Float32Array(lagCount * bandCount)
  readonly #sumRR = new Float32Array(lagCount * bandCount)
  readonly #sumMR = new Float32Array(lagCount * bandCount)
  /** … and for each band of the microphone. */
  readonly #sumM = new Float32Array(bandCount)
  readonly #sumMM = new Float32Array(bandCount)
  #weight = 0
  #sounding = 0
  #lag: number | undefined
  /** The delay has been found in this prompt. */
  #isSettled = false
  #unknownFrames = 0
  #correlation = 0
  #isSounding = false
  #afterFrames = 0
  #learnedFrames = 0
  #recent = 0
  #held = 0
  #isDucked = false
  #duckedFrames = 0

  /** So late the echo is; undefined while none was found. */
  get delayMs(): number | undefined {
    return this.#lag === undefined ? undefined : this.#lag * hopMs
  }

  /** What follows is another prompt. */
  begin(): void {
    const { startMemory } = echoTuning
    this.#isSettled = false
    this.#weight *= startMemory
    this.#sounding *= startMemory
    for (const sums of [this.#sumR, this.#sumRR, this.#sumMR, this.#sumM, this.#sumMM]) {
      for (let i = 0; i < sums.length; i++) sums[i] = (sums[i] ?? 0) * startMemory
    }
  }

  play(fromMs: number, pcm: Int16Array, sampleRateHz: number): void {
    const levels = this.#byRate.get(sampleRateHz) ?? new BandLevels(sampleRateHz, frameMs)
    this.#byRate.set(sampleRateHz, levels)
    const placeMs = fromMs + this.#movedMs
    this.#sounds.push({
      fromMs: placeMs,
      toMs: placeMs + (pcm.length * 1_000) / sampleRateHz,
      pcm,
      sampleRateHz,
      levels
    })
  }

  /** What was to be heard after this is not played. */
  stop(atMs: number): void {
    for (const sound of this.#sounds) sound.toMs = Math.min(sound.toMs, atMs + this.#movedMs)
    this.#sounds = this.#sounds.filter(({ fromMs, toMs }) => fromMs < toMs)
  }

  /** The client says how much later it plays than it could: when it stalls, the echo's own delay stays as it was learned. */
  delayed(delayMs: number): void {
    const isFirst = this.#reportedMs === undefined
    const byMs = delayMs - (this.#reportedMs ?? 0)
    if (!isFirst && Math.abs(byMs) < movedMsMin) return
    this.#reportedMs = delayMs
    // A first delay that is looked for anyway is left to be found.
    if (isFirst && delayMs < likelyLagMax * hopMs) return
    this.#movedMs += byMs
    this.stalled(byMs)
  }

  /** What is still to be heard comes so much later than it was to be. */
  stalled(byMs: number): void {
    if (Math.abs(byMs) > 2 * hopMs) this.begin()
    for (const sound of this.#sounds) {
      sound.fromMs += byMs
      sound.toMs += byMs
    }
  }

  /** A ducked prompt comes back softer than the loudness to expect once it is restored: nothing is learned from it. */
  ducked(isDucked: boolean): void {
    this.#isDucked = isDucked
    this.#duckedFrames = echoTuning.unduckedFrames
  }

  /** Whether anything of what was played may still be heard here. */
  isAudible(atMs: number): boolean {
    const last = this.#sounds.at(-1)
    return last !== undefined && atMs < last.toMs + lagMax * hopMs
  }

  /** For each frame (32 ms at 16 kHz) in turn while anything is audible: does it hold nothing but an echo? */
  isEcho(frame: Int16Array, atMs: number): boolean {
    const hop = Math.round(atMs / hopMs)
    this.#measure(hop - lagMin + 1)
    this.#microphone.measure(frame, 0, frame.length, this.#heard, 0)
    for (let band = 0; band < bandCount; band++) {
      const heard = this.#heard[band] ?? 0
      const noise = Math.min(heard, (this.#noise[band] ?? 0) + 0.05)
      this.#noise[band] = noise
      this.#risen[band] = Math.max(heard, noise + 3)
    }
    this.#correlate(hop)
    return this.#judge(hop)
  }

  /** The levels of what is played, up to this hop. */
  #measure(until: number): void {
    this.#nextHop = Math.max(this.#nextHop, until - hopsKept)
    for (; this.#nextHop < until; this.#nextHop++) {
      const fromMs = this.#nextHop * hopMs
      const at = placeOf(this.#nextHop)
      const before = placeOf(this.#nextHop - 1)
      const sound = this.#sounds.find((played) => played.toMs > fromMs && played.fromMs < fromMs + frameMs)
      if (sound === undefined) this.#direct.fill(silenceDb, at, at + bandCount)
      else {
        const { pcm, sampleRateHz, levels } = sound
        const sampleAt = (ms: number) => Math.round(((ms - sound.fromMs) * sampleRateHz) / 1_000)
        levels.measure(pcm, sampleAt(fromMs), Math.min(pcm.length, sampleAt(sound.toMs)), this.#direct, at)
      }
      for (let band = 0; band < bandCount; band++) {
        const decayed = (this.#reference[before + band] ?? silenceDb) - echoTuning.reverbDbPerHop
        this.#reference[at + band] = Math.max(this.#direct[at + band] ?? silenceDb, decayed)
      }
    }
    const oldestMs = (this.#nextHop - hopsKept) * hopMs
    while ((this.#sounds[0]?.toMs ?? Infinity) < oldestMs) this.#sounds.shift()
  }

  /** Follows the microphone and what was played at each delay, and takes the delay at which they go together. */
  #correlate(hop: number): void {
    const { memoryFrames, correlationMin, correlatedFramesMin, soundingFramesMin, activeDb } = echoTuning
    const keep = 1 - 1 / memoryFrames
    this.#weight = this.#weight * keep + 1
    let microphoneVariance = 0
    let bandsRisen = 0
    for (let band = 0; band < bandCount; band++) {
      const risen = this.#risen[band] ?? 0
      if (risen > (this.#noise[band] ?? 0) + 6) bandsRisen++
      const sum = (this.#sumM[band] = (this.#sumM[band] ?? 0) * keep + risen)
      const squares = (this.#sumMM[band] = (this.#sumMM[band] ?? 0) * keep + risen * risen)
      microphoneVariance += squares / this.#weight - (sum / this.#weight) ** 2
    }
    this.#isSounding = bandsRisen >= bandCount / 3
    this.#sounding = this.#sounding * keep + Number(this.#isSounding)
    let best = 0
    let bestLag = lagMin
    for (let lag = lagMin; lag <= lagMax; lag++) {
      const place = placeOf(hop - lag)
      let covariance = 0
      let variance = 0
      for (let band = 0; band < bandCount; band++) {
        const i = (lag - lagMin) * bandCount + band
        const played = Math.max(this.#reference[place + band] ?? silenceDb, activeDb - 5)
        const sum = (this.#sumR[i] = (this.#sumR[i] ?? 0) * keep + played)
        const squares = (this.#sumRR[i] = (this.#sumRR[i] ?? 0) * keep + played * played)
        const products = (this.#sumMR[i] = (this.#sumMR[i] ?? 0) * keep + played * (this.#risen[band] ?? 0))
        const mean = sum / this.#weight
        covariance += products / this.#weight - (mean * (this.#sumM[band] ?? 0)) / this.#weight
        variance += squares / this.#weight - mean * mean
      }
      // Less than a decibel of movement tells nothing.
      const correlation =
        variance > 1 && microphoneVariance > 1 ? covariance / Math.sqrt(variance * microphoneVariance) : 0
      if (correlation <= best) continue
      best = correlation
      bestLag = lag
    }
    this.#correlation = best
    if (best < correlationMin || this.#weight < correlatedFramesMin) return
    if (this.#lag === undefined && this.#sounding < soundingFramesMin) return
    if (this.#lag === undefined) this.#guess(bestLag)
    this.#lag = bestLag
    this.#isSettled = true
  }

  /** A first gain, from the mean levels at this delay. */
  #guess(lag: number): void {
    for (let band = 0; band < bandCount; band++) {
      const played = this.#sumR[(lag - lagMin) * bandCount + band] ?? 0
      this.#gain[band] = Math.min(0, ((this.#sumM[band] ?? 0) - played) / this.#weight + echoTuning.guessDb)
    }
  }

  #judge(hop: number): boolean {
    const lag = this.#lag
    const { spreadHops, startEarlierHops, activeDb, unknownFramesMax, unknownCorrelationMax } = echoTuning
    const { marginDb, noiseMarginDb, bandsMin, holdFrames, afterFrames } = echoTuning
    const first = lag === undefined ? lagMin : lag - (this.#isSettled ? spreadHops : startEarlierHops)
    const last = lag === undefined ? likelyLagMax : this.#isSettled ? lag + spreadHops : lagMax
    const isPlayed = this.#expect(hop, first, last, activeDb) >= 2
    this.#afterFrames = isPlayed ? afterFrames : Math.max(0, this.#afterFrames - 1)
    if (isPlayed && !this.#isSounding && this.#correlation < unknownCorrelationMax) this.#unknownFrames++
    if (this.#afterFrames === 0 || (lag === undefined && this.#unknownFrames > unknownFramesMax)) {
      this.#held = 0
      this.#recent = 0
      return false
    }
    let bands = 0
    for (let band = 0; band < bandCount; band++) {
      const echo = (this.#expected[band] ?? 0) + (this.#gain[band] ?? 0)
      if ((this.#heard[band] ?? 0) > Math.max(echo + marginDb, (this.#noise[band] ?? 0) + noiseMarginDb)) bands++
    }
    const isMore = bands >= bandsMin
    this.#duckedFrames = this.#isDucked ? this.#duckedFrames : Math.max(0, this.#duckedFrames - 1)
    if (!isMore && lag !== undefined && !this.#isDucked && this.#duckedFrames === 0) this.#learn(hop, first, last)
    this.#recent = ((this.#recent << 1) | Number(isMore)) & 0b111
    const isPerson = isMore && (this.#recent & 0b110) !== 0
    this.#held = isPerson ? holdFrames : Math.max(0, this.#held - 1)
    return this.#held === 0
  }

  /** The loudest of the reference within these delays; how many bands of it can be heard. */
  #expect(hop: number, first: number, last: number, activeDb: number): number {
    let active = 0
    for (let band = 0; band < bandCount; band++) {
      let loudest = silenceDb
      for (let lag = first; lag <= last; lag++) {
        loudest = Math.max(loudest, this.#reference[placeOf(hop - lag) + band] ?? silenceDb)
      }
      this.#expected[band] = loudest
      if (loudest > activeDb) active++
    }
    return active
  }

  /** From bands in which the prompt itself is heard, not what the room keeps of it. */
  #learn(hop: number, first: number, last: number): void {
    const { activeDb, riseRate, fallRate, quickFrames } = echoTuning
    const pace = this.#learnedFrames++ < quickFrames ? 3 : 1
    for (let band = 0; band < bandCount; band++) {
      const expected = this.#expected[band] ?? silenceDb
      let direct = silenceDb
      for (let lag = first; lag <= last; lag++) {
        direct = Math.max(direct, this.#direct[placeOf(hop - lag) + band] ?? silenceDb)
      }
      if (expected <= activeDb || direct < expected - 1) continue
      const gain = this.#gain[band] ?? 0
      const difference = (this.#heard[band] ?? 0) - expected - gain
      const bounded = Math.max(-20, Math.min(20, difference))
      this.#gain[band] = gain + (difference > 0 ? riseRate : fallRate) * pace * bounded
    }
  }
}
