/**
 * `npm run bench:peer -- --vosk-server DIR`: Sawt and alphacep's vosk-server (C++) in one run, with the same libvosk, the same
 * model and the same recordings, through the same client.
 */
import { writeFileSync } from "node:fs"
import { availableParallelism } from "node:os"
import { basename } from "node:path"
import { findAllocator } from "#src/host/allocator.ts"
import { blasEnvironment } from "#src/host/blas-kernels.ts"
import { mintToken } from "../scripts/client.ts"
import { startServer } from "../scripts/server-process.ts"
import { align, wordsOf } from "./alignment.ts"
import { barPlot } from "./bar-plot.ts"
import { machine, median, percentile, progress, readOptions, rounded, type Row, table } from "./options.ts"
import { recognize, type Target } from "./peer-clients.ts"
import { buildPeer, startPeer } from "./peer-server.ts"
import { cpuMeter, processesOf, type ProcessName, pssKbOf, type ServiceProcess } from "./processes.ts"
import { secondsOf } from "./recordings.ts"
import { type Recording, type SceneKind, scenes } from "./scenes.ts"

const { json, flags, numbers, texts } = readOptions(
  "peer",
  `Runs vosk-server's C++ WebSocket server, built from the sources in --vosk-server (a clone of alphacep/vosk-server; needs g++
and Boost, Debian's libboost-dev), and this service, both with the installed libvosk, the embedded model and 16 kHz, and speaks
vosk-server's protocol to them in turns. Clients send 0.2 s and wait for the answer (flat), or send when it would have been
said (paced).
  vosk-server   its C++ server with a thread for each processor
  exact         this service: every frame decoded
  gated         this service with ?gate=vad
Audio is that of bench:throughput: continuous speech, and conversation of 40 % speech with recorded noise. CPU time is that of
all processes of a server. Memory is that of the processes that hear, halfway through a round (median); for a further client, what
it is more than with the fewest clients of the run. Both servers start anew for each kind of audio and pace.`,
  {
    texts: {
      "vosk-server": { about: "folder of its sources; needed" },
      clients: { about: "how many at once, by commas", default: "1,4,10,50" },
      audio: { about: "kinds, by commas", default: "continuous,conversation" },
      pace: { about: "by commas", default: "flat,paced" },
      svg: { about: "file for a plot of audio seconds per CPU second", default: "" }
    },
    flags: { tuned: "give vosk-server the kernels and the allocator that the service chooses for libvosk" },
    numbers: {
      seconds: { default: 20, about: "audio of each client, about" },
      rounds: { default: 5, about: "rounds of each" }
    }
  }
)
const folder = texts["vosk-server"]
if (folder === "") {
  console.error("bench:peer needs --vosk-server DIR: git clone https://github.com/alphacep/vosk-server DIR")
  process.exit(2)
}
const listed = (text: string): ReadonlyArray<string> => text.split(",").filter((part) => part !== "")
const counts = listed(texts.clients)
  .map(Number)
  .toSorted((one, other) => one - other)
const kinds = listed(texts.audio).filter((kind): kind is SceneKind => kind in scenes)
const paces = listed(texts.pace)

interface Contender {
  readonly name: string
  readonly target: Target
  readonly processes: () => ReadonlyArray<ServiceProcess>
}

interface Round {
  readonly used: Readonly<Record<ProcessName, number>>
  readonly cpuSeconds: number
  readonly heard: ReadonlyArray<{ readonly text: string; readonly finalMs: number }>
  readonly memoryKb: number
}

/** Of those that hear: speech is prepared in the first minute whether anybody is there or not. */
const pssOf = (processes: ReadonlyArray<ServiceProcess>): number =>
  processes.reduce((sum, { pid, name }) => (name === "tts" ? sum : sum + pssKbOf(pid)), 0)

const runRound = async (
  { target, processes: list }: Contender,
  recordings: ReadonlyArray<Recording>,
  isRealTime: boolean
): Promise<Round> => {
  const processes = list()
  const meter = cpuMeter(processes)
  let [halfway, memoryKb] = [0, NaN]
  const onHalf = () => {
    if (++halfway === Math.ceil(recordings.length / 2)) memoryKb = pssOf(processes)
  }
  const startAtMs = performance.now()
  // In real time not all in the same moment: people do not speak in step.
  const heard = await Promise.all(
    recordings.map((recording, i) =>
      recognize(target, recording, isRealTime, startAtMs + (i * 200) / recordings.length, onHalf)
    )
  )
  const used = meter()
  const cpuSeconds = Object.values(used).reduce((sum, seconds) => sum + seconds, 0)
  return { used, cpuSeconds, heard, memoryKb }
}

/** Again where a model host was replaced in the middle: what that process has used cannot be read any more. */
const runWholeRound = async (...round: Parameters<typeof runRound>): Promise<Round> => {
  for (let attempt = 1; ; attempt++) {
    try {
      return await runRound(...round)
    } catch (error) {
      const isGone = error instanceof Error && "code" in error && error.code === "ENOENT"
      if (!isGone || attempt === 3) throw error
      progress("a host was replaced; the round again")
    }
  }
}

const rightOf = (recordings: ReadonlyArray<Recording>, round: Round): number => {
  const said = recordings.reduce((sum, { text }) => sum + wordsOf(text).length, 0)
  const right = recordings.reduce((sum, { text }, i) => sum + align(wordsOf(text), heardBy(round, i)).right, 0)
  return (100 * right) / said
}
const heardBy = (round: Round, client: number): ReadonlyArray<string> =>
  wordsOf(round.heard[client]?.text ?? "").filter((word) => word !== "[unk]")
