/**
 * What is logged of a host's life: names, reasons, counts, durations. Never what was said or spoken: `message` is the
 * supervisor's or the backend's own sentence about a fault, `line` is a native library's, for debugging only.
 */
import { Effect } from "effect"
import type { HostReason } from "#schemas/host.ts"

interface Entry {
  /** Kinds of the host, joined with `+`. */
  readonly host: string
  readonly pid: number
}

export type HostLog =
  /** `durationMs`: from its start. */
  | (Entry & { readonly event: "ready"; readonly attempt: number; readonly durationMs: number })
  /** A process ended; `durationMs` is how long it lived. */
  | (Entry & {
      readonly event: "fault"
      readonly reason: HostReason
      readonly message: string
      readonly attempt: number
      readonly durationMs: number
    })
  /** It left beats unanswered. */
  | (Entry & { readonly event: "suspect" })
  | (Entry & {
      readonly event: "recycling"
      readonly why: "memory" | "age" | "streams"
      readonly durationMs: number
    })
  | (Entry & { readonly event: "stderr"; readonly line: string })

export const logHost = ({ event, ...fields }: HostLog): Effect.Effect<void> => {
  const message = `model host ${event}`
  if (event === "stderr") return Effect.logDebug(message, fields)
  return event === "ready" || event === "recycling"
    ? Effect.logInfo(message, fields)
    : Effect.logWarning(message, fields)
}
