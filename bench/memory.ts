/**
 * `npm run bench:memory`: what the service takes with the embedded models after an interview, and what each session adds
 * that is open and silent. Baselines of the same run: a process with nothing but libvosk and the model, and a bare
 * WebSocket server with as many idle clients. Sizes are proportional (PSS): shared pages are divided, sums are true.
 */
import { fork } from "node:child_process"
import { once } from "node:events"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { WebSocket } from "ws"
import { subprotocol } from "#schemas/wire.ts"
import { Client, mintToken } from "../scripts/client.ts"
import { startServer } from "../scripts/server-process.ts"
import { startBareVosk } from "./bare-vosk.ts"
import { collectGarbage, inspectorEnv } from "./inspector.ts"
import { machine, progress, readOptions, rounded, type Row, table } from "./options.ts"
import { processesOf, type ProcessName, pssKbOf, type ServiceProcess } from "./processes.ts"
import { clips } from "./recordings.ts"
import { warmUp } from "./warm-up.ts"

const { json, numbers } = readOptions(
  "memory",
  `Memory of the server and its model hosts (PSS, /proc/<pid>/smaps_rollup) after a whole interview in file mode, and its growth
when sessions are opened on /ws/secure and stay silent: session.start is done, no audio. Before each reading the server
collects its garbage (by the debugger's protocol) and gets time until its size stands still. A first group is opened and
closed again, so that growth is not that of code never used.`,
  {
    numbers: {
      few: { default: 50, about: "idle sessions at first" },
      many: { default: 200, about: "idle sessions then, at most 990" }
    }
  }
)

const sleep = (durationMs: number) => new Promise<void>((resolve) => setTimeout(resolve, durationMs))

type Sizes = Readonly<Record<ProcessName, number>>
const sizesOf = (processes: ReadonlyArray<ServiceProcess>): Sizes => {
  const sizes = { server: 0, stt: 0, vad: 0, tts: 0 }
  for (const { pid, name } of processes) sizes[name] += pssKbOf(pid)
  return sizes
}
const sumOf = (sizes: Sizes): number => Object.values(sizes).reduce((sum, size) => sum + size, 0)

/** Settled: within 0.2 % of the size a second before; after ten seconds whatever it is. */
const standingStill = async (processes: ReadonlyArray<ServiceProcess>): Promise<Sizes> => {
  let before = sizesOf(processes)
  for (let second = 0; second < 10; second++) {
    await sleep(1_000)
    const now = sizesOf(processes)
    if (Math.abs(sumOf(now) - sumOf(before)) < 0.002 * sumOf(before)) return now
    before = now
  }
  return before
}

const openIdle = async (server: string, token: string): Promise<Client> => {
  const client = await Client.open({ server, path: "/ws/secure", token })
  client.send({ type: "session.start" })
  await client.next("session.ready")
  return client
}

/** One after the other: a burst would be measured, not the sessions. */
const openSessions = async (server: string, token: string, count: number): Promise<Array<Client>> => {
  const open: Array<Client> = []
  for (let i = 0; i < count; i++) open.push(await openIdle(server, token))
  return open
}

/** KB that an idle client costs a server that does nothing. */
const bareSocketKb = async (few: number, many: number): Promise<number> => {
  const child = fork(join(import.meta.dirname, "bare-socket-child.ts"), { execArgv: [] })
  const [port] = (await once(child, "message")) as [number]
  const processes: ReadonlyArray<ServiceProcess> = [{ pid: child.pid ?? 0, name: "server" }]
  const open: Array<WebSocket> = []
  const grow = async (count: number) => {
    while (open.length < count) {
      const socket = new WebSocket(`ws://127.0.0.1:${port}`, subprotocol, { perMessageDeflate: false })
      await once(socket, "open")
      open.push(socket)
    }
    return sumOf(await standingStill(processes))
  }
  const atFew = await grow(few)
  const atMany = await grow(many)
  for (const socket of open) socket.terminate()
  child.disconnect()
  await once(child, "exit")
  return (atMany - atFew) / (many - few)
}

const bareVoskKb = async (): Promise<number> => {
  const bare = await startBareVosk()
  await bare.recognize(clips.slice(0, 5).map(({ samples }) => samples))
  const size = pssKbOf(bare.pid)
  await bare.stop()
  return size
}

const megabytes = (kb: number): number => rounded(kb / 1_024, 1)

const ttsHome = await mkdtemp(join(tmpdir(), "sawt-tts-"))
const server = await startServer({
  ...inspectorEnv,
  TTS_HOME: ttsHome,
  MAX_CONCURRENT_SESSIONS: String(numbers.many + 10),
  SESSION_IDLE_SECONDS: "600",
  RATE_LIMIT_PER_MINUTE: "100000"
})
try {
  const processes = processesOf(server.process.pid ?? 0)
  const settled = async () => {
    await collectGarbage(server)
    return standingStill(processes)
  }
  const rows: Array<Row> = []
  const note = (when: string, sizes: Sizes) => {
    const { server: own, stt, vad, tts } = sizes
    const parts = { server: megabytes(own), stt: megabytes(stt), vad: megabytes(vad), tts: megabytes(tts) }
    rows.push({ when, ...parts, "together, MB": megabytes(sumOf(sizes)) })
    return sumOf(sizes)
  }
  note("ready", await settled())
  progress("prompts are rendered, one interview is held")
  await warmUp(server, ttsHome)
  note("after an interview", await settled())

  const token = await mintToken(server.url, server.secret, "voice", "bench")
  progress(`${numbers.few} sessions open and close`)
  const first = await openSessions(server.url, token, numbers.few)
  await Promise.all(first.map((client) => client.end()))
  note("no session again", await settled())
  progress(`${numbers.few} idle sessions, then ${numbers.many}`)
  const open = await openSessions(server.url, token, numbers.few)
  const few = note(`${numbers.few} idle sessions`, await settled())
  open.push(...(await openSessions(server.url, token, numbers.many - numbers.few)))
  const many = note(`${numbers.many} idle sessions`, await settled())
  await Promise.all(open.map((client) => client.end()))
  note("all ended", await settled())
  progress("baselines")
  const growth: Row = {
    [`KB a session, ${numbers.few} to ${numbers.many}`]: rounded((many - few) / (numbers.many - numbers.few), 0),
    "bare WebSocket, KB": rounded(await bareSocketKb(numbers.few, numbers.many), 0),
    "bare libvosk with the model, MB": megabytes(await bareVoskKb())
  }
  if (json) console.log(JSON.stringify({ machine: machine(), megabytes: rows, growth }, undefined, 2))
  else console.log(`${machine()}\n\nMegabytes (PSS)\n${table(rows)}\n\nGrowth and baselines\n${table([growth])}`)
} finally {
  await server.stop()
  await rm(ttsHome, { recursive: true, force: true })
}
