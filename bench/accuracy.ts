/**
 * `npm run bench:accuracy`: the same recordings, clean and in recorded noise, through a bare libvosk recogniser and
 * through the whole service - socket, voice activity detection, endpointing, model host. What the service loses against
 * the bare recogniser is its own doing; what both lose is the model's.
 */
import { joined } from "#src/audio/pcm.ts"
import { startServer } from "../scripts/server-process.ts"
import { align, wordsOf } from "./alignment.ts"
import { startBareVosk } from "./bare-vosk.ts"
import { recognizeFile } from "./file-session.ts"
import { machine, progress, readOptions, type Row, rounded, table } from "./options.ts"
import {
  activeMeaning,
  activityOf,
  clips,
  longClips,
  mixed,
  noises,
  sampleRateHz,
  secondsOf,
  silence,
  type Clip
} from "./recordings.ts"
import { type Turns, turnsOf, type Utterance } from "./turns.ts"

const snrsDb = [20, 10]
const beforeMs = 700
const afterMs = 1_000
/** Sessions at a time: as many as an address may have on /ws. */
const sessionsAtATime = 2

const { json, flags } = readOptions(
  "accuracy",
  `Recognises the recordings of test/fixtures with the embedded model's default graph: by a bare libvosk loop, and by the
service over its socket. Each of ${clips.length} words alone, ${beforeMs} ms of silence before and ${afterMs} ms after it, and
${longClips.length} recordings of several words; clean and with recorded noise under all of it. The signal-to-noise ratio is
that of the active speech (${activeMeaning}).`,
  { flags: { words: "also print every recording that was not understood, and when it was heard" } }
)

interface Condition {
  readonly noise: string
  readonly snrDb: number | "clean"
  readonly apply: (samples: Int16Array, index: number) => Int16Array
}

const clean: Condition = { noise: "", snrDb: "clean", apply: (samples) => samples }
const noisy = noises.flatMap((noise) =>
  snrsDb.map((snrDb): Condition => ({
    noise: noise.name,
    snrDb,
    apply: (samples, index) =>
      // An offset of its own for each recording: prime, so that they fall everywhere in the noise.
      mixed(samples, noise.samples, activityOf(samples).rms / 10 ** (snrDb / 20), index * 7_919)
  }))
)
const conditions = [clean, ...noisy]

/** Ends every session with a word that is surely heard, so that its final says that all before it was. */
const marker = clips.find(({ file }) => file.startsWith("yes-"))?.samples ?? new Int16Array(0)

interface Heard {
  readonly text: string
  readonly utterances: ReadonlyArray<Utterance>
}

const hearAll = async (server: string, recordings: ReadonlyArray<Int16Array>): Promise<ReadonlyArray<Heard>> => {
  const heard: Array<Heard> = []
  let next = 0
  const worker = async () => {
    for (let index = next++; index < recordings.length; index = next++) {
      const samples = recordings[index] ?? marker
      const untilMs = secondsOf(samples) * 1_000
      const finals = await recognizeFile({ server, path: "/ws", parts: [samples, marker], untilMs })
      const before = finals.filter(({ end_ms }) => end_ms <= untilMs)
      heard[index] = {
        text: before.map(({ text }) => text).join(" "),
        utterances: before.map(({ start_ms, end_ms }) => ({ startMs: start_ms, endMs: end_ms }))
      }
    }
  }
  await Promise.all(Array.from({ length: sessionsAtATime }, worker))
  return heard
}

const score = (recordings: ReadonlyArray<Clip>, texts: ReadonlyArray<string>) => {
  let said = 0
  let right = 0
  let edits = 0
  recordings.forEach(({ text }, i) => {
    const alignment = align(wordsOf(text), wordsOf(texts[i] ?? ""))
    said += wordsOf(text).length
    right += alignment.right
    edits += alignment.edits
  })
  return { said, right: rounded((100 * right) / said, 1), errors: rounded((100 * edits) / said, 1) }
}

const turns = (heard: ReadonlyArray<Heard>): Turns =>
  longClips
    .map(({ words }, i) => turnsOf(words, heard[i]?.utterances ?? []))
    .reduce((sum, one) => ({
      utterances: sum.utterances + one.utterances,
      merged: sum.merged + one.merged,
      lost: sum.lost + one.lost,
      invented: sum.invented + one.invented,
      split: sum.split + one.split
    }))

const startedAtMs = performance.now()
const server = await startServer({ SESSION_IDLE_SECONDS: "60" })
const bare = await startBareVosk()
try {
  const single: Array<Row> = []
  const long: Array<Row> = []
  const mistakes: Array<Row> = []
  for (const condition of conditions) {
    const { noise, snrDb } = condition
    progress(`${snrDb === "clean" ? "clean" : `${noise}, ${snrDb} dB`}`)
    const label = { condition: snrDb === "clean" ? "clean" : `${snrDb} dB`, noise }
    const alone = clips.map(({ samples }, i) =>
      condition.apply(joined(silence(beforeMs), samples, silence(afterMs)), i)
    )
    const whole = longClips.map(({ samples }, i) => condition.apply(samples, clips.length + i))
    const bareTexts = (await bare.recognize([...alone, ...whole])).texts
    const heard = await hearAll(server.url, [...alone, ...whole])
    const texts = heard.map(({ text }) => text)

    const bareAlone = score(clips, bareTexts)
    const pathAlone = score(clips, texts)
    const inUtterances = heard.slice(0, clips.length).map(({ utterances }) => utterances.length)
    single.push({
      ...label,
      words: bareAlone.said,
      "bare right %": bareAlone.right,
      "service right %": pathAlone.right,
      "bare WER %": bareAlone.errors,
      "service WER %": pathAlone.errors,
      unheard: inUtterances.filter((count) => count === 0).length,
      "in pieces": inUtterances.filter((count) => count > 1).length
    })
    const bareLong = score(longClips, bareTexts.slice(clips.length))
    const pathLong = score(longClips, texts.slice(clips.length))
    long.push({
      ...label,
      words: bareLong.said,
      "bare right %": bareLong.right,
      "service right %": pathLong.right,
      "bare WER %": bareLong.errors,
      "service WER %": pathLong.errors,
      ...turns(heard.slice(clips.length))
    })
    const recordings = [...clips, ...longClips]
    recordings.forEach(({ file, text }, i) => {
      const [bareText = "", pathText = ""] = [bareTexts[i], texts[i]]
      const [bareWords, pathWords] = [wordsOf(bareText).join(" "), wordsOf(pathText).join(" ")]
      if (pathWords === text && bareWords === text) return
      const utterances = (heard[i]?.utterances ?? []).map(({ startMs, endMs }) => `${startMs}-${endMs}`).join(" ")
      mistakes.push({ ...label, recording: file, said: text, bare: bareWords, service: pathWords, utterances })
    })
  }
  const seconds = rounded((performance.now() - startedAtMs) / 1_000, 0)
  const about = { machine: machine(), seconds, sampleRateHz }
  if (json) console.log(JSON.stringify({ ...about, single, long, mistakes }, undefined, 2))
  else {
    console.log(`${about.machine}; ${seconds} s\n`)
    console.log(
      `Words alone (right: of the words said; unheard, in pieces: by the service's endpointing)\n${table(single)}\n`
    )
    console.log(
      `Several words with pauses of 0.6 s and more (merged, lost, split: words; invented: utterances in a pause)\n${table(long)}`
    )
    if (flags.words) console.log(`\nNot understood\n${table(mistakes)}`)
  }
} finally {
  await bare.stop()
  await server.stop()
}
