/** `sawt transcribe`: recordings to text, JSON or subtitles, several at once. */
import { mkdir, readFile, writeFile } from "node:fs/promises"
import { basename, extname, join } from "node:path"
import { Effect, Option } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import { readWav, type Wav } from "#src/audio/wav.ts"
import { attempt, Fault, misused } from "./fault.ts"
import { ProgressBar, tell } from "./output.ts"
import { type Final, recognize } from "./recognize.ts"
import { jsonFlag, serviceFor, urlFlag } from "./service.ts"
import { srtOf, vttOf } from "./subtitles.ts"

const formats = ["text", "json", "srt", "vtt"] as const
type Format = (typeof formats)[number]

/** What an address may hold on the basic socket. */
const basicSessionsMax = 2

interface Transcript {
  readonly file: string
  readonly durationMs: number
  readonly finals: ReadonlyArray<Final>
}

const textOf = (finals: ReadonlyArray<Final>): string =>
  finals
    .map(({ text }) => text)
    .filter((text) => text !== "")
    .join("\n")

const jsonOf = ({ file, durationMs, finals }: Transcript) => ({
  file,
  duration_ms: durationMs,
  text: textOf(finals),
  segments: finals.map(({ text, start_ms, end_ms, confidence, words, model, degraded }) => ({
    text,
    start_ms,
    end_ms,
    confidence,
    words,
    model,
    degraded
  }))
})

const written = (transcript: Transcript, format: Format): string => {
  switch (format) {
    case "text":
      return `${textOf(transcript.finals)}\n`
    case "json":
      return `${JSON.stringify(jsonOf(transcript))}\n`
    case "srt":
      return srtOf(transcript.finals)
    case "vtt":
      return vttOf(transcript.finals)
  }
}

const extensionOf: Readonly<Record<Format, string>> = { text: "txt", json: "json", srt: "srt", vtt: "vtt" }
const nameIn = (folder: string, file: string, format: Format): string =>
  join(folder, `${basename(file, extname(file))}.${extensionOf[format]}`)

const isClash = (files: ReadonlyArray<string>, format: Format): boolean =>
  new Set(files.map((file) => nameIn("", file, format))).size < files.length

const readRecording = async (file: string): Promise<Wav> => {
  const bytes = await readFile(file)
  return readWav(bytes)
}

/** Shown in the order of the files, as soon as all before are there. */
class InOrder {
  readonly #ready = new Map<number, string>()
  #next = 0

  add(index: number, text: string): void {
    this.#ready.set(index, text)
    for (let line = this.#ready.get(this.#next); line !== undefined; line = this.#ready.get(++this.#next)) {
      if (line !== "") process.stdout.write(line)
    }
  }
}

/** Of the whole run: what has been taken, of what has been read so far, and how fast. */
class Progress {
  readonly #bar = new ProgressBar()
  readonly #startedAtMs = performance.now()
  readonly #files: number
  #done = 0
  #sentMs = 0
  #knownMs = 0
  #known = 0

  constructor(files: number) {
    this.#files = files
  }

  known(durationMs: number): void {
    this.#known++
    this.#knownMs += durationMs
  }

  sent(durationMs: number): void {
    this.#sentMs += durationMs
    // Those not read yet are taken for as long as the others.
    const allMs = (this.#knownMs / Math.max(1, this.#known)) * this.#files
    const speed = this.#sentMs / Math.max(1, performance.now() - this.#startedAtMs)
    this.#bar.show(this.#sentMs / Math.max(1, allMs), `${this.#done} of ${this.#files} files, ${speed.toFixed(0)}x`)
  }

  fileDone(): void {
    this.#done++
    this.sent(0)
  }

  clear(): void {
    this.#bar.clear()
  }
}

export const transcribe = Command.make(
  "transcribe",
  {
    url: urlFlag,
    json: jsonFlag,
    format: Flag.Literals("format", formats).pipe(
      Flag.withAlias("f"),
      Flag.withDescription("text, json (one object a line), srt or vtt"),
      Flag.withDefault("text")
    ),
    output: Flag.String("output").pipe(
      Flag.withAlias("o"),
      Flag.withDescription("A folder for one file each, instead of stdout"),
      Flag.optional
    ),
    parallel: Flag.Int("parallel").pipe(
      Flag.withAlias("p"),
      Flag.withDescription("Recordings at once, 1 to 64"),
      Flag.filter(
        (count) => count >= 1 && count <= 64,
        (count) => `1 to 64, not ${count}`
      ),
      Flag.withDefault(4)
    ),
    language: Flag.Literals("language", ["ar", "en"]).pipe(
      Flag.withDescription("Of the session's messages; what is understood is the model's matter"),
      Flag.withDefault("ar")
    ),
    files: Argument.String("file").pipe(Argument.withDescription("WAV recordings"), Argument.atLeast(1))
  },
  Effect.fnUntraced(function* ({ url, json, format: wanted, output, parallel, language, files }) {
    const format = json ? "json" : wanted
    const folder = Option.getOrUndefined(output)
    const isSubtitle = format === "srt" || format === "vtt"
    if (folder === undefined && isSubtitle && files.length > 1)
      return yield* misused("Subtitles of several files need a folder: --output FOLDER.")
    if (folder !== undefined && isClash(files, format))
      return yield* misused("Two of the files have the same name: their transcripts would overwrite each other.")
    if (folder !== undefined) yield* attempt(() => mkdir(folder, { recursive: true }))
    const service = yield* serviceFor(url, parallel)
    const token = yield* service.token("voice")
    const inOrder = new InOrder()
    const progress = new Progress(files.length)
    const one = (file: string, index: number) =>
      attempt(async (signal) => {
        const wav = await readRecording(file)
        const msOf = (samples: number) => (samples * 1_000) / wav.sampleRateHz
        const durationMs = Math.round(msOf(wav.samples.length))
        progress.known(durationMs)
        const finals = await recognize(wav, {
          connect: { server: service.url, language, ...(token === undefined ? {} : { token }) },
          signal,
          onSent: (samples) => progress.sent(msOf(samples))
        })
        const text = written({ file, durationMs, finals }, format)
        if (folder !== undefined) await writeFile(nameIn(folder, file, format), text)
        progress.clear()
        const named = format === "text" && files.length > 1 ? `${file}:\n${text}` : text
        inOrder.add(index, folder === undefined ? named : "")
        progress.fileDone()
      }).pipe(
        Effect.as(undefined),
        Effect.catch((fault) => {
          progress.clear()
          tell(`${file}: ${fault.message}`)
          inOrder.add(index, "")
          return Effect.succeed(fault)
        })
      )
    const concurrency = token === undefined ? Math.min(parallel, basicSessionsMax) : parallel
    const faults = (yield* Effect.forEach(files, one, { concurrency })).filter((fault) => fault !== undefined)
    progress.clear()
    const [first] = faults
    if (first === undefined) return
    return yield* new Fault({
      message: `${faults.length} of ${files.length} could not be transcribed.`,
      exitCode: first.exitCode
    })
  }, Effect.scoped)
).pipe(
  Command.withDescription("Recordings to text, JSON or subtitles"),
  Command.withExamples([
    { command: "sawt transcribe visit.wav", description: "The text, by a service of the command's own" },
    { command: "sawt transcribe -f srt -o subtitles *.wav", description: "Subtitles beside each other in a folder" },
    { command: "sawt transcribe --json --url https://voice.example visit.wav", description: "By a service elsewhere" }
  ])
)
