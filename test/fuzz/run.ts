/**
 * Fuzzes each boundary of a service, and then looks at the service: it serves a good session, nothing failed in it, no
 * session is left over, and it holds no more memory than after the warm-up.
 */
import { connect } from "node:net"
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import { mintToken } from "../../scripts/client.ts"
import { startServer, type ServerProcess } from "../../scripts/server-process.ts"
import { countsAtRest, footprintEnv, footprintNow } from "../faults/footprint.ts"
import { boundaries, type Tally, type Target } from "./boundaries.ts"
import { converse } from "./exchange.ts"
import { textFrame } from "./frames.ts"
import { startService } from "./service.ts"

export type BoundaryName = keyof typeof boundaries
export const boundaryNames = Object.keys(boundaries) as ReadonlyArray<BoundaryName>

export interface Subject {
  readonly target: Target
  /** What went wrong inside, a sentence each; empty when nothing did. */
  readonly faults: () => Promise<ReadonlyArray<string>>
  /** After garbage is collected. */
  readonly megabytes: () => Promise<number>
  readonly close: () => Promise<void>
}

/** More than this over the warm-up is a leak. */
export const growthMegabytesMax = 8
/** Whoever was cut off is let go of a little later, and later still on a busy machine: it is waited for this long. */
const settlingMs = 40_000

const settledMegabytes = async ({ megabytes }: Subject, warm: number): Promise<number> => {
  const untilMs = performance.now() + settlingMs
  for (;;) {
    const now = await megabytes()
    if (now - warm < growthMegabytesMax || performance.now() > untilMs) return now
    await new Promise((resolve) => setTimeout(resolve, 500))
  }
}

/** So many of the inputs come before memory is looked at for the first time. */
const warmUpShare = 0.1

/** A session starts and answers. */
const serves = async ({ dial, tokens }: Target): Promise<string> => {
  const start = '{"type":"session.start","mode":"file","ref":"good"}'
  const [token = ""] = tokens
  let ready = false
  const outcome = await converse(dial, {
    path: "/ws/secure",
    token,
    bytes: textFrame(start),
    isLast: ({ ref, type }) => ref === "good" && (ready = type === "session.ready")
  })
  return ready ? "served" : outcome
}

export interface Report extends Tally {
  readonly boundary: BoundaryName
  readonly megabytes: readonly [warm: number, end: number]
  readonly durationMs: number
  /** Of this process: clients, and the service where it runs here. */
  readonly cpuMs: number
}

/** Throws the first thing that is not as it should be. */
export const fuzz = async (subject: Subject, boundary: BoundaryName, seed: number, inputs: number): Promise<Report> => {
  const { stackTraceLimit } = Error
  // Each input makes an error or two, whose stack nobody reads: to write it costs more than the error.
  Error.stackTraceLimit = 0
  try {
    return await fuzzed(subject, boundary, seed, inputs)
  } finally {
    Error.stackTraceLimit = stackTraceLimit
  }
}

const fuzzed = async (subject: Subject, boundary: BoundaryName, seed: number, inputs: number): Promise<Report> => {
  const [startedAt, cpu] = [performance.now(), process.cpuUsage()]
  const { target } = subject
  await boundaries[boundary]({ seed: seed + 1_000_003, inputs: Math.ceil(inputs * warmUpShare), target })
  const warm = await subject.megabytes()
  const tally = await boundaries[boundary]({ seed, inputs, target })
  const outcome = await serves(target)
  if (outcome !== "served") throw new Error(`after it a good session was not served: ${outcome}`)
  const faults = await subject.faults()
  if (faults.length > 0) throw new Error(faults.join("\n"))
  const durationMs = performance.now() - startedAt
  const { user, system } = process.cpuUsage(cpu)
  return {
    boundary,
    ...tally,
    megabytes: [warm, await settledMegabytes(subject, warm)],
    durationMs,
    cpuMs: (user + system) / 1_000
  }
}

const mebibyte = 1024 * 1024

export const inProcess = async (): Promise<Subject> => {
  const service = await startService()
  setFlagsFromString("--expose-gc")
  const collectGarbage = runInNewContext("gc") as () => void
  const rest = () => new Promise((resolve) => setTimeout(resolve, 50))
  return {
    target: { ...service, patienceMs: 60 },
    faults: async () => {
      // Whoever was cut off is let go of a little later.
      for (let tries = 0; service.sessions() > 0 && tries < 200; tries++) await rest()
      const left = service.sessions()
      return [...service.defects, ...(left === 0 ? [] : [`${left} sessions are left over`])]
    },
    megabytes: async () => {
      await rest()
      collectGarbage()
      await rest()
      collectGarbage()
      const { heapUsed, external } = process.memoryUsage()
      return (heapUsed + external) / mebibyte
    },
    close: service.close
  }
}

const env = {
  ...footprintEnv,
  MAX_CONCURRENT_SESSIONS: "1000",
  BASIC_SESSIONS_MAX: "1000",
  TRUSTED_PROXY_HOPS: "1",
  TTS_HOME: "/dev/null/none"
}
const subjects = 20

/** `src/main.ts` with its models, over TCP. */
export const overTcp = async (): Promise<Subject & { readonly server: ServerProcess }> => {
  const server = await startServer(env)
  const { port } = new URL(server.url)
  const tokens = await Promise.all(
    Array.from({ length: subjects }, (_, i) => mintToken(server.url, server.secret, "voice healthcare", `fuzz-${i}`))
  )
  const failures: Array<string> = []
  const watch = (bytes: Buffer) => {
    const line = /^.*(\bERROR\b|\bFATAL\b|[Uu]nhandled|[Uu]ncaught).*$/m.exec(bytes.toString("utf8"))
    if (line !== null) failures.push(`logged: ${line[0]}`)
  }
  server.process.stdout?.on("data", watch)
  server.process.stderr?.on("data", watch)
  return {
    server,
    target: {
      dial: () => connect(Number(port), "127.0.0.1"),
      tokens,
      adminSecret: server.secret,
      patienceMs: 300
    },
    faults: async () => [...failures, ...(server.process.exitCode === null ? [] : ["the server has ended"])],
    megabytes: async () => {
      await countsAtRest(server)
      return (await footprintNow(server)).megabytes.server
    },
    close: server.stop
  }
}
