/** Microphone and loudspeaker of this machine, through whichever of the usual programs is installed. */
import { spawn, type ChildProcess } from "node:child_process"
import { existsSync } from "node:fs"
import { once } from "node:events"
import { delimiter, join } from "node:path"
import type { Readable } from "node:stream"
import { failed } from "./fault.ts"

interface Program {
  readonly name: string
  readonly args: ReadonlyArray<string>
}

/** Raw 16-bit mono to stdout, in the order of how well they do it. */
const recorders = (rateHz: number): ReadonlyArray<Program> => {
  const rate = String(rateHz)
  const input = process.platform === "darwin" ? ["avfoundation", ":default"] : ["alsa", "default"]
  return [
    { name: "parec", args: ["--raw", "--format=s16le", `--rate=${rate}`, "--channels=1", "--latency-msec=20"] },
    { name: "arecord", args: ["-q", "-t", "raw", "-f", "S16_LE", "-r", rate, "-c", "1"] },
    { name: "sox", args: ["-q", "-d", "-t", "raw", "-r", rate, "-e", "signed", "-b", "16", "-c", "1", "-"] },
    {
      name: "ffmpeg",
      args: ["-loglevel", "error", "-f", ...input.toSpliced(1, 0, "-i"), "-ac", "1", "-ar", rate, "-f", "s16le", "-"]
    }
  ]
}

/** Raw 16-bit mono from stdin. */
const players = (rateHz: number): ReadonlyArray<Program> => {
  const rate = String(rateHz)
  return [
    { name: "paplay", args: ["--raw", "--format=s16le", `--rate=${rate}`, "--channels=1", "--latency-msec=40"] },
    { name: "aplay", args: ["-q", "-t", "raw", "-f", "S16_LE", "-r", rate, "-c", "1"] },
    { name: "play", args: ["-q", "-t", "raw", "-r", rate, "-e", "signed", "-b", "16", "-c", "1", "-"] },
    { name: "ffplay", args: ["-loglevel", "error", "-nodisp", "-autoexit", "-f", "s16le", "-ar", rate, "-"] }
  ]
}

const isInstalled = ({ name }: Program): boolean =>
  (process.env["PATH"] ?? "")
    .split(delimiter)
    .some((folder) => existsSync(join(folder, process.platform === "win32" ? `${name}.exe` : name)))

const namesOf = (programs: ReadonlyArray<Program>): string => programs.map(({ name }) => name).join(", ")

export interface Recording {
  readonly sound: Readable
  /** Rejects when the program ends by itself, in its own words. */
  readonly failed: Promise<never>
  readonly stop: () => void
}

/** Throws a `Fault` where there is no recorder. */
export const record = (rateHz: number): Recording => {
  const known = recorders(rateHz)
  const program = known.find(isInstalled)
  if (program === undefined)
    throw failed(`No recorder is installed: one of ${namesOf(known)} is needed, or a recording (--file).`)
  const child = spawn(program.name, program.args, { stdio: ["ignore", "pipe", "pipe"] })
  let words = ""
  child.stderr.on("data", (bytes: Buffer) => (words = `${words}${bytes.toString()}`.slice(-500)))
  let stopped = false
  const over = once(child, "close").then(() => {
    if (stopped) return new Promise<never>(() => {})
    throw failed(`The microphone could not be recorded by ${program.name}: ${words.trim() || "it ended"}`)
  })
  over.catch(() => {})
  const stop = () => {
    stopped = true
    child.kill()
  }
  return { sound: child.stdout, failed: over, stop }
}

/** Prompts one after the other; one that is interrupted falls silent at once. */
export class Player {
  readonly #program: Program
  #child: ChildProcess | undefined

  private constructor(program: Program) {
    this.#program = program
  }

  /** Undefined where no program is installed. */
  static find(rateHz: number): Player | undefined {
    const program = players(rateHz).find(isInstalled)
    return program === undefined ? undefined : new Player(program)
  }

  push(bytes: Uint8Array): void {
    this.#child ??= this.#start()
    this.#child.stdin?.write(bytes)
  }

  /** All of the prompt has come. */
  finish(): void {
    this.#child?.stdin?.end()
    this.#child = undefined
  }

  stop(): void {
    this.#child?.kill()
    this.#child = undefined
  }

  #start(): ChildProcess {
    const child = spawn(this.#program.name, this.#program.args, { stdio: ["pipe", "ignore", "ignore"] })
    // Killed in the middle of a prompt, it takes nothing any more.
    child.stdin.on("error", () => {})
    child.on("error", () => {})
    return child
  }
}
