/** The command line as a person runs it: a process of its own, its two streams and its exit code. */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process"
import { once } from "node:events"
import { join } from "node:path"

export interface Ran {
  readonly code: number | null
  readonly stdout: Buffer
  /** Of stdout, as text. */
  readonly text: string
  readonly stderr: string
}

export interface Running {
  readonly child: ChildProcessWithoutNullStreams
  /** Resolves when stdout holds it so many times. */
  readonly shows: (text: string, times?: number) => Promise<void>
  readonly ended: Promise<Ran>
}

const repository = join(import.meta.dirname, "../..")
const noService = { SAWT_URL: "", SAWT_TOKEN: "", VOICE_SERVICE_SECRET: "" }

export const start = (args: ReadonlyArray<string>, env: Readonly<Record<string, string>> = {}): Running => {
  const child = spawn(process.execPath, ["cli/sawt.js", ...args], {
    cwd: repository,
    env: { ...process.env, ...noService, ...env }
  })
  const parts: Array<Buffer> = []
  let [text, stderr] = ["", ""]
  const waiting = new Set<() => void>()
  child.stdout.on("data", (bytes: Buffer) => {
    parts.push(bytes)
    text = Buffer.concat(parts).toString("utf8")
    for (const wake of waiting) wake()
  })
  child.stderr.on("data", (bytes: Buffer) => (stderr += bytes.toString("utf8")))
  const ended = once(child, "close").then(([code]): Ran => {
    for (const wake of waiting) wake()
    return { code: code as number | null, stdout: Buffer.concat(parts), text, stderr }
  })
  const shows = async (wanted: string, times = 1) => {
    while (text.split(wanted).length <= times) {
      if (child.exitCode !== null) throw new Error(`it ended without ${wanted}:\n${text}\n${stderr}`)
      await new Promise<void>((resolve) => waiting.add(resolve))
    }
  }
  return { child, shows, ended }
}

export const run = (
  args: ReadonlyArray<string>,
  env: Readonly<Record<string, string>> = {},
  input = ""
): Promise<Ran> => {
  const { child, ended } = start(args, env)
  child.stdin.end(input)
  return ended
}
