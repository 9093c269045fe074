/** The baseline of every recognition bench: a bare libvosk loop with the same model, in a process of its own. */
import { fork } from "node:child_process"
import { once } from "node:events"
import { join } from "node:path"

export interface BareJob {
  /** 16 kHz; a recogniser for each, one after the other. */
  readonly audio: ReadonlyArray<Int16Array>
}

export interface BareResult {
  /** `[unk]` left out. */
  readonly texts: ReadonlyArray<string>
  /** Wall time of each last call: the least that a final can take. */
  readonly finalMs: ReadonlyArray<number>
  /** Of the whole process for this job, the model's loading not counted. */
  readonly cpuSeconds: number
}

export interface BareVosk {
  readonly pid: number
  readonly recognize: (audio: ReadonlyArray<Int16Array>) => Promise<BareResult>
  readonly stop: () => Promise<void>
}

export const startBareVosk = async (): Promise<BareVosk> => {
  const child = fork(join(import.meta.dirname, "bare-vosk-child.ts"), { serialization: "advanced", execArgv: [] })
  const exited = once(child, "exit")
  const died = exited.then(([code]): never => {
    throw new Error(`the bare recogniser ended with ${String(code)}`)
  })
  died.catch(() => {})
  await Promise.race([once(child, "message"), died])
  return {
    pid: child.pid ?? 0,
    recognize: async (audio) => {
      child.send({ audio } satisfies BareJob)
      const [result] = await Promise.race([once(child, "message"), died])
      return result as BareResult
    },
    stop: async () => {
      child.disconnect()
      await exited
    }
  }
}
