/**
 * Is what the microphone hears nothing but the service's own prompt, come back through loudspeaker and room? Judged frame
 * by frame from the audio alone, never by the clock: levels in a dozen bands of the microphone against those of what was
 * played (docs/decisions/021-echoes-by-bands.md).
 *
 * All times are positions of the microphone's audio. How late an echo is and how much softer in each band is learned from
 * it: the delay at which both levels rise and fall together, then the loudest that a band usually comes back. Until a delay
 * is found a sound is doubtful for some frames at most, and only while it goes together with what is played at a delay that
 * nothing speaks against; whatever does not is a person's.
 */
import { bandCount, BandLevels, silenceDb } from "./band-levels.ts"
import { EchoDelay, lagMax, lagMin } from "./echo-delay.ts"
import { frameMs, hopMs, placeOf, PlayedLevels } from "./played-levels.ts"

/** Chosen on simulated rooms; figures in docs/decisions/021-echoes-by-bands.md. Levels in dB. */
export const echoTuning = {
  /** A frame sounds where so many bands rise so much over their noise. */
  soundingBands: 4,
  soundingDb: 6,
  /** A sound ends after so many frames that do not. */
  pauseFrames: 6,
  /** Frames of a sound at an unknown delay that may be doubtful, and how much they have to go together with what is played. */
  doubtfulFramesMin: 3,
  doubtfulFramesMax: 12,
  doubtfulCorrelation: [1, 1, 1, 0.66, 0.66, 0.6, 0.56, 0.54, 0.52, 0.52, 0.52, 0.52],
  echoCorrelation: 0.64,
  /** A band holds more than the echo when it is so much over what is expected … */
  marginDb: 9,
  /** … and over its noise; and a frame holds a person when so many bands do, in two of three frames. */
  noiseMarginDb: 9,
  bandsMin: 4,
  /** Frames that still pass after the last one of a person. */
  holdFrames: 4,
  /** A prompt under this comes back as silence. */
  activeDb: -50,
  /** Frames after a prompt in which a detector may still take silence for its voice. */
  afterFrames: 8,
  /** Hops that an echo may be earlier or later than its delay; and earlier at the start of a prompt, until it is found again. */
  spreadHops: 2,
  startEarlierHops: 16,
  /** How fast the level of an echo is learned, up and down: it stays near its loudest. */
  riseRate: 0.1,
  fallRate: 0.02,
  /** Frames in which it is learned three times as fast. */
  quickFrames: 36,
  /** Added to a first guess from mean levels. */
  guessDb: 9,
  /** After a ducked prompt has come back, before its level is learned from again: 500 ms. */
  unduckedFrames: 16,
  /** A client that says that it plays so much earlier or later than before has what it plays moved with it. */
  movedMsMin: 8
} as const

/** `doubtful`: the next frames will tell. */
export type Verdict = "echo" | "other" | "doubtful"

export class EchoGate {
  readonly #microphone = BandLevels.of(16_000, frameMs)
  readonly #played = new PlayedLevels()
  readonly #delay = new EchoDelay(this.#played)
  /** How much later than it could the client plays; undefined: it has not said. */
  #movedMs: number | undefined
  /** Of the prompt, before it is moved; and whether the client has told of it. */
  #beginMs = 0
  #isPlaced = false
  /** Of the frame in work: as it is, over the noise, and what an echo would be. */
  readonly #heard = new Float32Array(bandCount)
  readonly #risen = new Float32Array(bandCount)
  readonly #expected = new Float32Array(bandCount)
  readonly #noise = new Float32Array(bandCount)
  /** How much louder than the prompt its echo is, in each band. */
  readonly #gain = new Float32Array(bandCount)
  #lag: number | undefined
  /** The delay holds for this prompt: found in it, or the client has said when it plays. */
  #isSettled = false
  #soundFrames = 0
  #pausedFrames = 0
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

