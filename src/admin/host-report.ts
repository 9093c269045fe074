/** A model host as `/admin/health` shows it. */
import type { HostWork } from "#schemas/host.ts"
import type { HostReport } from "#schemas/http.ts"
import type { WatchedHost } from "#src/host/host.ts"

const mebibyte = 1024 * 1024
const states = {
  Loading: "loading",
  Ready: "ready",
  Suspect: "suspect",
  Recovering: "recovering",
  Failed: "failed"
} as const

interface Hosts {
  readonly hosts: ReadonlyArray<WatchedHost>
}
export interface NamedHost {
  readonly model: HostReport["model"]
  readonly name: string
  readonly host: WatchedHost
}

export const rounded = (value: number, digits: number): number => Math.round(value * 10 ** digits) / 10 ** digits

const factorOf = ({ audioMs, cpuMs }: HostWork): number | null => (audioMs > 0 ? rounded(cpuMs / audioMs, 4) : null)

const workReport = (work: HostWork, recent: HostWork): NonNullable<HostReport["work"]> => ({
  audio_seconds: rounded(work.audioMs / 1_000, 1),
  cpu_seconds: rounded(work.cpuMs / 1_000, 2),
  real_time_factor: factorOf(work),
  recent_real_time_factor: factorOf(recent)
})

/** Every host by its name: the model that it is for, and its place among those. */
export const namedHosts = ({ stt, vad, tts }: Readonly<Record<HostReport["model"], Hosts>>): ReadonlyArray<NamedHost> =>
  Object.entries({ stt, vad, tts }).flatMap(([model, { hosts }]) =>
    hosts.map((host, at) => ({ model: model as HostReport["model"], name: `${model}-${at + 1}`, host }))
  )

export const hostReport = ({ model, name, host }: NamedHost): HostReport => {
  const status = host.status()
  const { serving, restarts, lastFault } = host.figures()
  return {
    name,
    model,
    kind: host.kind,
    backend: "backend" in status ? status.backend : host.kind,
    state: states[status._tag],
    since: new Date(status.sinceMs).toISOString(),
    pid: serving?.pid ?? null,
    memory_mb: serving === undefined ? null : rounded(serving.memoryBytes / mebibyte, 1),
    restarts,
    last_error:
      lastFault === undefined
        ? null
        : { reason: lastFault.reason, message: lastFault.message, at: new Date(lastFault.atMs).toISOString() },
    queue_depth: serving?.queueDepth ?? 0,
    work: serving === undefined ? null : workReport(serving.work, serving.recentWork)
  }
}