/** Words that differ from the first contender's, in percent. */
const differing = (one: Round, other: Round): number => {
  const edits = one.heard.reduce((sum, _, i) => sum + align(heardBy(one, i), heardBy(other, i)).edits, 0)
  return (
    (100 * edits) /
    Math.max(
      1,
      one.heard.reduce((sum, _, i) => sum + heardBy(one, i).length, 0)
    )
  )
}

const contest = async (contenders: ReadonlyArray<Contender>, kind: SceneKind, clients: number, pace: string) => {
  const recordings = Array.from({ length: clients }, (_, i) => scenes[kind](i, numbers.seconds))
  const audioSeconds = recordings.reduce((sum, { samples }) => sum + secondsOf(samples), 0)
  const rounds = contenders.map((): Array<Round> => [])
  for (let round = 1; round <= numbers.rounds; round++) {
    progress(`${kind}, ${clients} clients, ${pace}, round ${round} of ${numbers.rounds}`)
    for (const [c, contender] of contenders.entries()) {
      rounds[c]?.push(await runWholeRound(contender, recordings, pace === "paced"))
    }
  }
  const speeds = rounds.map((each) => each.map(({ cpuSeconds }) => audioSeconds / cpuSeconds))
  return contenders.map(({ name }, c): Row => {
    const [mine = [], speed = [], theirs = []] = [rounds[c], speeds[c], speeds[0]]
    const ratios = speed.map((value, i) => value / (theirs[i] ?? NaN))
    const finals = mine.flatMap(({ heard }) => heard.map(({ finalMs }) => finalMs))
    const [first, peers] = [mine[0], rounds[0]?.[0]]
    return {
      audio: kind,
      clients,
      pace,
      server: name,
      "words right, %": rounded(first === undefined ? NaN : rightOf(recordings, first), 1),
      "differ, %": rounded(first === undefined || peers === undefined ? NaN : differing(peers, first), 2),
      "audio s per CPU s": rounded(median(speed), 1),
      ratio: rounded(median(ratios), 2),
      spread: `${rounded(Math.min(...ratios), 2)}–${rounded(Math.max(...ratios), 2)}`,
      "CPU ms a second: server, stt, vad": (["server", "stt", "vad"] as const)
        .map((one) => ((1_000 * median(mine.map(({ used }) => used[one]))) / audioSeconds).toFixed(1))
        .join(", "),
      "final p50, ms": rounded(median(finals), 1),
      "final p95": rounded(percentile(finals, 0.95), 1),
      "memory, MB": rounded(median(mine.map(({ memoryKb }) => memoryKb)) / 1_024, 1)
    }
  })
}

/** With what a further client takes, which the fewest clients cannot show. */
const withGrowth = (rows: ReadonlyArray<Row>): ReadonlyArray<Row> =>
  rows.map((row): Row => {
    const fewest = rows.find(({ server }) => server === row.server)
    const grownMb = Number(row["memory, MB"]) - Number(fewest?.["memory, MB"])
    const more = Number(row.clients) - Number(fewest?.clients)
    return { ...row, "KB a further client": more === 0 ? "" : rounded((1_024 * grownMb) / more, 0) }
  })

const warmUpClients = 2 * availableParallelism()
const program = await buildPeer(folder)

/** All numbers of clients, with servers of their own. */
const compare = async (kind: SceneKind, pace: string): Promise<ReadonlyArray<Row>> => {
  const peer = await startPeer(program, flags.tuned)
  const server = await startServer({
    VOSK_SAMPLE_RATE: "16000",
    // Nothing is rendered ahead meanwhile.
    TTS_HOME: "/dev/null/none",
    MAX_CONCURRENT_SESSIONS: String(Math.max(...counts, warmUpClients) + 1),
    RATE_LIMIT_PER_MINUTE: "100000"
  })
  try {
    const token = await mintToken(server.url, server.secret, "voice", "bench")
    const url = `${server.url.replace("http", "ws")}/ws/secure`
    const own = () => processesOf(server.process.pid ?? 0)
    const contenders: ReadonlyArray<Contender> = [
      {
        name: "vosk-server",
        target: { url: peer.url, isPeer: true },
        processes: () => [{ pid: peer.pid, name: "stt" }]
      },
      { name: "exact", target: { url, token, isPeer: false }, processes: own },
      { name: "gated", target: { url: `${url}?gate=vad`, token, isPeer: false }, processes: own }
    ]
    progress("warming up")
    const warm = Array.from({ length: warmUpClients }, (_, i) => scenes.conversation(i, 10))
    for (const contender of contenders) await runRound(contender, warm, false)
    const rows: Array<Row> = []
    for (const clients of counts) rows.push(...(await contest(contenders, kind, clients, pace)))
    return withGrowth(rows)
  } finally {
    await peer.stop()
    await server.stop()
  }
}

const rows: Array<Row> = []
for (const kind of kinds) for (const pace of paces) rows.push(...(await compare(kind, pace)))
if (texts.svg !== "") writeFileSync(texts.svg, plotOf(rows))
const tuning = [
  `allocator ${basename(findAllocator() ?? "of the C library")}`,
  `kernels ${Object.values(blasEnvironment())[0] ?? "as OpenBLAS finds"}`
]
const setting = `${machine()}; the service's libvosk: ${tuning.join(", ")}`
console.log(json ? JSON.stringify({ machine: setting, rows }, undefined, 2) : `${setting}\n\n${table(rows)}`)

function plotOf(rows: ReadonlyArray<Row>): string {
  const groups = Map.groupBy(rows, ({ audio, pace, clients }) => `${String(audio).slice(0, 5)}. ${pace} ${clients}`)
  return barPlot(
    "Audio recognised by one second of processor time",
    "seconds",
    Array.from(groups, ([name, each]) => ({
      name,
      values: Object.fromEntries(each.map((row) => [String(row.server), Number(row["audio s per CPU s"])]))
    }))
  )
}
