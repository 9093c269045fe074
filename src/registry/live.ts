/** Sessions that are connected now, for `/admin/sessions`: who, since when, how much; never what was said. */
import { createHash } from "node:crypto"
import { Context } from "effect"
import type { Admission } from "#src/session/contract.ts"

export interface Traffic {
  readonly audioBytesIn: number
  readonly audioBytesOut: number
  readonly lastActivityAtMs: number
}

export interface LiveClient {
  readonly traffic: Traffic
  readonly close: (code: number, reason: string) => void
}

export interface LiveSession {
  /** Its id changes when the client resumes an earlier session. */
  readonly handle: { readonly id: string }
  readonly admission: Admission
  readonly startedAtMs: number
  readonly client: LiveClient
}

export class LiveSessions {
  readonly #sessions = new Set<LiveSession>()

  /** Returns how to remove it. */
  add(session: LiveSession): () => void {
    this.#sessions.add(session)
    return () => void this.#sessions.delete(session)
  }

  get(id: string): LiveSession | undefined {
    return [...this.#sessions].find((session) => session.handle.id === id)
  }

  /** What an admin sees; a subject only as a hash, enough to tell two apart. */
  list(): ReadonlyArray<Record<string, string | number | null>> {
    return [...this.#sessions].map(({ handle, admission, startedAtMs, client }) => ({
      id: handle.id,
      endpoint: admission.endpoint,
      protocol: admission.protocol,
      subject_hash: admission.subject === undefined ? null : hashOf(admission.subject),
      client_address: admission.clientAddress,
      started_at: new Date(startedAtMs).toISOString(),
      last_activity_at: new Date(client.traffic.lastActivityAtMs).toISOString(),
      audio_bytes_in: client.traffic.audioBytesIn,
      audio_bytes_out: client.traffic.audioBytesOut,
      trace_id: admission.traceId
    }))
  }
}

const hashOf = (subject: string): string => createHash("sha256").update(subject).digest("hex").slice(0, 16)

export class Live extends Context.Service<Live, LiveSessions>()("sawt/registry/Live") {}
