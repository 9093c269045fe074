/** `npm run bench:health`: how soon `/health` answers while sessions are busy (R1.2), and while there are none. */
import { fork } from "node:child_process"
import { once } from "node:events"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { mintToken } from "../scripts/client.ts"
import { startServer } from "../scripts/server-process.ts"
import { recognizeFile } from "./file-session.ts"
import { machine, percentile, progress, readOptions, rounded, type Row, table } from "./options.ts"
import { clips, sampleRateHz } from "./recordings.ts"

const { json, numbers } = readOptions(
  "health",
  `Milliseconds from asking to the last byte of the answer of GET /health, asked now and then from this process: of a
server with nothing to do, and while sessions of mode "file" have it recognise speech as fast as it can. Baseline, asked
in turns: a server that does nothing but answer, which has what this machine and this process add.`,
  {
    numbers: {
      sessions: { default: 10, about: "sessions at once" },
      requests: { default: 300, about: "requests of each kind" }
    }
  }
)

const server = await startServer()
const bare = fork(join(import.meta.dirname, "bare-http-child.ts"))
const [barePort] = (await once(bare, "message")) as [number]
const urls = { "/health": `${server.url}/health`, "bare server": `http://127.0.0.1:${barePort}` } as const
type Asked = keyof typeof urls
const asked = Object.keys(urls) as ReadonlyArray<Asked>

const answerMs = async (url: string): Promise<number> => {
  const atMs = performance.now()
  const response = await fetch(url)
  await response.arrayBuffer()
  return performance.now() - atMs
}
const figuresOf = async (state: string): Promise<ReadonlyArray<Row>> => {
  const times: Record<Asked, Array<number>> = { "/health": [], "bare server": [] }
  for (let i = 0; i < numbers.requests; i++) {
    for (const one of asked) {
      times[one].push(await answerMs(urls[one]))
      await sleep(10)
    }
  }
  return asked.map((one) => {
    const at = (share: number) => rounded(percentile(times[one], share), 2)
    return { state, asked: one, "p50 ms": at(0.5), "p95 ms": at(0.95), "p99 ms": at(0.99), "most ms": at(1) }
  })
}
/** Until both run compiled code. */
const warmUps = 200

const parts = clips.slice(0, 10).map(({ samples }) => samples)
/** Within the last of them. */
const untilMs = parts.slice(0, -1).reduce((sum, samples) => sum + samples.length, 0) / (sampleRateHz / 1_000)
const token = await mintToken(server.url, server.secret, "voice")
try {
  for (let i = 0; i < warmUps; i++) for (const one of asked) await answerMs(urls[one])
  const idle = await figuresOf("idle")
  progress("now with sessions")
  const over = new AbortController()
  const talk = async () => {
    while (!over.signal.aborted) await recognizeFile({ server: server.url, path: "/ws/secure", token, parts, untilMs })
  }
  const talking = Promise.all(Array.from({ length: numbers.sessions }, talk))
  await sleep(1_000)
  const busy = await figuresOf("busy")
  over.abort()
  await talking
  if (json) console.log(JSON.stringify({ machine: machine(), rows: [...idle, ...busy] }, undefined, 2))
  else console.log(`${machine()}\n\n${table([...idle, ...busy])}`)
} finally {
  bare.disconnect()
  await server.stop()
}
