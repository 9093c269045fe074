/** The model hosts of a running server, by process: found in /proc, so Linux only. */
import { readFileSync } from "node:fs"
import type { HealthReport } from "#src/gateway/health.ts"
import { healthOf, type ServerProcess } from "../../scripts/server-process.ts"

export const models = ["stt", "vad", "tts"] as const
export type Model = (typeof models)[number]

export const sleep = (durationMs: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, durationMs))

/** What `/health` says once it is so. */
export const reported = async (
  { url }: ServerProcess,
  wanted: (report: HealthReport) => boolean
): Promise<HealthReport> => {
  for (;;) {
    const report = await healthOf(url)
    if (wanted(report)) return report
    await sleep(20)
  }
}

export const childrenOf = (pid: number | undefined): ReadonlyArray<number> =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ").filter(Boolean).map(Number)

/** A host is told by the native library that it has open; one that is gone is none. */
const modelOf = (pid: number): Model | undefined => {
  try {
    const maps = readFileSync(`/proc/${pid}/maps`, "utf8")
    if (maps === "") return undefined
    if (maps.includes("libvosk")) return "stt"
    return maps.includes("libonnxruntime") ? "vad" : "tts"
  } catch {
    return undefined
  }
}

/** The process that serves a model, waited for. One that loads may look like any other, so all must be there. */
export const servingPid = async (server: ServerProcess, model: Model): Promise<number> => {
  for (;;) {
    const children = childrenOf(server.process.pid).map((pid) => ({ pid, model: modelOf(pid) }))
    const isWhole =
      children.length === models.length && models.every((one) => children.some((child) => child.model === one))
    const found = children.find((child) => child.model === model)
    if (isWhole && found !== undefined && (await healthOf(server.url)).models[model].status === "ready")
      return found.pid
    await sleep(20)
  }
}
