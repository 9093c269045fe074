/**
 * `npm run bench:throughput`: seconds of audio that a second of processor time recognises, by the whole service with all
 * its processes, and by a bare libvosk loop on the same audio. In continuous speech the service can only lose; in
 * conversation it gains, because silence is not decoded.
 */
import { mintToken } from "../scripts/client.ts"
import { startServer, type ServerProcess } from "../scripts/server-process.ts"
import { align, wordsOf } from "./alignment.ts"
import { type BareResult, type BareVosk, startBareVosk } from "./bare-vosk.ts"
import { recognizeFile } from "./file-session.ts"
import { machine, median, progress, readOptions, rounded, type Row, table } from "./options.ts"
import { cpuMeter, processesOf, type ProcessName } from "./processes.ts"
import { clips, joined, mixed, noises, secondsOf, silence, trimmed } from "./recordings.ts"

const { json, numbers } = readOptions(
  "throughput",
  `Recognises audio in \`file\` mode on /ws/secure, many sessions at once, without partials, and by a bare libvosk loop (blocks of
100 ms), and compares the CPU time of all processes of the service with that of the loop. The audio is
  continuous     words without pauses in utterances of 8 to 10 s, 0.7 s between them
  conversation   utterances of 1 to 8 words, then 1.5 times as long nobody: 40 % speech, recorded noise 35 dB under it
Loop and service take turns; the figures are medians of the rounds.`,
  {
    numbers: {
      sessions: { default: 8, about: "sessions at once" },
      seconds: { default: 30, about: "audio of each session, about" },
      rounds: { default: 3, about: "rounds of each kind of audio" }
    }
  }
)

interface Recording {
  readonly samples: Int16Array
  readonly text: string
  /** Where the last utterance has surely begun. */
  readonly lastWordMs: number
}

/** Words of the clips, always others, trimmed to the speech. */
const words = clips.map(({ text, samples }) => ({ text, samples: trimmed(samples, 30) }))

const compose = (
  session: number,
  next: (utterance: number) => { readonly words: number; readonly pauseMs: (speechSeconds: number) => number }
): Recording => {
  const parts: Array<Int16Array> = [silence(500)]
  const texts: Array<string> = []
  let word = session * 11
  let total = 0.5
  let lastWordMs = 0
  for (let utterance = 0; total < numbers.seconds; utterance++) {
    const { words: count, pauseMs } = next(utterance)
    let speech = 0
    for (let i = 0; i < count; i++) {
      // Prime, so that every word is followed by every other.
      const { text, samples } = words[(word += 7) % words.length] ?? { text: "", samples: silence(500) }
      const gap = silence(50 + ((word * 13) % 30))
      parts.push(samples, gap)
      texts.push(text)
      lastWordMs = (total + speech) * 1_000
      speech += secondsOf(samples) + secondsOf(gap)
    }
    const pause = silence(pauseMs(speech))
    parts.push(pause)
    total += speech + secondsOf(pause)
  }
  return { samples: joined(parts), text: texts.join(" "), lastWordMs }
}

const speechRms = 3_000
const kinds = {
  continuous: (session: number): Recording => compose(session, () => ({ words: 14, pauseMs: () => 700 })),
  conversation: (session: number): Recording => {
    const counts = [2, 5, 1, 8, 3]
    const recording = compose(session, (utterance) => ({
      words: counts[(utterance + session) % counts.length] ?? 1,
      pauseMs: (speech) => speech * 1_500
    }))
    const noise = noises[session % noises.length]?.samples ?? silence(1_000)
    return { ...recording, samples: mixed(recording.samples, noise, speechRms / 10 ** (35 / 20), session * 7_919) }
  }
} as const
type Kind = keyof typeof kinds

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

interface Round {
  readonly loop: BareResult
  readonly service: Awaited<ReturnType<typeof runService>>
  /** CPU seconds of all processes of the service. */
  readonly together: number
  readonly ratio: number
}

const measure = async (kind: Kind, server: ServerProcess, token: string, bare: BareVosk) => {
  const recordings = Array.from({ length: numbers.sessions }, (_, session) => kinds[kind](session))
  const audioSeconds = recordings.reduce((sum, { samples }) => sum + secondsOf(samples), 0)
  const rounds: Array<Round> = []
  for (let round = 1; round <= numbers.rounds; round++) {
    progress(`${kind}, round ${round} of ${numbers.rounds}`)
    const loop = await bare.recognize(recordings.map(({ samples }) => samples))
    const service = await runService(server, token, recordings)
    const together = Object.values(service.used).reduce((sum, seconds) => sum + seconds, 0)
    rounds.push({ loop, service, together, ratio: loop.cpuSeconds / together })
  }
  const [first] = rounds
  const each = (name: ProcessName) => rounded(median(rounds.map(({ service }) => service.used[name])) / audioSeconds, 4)
  const bareCpu = median(rounds.map(({ loop }) => loop.cpuSeconds))
  const serviceCpu = median(rounds.map(({ together }) => together))
  const row: Row = {
    audio: kind,
    "audio, s": rounded(audioSeconds, 0),
    "bare, audio s per CPU s": rounded(audioSeconds / bareCpu, 1),
    "service, audio s per CPU s": rounded(audioSeconds / serviceCpu, 1),
    "service / bare": rounded(median(rounds.map(({ ratio }) => ratio)), 2),
    "of rounds": rounds.map(({ ratio }) => ratio.toFixed(2)).join(" "),
    "bare right %": rounded(rightOf(recordings, first?.loop.texts ?? []), 1),
    "service right %": rounded(rightOf(recordings, first?.service.texts ?? []), 1)
  }
  const parts: Row = {
    audio: kind,
    bare: rounded(bareCpu / audioSeconds, 4),
    server: each("server"),
    vad: each("vad"),
    stt: each("stt"),
    tts: each("tts"),
    together: rounded(serviceCpu / audioSeconds, 4),
    "times real time": rounded(audioSeconds / median(rounds.map(({ service }) => service.wallSeconds)), 0)
  }
  return { row, parts }
}

const bare = await startBareVosk()
const server = await startServer({ MAX_CONCURRENT_SESSIONS: String(numbers.sessions + 1) })
try {
  const token = await mintToken(server.url, server.secret, "voice", "bench")
  const warm = Array.from({ length: numbers.sessions }, (_, session) => kinds.conversation(session))
  progress("warming up")
  await bare.recognize(warm.slice(0, 2).map(({ samples }) => samples))
  await runService(server, token, warm)
  const results = [await measure("continuous", server, token, bare), await measure("conversation", server, token, bare)]
  const [rows, parts] = [results.map(({ row }) => row), results.map((result) => result.parts)]
  if (json) console.log(JSON.stringify({ machine: machine(), rows, cpuSecondsPerAudioSecond: parts }, undefined, 2))
  else {
    console.log(`${machine()}\n\n${table(rows)}\n`)
    console.log(`CPU seconds per second of audio, by process\n${table(parts)}`)
  }
} finally {
  await bare.stop()
  await server.stop()
}
