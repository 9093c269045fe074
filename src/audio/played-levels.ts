/**
 * How loud what was played is in each band, hop by hop (16 ms), in the time of the microphone: as if it were heard without
 * any delay. A ring of 4 s. Pure.
 */
import { bandCount, BandLevels, silenceDb } from "./band-levels.ts"

export const frameMs = 32
export const hopMs = 16
const hopsKept = 256
/** How a room lets sound go on. */
const reverbDbPerHop = 3

interface Sound {
  fromMs: number
  toMs: number
  readonly pcm: Int16Array
  readonly sampleRateHz: number
  readonly levels: BandLevels
}

/** The ring's place for the levels of a hop. */
export const placeOf = (hop: number): number => (((hop % hopsKept) + hopsKept) % hopsKept) * bandCount

export class PlayedLevels {
  /** As it is; and with a room's decay. */
  readonly direct = new Float32Array(hopsKept * bandCount).fill(silenceDb)
  readonly reference = new Float32Array(hopsKept * bandCount).fill(silenceDb)
  #sounds: Array<Sound> = []
  #nextHop = 0

  play(fromMs: number, pcm: Int16Array, sampleRateHz: number): void {
    const levels = BandLevels.of(sampleRateHz, frameMs)
    this.#sounds.push({ fromMs, toMs: fromMs + (pcm.length * 1_000) / sampleRateHz, pcm, sampleRateHz, levels })
  }

  /** What was to be heard after this is not played. What is long over is let go, also where nobody measures it. */
  stop(atMs: number): void {
    for (const sound of this.#sounds) sound.toMs = Math.min(sound.toMs, atMs)
    this.#sounds = this.#sounds.filter(({ fromMs, toMs }) => fromMs < toMs && toMs >= atMs - hopsKept * hopMs)
  }

  /** What is not measured yet is played so much later. */
  move(byMs: number): void {
    for (const sound of this.#sounds) {
      sound.fromMs += byMs
      sound.toMs += byMs
    }
  }

  /** What was measured after this was measured where it is not. */
  measureAgain(fromMs: number): void {
    this.#nextHop = Math.min(this.#nextHop, Math.floor((fromMs - frameMs) / hopMs))
  }

  /** Where the last sound ends; undefined: nothing is played. */
  get endMs(): number | undefined {
    return this.#sounds.at(-1)?.toMs
  }

  /** Up to this hop. */
  measure(until: number): void {
    this.#nextHop = Math.max(this.#nextHop, until - hopsKept)
    for (; this.#nextHop < until; this.#nextHop++) {
      const fromMs = this.#nextHop * hopMs
      const at = placeOf(this.#nextHop)
      const before = placeOf(this.#nextHop - 1)
      const sound = this.#sounds.find((played) => played.toMs > fromMs && played.fromMs < fromMs + frameMs)
      if (sound === undefined) this.direct.fill(silenceDb, at, at + bandCount)
      else {
        const { pcm, sampleRateHz, levels } = sound
        const sampleAt = (ms: number) => Math.round(((ms - sound.fromMs) * sampleRateHz) / 1_000)
        levels.measure(pcm, sampleAt(fromMs), Math.min(pcm.length, sampleAt(sound.toMs)), this.direct, at)
      }
      for (let band = 0; band < bandCount; band++) {
        const decayed = (this.reference[before + band] ?? silenceDb) - reverbDbPerHop
        this.reference[at + band] = Math.max(this.direct[at + band] ?? silenceDb, decayed)
      }
    }
    const oldestMs = (this.#nextHop - hopsKept) * hopMs
    while ((this.#sounds[0]?.toMs ?? Infinity) < oldestMs) this.#sounds.shift()
  }

  /** Sounds that are kept. */
  get kept(): number {
    return this.#sounds.length
  }

  /** Bands of this hop over a level. */
  bandsOver(hop: number, db: number): number {
    const place = placeOf(hop)
    let count = 0
    for (let band = 0; band < bandCount; band++) if ((this.reference[place + band] ?? silenceDb) > db) count++
    return count
  }
}
