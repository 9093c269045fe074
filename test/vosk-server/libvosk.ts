/** Asks `libvosk-program.ts` what libvosk itself answers. */
import { fork } from "node:child_process"
import { once } from "node:events"
import { join } from "node:path"
import { blasEnvironment } from "#src/host/blas-kernels.ts"

export interface Exchange {
  readonly sampleRateHz: number
  readonly phrases?: ReadonlyArray<string>
  readonly words: boolean
  readonly alternatives: number
  /** Samples of one message, or the final result. */
  readonly pieces: ReadonlyArray<Uint8Array | "final">
}

export interface DirectLibvosk {
  readonly replies: (exchange: Exchange) => Promise<ReadonlyArray<string>>
  readonly stop: () => void
}

export const startLibvosk = async (): Promise<DirectLibvosk> => {
  const child = fork(join(import.meta.dirname, "libvosk-program.ts"), {
    serialization: "advanced",
    // As a host has it: other kernels add in another order, and the last digits of a confidence would differ.
    env: { ...blasEnvironment() },
    // libvosk's warnings of words that a model lacks.
    stdio: ["ignore", "inherit", "ignore", "ipc"]
  })
  await once(child, "message")
  return {
    replies: async (exchange) => {
      child.send(exchange)
      const [replies] = (await once(child, "message")) as [ReadonlyArray<string>]
      return replies
    },
    stop: () => void child.kill()
  }
}