  /** What follows is another prompt; of the one before nothing more is played. */
  begin(atMs: number): void {
    this.#beginMs = atMs
    this.#isPlaced = false
    // Nobody restores one that is cut off while it is ducked.
    if (this.#isDucked) this.ducked(false)
    this.#seek()
    this.#played.begin(atMs + (this.#movedMs ?? 0))
  }

  /** The client's last word on the prompt before, in the microphone's time: it hears of its end later than that is sent. */
  endedBefore(atMs: number): void {
    this.#played.endedBefore(atMs)
  }

  play(fromMs: number, pcm: Int16Array, sampleRateHz: number): void {
    this.#played.play(fromMs + (this.#movedMs ?? 0), pcm, sampleRateHz)
  }

  /** What was to be heard after this is not played. */
  stop(atMs: number): void {
    this.#played.stop(atMs + (this.#movedMs ?? 0))
  }

  /** The client says how much later it plays than it could: wherever it puts a prompt, its echo's own delay stays. */
  delayed(delayMs: number): void {
    if (this.#movedMs === undefined && this.#lag !== undefined) {
      this.#lag = undefined
      this.#delay.forget()
    }
    const before = (this.#movedMs ??= 0)
    const byMs = delayMs - before
    if (Math.abs(byMs) >= echoTuning.movedMsMin) {
      this.#movedMs = delayMs
      this.#played.move(byMs)
      // Until the first word on it a prompt stands where it would come as late as the one before.
      if (!this.#isPlaced) this.#played.measureAgain(this.#beginMs + Math.min(before, delayMs))
    }
    this.#isPlaced = true
    this.#isSettled = this.#lag !== undefined
  }

  /** What is still to be heard comes so much later than it was to be. */
  stalled(byMs: number): void {
    if (Math.abs(byMs) > 2 * hopMs) this.#seek()
    this.#played.move(byMs)
  }

  /** A ducked prompt comes back softer than the loudness to expect once it is restored: nothing is learned from it. */
  ducked(isDucked: boolean): void {
    this.#isDucked = isDucked
    this.#duckedFrames = echoTuning.unduckedFrames
  }

  /** Whether anything of what was played may still be heard here. */
  isAudible(atMs: number): boolean {
    const { endMs } = this.#played
    return endMs !== undefined && atMs < endMs + lagMax * hopMs
  }

  /** For each frame (32 ms at 16 kHz) in turn while anything is audible: does it hold nothing but an echo? */
  judge(frame: Int16Array, atMs: number): Verdict {
    const hop = Math.round(atMs / hopMs)
    this.#played.measure(hop - lagMin + 1)
    this.#microphone.measure(frame, 0, frame.length, this.#heard, 0)
    const isSounding = this.#rise()
    const lag = this.#delay.follow(hop, this.#risen, isSounding)
    if (lag !== undefined) this.#found(lag, (band) => this.#delay.meanGain(lag, band))
    return this.#lag === undefined ? this.#doubt(hop, isSounding) : this.#compare(hop, this.#lag)
  }

  /** The delay may be another one. */
  #seek(): void {
    this.#isSettled = false
    this.#delay.begin()
  }

  #rise(): boolean {
    let bandsRisen = 0
    for (let band = 0; band < bandCount; band++) {
      const heard = this.#heard[band] ?? 0
      const noise = Math.min(heard, (this.#noise[band] ?? 0) + 0.05)
      this.#noise[band] = noise
      this.#risen[band] = Math.max(heard, noise + 3)
      if (heard > noise + echoTuning.soundingDb) bandsRisen++
    }
    return bandsRisen >= echoTuning.soundingBands
  }

  #found(lag: number, gainOf: (band: number) => number): void {
    if (this.#lag === undefined) {
      for (let band = 0; band < bandCount; band++) {
        this.#gain[band] = Math.min(0, gainOf(band) + echoTuning.guessDb)
      }
    }
    this.#lag = lag
    this.#isSettled = true
  }

  /** No delay is known. */
  #doubt(hop: number, isSounding: boolean): Verdict {
    const { doubtfulFramesMin, doubtfulFramesMax, doubtfulCorrelation, echoCorrelation, pauseFrames } = echoTuning
    this.#pausedFrames = isSounding ? 0 : this.#pausedFrames + 1
    if (this.#pausedFrames >= pauseFrames) this.#soundFrames = 0
    if (!isSounding && this.#soundFrames === 0) return "other"
    const frames = ++this.#soundFrames
    const { correlation, lag } = this.#delay.likeness(hop, frames)
    if (correlation === 0 && frames > 1) return "other"
    if (frames < doubtfulFramesMin) return "doubtful"
    if (correlation < (doubtfulCorrelation[frames] ?? echoCorrelation)) return "other"
    if (frames < doubtfulFramesMax) return "doubtful"
    if (frames > doubtfulFramesMax || correlation < echoCorrelation) return "other"
    this.#found(lag, (band) => this.#delay.recentGain(hop, lag, frames, band))
    return "echo"
  }

  #compare(hop: number, lag: number): Verdict {
    const { spreadHops, startEarlierHops, marginDb, noiseMarginDb, bandsMin, holdFrames, afterFrames } = echoTuning
    const first = lag - (this.#isSettled ? spreadHops : startEarlierHops)
    const last = this.#isSettled ? lag + spreadHops : lagMax
    const isPlayed = this.#expect(hop, first, last) >= 2
    this.#afterFrames = isPlayed ? afterFrames : Math.max(0, this.#afterFrames - 1)
    if (this.#afterFrames === 0) {
      this.#held = 0
      this.#recent = 0
      return "other"
    }
    let bands = 0
    for (let band = 0; band < bandCount; band++) {
      const echo = (this.#expected[band] ?? 0) + (this.#gain[band] ?? 0)
      if ((this.#heard[band] ?? 0) > Math.max(echo + marginDb, (this.#noise[band] ?? 0) + noiseMarginDb)) bands++
    }
    const isMore = bands >= bandsMin
    this.#duckedFrames = this.#isDucked ? this.#duckedFrames : Math.max(0, this.#duckedFrames - 1)
    if (!isMore && !this.#isDucked && this.#duckedFrames === 0) this.#learn(hop, first, last)
    this.#recent = ((this.#recent << 1) | Number(isMore)) & 0b111
    const isPerson = isMore && this.#recent !== 0b001
    this.#held = isPerson ? holdFrames : Math.max(0, this.#held - 1)
    return this.#held === 0 ? "echo" : "other"
  }

  /** The loudest of the reference within these delays; how many bands of it can be heard. */
  #expect(hop: number, first: number, last: number): number {
    let active = 0
    for (let band = 0; band < bandCount; band++) {
      let loudest = silenceDb
      for (let lag = first; lag <= last; lag++) {
        loudest = Math.max(loudest, this.#played.reference[placeOf(hop - lag) + band] ?? silenceDb)
      }
      this.#expected[band] = loudest
      if (loudest > echoTuning.activeDb) active++
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
        direct = Math.max(direct, this.#played.direct[placeOf(hop - lag) + band] ?? silenceDb)
      }
      if (expected <= activeDb || direct < expected - 1) continue
      const gain = this.#gain[band] ?? 0
      const difference = (this.#heard[band] ?? 0) - expected - gain
      const bounded = Math.max(-20, Math.min(20, difference))
      this.#gain[band] = gain + (difference > 0 ? riseRate : fallRate) * pace * bounded
    }
  }
}
