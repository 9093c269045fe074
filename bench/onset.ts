/**
 * `npm run bench:onset`: how soon `/talk` falls silent when somebody speaks over it. Real page in a real Chromium, real server,
 * recorded words. Taken from the page's own sound, on the clock of its audio context: from the word's onset until nothing is
 * played any more.
 */
import { chromium } from "playwright-core"
import { invitationLink } from "../scripts/client.ts"
import { startServer } from "../scripts/server-process.ts"
import { chromiumMissing, chromiumPath, microphoneArgs } from "#test/support/chromium.ts"
import { Room, roomScript, stepMs } from "#test/talk/room.ts"
import { randomOf } from "./echo-scene.ts"
import { machine, percentile, progress, readOptions, rounded, table } from "./options.ts"
import { activityOf, clips, trimmed } from "./recordings.ts"

const { json, numbers } = readOptions(
  "onset",
  `Recorded words spoken over prompts of /talk in Chromium. "Ducked": from the page's hearing of speech.started until it is soft;
"silent": from the word's onset (by energy) until the page plays nothing. Milliseconds. Wants a machine with nothing beside it.`,
  {
    numbers: {
      words: { default: 60, about: "words spoken over prompts" },
      echo: { default: 0, about: "so many dB softer the prompt comes back into the microphone; 0: headphones" },
      seed: { default: 1, about: "of when in a prompt the person speaks" }
    }
  }
)
/** Of a prompt, before somebody speaks over it. */
const listensMs = [300, 1_500] as const
const questionsPerVisit = 8
/** The player's ramp, `client/playback-worklet.ts`. */
const rampMs = 15
/** Of the sound after a stop that is looked through for silence. */
const settleMs = 200
const echoDb = numbers.echo === 0 ? -200 : -numbers.echo

/** Of their text, these end the visit. */
const farewells = new Set(["توقف", "إلغاء", "إغلاق"])
const words = clips
  .filter(({ text }) => !farewells.has(text))
  .map(({ file, samples }) => ({ file, samples: trimmed(samples, 60) }))

const tally = { said: 0, unheard: 0, duckedMs: [] as Array<number>, silentMs: [] as Array<number> }
const random = randomOf(numbers.seed)

/** The first sound after which the page plays nothing, from `atMs` of its context on. */
const silentAtMs = (levels: ReadonlyArray<number>, fromMs: number, atMs: number): number | undefined => {
  const first = Math.ceil((atMs - fromMs) / stepMs)
  const step = levels.findIndex((level, index) => index >= first && level === 0)
  return step === -1 ? undefined : fromMs + step * stepMs
}

if (chromiumPath === undefined) throw new Error(chromiumMissing)
const server = await startServer()
const browser = await chromium.launch({ executablePath: chromiumPath, args: microphoneArgs })
try {
  while (tally.said < numbers.words) {
    const context = await browser.newContext()
    const page = await context.newPage()
    await page.addInitScript({ content: roomScript({ echoDb, delayMs: 60 }) })
    await page.goto(await invitationLink(server.url, server.secret, "ar", "patient-onset"))
    const room = new Room(page)
    await page.click("#start")
    await page.click("#agree-voice")
    let [since, asked, tries] = [0, 0, 0]
    while (tally.said < numbers.words) {
      const begin = await room.heard("audio.begin", () => true, since)
      const { id, interruptible } = begin
      since = room.messages.indexOf(begin) + 1
      const question = room.messages.slice(0, since).filter(({ type }) => type === "question.asked").length
      if (question > questionsPerVisit) break
      tries = question === asked ? tries + 1 : 1
      asked = question
      const ended = room.heard("audio.end", (end) => end.id === id, since)
      const waitMs = listensMs[0] + random() * (listensMs[1] - listensMs[0])
      const isOver = await Promise.race([
        ended,
        room.heard("speech.played", (played) => played.id === id && played.played_ms >= waitMs, since)
      ])
      const word = words[tally.said % words.length]
      if (isOver.type === "audio.end" || !interruptible || word === undefined) {
        await ended
        continue
      }
      const commandsBefore = (await room.notes()).commands.length
      await room.say(word.samples)
      tally.said++
      const { reason } = await ended
      const commands = (await room.notes()).commands.slice(commandsBefore)
      const [ducked] = commands
      const stopped = commands.find(({ type }) => type === "stopped")
      if (reason !== "interrupted" || ducked === undefined || stopped === undefined) tally.unheard++
      else {
        const { wordsAtMs, levels, fromMs } = await room.notes(stopped.atMs + settleMs)
        const onsetMs = (wordsAtMs.at(-1) ?? Number.NaN) + activityOf(word.samples).start / 16
        tally.duckedMs.push(ducked.afterStartedMs + rampMs)
        tally.silentMs.push((silentAtMs(levels, fromMs, stopped.atMs) ?? Number.NaN) - onsetMs)
      }
      const silentMs = reason === "interrupted" ? `${rounded(tally.silentMs.at(-1) ?? Number.NaN, 0)} ms` : "not"
      progress(
        `${tally.said} of ${numbers.words}: silent ${silentMs}, ${word.file}, prompt ${tries} of question ${question}`
      )
      // What has not been understood three times is to be tapped.
      if (tries >= 3) await page.click("#answers .option >> nth=0")
    }
    await context.close()
  }
  const both = (values: ReadonlyArray<number>) =>
    [0.5, 0.95, 1].map((at) => rounded(percentile(values, at), 0)).join(" / ")
  const row = {
    echo: numbers.echo === 0 ? "headphones" : `-${numbers.echo} dB`,
    words: tally.said,
    "went on": tally.unheard,
    "ducked p50 / p95 / max": both(tally.duckedMs),
    "silent p50 / p95 / max": both(tally.silentMs)
  }
  console.log(json ? JSON.stringify({ machine: machine(), ...tally }, undefined, 2) : `${machine()}\n\n${table([row])}`)
} finally {
  await browser.close()
  await server.stop()
}
