/** How a model fares, in the words of `/health` (R1.2), and the events by which a change is told. */
import type { HostReason } from "#schemas/host.ts"
import type { ModelStatus } from "#schemas/wire.ts"

export interface ModelHealth {
  readonly status: ModelStatus
  /** Model or engine in use, never a path. */
  readonly backend: string
  /** Milliseconds since the epoch at which this state began. */
  readonly sinceMs: number
  readonly degraded: boolean
  /** Why it is not `ready`, for operators; no path, no secret. */
  readonly reason?: string
  /** The same for programs. */
  readonly cause?: HostReason
  /** The configured model is on its way. */
  readonly downloading?: Downloading
}

export interface Downloading {
  readonly model: string
  readonly step: "download" | "unpack"
  /** Absent where nobody says how much there is. */
  readonly percent?: number
}

export const tellDownloading = ({ model, step, percent }: Downloading): string =>
  `${model}: ${step === "download" ? "downloading" : "unpacking"}${percent === undefined ? "" : ` ${percent} %`}.`

export type HealthListener = (health: ModelHealth) => void

/** From a host's every change of state, those that show in its health. Returns how to stop. */
export const watchHealth = (
  health: () => ModelHealth,
  subscribe: (changed: () => void) => () => void,
  listener: HealthListener
): (() => void) => {
  const keyOf = ({ status, backend, degraded }: ModelHealth) => `${status} ${backend} ${degraded}`
  let told = keyOf(health())
  return subscribe(() => {
    const now = health()
    if (keyOf(now) === told) return
    told = keyOf(now)
    listener(now)
  })
}
