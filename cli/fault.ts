/** How a command fails: one line for the person, and the exit code for scripts. */
import { Data, Effect } from "effect"
import { SawtError } from "../client/sawt-client.ts"

export const exitCodes = {
  done: 0,
  /** Not done, or not all of it: refused, or a file that cannot be read. */
  failed: 1,
  usage: 2,
  /** No service answers there. */
  unreachable: 3,
  interrupted: 130
} as const

export class Fault extends Data.TaggedError("Fault")<{ readonly message: string; readonly exitCode: number }> {}

export const failed = (message: string): Fault => new Fault({ message, exitCode: exitCodes.failed })
export const misused = (message: string): Fault => new Fault({ message, exitCode: exitCodes.usage })

export const faultOf = (error: unknown): Fault => {
  if (error instanceof Fault) return error
  if (error instanceof SawtError) {
    const exitCode = error.code === "unreachable" ? exitCodes.unreachable : exitCodes.failed
    return new Fault({ message: `${error.message} (${error.code})`, exitCode })
  }
  return failed(error instanceof Error ? error.message : String(error))
}

/** `signal` aborts when the command is interrupted. */
export const attempt = <Value>(act: (signal: AbortSignal) => Promise<Value>): Effect.Effect<Value, Fault> =>
  Effect.tryPromise({ try: act, catch: faultOf })
