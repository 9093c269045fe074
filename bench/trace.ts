/**
 * `npm run bench:trace`: what telemetry costs. Two servers, one that exports every span, metric and line to a receiver in
 * this process and one that exports nothing, hear the same words in turns.
 */
import { once } from "node:events"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { Client, mintToken } from "../scripts/client.ts"
import { startServer, type ServerProcess } from "../scripts/server-process.ts"
import { machine, median, progress, readOptions, rounded, table } from "./options.ts"
import { cpuMeter, processesOf } from "./processes.ts"
import { clips, sampleRateHz } from "./recordings.ts"

const { json, numbers } = readOptions(
  "trace",
  `CPU seconds of all processes of the service for a second of audio, and milliseconds from the end of a word
to its final (in a recording, so without the wait for a silence), with telemetry on and off: pairs, one after the other, each in turn first. Ratios and
differences are medians over the pairs, with the interval that holds the median of such pairs in 95 of 100 cases.`,
  {
    numbers: {
      pairs: { default: 20, about: "pairs" },
      words: { default: 25, about: "words of each run" }
    }
  }
)

let exported = 0
const receiver = createServer((request, response) => {
  request.on("data", (bytes: Buffer) => (exported += bytes.length))
  request.on("end", () => response.writeHead(200).end("{}"))
}).listen(0, "127.0.0.1")
await once(receiver, "listening")
const endpoint = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}`

interface Side {
  readonly server: ServerProcess
  readonly client: Client
}
const opened = async (env: Readonly<Record<string, string>>): Promise<Side> => {
  const server = await startServer(env)
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
  readonly cpuPerAudioSecond: number
  readonly latencyMs: number
}
const run = async ({ server, client }: Side): Promise<Run> => {
  const used = cpuMeter(processesOf(server.process.pid ?? 0))
  const latencies: Array<number> = []
  let samples = 0
  for (let word = 0; word < numbers.words; word++) {
    const clip = clips[word % clips.length]?.samples ?? new Int16Array()
    samples += clip.length + pause.length
    await client.sendAudio(new Uint8Array(clip.buffer, clip.byteOffset, clip.byteLength))
    const endedAtMs = performance.now()
    await client.sendAudio(new Uint8Array(pause.buffer))
    await client.next("transcript.final")
    latencies.push(performance.now() - endedAtMs)
  }
  const cpu = Object.values(used()).reduce((sum, seconds) => sum + seconds, 0)
  return { cpuPerAudioSecond: cpu / (samples / sampleRateHz), latencyMs: median(latencies) }
}

/** Of the median, by the binomial of how many values lie below it (normal approximation). */
const intervalOf = (values: ReadonlyArray<number>): readonly [number, number] => {
  const sorted = values.toSorted((a, b) => a - b)
  const half = (1.96 * Math.sqrt(sorted.length)) / 2
  const at = (place: number) => sorted[Math.min(sorted.length - 1, Math.max(0, place))] ?? NaN
  return [at(Math.floor(sorted.length / 2 - half)), at(Math.ceil(sorted.length / 2 + half))]
}

const off = await opened({})
const on = await opened({ OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, OTEL_METRIC_EXPORT_INTERVAL: "5000" })
try {
  for (const side of [off, on]) await run(side)
  const ratios: Array<number> = []
  const differencesMs: Array<number> = []
  const all: { readonly on: Array<Run>; readonly off: Array<Run> } = { on: [], off: [] }
  for (let pair = 0; pair < numbers.pairs; pair++) {
    const first = pair % 2 === 0 ? off : on
    const one = await run(first)
    const other = await run(first === off ? on : off)
    const [without, withIt] = first === off ? [one, other] : [other, one]
    all.on.push(withIt)
    all.off.push(without)
    ratios.push(withIt.cpuPerAudioSecond / without.cpuPerAudioSecond)
    differencesMs.push(withIt.latencyMs - without.latencyMs)
    progress(`pair ${pair + 1}: ${ratios.at(-1)?.toFixed(3)} of the CPU, ${differencesMs.at(-1)?.toFixed(2)} ms`)
  }
  const told = (values: ReadonlyArray<number>, decimals: number) =>
    `${rounded(median(values), decimals)} (${intervalOf(values)
      .map((value) => rounded(value, decimals))
      .join(" to ")})`
  const rows = (["off", "on"] as const).map((telemetry) => ({
    telemetry,
    "CPU s / audio s": rounded(median(all[telemetry].map(({ cpuPerAudioSecond }) => cpuPerAudioSecond)), 4),
    "p50 ms": rounded(median(all[telemetry].map(({ latencyMs }) => latencyMs)), 2)
  }))
  const compared = {
    "on / off, CPU": told(ratios, 3),
    "on − off, p50 ms": told(differencesMs, 2),
    "exported bytes": exported
  }
  if (json) console.log(JSON.stringify({ machine: machine(), rows, ...compared }, undefined, 2))
  else console.log(`${machine()}\n\n${table(rows)}\n\n${table([compared])}`)
} finally {
  for (const { client, server } of [off, on]) {
    client.socket.terminate()
    await server.stop()
  }
  receiver.closeAllConnections()
  receiver.close()
}
