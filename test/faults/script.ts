/**
 * What one session says: recordings in an order of its own, with pauses that end an utterance, over faint noise. The same
 * seed and session give the same samples, without an end, so that two runs can be compared line by line.
 */
import { activityOf, type Clip, clips, longClips, mixed, noises, samplesOfMs, silence } from "../../bench/recordings.ts"
import { between, oneOf, type Random, randomOf } from "./random.ts"

export const frameMs = 20
export const frameSamples = samplesOfMs(frameMs)
/** After a recording; over it an utterance has ended for sure. */
const pauseMs = [900, 1_500] as const
/** Of so many lines one is a longer recording, of several words. */
const longEvery = 6

const background = mixed(silence(2_000), noises[0]?.samples ?? silence(10), 8, 0)

const withActivity = ({ text, samples }: Clip) => ({ text, samples, activity: activityOf(samples) })
const [words, sentences] = [clips.map(withActivity), longClips.map(withActivity)]

export interface Line {
  readonly text: string
  readonly samples: Int16Array
  /** Of the recording, counted from the session's first sample. */
  readonly startSample: number
  /** Where somebody speaks in it, by energy. */
  readonly spokenStartSample: number
  readonly spokenEndSample: number
}

export class Script {
  readonly #random: Random
  readonly #lines: Array<Line> = []
  #endSample: number

  constructor(seed: number, session: number) {
    this.#random = randomOf(seed * 1_009 + session)
    this.#endSample = samplesOfMs(between(this.#random, 200, 1_500))
  }

  line(index: number): Line {
    for (;;) {
      const known = this.#lines[index]
      if (known !== undefined) return known
      const isLong = this.#lines.length % longEvery === longEvery - 1
      const { text, samples, activity } = oneOf(this.#random, isLong ? sentences : words)
      const startSample = this.#endSample
      this.#lines.push({
        text,
        samples,
        startSample,
        spokenStartSample: startSample + activity.start,
        spokenEndSample: startSample + activity.end
      })
      this.#endSample = startSample + samples.length + samplesOfMs(between(this.#random, ...pauseMs))
    }
  }

  /** How many lines begin within this time. */
  linesWithin(durationMs: number): number {
    let count = 0
    while (this.line(count).startSample < samplesOfMs(durationMs)) count++
    return count
  }

  /** 20 ms of sound, of which at most one line speaks. */
  frame(index: number): Int16Array {
    const start = index * frameSamples
    const sound = new Int16Array(frameSamples)
    for (let i = 0; i < frameSamples; i++) sound[i] = background[(start + i) % background.length] ?? 0
    for (let i = 0; this.line(i).startSample < start + frameSamples; i++) {
      const { startSample, samples } = this.line(i)
      if (startSample + samples.length <= start) continue
      const from = Math.max(0, start - startSample)
      const to = Math.min(samples.length, start + frameSamples - startSample)
      sound.set(samples.subarray(from, to), startSample + from - start)
    }
    return sound
  }
}
