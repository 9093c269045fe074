/**
 * The recordings of test/fixtures, 16 kHz mono, and what the benches make of them: where in a clip somebody speaks, and
 * clips in silence or in recorded noise. Everything is deterministic.
 */
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { toSample } from "#src/audio/pcm.ts"
import { readWav } from "#src/audio/wav.ts"

export const sampleRateHz = 16_000
export const samplesOfMs = (durationMs: number): number => Math.round((durationMs * sampleRateHz) / 1_000)
export const secondsOf = (samples: Int16Array): number => samples.length / sampleRateHz

const fixtures = join(import.meta.dirname, "../test/fixtures")
const read = (...path: ReadonlyArray<string>): Int16Array => readWav(readFileSync(join(fixtures, ...path))).samples
const manifest = <Row>(name: string): ReadonlyArray<Row> =>
  JSON.parse(readFileSync(join(fixtures, "ar-commands", name), "utf8")) as ReadonlyArray<Row>

export interface Clip {
  readonly file: string
  /** Words separated by spaces. */
  readonly text: string
  readonly samples: Int16Array
}

/** One word each. */
export const clips: ReadonlyArray<Clip> = manifest<Omit<Clip, "samples">>("manifest.json").map(({ file, text }) => ({
  file,
  text,
  samples: read("ar-commands", file)
}))

/** Several words, with pauses of 0.6 to 1.2 s between them; `words` say when (seconds, about 0.1 s exact). */
export interface LongClip extends Clip {
  readonly words: ReadonlyArray<{ readonly text: string; readonly start: number; readonly end: number }>
}

export const longClips: ReadonlyArray<LongClip> = manifest<Omit<LongClip, "samples">>("manifest-long.json").map(
  ({ file, text, words }) => ({ file, text, words, samples: read("ar-commands", file) })
)

export interface Noise {
  readonly name: string
  readonly samples: Int16Array
}

export const noises: ReadonlyArray<Noise> = readdirSync(join(fixtures, "noise"))
  .filter((file) => file.endsWith(".wav"))
  .toSorted()
  .map((file) => ({ name: file.replace(".wav", "").replaceAll("_", " "), samples: read("noise", file) }))

const frameSamples = 160
/** A frame of 10 ms is speech when it is at most this much softer than the clip's loudest one. */
const activeDb = 25
export const activeMeaning = `10 ms frames at most ${activeDb} dB under the clip's loudest`

export interface Activity {
  /** Samples; the end is exclusive. */
  readonly start: number
  readonly end: number
  /** Root mean square of the active frames. */
  readonly rms: number
}

export const activityOf = (samples: Int16Array): Activity => {
  const energies = Array.from({ length: Math.floor(samples.length / frameSamples) }, (_, frame) => {
    let energy = 0
    for (let i = frame * frameSamples; i < (frame + 1) * frameSamples; i++) energy += (samples[i] ?? 0) ** 2
    return energy / frameSamples
  })
  const least = Math.max(...energies) / 10 ** (activeDb / 10)
  const active = energies.flatMap((energy, frame) => (energy >= least ? [frame] : []))
  const total = active.reduce((sum, frame) => sum + (energies[frame] ?? 0), 0)
  return {
    start: (active[0] ?? 0) * frameSamples,
    end: ((active.at(-1) ?? 0) + 1) * frameSamples,
    rms: Math.sqrt(total / Math.max(1, active.length))
  }
}

/** The word alone, with a little of what is around it. */
export const trimmed = (samples: Int16Array, marginMs: number): Int16Array => {
  const { start, end } = activityOf(samples)
  const margin = samplesOfMs(marginMs)
  return samples.subarray(Math.max(0, start - margin), Math.min(samples.length, end + margin))
}

export const silence = (durationMs: number): Int16Array => new Int16Array(samplesOfMs(durationMs))

const rmsOf = (samples: Int16Array): number => {
  let energy = 0
  for (const sample of samples) energy += sample * sample
  return Math.sqrt(energy / samples.length)
}

/** `noise` of this root mean square, over and over from `offset`, under all of `samples`. */
export const mixed = (samples: Int16Array, noise: Int16Array, noiseRms: number, offset: number): Int16Array => {
  const gain = noiseRms / rmsOf(noise)
  return samples.map((sample, i) => toSample(sample + gain * (noise[(offset + i) % noise.length] ?? 0)))
}
