/**
 * `npm run bench:barge-in`: people who speak over a prompt, through the whole service over its socket and in real time,
 * with headphones and with the prompt's echo in their microphone; and nobody who speaks, and coughs.
 */
import { joined, toSample } from "#src/audio/pcm.ts"
import type { ServerMessageOf } from "#schemas/wire.ts"
import { mintToken } from "../scripts/client.ts"
import { startServer, type ServerProcess } from "../scripts/server-process.ts"
import { type Arrival, EchoingCaller } from "./echoing-caller.ts"
import { machine, median, percentile, progress, readOptions, type Row, rounded, table } from "./options.ts"
import { activityOf, clips, silence, trimmed } from "./recordings.ts"

const { json, numbers } = readOptions(
  "barge-in",
  `Each recorded word spoken over a prompt, in real time: with headphones, and with the prompt's echo in a small room, so many dB
softer than it is played. "Speech", "duck", "stop": milliseconds from the word's onset by energy until the client is told.
"Missed": the prompt went on. "False": prompts that were ducked or stopped while nobody spoke, of all that were played out.`,
  {
    numbers: {
      callers: { default: 4, about: "sessions at a time" },
      words: { default: clips.length, about: "words spoken in each condition" }
    }
  }
)

/** Known beforehand, so that no rendering delays them. */
const prompts = [
  "هل المقصود عدة أيام؟ يرجى قول نعم أو لا. ويمكن دائما لمس الجواب على الشاشة، أو كتابته.",
  "قلة الاهتمام أو قلة الاستمتاع بممارسة الأشياء. الاختيارات هي: أبدا، عدة أيام، أكثر من نصف الأيام، تقريبا كل يوم.",
  "لم أفهم بعد. يرجى قول واحد من الاختيارات كما تقرأ، أو قول أعد ليعاد السؤال."
]
const intoPromptMs = [1_500, 2_100, 2_700]

interface Condition {
  readonly name: string
  readonly echoDb?: number
  readonly delayMs: number
  readonly reports: boolean
}
const conditions: ReadonlyArray<Condition> = [
  { name: "headphones", delayMs: 0, reports: true },
  { name: "echo -20 dB", echoDb: -20, delayMs: 120, reports: true },
  { name: "echo -12 dB", echoDb: -12, delayMs: 120, reports: true },
  { name: "echo -12 dB, no reports", echoDb: -12, delayMs: 250, reports: false }
]

interface Figures {
  readonly speechMs: Array<number>
  readonly duckMs: Array<number>
  readonly stopMs: Array<number>
  readonly duckAfterSpeechMs: Array<number>
  said: number
  missed: number
  right: number
  quiet: number
  falseDucks: number
  falseStops: number
  coughs: number
  coughsDucked: number
  coughsStopped: number
}
const nothing = (): Figures => ({
  speechMs: [],
  duckMs: [],
  stopMs: [],
  duckAfterSpeechMs: [],
  said: 0,
  missed: 0,
  right: 0,
  quiet: 0,
  falseDucks: 0,
  falseStops: 0,
  coughs: 0,
  coughsDucked: 0,
  coughsStopped: 0
})

/** Noise that bursts and dies away within 180 ms, as loud as speech. */
const cough = (seed: number): Int16Array => {
  let state = seed + 1
  let last = 0
  return Int16Array.from({ length: 2_880 }, (_, i) => {
    state = (state * 1_664_525 + 1_013_904_223) >>> 0
    last = 0.7 * last + 0.3 * (state / 2 ** 31 - 1)
    return toSample(14_000 * Math.min(1, i / 160) * Math.exp(-i / 700) * last * 2)
  })
}

class Trials {
  readonly #caller: EchoingCaller
  readonly #figures: Figures
  #count = 0

  constructor(caller: EchoingCaller, figures: Figures) {
    this.#caller = caller
    this.#figures = figures
  }

