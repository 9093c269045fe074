/** What the processes of one service use, from /proc, so Linux only: the server and the model hosts that it started. */
import { readdirSync, readFileSync } from "node:fs"

export type ProcessName = "server" | "stt" | "vad" | "tts"
export interface ServiceProcess {
  readonly pid: number
  readonly name: ProcessName
}

/** Of USER_HZ: 100 on every Linux that runs Node. */
const ticksPerSecond = 100

/** The fields after the command's name, which may hold spaces: state, parent, … */
const statOf = (pid: number): ReadonlyArray<string> => {
  const text = readFileSync(`/proc/${pid}/stat`, "utf8")
  return text.slice(text.lastIndexOf(")") + 2).split(" ")
}

const parentOf = (pid: number): number | undefined => {
  try {
    return Number(statOf(pid)[1])
  } catch {
    return undefined
  }
}

/** A host is told by the native library that it has mapped. */
const nameOf = (pid: number): ProcessName => {
  const maps = readFileSync(`/proc/${pid}/maps`, "utf8")
  if (maps.includes("libvosk")) return "stt"
  return maps.includes("libonnxruntime") ? "vad" : "tts"
}

/** Once all hosts are ready. */
export const processesOf = (serverPid: number): ReadonlyArray<ServiceProcess> => {
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name))
  const hosts = pids.map(Number).filter((pid) => parentOf(pid) === serverPid)
  return [{ pid: serverPid, name: "server" }, ...hosts.map((pid) => ({ pid, name: nameOf(pid) }))]
}

/** User and system time since it began, steps of 10 ms. */
export const cpuSecondsOf = (pid: number): number => {
  const fields = statOf(pid)
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond
}

/** What each used since `cpuMeter` was called. */
export const cpuMeter = (processes: ReadonlyArray<ServiceProcess>): (() => Readonly<Record<ProcessName, number>>) => {
  const before = processes.map(({ pid }) => cpuSecondsOf(pid))
  return () => {
    const used = { server: 0, stt: 0, vad: 0, tts: 0 }
    processes.forEach(({ pid, name }, i) => (used[name] += cpuSecondsOf(pid) - (before[i] ?? 0)))
    return used
  }
}

/** Proportional set size: shared pages are divided among those who share them, so the sum is what the service takes. */
export const pssKbOf = (pid: number): number => {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8")
  return Number(/^Pss:\s+(\d+) kB/m.exec(rollup)?.[1] ?? NaN)
}
