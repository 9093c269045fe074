/**
 * `npm run bench:throughput`: seconds of audio that a second of processor time recognises, by the whole service with all
 * its processes, and by a bare libvosk loop on the same audio. In continuous speech the service can only lose; in
 * conversation it gains, because silence is not decoded. A loop alone has the caches of the machine to itself, and the
 * service has not, so that the loop is also run once on each processor.
 */
import { availableParallelism } from "node:os"
import { mintToken } from "../scripts/client.ts"
import { startServer, type ServerProcess } from "../scripts/server-process.ts"
import { align, wordsOf } from "./alignment.ts"
import { type BareResult, type BareVosk, startBareVosk } from "./bare-vosk.ts"
import { recognizeFile } from "./file-session.ts"
import { machine, median, progress, readOptions, rounded, type Row, table } from "./options.ts"
import { cpuMeter, processesOf, type ProcessName } from "./processes.ts"
import { secondsOf } from "./recordings.ts"
import { type Recording, type SceneKind, scenes } from "./scenes.ts"

const { json, numbers } = readOptions(
  "throughput",
  `Recognises audio in \`file\` mode on /ws/secure, many sessions at once, without partials, and by a bare libvosk loop (blocks of
100 ms), and compares the CPU time of all processes of the service with that of the loop. The audio is
  continuous     words without pauses in utterances of 8 to 10 s, 0.7 s between them
  conversation   utterances of 1 to 8 words, then 1.5 times as long nobody: 40 % speech, recorded noise 35 dB under it
Loops and service take turns; the figures are medians of the rounds. "alone" is one loop, "busy" one loop on each processor at
the same time: the service keeps all of them busy too, and the same work takes more CPU time there.`,
  {
    numbers: {
      sessions: { default: 8, about: "sessions at once" },
      seconds: { default: 30, about: "audio of each session, about" },
      rounds: { default: 5, about: "rounds of each kind of audio" }
    }
  }
)

const rightOf = (recordings: ReadonlyArray<Recording>, texts: ReadonlyArray<string>): number => {
  const said = recordings.reduce((sum, { text }) => sum + wordsOf(text).length, 0)
  const right = recordings.reduce((sum, { text }, i) => sum + align(wordsOf(text), wordsOf(texts[i] ?? "")).right, 0)
  return (100 * right) / said
}

const runService = async (server: ServerProcess, token: string, recordings: ReadonlyArray<Recording>) => {
  const cpu = cpuMeter(processesOf(server.process.pid ?? 0))
  const startedAtMs = performance.now()
  const finals = await Promise.all(
    recordings.map(({ samples, lastWordMs }) =>
      recognizeFile({ server: server.url, path: "/ws/secure", token, parts: [samples], untilMs: lastWordMs })
    )
  )
  return {
    used: cpu(),
    wallSeconds: (performance.now() - startedAtMs) / 1_000,
    texts: finals.map((each) => each.map(({ text }) => text).join(" "))
  }
}

/** The recordings dealt out to all loops at once. */
const runLoops = async (loops: ReadonlyArray<BareVosk>, audio: ReadonlyArray<Int16Array>): Promise<number> => {
  const parts = loops.map((_, loop) => audio.filter((__, i) => i % loops.length === loop))
  const results = await Promise.all(loops.map((loop, i) => loop.recognize(parts[i] ?? [])))
  return results.reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0)
}

interface Round {
  readonly alone: BareResult
  readonly busyCpu: number
  readonly service: Awaited<ReturnType<typeof runService>>
  /** CPU seconds of all processes of the service. */
  readonly together: number
}

const measure = async (kind: SceneKind, server: ServerProcess, token: string, loops: ReadonlyArray<BareVosk>) => {
  const [first] = loops
  if (first === undefined) throw new Error("no bare loop was started")
  const recordings = Array.from({ length: numbers.sessions }, (_, session) => scenes[kind](session, numbers.seconds))
  const audioSeconds = recordings.reduce((sum, { samples }) => sum + secondsOf(samples), 0)
  const rounds: Array<Round> = []
  for (let round = 1; round <= numbers.rounds; round++) {
    progress(`${kind}, round ${round} of ${numbers.rounds}`)
    const audio = recordings.map(({ samples }) => samples)
    const alone = await first.recognize(audio)
    const busyCpu = await runLoops(loops, audio)
    const service = await runService(server, token, recordings)
    const together = Object.values(service.used).reduce((sum, seconds) => sum + seconds, 0)
    rounds.push({ alone, busyCpu, service, together })
  }
  const each = (name: ProcessName) => rounded(median(rounds.map(({ service }) => service.used[name])) / audioSeconds, 4)
  const aloneCpu = median(rounds.map(({ alone }) => alone.cpuSeconds))
  const busyCpu = median(rounds.map((round) => round.busyCpu))
  const serviceCpu = median(rounds.map(({ together }) => together))
  const ratios = rounds.map(({ alone, together }) => alone.cpuSeconds / together)
  const busyRatios = rounds.map((round) => round.busyCpu / round.together)
  const row: Row = {
    audio: kind,
    "audio, s": rounded(audioSeconds, 0),
    "bare alone, audio s per CPU s": rounded(audioSeconds / aloneCpu, 1),
    "bare busy": rounded(audioSeconds / busyCpu, 1),
    service: rounded(audioSeconds / serviceCpu, 1),
    "service / alone": rounded(median(ratios), 2),
    "service / busy": rounded(median(busyRatios), 2),
    "of rounds": ratios.map((ratio, i) => `${ratio.toFixed(2)}-${(busyRatios[i] ?? 0).toFixed(2)}`).join(" "),
    "bare right %": rounded(rightOf(recordings, rounds[0]?.alone.texts ?? []), 1),
    "service right %": rounded(rightOf(recordings, rounds[0]?.service.texts ?? []), 1)
  }
  const parts: Row = {
    audio: kind,
    "bare alone": rounded(aloneCpu / audioSeconds, 4),
    "bare busy": rounded(busyCpu / audioSeconds, 4),
    server: each("server"),
    vad: each("vad"),
    stt: each("stt"),
    tts: each("tts"),
    together: rounded(serviceCpu / audioSeconds, 4),
    "times real time": rounded(audioSeconds / median(rounds.map(({ service }) => service.wallSeconds)), 0)
  }
  return { row, parts }
}

const loops = await Promise.all(Array.from({ length: availableParallelism() }, startBareVosk))
const server = await startServer({ MAX_CONCURRENT_SESSIONS: String(numbers.sessions + 1) })
try {
  const token = await mintToken(server.url, server.secret, "voice", "bench")
  const warm = Array.from({ length: numbers.sessions }, (_, session) => scenes.conversation(session, numbers.seconds))
  progress("warming up")
  await runLoops(
    loops,
    warm.map(({ samples }) => samples)
  )
  await runService(server, token, warm)
  const results = [
    await measure("continuous", server, token, loops),
    await measure("conversation", server, token, loops)
  ]
  const [rows, parts] = [results.map(({ row }) => row), results.map((result) => result.parts)]
  if (json) console.log(JSON.stringify({ machine: machine(), rows, cpuSecondsPerAudioSecond: parts }, undefined, 2))
  else {
    console.log(`${machine()}\n\n${table(rows)}\n`)
    console.log(`CPU seconds per second of audio, by process\n${table(parts)}`)
  }
} finally {
  await Promise.all(loops.map((loop) => loop.stop()))
  await server.stop()
}
