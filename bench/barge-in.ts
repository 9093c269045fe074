/**
 * `npm run bench:barge-in`: people who speak over a prompt whose sound comes back into their microphone, and who do not; in
 * audio time, with the real detector, recogniser and voice.
 */
import { Context, Effect, Exit, Layer, Scope, Stream } from "effect"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Stt } from "#src/stt/stt.ts"
import { type SpokenSentence, Tts } from "#src/tts/tts.ts"
import { Vad } from "#src/vad/vad.ts"
import { emptyTally, first, heldOutRooms, later, tuningRooms } from "./barge-in-trials.ts"
import { machine, median, percentile, progress, readOptions, type Row, rounded, table } from "./options.ts"
import { clips, noises } from "./recordings.ts"

const { json, numbers } = readOptions(
  "barge-in",
  `Recorded words spoken over prompts, in audio time: with headphones, and with the prompt's echo in rooms, so many dB softer than
it is played. "Duck", "stop": milliseconds from the word's onset by energy until the listener tells. "Missed": the prompt went
on, or had been ducked by its echo before the word.`,
  {
    numbers: {
      words: { default: 30, about: "words spoken in each condition, in first prompts and in later ones" },
      coughs: { default: 4, about: "coughs in each room" },
      tuning: { default: 0, about: "1: with the rooms and speakers of tuning, not those kept apart from it" }
    }
  }
)
/** Of what is played; undefined: headphones. */
const conditions = [
  [undefined, true],
  [-6, true],
  [-12, true],
  [-20, true],
  [-30, true],
  [-20, false]
] as const
const isTuning = numbers.tuning === 1
const rooms = isTuning ? tuningRooms : heldOutRooms
const tuningSpeakers = ["00000004", "00000014", "00000026"]
const words = clips
  .filter(({ file }) => tuningSpeakers.some((speaker) => file.includes(speaker)) === isTuning)
  .slice(0, numbers.words)
const noise = noises[isTuning ? 0 : 1]
if (noise === undefined) throw new Error("there is no recorded noise")
const texts = isTuning
  ? [
      "هل المقصود عدة أيام؟ يرجى قول نعم أو لا. ويمكن دائما لمس الجواب على الشاشة، أو كتابته.",
      "قلة الاهتمام أو قلة الاستمتاع بممارسة الأشياء. الاختيارات هي: أبدا، عدة أيام، أكثر من نصف الأيام، تقريبا كل يوم.",
      "لم أفهم بعد. يرجى قول واحد من الاختيارات كما تقرأ، أو قول أعد ليعاد السؤال."
    ]
  : [
      "صعوبة في النوم، أو النوم المتقطع، أو النوم أكثر من المعتاد خلال الأسبوعين الماضيين.",
      "شكرا جزيلا. تم تسجيل الجواب، وننتقل الآن إلى السؤال التالي عن الشهية والطعام.",
      "الشعور بالتعب أو قلة الطاقة. من فضلك اختر الجواب الأقرب إلى ما شعرت به في هذه الفترة."
    ]

const scope = Scope.makeUnsafe()
const ttsHome = mkdtempSync(join(tmpdir(), "sawt-barge-in-"))
try {
  const layers = Layer.mergeAll(Stt.layer(), Vad.layer(), Tts.layer({ ttsHome, cacheBytesMax: 50_000_000 }))
  const context = await Effect.runPromise(Layer.buildWithScope(layers, scope))
  const [stt, vad, tts] = [Context.get(context, Stt), Context.get(context, Vad), Context.get(context, Tts)]
  while (stt.health().status !== "ready" || vad.health().status !== "ready" || tts.health().status !== "ready") {
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  const prompts: Array<SpokenSentence> = []
  for (const text of texts) {
    const parts = [...(await Effect.runPromise(Stream.runCollect(tts.speak(text, { language: "ar", keep: true }))))]
    const pcm = Int16Array.from(parts.flatMap((part) => [...part.pcm]))
    prompts.push({ ...(parts[0] as SpokenSentence), text, pcm, words: [] })
  }
  const rows: Array<Row> = []
  for (const [echoDb, hasGate] of conditions) {
    const tally = emptyTally()
    progress(`${echoDb ?? "headphones"}`)
    await Promise.all(
      rooms.map(async (room, index) => {
        const options = {
          vad,
          stt,
          room,
          noise,
          noiseRms: 20,
          reports: index !== 1,
          hasGate,
          ...(echoDb === undefined ? {} : { echoDb })
        }
        const share = words.filter((_, word) => word % rooms.length === index)
        await Promise.all([
          later(options, { prompts, words: share, coughs: numbers.coughs }, tally),
          first(options, { prompts, words: share, coughs: 0 }, tally)
        ])
      })
    )
    const both = (values: ReadonlyArray<number>): string =>
      values.length === 0 ? "–" : `${rounded(median(values), 0)} / ${rounded(percentile(values, 0.95), 0)}`
    rows.push({
      echo: echoDb === undefined ? "headphones" : `${echoDb} dB${hasGate ? "" : ", no gate"}`,
      "quiet, first prompt: ducked, stopped": `${tally.firstQuiet}: ${tally.firstDucked}, ${tally.firstStopped}`,
      "quiet, later": `${tally.quiet}: ${tally.falseStarts}, ${tally.falseStops}`,
      "words: missed, too early": `${tally.words + tally.firstWords}: ${tally.missed}+${tally.firstMissed}, ${tally.early}`,
      "right, later + first": `${tally.right}/${tally.words} + ${tally.firstRight}/${tally.firstWords}`,
      "duck p50 / p95": both(tally.duckMs),
      "stop p50 / p95": both(tally.stopMs),
      "first prompt: duck": both(tally.firstDuckMs),
      "first prompt: stop": both(tally.firstStopMs),
      "coughs: ducked, stopped": `${tally.coughs}: ${tally.coughsDucked}, ${tally.coughsStopped}`
    })
  }
  console.log(json ? JSON.stringify({ machine: machine(), rows }, undefined, 2) : `${machine()}\n\n${table(rows)}`)
} finally {
  await Effect.runPromise(Scope.close(scope, Exit.void))
  rmSync(ttsHome, { recursive: true, force: true })
}
