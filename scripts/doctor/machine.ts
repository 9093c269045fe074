/** The machine: Node, npm, native libraries, disk, memory, port, clock. */
import { execFile } from "node:child_process"
import { accessSync, constants, existsSync, readFileSync, statSync } from "node:fs"
import { createServer } from "node:net"
import { basename, dirname, join } from "node:path"
import { promisify } from "node:util"
import { Effect, Logger, Result } from "effect"
import type { ModelEntry } from "#schemas/models.ts"
import type { Settings } from "#src/config.ts"
import { allocatorOf } from "#src/host/allocator.ts"
import { bytesNeeded } from "#src/models/install.ts"
import type { ConfiguredModels } from "#src/models/configured.ts"
import { memoryBytes, tooLittleMemory } from "#src/models/memory.ts"
import { freeBytes, megabytes, reserveBytes } from "#src/models/space.ts"
import { tryOut } from "#src/models/try-out.ts"
import { fail, type Finding, ok, warn } from "./finding.ts"

const run = promisify(execFile)

export const nodeFinding = (version = process.versions.node): Finding => {
  const wanted = /"node": "(\d+)\./.exec(readFileSync(join(import.meta.dirname, "../../package.json"), "utf8"))?.[1]
  return Number(version.split(".")[0]) >= Number(wanted)
    ? ok("node", `Node ${version}`)
    : fail(
        "node",
        `Node ${version}`,
        `Node ${wanted} is needed: start by npm scripts, which find the one that npm installed`
      )
}

export const npmFinding = async (): Promise<Finding> => {
  try {
    const { stdout } = await run("npm", ["--version"], { timeout: 20_000 })
    return ok("npm", `npm ${stdout.trim()}`)
  } catch {
    return warn("npm", "npm does not run", "install npm; the service runs without it, its tools do not")
  }
}

/** Loads the library in a host of its own, as the service does, and lets it do something it knows. */
export const loadsFinding = (check: string, model: ModelEntry, folder: string): Promise<Finding> =>
  Effect.runPromise(
    tryOut(model, folder).pipe(
      Effect.result,
      Effect.map((tried) =>
        Result.isSuccess(tried)
          ? ok(check, `${tried.success.backend} works, ready in ${tried.success.loadMs} ms`)
          : fail(check, tried.failure.message, "npm ci; VOSK_LIBRARY names another libvosk where this one does not fit")
      ),
      Effect.provide(Logger.layer([]))
    )
  )

/** Of `STT_ALLOCATOR`. */
export const allocatorFinding = ({ sttAllocator }: Settings): Finding => {
  const allocator = allocatorOf(sttAllocator)
  if (allocator !== undefined && !existsSync(allocator)) {
    return warn(
      "allocator",
      "STT_ALLOCATOR names a file that is not there",
      "unset it to use jemalloc where there is one"
    )
  }
  if (allocator !== undefined) return ok("allocator", `${basename(allocator)} serves recognition`)
  if (sttAllocator === "system" || process.platform !== "linux")
    return ok("allocator", "the C library's serves recognition")
  return ok(
    "allocator",
    "the C library's serves recognition; with jemalloc (Debian's libjemalloc2) it needs a fifth less time"
  )
}

const nearest = (path: string): string => (existsSync(path) ? path : nearest(dirname(path)))

export const diskFinding = ({ dataDir }: Settings, { missing }: ConfiguredModels): Finding => {
  const at = nearest(dataDir)
  try {
    accessSync(at, constants.W_OK)
  } catch {
    return fail("disk", "DATA_DIR cannot be written by this user", "mount the disk there, or chown it to this user")
  }
  const free = freeBytes(at)
  const needed = missing.reduce((sum, model) => sum + bytesNeeded(model), reserveBytes)
  return free >= needed
    ? ok("disk", `${megabytes(free)} free in DATA_DIR, ${megabytes(needed)} needed`)
    : fail("disk", `${megabytes(free)} free in DATA_DIR`, `${megabytes(needed)} are needed: enlarge the disk`)
}

export const memoryFinding = (model: ModelEntry | undefined, hosts: number, available = memoryBytes()): Finding => {
  const tooLittle = tooLittleMemory(model, available)
  if (tooLittle !== undefined)
    return fail("memory", tooLittle.message, "until then the embedded model serves, degraded")
  if (model === undefined) return ok("memory", `${megabytes(available)}; what the model needs is not known`)
  const needed = model.memoryBytes * hosts
  const found = `${model.name} needs about ${megabytes(needed)}, and there are ${megabytes(available)}`
  // Beside it: the server, detection, a voice and the embedded model.
  return needed + 700_000_000 <= available
    ? ok("memory", found)
    : warn(
        "memory",
        found,
        "take a larger machine, or a smaller model, or fewer STT_HOSTS: about 700 MB more are needed beside it"
      )
}

export const portFinding = ({ port, host }: Settings): Promise<Finding> =>
  new Promise((resolve) => {
    const server = createServer()
    server.once("error", (error: NodeJS.ErrnoException) => {
      const repair =
        error.code === "EACCES" ? "set PORT to one above 1023" : "stop what listens there, or set PORT to another"
      resolve(
        fail(
          "port",
          `PORT=${port} cannot be opened (${error.code ?? "unknown"})`,
          `${repair}; if that is Sawt itself, all is well`
        )
      )
    })
    server.listen(port, host, () => server.close(() => resolve(ok("port", `PORT=${port} is free on ${host}`))))
  })

/** Tokens are valid for times; a server elsewhere says what time it is. */
export const clockFinding = async (url: string, now: () => number = Date.now): Promise<Finding> => {
  try {
    const response = await fetch(url, { method: "HEAD", redirect: "manual", signal: AbortSignal.timeout(5_000) })
    const date = Date.parse(response.headers.get("date") ?? "")
    if (Number.isNaN(date)) throw new Error("no date")
    const offSeconds = Math.round(Math.abs(now() - date) / 1_000)
    const found = `the clock is ${offSeconds} s off ${new URL(url).host}`
    return offSeconds <= 5
      ? ok("clock", found)
      : fail("clock", found, "tokens tolerate 5 s: let the machine keep time by NTP")
  } catch {
    return warn("clock", `not compared: ${new URL(url).host} does not answer`, "check the network, or that NTP runs")
  }
}

/** Of a key that was made once and lies beside what it seals. */
export const keyFileMode = (dataDir: string): number | undefined => {
  const stat = statSync(join(dataDir, "storage.key"), { throwIfNoEntry: false })
  return stat === undefined ? undefined : stat.mode & 0o777
}