  async #begin() {
    const since = this.#caller.arrivals.length
    this.#caller.send({ type: "speech.say", text: prompts[this.#count++ % prompts.length] ?? "" })
    const begun = await this.#caller.until(({ type }) => type === "audio.begin", since)
    const { id } = begun.message as ServerMessageOf<"audio.begin">
    const ended = async () =>
      (await this.#caller.until((message) => message.type === "audio.end" && message.id === id, since)) as Arrival & {
        readonly message: ServerMessageOf<"audio.end">
      }
    const ducks = () =>
      this.#caller.arrivals
        .slice(since)
        .filter(({ message }) => message.type === "audio.duck" && message.ducked && message.id === id)
    return { since, ended, ducks }
  }

  async quiet(): Promise<void> {
    const { ended, ducks } = await this.#begin()
    const { message } = await ended()
    this.#figures.quiet++
    if (message.reason !== "completed") this.#figures.falseStops++
    else if (ducks().length > 0) this.#figures.falseDucks++
    await this.#rest()
  }

  async cough(): Promise<void> {
    const { ended, ducks } = await this.#begin()
    await this.#caller.reached(this.#caller.positionMs + 1_500)
    this.#caller.say(cough(this.#count))
    const { message } = await ended()
    this.#figures.coughs++
    if (message.reason !== "completed") this.#figures.coughsStopped++
    else if (ducks().length > 0) this.#figures.coughsDucked++
    await this.#rest()
  }

  async word(index: number): Promise<void> {
    const clip = clips[index % clips.length]
    if (clip === undefined) return
    const { since, ended, ducks } = await this.#begin()
    await this.#caller.reached(this.#caller.positionMs + (intoPromptMs[index % intoPromptMs.length] ?? 0))
    const word = trimmed(clip.samples, 100)
    const onsetMs = this.#caller.say(joined(word, silence(100))) + activityOf(word).start / 16
    const { message, atMs } = await ended()
    this.#figures.said++
    const early = ducks().some((duck) => duck.atMs < onsetMs)
    if (early) this.#figures.falseDucks++
    if (message.reason === "completed") this.#figures.missed++
    else {
      const speech = this.#caller.arrivals.slice(since).findLast(({ message: { type } }) => type === "speech.started")
      const duck = ducks().at(-1)
      if (speech !== undefined && duck !== undefined && !early) {
        this.#figures.speechMs.push(speech.atMs - onsetMs)
        this.#figures.duckMs.push(duck.atMs - onsetMs)
        this.#figures.duckAfterSpeechMs.push(duck.atMs - speech.atMs)
        this.#figures.stopMs.push(atMs - onsetMs)
      }
      const final = await this.#caller.until(({ type }) => type === "transcript.final", since)
      if ((final.message as ServerMessageOf<"transcript.final">).text === clip.text) this.#figures.right++
    }
    await this.#rest()
  }

  #rest(): Promise<void> {
    return this.#caller.reached(this.#caller.positionMs + 900)
  }
}

const run = async (server: ServerProcess, token: string, condition: Condition): Promise<Figures> => {
  const figures = nothing()
  const callers = Array.from({ length: numbers.callers }, async (_, number) => {
    const caller = await EchoingCaller.open({
      server: server.url,
      path: "/ws/secure",
      token,
      isRoom: true,
      ...condition
    })
    const trials = new Trials(caller, figures)
    for (let prompt = 0; prompt < 3; prompt++) await trials.quiet()
    for (let index = number; index < numbers.words; index += numbers.callers) await trials.word(index)
    for (let prompt = 0; prompt < 3; prompt++) await trials.cough()
    await caller.end()
  })
  await Promise.all(callers)
  return figures
}

const both = (values: ReadonlyArray<number>): string =>
  `${rounded(median(values), 0)} / ${rounded(percentile(values, 0.95), 0)}`

const server = await startServer()
try {
  const token = await mintToken(server.url, server.secret, "voice", "bench")
  const rows: Array<Row> = []
  for (const condition of conditions) {
    progress(condition.name)
    const figures = await run(server, token, condition)
    rows.push({
      condition: condition.name,
      words: figures.said,
      missed: figures.missed,
      "words right": figures.right,
      "speech p50 / p95": both(figures.speechMs),
      "duck p50 / p95": both(figures.duckMs),
      "duck after speech, max": rounded(Math.max(...figures.duckAfterSpeechMs), 1),
      "stop p50 / p95": both(figures.stopMs),
      "quiet prompts": figures.quiet,
      "false ducks": figures.falseDucks,
      "false stops": figures.falseStops,
      "coughs: ducked, stopped": `${figures.coughs}: ${figures.coughsDucked}, ${figures.coughsStopped}`
    })
  }
  console.log(json ? JSON.stringify({ machine: machine(), rows }, undefined, 2) : `${machine()}\n\n${table(rows)}`)
} finally {
  await server.stop()
}
