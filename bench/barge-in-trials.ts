/**
 * What is tried over prompts in each room: nobody speaks, a word is said early in the first prompt and in later ones, and
 * coughs. Deterministic.
 */
import { toSample } from "#src/audio/pcm.ts"
import type { SpokenSentence } from "#src/tts/tts.ts"
import { EchoScene, type Outcome, randomOf, type Room, type SceneOptions } from "./echo-scene.ts"
import { activityOf, type Clip, trimmed } from "./recordings.ts"

/** Rooms and delays with which the gate was tuned; and others, which it never saw. */
export const tuningRooms: ReadonlyArray<Room> = [
  { name: "none", delayMs: 40, reverberationMs: 0, reverberationDb: 0, seed: 1 },
  { name: "small", delayMs: 120, reverberationMs: 250, reverberationDb: -6, seed: 2 },
  { name: "living", delayMs: 280, reverberationMs: 400, reverberationDb: -3, seed: 3 }
]
export const heldOutRooms: ReadonlyArray<Room> = [
  { name: "car", delayMs: 70, reverberationMs: 90, reverberationDb: -4, seed: 11 },
  { name: "office", delayMs: 190, reverberationMs: 320, reverberationDb: -5, seed: 12 },
  { name: "ward", delayMs: 370, reverberationMs: 550, reverberationDb: -3, seed: 13 }
]

export interface Tally {
  quiet: number
  firstQuiet: number
  firstDucked: number
  firstStopped: number
  falseStarts: number
  falseStops: number
  words: number
  missed: number
  early: number
  right: number
  firstWords: number
  firstMissed: number
  firstRight: number
  coughs: number
  coughsDucked: number
  coughsStopped: number
  readonly duckMs: Array<number>
  readonly stopMs: Array<number>
  readonly firstDuckMs: Array<number>
  readonly firstStopMs: Array<number>
}

export const emptyTally = (): Tally => ({
  quiet: 0,
  firstQuiet: 0,
  firstDucked: 0,
  firstStopped: 0,
  falseStarts: 0,
  falseStops: 0,
  words: 0,
  missed: 0,
  early: 0,
  right: 0,
  firstWords: 0,
  firstMissed: 0,
  firstRight: 0,
  coughs: 0,
  coughsDucked: 0,
  coughsStopped: 0,
  duckMs: [],
  stopMs: [],
  firstDuckMs: [],
  firstStopMs: []
})

/** Noise that bursts and dies away within 180 ms, as loud as speech. */
export const cough = (seed: number): Int16Array => {
  const random = randomOf(seed)
  let last = 0
  return Int16Array.from({ length: 2_880 }, (_, i) => {
    last = 0.7 * last + 0.3 * (random() * 2 - 1)
    return toSample(28_000 * Math.min(1, i / 160) * Math.exp(-i / 700) * last)
  })
}

/** Where in a prompt words begin. */
const laterMs = [1_500, 900, 2_400, 400]
const firstMs = [300, 700, 1_500]

export interface Trials {
  readonly prompts: ReadonlyArray<SpokenSentence>
  readonly words: ReadonlyArray<Clip>
  readonly coughs: number
}

const said = (
  tally: Tally,
  { startedMs, duckedMs, stoppedMs, texts }: Outcome,
  clip: Clip,
  atMs: number,
  isFirst: boolean
) => {
  const onsetMs = atMs + activityOf(trimmed(clip.samples, 60)).start / 16
  const isEarly = startedMs.some((startMs) => startMs < onsetMs - 200)
  const isRight = texts.join(" ") === clip.text
  if (isEarly) tally.early++
  const isMissed = stoppedMs === undefined || isEarly
  tally[isFirst ? "firstWords" : "words"]++
  if (isMissed) tally[isFirst ? "firstMissed" : "missed"]++
  else {
    tally[isFirst ? "firstDuckMs" : "duckMs"].push((duckedMs ?? 0) - onsetMs)
    tally[isFirst ? "firstStopMs" : "stopMs"].push(stoppedMs - onsetMs)
  }
  if (isRight) tally[isFirst ? "firstRight" : "right"]++
}

/** One session: its first prompt is played to a quiet person, the words come in those after it, then coughs. */
export const later = async (options: SceneOptions, { prompts, words, coughs }: Trials, tally: Tally): Promise<void> => {
  const scene = new EchoScene(options)
  let count = 0
  const waitsMs = () => 40 + ((count * 83) % 200)
  const next = () => prompts[count++ % prompts.length] as SpokenSentence
  await scene.rest(512)
  const quiet = ({ startedMs, stoppedMs }: Outcome) => {
    tally.quiet++
    if (stoppedMs !== undefined) tally.falseStops++
    else if (startedMs.length > 0) tally.falseStarts++
  }
  await scene.play(next(), waitsMs())
  for (const [index, clip] of words.entries()) {
    const atMs = laterMs[index % laterMs.length] ?? 0
    said(tally, await scene.play(next(), waitsMs(), { atMs, samples: trimmed(clip.samples, 60) }), clip, atMs, false)
  }
  for (const prompt of prompts) quiet(await scene.play(prompt, waitsMs()))
  for (let index = 0; index < coughs; index++) {
    const { startedMs, stoppedMs } = await scene.play(next(), waitsMs(), { atMs: 1_500, samples: cough(index + 1) })
    tally.coughs++
    if (stoppedMs !== undefined) tally.coughsStopped++
    else if (startedMs.length > 0) tally.coughsDucked++
  }
  scene.close()
}

/** Sessions of one prompt: somebody speaks over it; and of each prompt one more in which nobody does. */
export const first = async (options: SceneOptions, { prompts, words }: Trials, tally: Tally): Promise<void> => {
  for (const [index, clip] of words.entries()) {
    const scene = new EchoScene(options)
    await scene.rest(512)
    const atMs = firstMs[index % firstMs.length] ?? 0
    const sentence = prompts[index % prompts.length] as SpokenSentence
    said(tally, await scene.play(sentence, 60, { atMs, samples: trimmed(clip.samples, 60) }), clip, atMs, true)
    scene.close()
  }
  for (const sentence of prompts) {
    const scene = new EchoScene(options)
    await scene.rest(512)
    const { startedMs, stoppedMs } = await scene.play(sentence, 60)
    tally.firstQuiet++
    if (stoppedMs !== undefined) tally.firstStopped++
    else if (startedMs.length > 0) tally.firstDucked++
    scene.close()
  }
}
