/** A host's life in the words of `HostStatus`, without the process that serves. */
import type { HostSnapshot } from "#machines/host.ts"
import { HostError, type HostKind } from "#schemas/host.ts"
import type { HostStatus } from "./host.ts"

export interface Life {
  readonly _tag: HostStatus["_tag"]
  readonly sinceMs: number
  /** Of a start: 1 is the first. */
  readonly attempt: number
  readonly error: HostError | undefined
}

const tagOf = (snapshot: HostSnapshot): Life["_tag"] => {
  if (snapshot.matches("starting")) return "Loading"
  if (snapshot.matches("ready")) return "Ready"
  if (snapshot.matches("suspect")) return "Suspect"
  if (snapshot.matches({ recycling: "leaving" }) || snapshot.matches("restarting")) return "Recovering"
  return snapshot.matches("recycling") ? "Ready" : "Failed"
}

export const lifeOf = (snapshot: HostSnapshot, kind: HostKind, sinceMs: number): Life => {
  const _tag = tagOf(snapshot)
  // One that was killed and has not ended yet will count.
  const attempt = snapshot.context.failures + (snapshot.matches({ restarting: "ending" }) ? 2 : 1)
  if (_tag === "Ready" || _tag === "Loading") return { _tag, sinceMs, attempt, error: undefined }
  const stopped = { kind, reason: "unavailable", message: "The service is stopping." } as const
  const error = snapshot.matches("stopped") ? new HostError(stopped) : snapshot.context.error
  return { _tag, sinceMs, attempt, error }
}
