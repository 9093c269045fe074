/**
 * `npm run bench:transcribe`: what `sawt transcribe` makes of many files at once, beside sessions that are each sent one long
 * recording of the same audio, as `bench:throughput` sends it. What every session costs beside its audio - upgrade, token,
 * recogniser - and the command's own start are the difference.
 */
import { spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { joined } from "#src/audio/pcm.ts"
import { writeWav } from "#src/audio/wav.ts"
import { mintToken } from "../scripts/client.ts"
import { startServer } from "../scripts/server-process.ts"
import { align, wordsOf } from "./alignment.ts"
import { recognizeFile } from "./file-session.ts"
import { machine, median, progress, readOptions, rounded, type Row, table } from "./options.ts"
import { cpuMeter, processesOf } from "./processes.ts"
import { type Clip, clips, longClips, sampleRateHz, secondsOf, silence } from "./recordings.ts"

const { json, numbers } = readOptions(
  "transcribe",
  `The recordings of test/fixtures, over and over, as so many files: each as it is ("short"), and several of them one after the
other ("long"). \`sawt transcribe\` and long sessions of the same audio take turns; the figures are medians of the rounds.
"ratio" is of the audio seconds for each second of processor time that all processes of the service used.`,
  {
    numbers: {
      files: { default: 100, about: "files" },
      seconds: { default: 10, about: "of a long file, about" },
      parallel: { default: 8, about: "files, or sessions, at once" },
      rounds: { default: 3, about: "rounds of each kind" }
    }
  }
)

const recordings: ReadonlyArray<Clip> = [...clips, ...longClips]
const recordingAt = (index: number): Clip => {
  const recording = recordings[index % recordings.length]
  if (recording === undefined) throw new Error("there are no recordings")
  return recording
}

interface Recording {
  readonly samples: Int16Array
  readonly text: string
}
const pause = silence(700)

const shortFiles = (): ReadonlyArray<Recording> =>
  Array.from({ length: numbers.files }, (_, index) => {
    const { samples, text } = recordingAt(index)
    return { samples, text }
  })

const longFiles = (): ReadonlyArray<Recording> => {
  let next = 0
  return Array.from({ length: numbers.files }, () => {
    const parts: Array<Int16Array> = []
    const texts: Array<string> = []
    for (let seconds = 0; seconds < numbers.seconds; seconds = secondsOf(joined(...parts))) {
      const { samples, text } = recordingAt(next++)
      parts.push(samples, pause)
      texts.push(text)
    }
    return { samples: joined(...parts), text: texts.join(" ") }
  })
}

const rightOf = (said: string, heard: string): number =>
  (100 * align(wordsOf(said), wordsOf(heard)).right) / Math.max(1, wordsOf(said).length)

const folder = mkdtempSync(join(tmpdir(), "sawt-bench-"))
const server = await startServer({
  MAX_CONCURRENT_SESSIONS: String(numbers.parallel + 2),
  RATE_LIMIT_PER_MINUTE: "100000",
  TTS_HOME: "/dev/null/none"
})
const token = await mintToken(server.url, server.secret, "voice", "bench")

interface Measured {
  /** Of the service. */
  readonly cpuSeconds: number
  readonly wallSeconds: number
  readonly text: string
}

const isGone = (error: unknown): boolean => error instanceof Error && "code" in error && error.code === "ENOENT"

/** Measured again where a model host was replaced meanwhile: what the one before had used is not known. */
const measured = async (act: () => Promise<string>): Promise<Measured> => {
  // Nothing is spoken: the voice's process may come and go.
  const cpu = cpuMeter(processesOf(server.process.pid ?? 0).filter(({ name }) => name !== "tts"))
  const startedAtMs = performance.now()
  const text = await act()
  const wallSeconds = (performance.now() - startedAtMs) / 1_000
  try {
    return { cpuSeconds: Object.values(cpu()).reduce((sum, seconds) => sum + seconds, 0), wallSeconds, text }
  } catch (error) {
    if (!isGone(error)) throw error
    progress("a model host was replaced: once more")
    return measured(act)
  }
}

const byCommand = (files: ReadonlyArray<string>) =>
  measured(async () => {
    const args = ["transcribe", "--json", "--parallel", String(numbers.parallel), ...files]
    const child = spawn(process.execPath, [join(import.meta.dirname, "../cli/sawt.ts"), ...args], {
      env: { ...process.env, SAWT_URL: server.url, SAWT_TOKEN: token },
      stdio: ["ignore", "pipe", "inherit"]
    })
    let output = ""
    child.stdout.setEncoding("utf8").on("data", (part: string) => (output += part))
    const [code] = (await once(child, "close")) as [number | null]
    if (code !== 0) throw new Error(`sawt transcribe ended with ${code}`)
    const lines = output.trim().split("\n")
    const texts = lines.map((line) => (JSON.parse(line) as { readonly text: string }).text)
    return texts.join(" ").replaceAll("\n", " ")
  })

/** The same audio dealt out to as many sessions as there are at once. */
const bySessions = (files: ReadonlyArray<Recording>) =>
  measured(async () => {
    const dealt = Array.from({ length: numbers.parallel }, (_, session) =>
      files.filter((__, index) => index % numbers.parallel === session)
    )
    const heard = await Promise.all(
      dealt.map(async (mine) => {
        const samples = joined(...mine.flatMap((file) => [file.samples, pause]))
        // Something is always said after this.
        const last = mine.at(-1)?.samples ?? pause
        const untilMs = (secondsOf(samples) - secondsOf(last) - secondsOf(pause)) * 1_000
        return recognizeFile({ server: server.url, path: "/ws/secure", token, parts: [samples], untilMs })
      })
    )
    return heard.flatMap((finals) => finals.map(({ text }) => text)).join(" ")
  })

const measure = async (kind: string, files: ReadonlyArray<Recording>): Promise<Row> => {
  const paths = files.map(({ samples }, index) => {
    const path = join(folder, `${kind}-${index}.wav`)
    writeFileSync(path, writeWav([samples], sampleRateHz))
    return path
  })
  const audioSeconds = files.reduce((sum, { samples }) => sum + secondsOf(samples), 0)
  const rounds: Array<{ readonly command: Measured; readonly sessions: Measured }> = []
  for (let round = 1; round <= numbers.rounds; round++) {
    progress(`${kind}, round ${round} of ${numbers.rounds}`)
    rounds.push({ sessions: await bySessions(files), command: await byCommand(paths) })
  }
  const of = (pick: (round: (typeof rounds)[number]) => number, decimals: number) =>
    rounded(median(rounds.map(pick)), decimals)
  return {
    files: `${files.length} ${kind}`,
    "audio, s": rounded(audioSeconds, 0),
    "command, audio s per CPU s": of(({ command }) => audioSeconds / command.cpuSeconds, 1),
    sessions: of(({ sessions }) => audioSeconds / sessions.cpuSeconds, 1),
    ratio: of(({ command, sessions }) => sessions.cpuSeconds / command.cpuSeconds, 2),
    "command, times real time": of(({ command }) => audioSeconds / command.wallSeconds, 1),
    "by sessions": of(({ sessions }) => audioSeconds / sessions.wallSeconds, 1),
    "ratio by the clock": of(({ command, sessions }) => sessions.wallSeconds / command.wallSeconds, 2),
    "command right %": rounded(rightOf(files.map(({ text }) => text).join(" "), rounds[0]?.command.text ?? ""), 1)
  }
}

try {
  progress("warming up")
  await bySessions(shortFiles())
  const rows = [await measure("short", shortFiles()), await measure("long", longFiles())]
  if (json) console.log(JSON.stringify({ machine: machine(), rows }, undefined, 2))
  else console.log(`${machine()}\n\n${table(rows)}`)
} finally {
  await server.stop()
  rmSync(folder, { recursive: true })
}
