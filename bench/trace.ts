/**
 * `npm run bench:trace`: what telemetry costs. Three servers hear the same words in turns: one exports nothing; one exports
 * as it does when nothing but the endpoint is set; the third exports to a receiver that takes connections and never answers.
 * Two servers of the same settings differ by several percent all their lives, by where their models came to lie in memory:
 * so each round starts them anew, in changing order.
 */
import { once } from "node:events"
import { createServer as createHttpServer } from "node:http"
import { type AddressInfo, createServer, type Server, type Socket } from "node:net"
import { Client, mintToken } from "../scripts/client.ts"
import { startServer, type ServerProcess } from "../scripts/server-process.ts"
import { machine, median, medianInterval, progress, readOptions, rounded, table } from "./options.ts"
import { cpuMeter, processesOf } from "./processes.ts"
import { clips, sampleRateHz } from "./recordings.ts"

const { json, numbers } = readOptions(
  "trace",
  `CPU seconds of all processes of the service for a second of audio, and milliseconds from the end of a word to its final (in
a recording, so without the wait for a silence), without telemetry, with it, and with a receiver that never answers: word by
word in turns. Ratios and differences are medians over the rounds, with the interval that holds the median
of such rounds in 95 of 100 cases.`,
  {
    numbers: {
      rounds: { default: 20, about: "rounds, each with servers of its own" },
      words: { default: 150, about: "words of each round that count, after as many that do not" }
    }
  }
)

const listening = async (server: Server): Promise<string> => {
  await once(server.listen(0, "127.0.0.1"), "listening")
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}
let exported = 0
const receiver = createHttpServer((request, response) => {
  request.on("data", (bytes: Buffer) => (exported += bytes.length))
  request.on("end", () => response.writeHead(200).end("{}"))
})
const hung = new Set<Socket>()
const silentReceiver = createServer((socket) => {
  hung.add(socket)
  socket.resume().on("error", () => {})
})

const kinds = ["off", "on", "silent"] as const
type Kind = (typeof kinds)[number]
const environments: Readonly<Record<Kind, Readonly<Record<string, string>>>> = {
  off: {},
  on: { OTEL_EXPORTER_OTLP_ENDPOINT: await listening(receiver) },
  silent: { OTEL_EXPORTER_OTLP_ENDPOINT: await listening(silentReceiver) }
}

interface Side {
  readonly server: ServerProcess
  readonly client: Client
}
const opened = async (kind: Kind): Promise<Side> => {
  // Nobody is spoken to: without a voice no prompts are rendered beside what is measured.
  const server = await startServer({ TTS_HOME: "/dev/null/none", ...environments[kind] })
  const token = await mintToken(server.url, server.secret, "voice")
  const client = await Client.open({ server: server.url, path: "/ws/secure", token })
  const audio = { encoding: "pcm_s16le", sample_rate: sampleRateHz } as const
  client.send({ type: "session.start", mode: "file", partials: false, audio })
  await client.next("session.ready")
  return { server, client }
}

/** As between the answers of an interview, where a prompt is listened to. */
const pause = new Int16Array(2 * sampleRateHz - 3_200)

interface Run {
  /** For a second of audio. */
  readonly serverCpu: number
  readonly hostsCpu: number
  readonly latencyMs: number
}
/** Milliseconds from the end of the word to its final. */
const say = async ({ client }: Side, word: Int16Array): Promise<number> => {
  await client.sendAudio(new Uint8Array(word.buffer, word.byteOffset, word.byteLength))
  const endedAtMs = performance.now()
  await client.sendAudio(new Uint8Array(pause.buffer))
  await client.next("transcript.final")
  return performance.now() - endedAtMs
}

/**
 * Word by word in turns, each server first as often as the others, and all of them measured from the first to the last word:
 * whatever else runs on the machine meets them alike, and what is exported between the words counts.
 */
const runs = async (sides: ReadonlyMap<Kind, Side>): Promise<Record<Kind, Run>> => {
  const order = [...sides]
  const meters = order.map(([, { server }]) => cpuMeter(processesOf(server.process.pid ?? 0)))
  const latencies = order.map(() => Array<number>())
  let samples = 0
  for (let word = 0; word < numbers.words; word++) {
    const clip = clips[word % clips.length]?.samples ?? new Int16Array()
    samples += clip.length + pause.length
    for (let turn = 0; turn < order.length; turn++) {
      const place = (word + turn) % order.length
      const [, side] = order[place] ?? []
      if (side !== undefined) latencies[place]?.push(await say(side, clip))
    }
  }
  const seconds = samples / sampleRateHz
  const found = order.map(([kind], place): readonly [Kind, Run] => {
    const { server = NaN, ...hosts } = meters[place]?.() ?? {}
    const hostsCpu = Object.values(hosts).reduce((sum, cpu) => sum + cpu, 0) / seconds
    return [kind, { serverCpu: server / seconds, hostsCpu, latencyMs: median(latencies[place] ?? []) }]
  })
  return Object.fromEntries(found) as Record<Kind, Run>
}

const roundOf = async (number: number): Promise<Record<Kind, Run>> => {
  const sides = new Map<Kind, Side>()
  try {
    for (let turn = 0; turn < kinds.length; turn++) {
      const kind = kinds[(number + turn) % kinds.length] ?? "off"
      sides.set(kind, await opened(kind))
    }
    // The first words are where code is compiled.
    await runs(sides)
    return await runs(sides)
  } finally {
    for (const { client, server } of sides.values()) {
      client.socket.terminate()
      await server.stop()
    }
  }
}

const cpuOf = ({ serverCpu, hostsCpu }: Run): number => serverCpu + hostsCpu
const rounds: Array<Record<Kind, Run>> = []
try {
  for (let number = 0; number < numbers.rounds; number++) {
    const round = await roundOf(number)
    rounds.push(round)
    progress(`round ${number + 1}: on ${(cpuOf(round.on) / cpuOf(round.off)).toFixed(3)} of the CPU`)
  }
  const told = (values: ReadonlyArray<number>, decimals: number) => {
    const [least, most] = medianInterval(values)
    return `${rounded(median(values), decimals)} (${rounded(least, decimals)} to ${rounded(most, decimals)})`
  }
  const middle = (kind: Kind, of: (run: Run) => number, decimals: number) =>
    rounded(median(rounds.map((round) => of(round[kind]))), decimals)
  const rows = kinds.map((kind) => ({
    telemetry: kind,
    "CPU ms / audio s": middle(kind, (run) => 1_000 * cpuOf(run), 2),
    "of which server": middle(kind, (run) => 1_000 * run.serverCpu, 2),
    "p50 ms": middle(kind, ({ latencyMs }) => latencyMs, 2)
  }))
  const compared = (["on", "silent"] as const).map((kind) => ({
    "against off": kind,
    CPU: told(
      rounds.map((round) => cpuOf(round[kind]) / cpuOf(round.off)),
      3
    ),
    "CPU ms more of the server / audio s": told(
      rounds.map((round) => 1_000 * (round[kind].serverCpu - round.off.serverCpu)),
      3
    ),
    "p50 ms more": told(
      rounds.map((round) => round[kind].latencyMs - round.off.latencyMs),
      2
    )
  }))
  if (json) console.log(JSON.stringify({ machine: machine(), rows, compared, exportedBytes: exported }, undefined, 2))
  else console.log(`${machine()}\n\n${table(rows)}\n\n${table(compared)}\n\nexported: ${exported} bytes`)
} finally {
  for (const socket of hung) socket.destroy()
  receiver.closeAllConnections()
  receiver.close()
  silentReceiver.close()
}
