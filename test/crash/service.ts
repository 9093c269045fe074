/** A service as an operator runs it, that can be killed and comes back as the same one: its folder, secrets and port stay. */
import { type ChildProcess, spawn } from "node:child_process"
import { randomBytes, randomInt } from "node:crypto"
import { once } from "node:events"
import { mkdtempSync, rmSync } from "node:fs"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Client, mintToken } from "../../scripts/client.ts"
import type { Dial } from "./patient.ts"

export const repository = join(import.meta.dirname, "../..")
export const newFolder = (): string => mkdtempSync(join(tmpdir(), "sawt-crash-"))

/** Below those that outgoing connections get: nobody takes it between a kill and the next start. */
const freePort = async (): Promise<number> => {
  for (;;) {
    const port = randomInt(20_000, 32_000)
    const server = createServer()
    const isFree = await new Promise<boolean>((resolve) => {
      server.once("error", () => resolve(false))
      server.listen(port, "127.0.0.1", () => resolve(true))
    })
    if (!isFree) continue
    server.close()
    await once(server, "close")
    return port
  }
}

export interface ServiceOptions {
  /** Where `src/main.ts` is; absent: this repository. */
  readonly root?: string
  readonly env?: Readonly<Record<string, string>>
  /** Told its DATA_DIR before the first start. */
  readonly prepare?: (folder: string) => void
}

export class Service {
  readonly url: string
  readonly folder: string
  readonly #secret = randomBytes(32).toString("hex")
  readonly #root: string
  readonly #env: Readonly<Record<string, string>>
  readonly #tokens = new Map<string, string>()
  #child: ChildProcess | undefined
  #output = ""
  readonly #reading = new Set<() => void>()
  #running: Promise<void> = Promise.resolve()

  private constructor(port: number, { root = repository, env = {} }: ServiceOptions) {
    this.url = `http://127.0.0.1:${port}`
    this.folder = newFolder()
    this.#root = root
    this.#env = {
      // Prompts are not rendered ahead: that would only cost time.
      TTS_HOME: "/dev/null/none",
      PORT: String(port),
      HOST: "127.0.0.1",
      DATA_DIR: this.folder,
      VOICE_SERVICE_SECRET: this.#secret,
      VOICE_SERVICE_TOKEN: randomBytes(32).toString("hex"),
      RATE_LIMIT_PER_MINUTE: "60000",
      MAX_CONCURRENT_SESSIONS: "100",
      ...env
    }
  }

  static async started(options: ServiceOptions = {}): Promise<Service> {
    const service = new Service(await freePort(), options)
    options.prepare?.(service.folder)
    await service.start()
    return service
  }

  get pid(): number {
    return this.#child?.pid ?? 0
  }

  /** Resolves when `text` has been printed since the last start. */
  async printed(text: string): Promise<void> {
    while (!this.#output.includes(text)) await new Promise<void>((resolve) => this.#reading.add(resolve))
  }

  /** Resolves when sockets may be opened; the models load meanwhile. */
  start(env: Readonly<Record<string, string>> = {}): Promise<void> {
    this.#running = this.#spawn(env)
    return this.#running
  }

  /** Resolves when the process is there, also while it is being started anew. */
  running(): Promise<void> {
    return this.#running
  }

  /** Resolves when every model is there. */
  async ready(): Promise<void> {
    while (!(await fetch(`${this.url}/readyz`)).ok) await new Promise((resolve) => setTimeout(resolve, 20))
  }

  async kill(): Promise<void> {
    const child = this.#child
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    const exited = once(child, "exit")
    child.kill("SIGKILL")
    await exited
  }

  /** Killed now, and started again at once. */
  crash(): Promise<void> {
    this.#running = this.kill().then(() => this.#spawn({}))
    return this.#running
  }

  /** Killed before this returns; `start` follows. */
  killNow(): void {
    this.#child?.kill("SIGKILL")
  }

  async token(subject: string): Promise<string> {
    const known = this.#tokens.get(subject)
    if (known !== undefined) return known
    const token = await mintToken(this.url, this.#secret, "voice healthcare clinician", subject)
    this.#tokens.set(subject, token)
    return token
  }

  dial(subject: string): Dial {
    return async ({ told, fallen }) => {
      await this.running()
      const token = await this.token(subject)
      const client = await Client.open({ server: this.url, path: "/ws/secure/healthcare", token, onMessage: told })
      client.socket.once("close", fallen)
      return { send: (message) => client.send(message) }
    }
  }

  async close(): Promise<void> {
    await this.#running.catch(() => {})
    await this.kill()
    rmSync(this.folder, { recursive: true, force: true })
  }

  async #spawn(env: Readonly<Record<string, string>>): Promise<void> {
    const child = spawn(process.execPath, [join(this.#root, "src/main.ts")], {
      env: { PATH: process.env.PATH, ...this.#env, ...env },
      stdio: ["ignore", "pipe", "pipe"]
    })
    this.#child = child
    this.#output = ""
    const collect = (bytes: Buffer) => {
      this.#output = `${this.#output}${bytes.toString()}`.slice(-100_000)
      for (const read of this.#reading) read()
      this.#reading.clear()
    }
    child.stdout.on("data", collect)
    child.stderr.on("data", collect)
    const exited = once(child, "exit").then(([code]) => {
      throw new Error(`exited with ${code}: ${this.#output}`)
    })
    await Promise.race([this.printed("Sawt is listening"), exited])
  }
}
