/** What a server and its hosts hold, read when they have come to rest. From /proc, so Linux only. */
import { readdirSync, readFileSync } from "node:fs"
import { collectGarbage, inspectorEnv } from "../../bench/inspector.ts"
import { rounded, type Row } from "../../bench/options.ts"
import { type ProcessName, processesOf } from "../../bench/processes.ts"
import { healthOf, type ServerProcess } from "../../scripts/server-process.ts"
import { sleep } from "./hosts.ts"

export interface Footprint {
  /** Resident memory. */
  readonly megabytes: Readonly<Record<ProcessName, number>>
  /** Open file descriptors, of the server and its hosts together. */
  readonly descriptors: number
  /** Session slots taken. */
  readonly sessions: number
}

/** For a server whose footprint is read. */
export const footprintEnv = { ...inspectorEnv, RATE_LIMIT_PER_MINUTE: "100000" } as const

const rssMbOf = (pid: number): number =>
  Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? NaN) / 1_024
const descriptorsOf = (pid: number): number => readdirSync(`/proc/${pid}/fd`).length
const sumOf = (values: ReadonlyArray<number>): number => values.reduce((sum, value) => sum + value, 0)

export type Counts = Pick<Footprint, "descriptors" | "sessions">

const countsOf = async (server: ServerProcess): Promise<Counts> => {
  const { sessions } = await healthOf(server.url)
  return {
    descriptors: sumOf(processesOf(server.process.pid ?? 0).map(({ pid }) => descriptorsOf(pid))),
    sessions: sessions.open
  }
}

/** Once its garbage is collected, whatever goes on. */
export const footprintNow = async (server: ServerProcess): Promise<Footprint> => {
  await collectGarbage(server)
  const megabytes = { server: 0, stt: 0, vad: 0, tts: 0 }
  for (const { pid, name } of processesOf(server.process.pid ?? 0)) megabytes[name] += rssMbOf(pid)
  return { megabytes, ...(await countsOf(server)) }
}

/** All processes together. */
const sizeOf = ({ megabytes }: Footprint): number => sumOf(Object.values(megabytes))

/** For tables. */
export const footprintRow = (when: string, footprint: Footprint): Row => ({
  when,
  ...Object.fromEntries(Object.entries(footprint.megabytes).map(([name, mb]) => [`${name} MB`, rounded(mb, 1)])),
  "together MB": rounded(sizeOf(footprint), 1),
  descriptors: footprint.descriptors,
  "slots taken": footprint.sessions
})

const sameCounts = (before: Counts, now: Counts): boolean =>
  now.sessions === 0 && now.descriptors === before.descriptors
const sameMemory = (before: Footprint, now: Footprint): boolean =>
  Math.abs(sizeOf(now) - sizeOf(before)) < 0.002 * sizeOf(now)

/** A reading like the one before it, or the last after `timeoutMs`. */
const atRest = async <A>(
  read: () => Promise<A>,
  isSame: (before: A, now: A) => boolean,
  everyMs: number
): Promise<A> => {
  const deadlineMs = performance.now() + timeoutMs
  for (let before = await read(); ;) {
    await sleep(everyMs)
    const now = await read()
    if (isSame(before, now) || performance.now() > deadlineMs) return now
    before = now
  }
}
const timeoutMs = 15_000

export const countsAtRest = (server: ServerProcess): Promise<Counts> => atRest(() => countsOf(server), sameCounts, 100)

/** Of a server with `footprintEnv`, after its garbage is collected. */
export const footprintOf = (server: ServerProcess): Promise<Footprint> =>
  atRest(
    () => footprintNow(server),
    (before, now) => sameCounts(before, now) && sameMemory(before, now),
    500
  )

/**
 * Percent. The server's memory is read after its garbage was collected; its hosts collect theirs when they like, and reach
 * a plateau after some thousand utterances (docs/measured.md).
 */
const growthMaxPercent = { server: 5, together: 15 } as const

const grew = (what: string, before: number, after: number, maxPercent: number): readonly [boolean, string] => [
  after > before * (1 + maxPercent / 100),
  `${what} grew from ${before.toFixed(1)} to ${after.toFixed(1)} MB`
]

/** What must not be, a sentence each: more memory, more descriptors, or a slot still taken. */
export const growthFaults = (from: Footprint, to: Footprint): ReadonlyArray<string> => {
  const checks: ReadonlyArray<readonly [boolean, string]> = [
    grew("the server", from.megabytes.server, to.megabytes.server, growthMaxPercent.server),
    grew("all processes together", sizeOf(from), sizeOf(to), growthMaxPercent.together),
    [to.descriptors > from.descriptors, `descriptors grew from ${from.descriptors} to ${to.descriptors}`],
    [to.sessions > 0, `${to.sessions} slots are still taken`]
  ]
  return checks.filter(([isSo]) => isSo).map(([, fault]) => fault)
}
