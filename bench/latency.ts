/**
 * `npm run bench:latency`: how long a caller waits after the last word. Callers at the pace of speech hold a
 * questionnaire with a real server; what they wait for is counted from the configured end silence, which is a choice and
 * not a delay. Baselines of the same run: the last call of a bare recogniser, and the round trip of a ping.
 */
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { mintToken } from "../scripts/client.ts"
import { startServer, type ServerProcess } from "../scripts/server-process.ts"
import { startBareVosk } from "./bare-vosk.ts"
import { call, type CallerFigures, frameMs, type Turn } from "./live-caller.ts"
import { machine, percentile, progress, readOptions, rounded, table } from "./options.ts"
import { cpuMeter, processesOf } from "./processes.ts"
import { activeMeaning, clips } from "./recordings.ts"
import { warmUp } from "./warm-up.ts"

const lateMs = 20

const { json, numbers } = readOptions(
  "latency",
  `Callers in real time (${frameMs} ms frames) answer the questionnaire phq-9 by voice, sometimes into the prompt. All times count
from the moment at which the sample that ends the speech was due to be sent, plus the silence that ends a turn at this
question (src/session/turn-taking.ts); turns that were heard otherwise than they were said are left out. The end of the
speech is
  energy    the last active frame of the recording (${activeMeaning}); includes what the voice
            activity detector adds to the speech
  detector  speech.stopped.at_ms, the end of the last frame of ${32} ms that the detector called speech: what the service
            does beyond the configured end silence
"first byte" is the first frame of sound after audio.begin of a reply that is known beforehand (cached); read-backs, which
hold the answer and are rendered on the spot, are left out. Prompt frames are late when frame k of 40 ms comes more
than ${lateMs} ms after audio.begin + k x 40 ms.`,
  {
    numbers: {
      seconds: { default: 35, about: "how long each group of callers talks" },
      callers: { default: 10, about: "callers at once in the second group; the first is one alone" }
    }
  }
)

const figure = (values: ReadonlyArray<number>, share: number): number => rounded(percentile(values, share), 0)

const merge = (all: ReadonlyArray<CallerFigures>) => ({
  turns: all.flatMap(({ turns }) => turns),
  pingsMs: all.flatMap(({ pingsMs }) => pingsMs),
  lateSendsMs: all.flatMap(({ lateSendsMs }) => lateSendsMs),
  promptLatenessMs: all.flatMap(({ promptLatenessMs }) => promptLatenessMs),
  audioSeconds: all.reduce((sum, { audioSeconds }) => sum + audioSeconds, 0),
  unheard: all.reduce((sum, { unheard }) => sum + unheard, 0),
  unsure: all.reduce((sum, { unsure }) => sum + unsure, 0),
  interviews: all.reduce((sum, { interviews }) => sum + interviews, 0)
})

const anchors = { energy: "spokenAtMs", detector: "stoppedAtMs" } as const

const waits = (callers: number, turns: ReadonlyArray<Turn>) =>
  (["energy", "detector"] as const).map((anchor) => {
    const since = (turn: Turn, atMs: number) => atMs - turn[anchors[anchor]] - turn.endSilenceMs
    const finals = turns.map((turn) => since(turn, turn.finalAtMs))
    const known = turns.filter(({ reply }) => reply === "known").map((turn) => since(turn, turn.firstByteAtMs))
    return {
      callers,
      "speech ends by": anchor,
      turns: turns.length,
      "final p50": figure(finals, 0.5),
      "final p95": figure(finals, 0.95),
      "cached prompts": known.length,
      "first byte p50": figure(known, 0.5),
      "first byte p95": figure(known, 0.95)
    }
  })

const measure = async (server: ServerProcess, callers: number) => {
  progress(`${callers} caller${callers === 1 ? "" : "s"}, ${numbers.seconds} s`)
  const tokens = await Promise.all(
    Array.from({ length: callers }, (_, i) => mintToken(server.url, server.secret, "voice healthcare", `caller-${i}`))
  )
  const cpu = cpuMeter(processesOf(server.process.pid ?? 0))
  const own = process.cpuUsage()
  const untilMs = performance.now() + numbers.seconds * 1_000
  const figures = await Promise.all(
    tokens.map((token, number) =>
      call({ server: server.url, token, number, phaseMs: (number * frameMs) / callers, untilMs })
    )
  )
  const used = cpu()
  const { user, system } = process.cpuUsage(own)
  const all = merge(figures)
  const perAudio = (seconds: number) => rounded(seconds / all.audioSeconds, 4)
  const { server: serverCpu, vad, stt, tts } = used
  return {
    waits: waits(callers, all.turns),
    pace: {
      callers,
      interviews: all.interviews,
      unheard: all.unheard,
      unsure: all.unsure,
      "prompt frames": all.promptLatenessMs.length,
      [`over ${lateMs} ms late`]: all.promptLatenessMs.filter((late) => late > lateMs).length,
      "latest, ms": rounded(Math.max(...all.promptLatenessMs), 1),
      "ping p50, ms": rounded(percentile(all.pingsMs, 0.5), 1),
      "ping p95, ms": rounded(percentile(all.pingsMs, 0.95), 1),
      "microphone late p95, ms": rounded(percentile(all.lateSendsMs, 0.95), 1)
    },
    cpu: {
      callers,
      "audio, s": rounded(all.audioSeconds, 0),
      server: perAudio(serverCpu),
      vad: perAudio(vad),
      stt: perAudio(stt),
      tts: perAudio(tts),
      together: perAudio(serverCpu + vad + stt + tts),
      "load generator": perAudio((user + system) / 1e6)
    }
  }
}

const ttsHome = await mkdtemp(join(tmpdir(), "sawt-tts-"))
const bare = await startBareVosk()
const { finalMs } = await bare.recognize(clips.map(({ samples }) => samples))
await bare.stop()
const server = await startServer({ TTS_HOME: ttsHome, MAX_CONCURRENT_SESSIONS: String(numbers.callers + 1) })
try {
  progress("prompts are rendered, one interview is held")
  await warmUp(server, ttsHome)
  const groups = [await measure(server, 1), await measure(server, numbers.callers)]
  const waitRows = groups.flatMap((group) => group.waits)
  const paceRows = groups.map(({ pace }) => pace)
  const cpuRows = groups.map(({ cpu }) => cpu)
  const baseline = {
    "bare final p50, ms": rounded(percentile(finalMs, 0.5), 1),
    "p95, ms": rounded(percentile(finalMs, 0.95), 1)
  }
  if (json)
    console.log(
      JSON.stringify({ machine: machine(), waitsMs: waitRows, pace: paceRows, cpu: cpuRows, baseline }, undefined, 2)
    )
  else {
    console.log(`${machine()}\n`)
    console.log(
      `Milliseconds after the last word and the silence that ends the turn (see --help)\n${table(waitRows)}\n`
    )
    console.log(`Prompts, and how quick the sockets are\n${table(paceRows)}\n`)
    console.log(`CPU seconds per second of audio\n${table(cpuRows)}\n`)
    console.log(`Baseline: the last call of a bare recogniser\n${table([baseline])}`)
  }
} finally {
  await server.stop()
  await rm(ttsHome, { recursive: true, force: true })
}
