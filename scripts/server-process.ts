/**
 * A server of one's own for demo, benches and tests: a free port, secrets of the run, up when `/readyz` says so and the voice
 * has been loaded, which a service that hears does not wait for.
 */
import { type ChildProcess, spawn } from "node:child_process"
import { randomBytes } from "node:crypto"
import { once } from "node:events"
import { mkdtemp, rm } from "node:fs/promises"
import { createServer, type AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { HealthReport } from "#src/gateway/health.ts"

export interface ServerProcess {
  readonly url: string
  readonly secret: string
  readonly dataDir: string
  readonly process: ChildProcess
  /** Milliseconds from spawn to the first 200 of `/readyz`. */
  readonly readyMs: number
  readonly log: () => string
  /** Resolves when this text stands in the log. */
  readonly logged: (text: string) => Promise<void>
  readonly stop: () => Promise<void>
}

/** Nobody listens on it now. */
export const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, "127.0.0.1")
  await once(server, "listening")
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, "close")
  return port
}

/** Of a service that answers. */
export const healthOf = async (url: string): Promise<HealthReport> =>
  (await (await fetch(`${url}/health`)).json()) as HealthReport

/** Or will not get one. False too where it has just ended. */
const hasVoice = async (url: string): Promise<boolean> => {
  const health = await healthOf(url).catch(() => undefined)
  return health !== undefined && health.models.tts.status !== "loading"
}

const isReady = async (url: string): Promise<boolean> => {
  try {
    const response = await fetch(url)
    await response.arrayBuffer()
    return response.status === 200
  } catch {
    return false
  }
}

/**
 * `env` overrides; by default data lives in a temporary folder that goes with the server. It is up when `up` answers 200:
 * `/livez` for one that will not get ready.
 */
export const startServer = async (
  env: Readonly<Record<string, string>> = {},
  up: "/readyz" | "/livez" = "/readyz",
  nodeOptions: ReadonlyArray<string> = []
): Promise<ServerProcess> => {
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const secret = env.VOICE_SERVICE_SECRET ?? randomBytes(32).toString("hex")
  const dataDir = await mkdtemp(join(tmpdir(), "sawt-"))
  const startedAt = performance.now()
  const child = spawn(process.execPath, [...nodeOptions, join(import.meta.dirname, "../src/main.ts")], {
    env: {
      ...process.env,
      PORT: String(port),
      HOST: "127.0.0.1",
      DATA_DIR: dataDir,
      VOICE_SERVICE_SECRET: secret,
      VOICE_SERVICE_TOKEN: randomBytes(32).toString("hex"),
      RATE_LIMIT_PER_MINUTE: "6000",
      ...env
    },
    stdio: ["ignore", "pipe", "pipe"]
  })
  let log = ""
  const waiting = new Set<() => void>()
  const keep = (bytes: Buffer) => {
    log = `${log}${bytes.toString("utf8")}`.slice(-100_000)
    for (const check of waiting) check()
  }
  child.stdout.on("data", keep)
  child.stderr.on("data", keep)
  const exited = once(child, "exit")
  const logged = (text: string) =>
    new Promise<void>((resolve, reject) => {
      const check = () => {
        if (!log.includes(text)) return
        waiting.delete(check)
        resolve()
      }
      waiting.add(check)
      void exited.then(() => reject(new Error(`the server ended without logging ${text}`)))
      check()
    })
  const stop = async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill("SIGTERM")
    await exited
    await rm(dataDir, { recursive: true, force: true })
  }
  let readyMs: number | undefined
  for (;;) {
    if (readyMs === undefined && (await isReady(url + up))) readyMs = performance.now() - startedAt
    if (readyMs !== undefined && (up === "/livez" || (await hasVoice(url)))) break
    if (child.exitCode !== null || performance.now() - startedAt > 60_000) {
      await stop()
      throw new Error(`the server did not become ready:\n${log}`)
    }
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
  return { url, secret, dataDir: env.DATA_DIR ?? dataDir, process: child, readyMs, log: () => log, logged, stop }
}
