/**
 * `npm run bench:frames`: what the server process allocates for a message of audio, by three ways, with its debugger beside
 * it. Buffers are counted as what array buffers grow by, so nothing may be collected meanwhile: a run in which something was
 * is told and not counted.
 */
import { bytesOf } from "#src/audio/pcm.ts"
import { mintToken } from "../scripts/client.ts"
import { startServer } from "../scripts/server-process.ts"
import { VoskClient } from "../scripts/vosk-client.ts"
import { recognizeFile } from "./file-session.ts"
import { Inspector, inspectorEnv } from "./inspector.ts"
import { machine, readOptions, rounded, type Row, table } from "./options.ts"
import { scenes } from "./scenes.ts"

const { json, numbers } = readOptions(
  "frames",
  `Streams continuous speech to a server of its own, PCM at 16 kHz, and asks its process what was allocated meanwhile.
  buffers a byte   bytes of new array buffers for each byte of audio: what comes from the socket is one of them; the least
                   of the rounds, since several reads of a socket may hold one message
  heap a message   bytes of new objects for each message of audio (samples of 256 bytes)
Below: the functions that allocate most objects, bytes a message.`,
  {
    numbers: {
      seconds: { default: 20, about: "audio of each way" },
      rounds: { default: 5, about: "rounds of each way" },
      functions: { default: 8, about: "of each way that are told" }
    }
  }
)

const pieceMs = { vosk: 200, native: 100 }
const { samples, lastWordMs } = scenes.continuous(0, numbers.seconds)

interface Node {
  readonly callFrame: { readonly functionName: string; readonly url: string }
  readonly selfSize: number
  readonly children: ReadonlyArray<Node>
}

/** Bytes by function and file. */
const bytesByFunction = (head: Node): ReadonlyMap<string, number> => {
  const found = new Map<string, number>()
  const add = ({ callFrame: { functionName, url }, selfSize, children }: Node): void => {
    const file = url.replace(/^.*\/(?:node_modules|src)\//, "").replace(/^file:.*\//, "")
    const name = `${functionName === "" ? "(anonymous)" : functionName} ${file}`
    if (selfSize > 0) found.set(name, (found.get(name) ?? 0) + selfSize)
    children.forEach(add)
  }
  add(head)
  return found
}

const server = await startServer(
  { ...inspectorEnv, VOSK_SAMPLE_RATE: "16000", TTS_HOME: "/dev/null/none" },
  "/readyz",
  // Room enough that nothing is collected.
  ["--min-semi-space-size=128", "--max-semi-space-size=128"]
)
const inspector = await Inspector.open(server)

/** What the server allocates while this runs. */
const allocated = async (run: () => Promise<unknown>) => {
  await inspector.ask("HeapProfiler.collectGarbage")
  await inspector.ask("HeapProfiler.startSampling", {
    samplingInterval: 256,
    includeObjectsCollectedByMajorGC: true,
    includeObjectsCollectedByMinorGC: true
  })
  const before = await inspector.evaluate("collections = 0; process.memoryUsage().arrayBuffers")
  await run()
  const bufferBytes = (await inspector.evaluate("process.memoryUsage().arrayBuffers")) - before
  const collections = await inspector.evaluate("collections")
  const { profile } = await inspector.ask<{ readonly profile: { readonly head: Node } }>("HeapProfiler.stopSampling")
  const found = Array.from(bytesByFunction(profile.head)).sort(([, a], [, b]) => b - a)
  return { bufferBytes, collections, found }
}

try {
  const token = await mintToken(server.url, server.secret, "voice", "bench")
  const voskServer = async (query: string): Promise<void> => {
    const client = await VoskClient.open(`${server.url.replace("http", "ws")}/ws/secure${query}`, token)
    const bytes = bytesOf(samples)
    const pieceBytes = pieceMs.vosk * 32
    for (let at = 0; at < bytes.length; at += pieceBytes) await client.ask(bytes.subarray(at, at + pieceBytes))
    await client.ask('{"eof" : 1}')
    await client.ended()
  }
  const native = () =>
    recognizeFile({ server: server.url, path: "/ws/secure", token, parts: [samples], untilMs: lastWordMs })
  const ways = [
    { way: "vosk-server's client", messageMs: pieceMs.vosk, run: () => voskServer("") },
    { way: "the same, ?gate=vad", messageMs: pieceMs.vosk, run: () => voskServer("?gate=vad") },
    { way: "sawt.v1, file", messageMs: pieceMs.native, run: native }
  ]
  await inspector.evaluate(
    `globalThis.collections = 0
     new PerformanceObserver((list) => (collections += list.getEntries().length)).observe({ entryTypes: ["gc"] }); 0`
  )
  const rows: Array<Row> = []
  const functions: Array<Row> = []
  for (const { run } of ways) await run()
  for (const { way, messageMs, run } of ways) {
    const messages = samples.length / 16 / messageMs
    const rounds = []
    for (let round = 0; round < numbers.rounds; round++) rounds.push(await allocated(run))
    const whole = rounds.filter(({ collections }) => collections === 0)
    const buffers = whole.map(({ bufferBytes }) => bufferBytes / samples.byteLength)
    const found = rounds.at(-1)?.found ?? []
    rows.push({
      way,
      "buffers a byte": rounded(Math.min(...buffers), 2),
      most: rounded(Math.max(...buffers), 2),
      rounds: whole.length,
      "heap a message": rounded(found.reduce((sum, [, bytes]) => sum + bytes, 0) / messages, 0)
    })
    for (const [name, bytes] of found.slice(0, numbers.functions))
      functions.push({ way, function: name, bytes: rounded(bytes / messages, 0) })
  }
  console.log(
    json
      ? JSON.stringify({ machine: machine(), rows, functions }, undefined, 2)
      : `${machine()}\n\n${table(rows)}\n\n${table(functions)}`
  )
} finally {
  inspector.close()
  await server.stop()
}
