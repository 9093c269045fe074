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
  /** Of all of it, however soon it was over. */
  readonly durationMs: number
  readonly pcm: Int16Array
  readonly sampleRateHz: number
  readonly levels: BandLevels
  /** Of a prompt that another has followed: it was played where it was, wherever that one is. */
  isOver: boolean
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
    const durationMs = (pcm.length * 1_000) / sampleRateHz
    this.#sounds.push({ fromMs, toMs: fromMs + durationMs, durationMs, pcm, sampleRateHz, levels, isOver: false })
  }

  /** Of this prompt nothing is played after this; a later word on it counts. */
  stop(atMs: number): void {
    for (const sound of this.#sounds) if (!sound.isOver) this.#end(sound, atMs)
    this.#sounds = this.#sounds.filter(({ fromMs, toMs }) => fromMs < toMs)
  }

  /**
   * What follows is another prompt, and of this one nothing is played after this. What is long over is let go, also where
   * nobody measures it.
   */
  begin(atMs: number): void {
    for (const sound of this.#sounds) {
      if (!sound.isOver) this.#end(sound, Math.min(sound.toMs, atMs))
      sound.isOver = true
    }
    this.#sounds = this.#sounds.filter(({ fromMs, toMs }) => fromMs < toMs && toMs >= atMs - hopsKept * hopMs)
  }

  /** The prompt before this one was played up to here. */
  endedBefore(atMs: number): void {
    const last = this.#sounds.findLast(({ isOver }) => isOver)
    if (last !== undefined) this.#end(last, atMs)
  }

  #end(sound: Sound, atMs: number): void {
    const toMs = Math.min(atMs, sound.fromMs + sound.durationMs)
    if (toMs === sound.toMs) return
    this.measureAgain(Math.min(toMs, sound.toMs))
    sound.toMs = toMs
  }

  /** What is not measured yet of this prompt is played so much later. */
  move(byMs: number): void {
    for (const sound of this.#sounds) {
      if (sound.isOver) continue
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
