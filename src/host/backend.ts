/**
 * What a model's file exports. It is loaded only in a child process (`src/host/child.ts`), where its calls may block,
 * crash or leak without touching the server or a session.
 */
import type { HostReason } from "#schemas/host.ts"

/** Thrown by a backend for faults it can name; anything else that it throws counts as `refused` (or `crash` at load). */
export class BackendFault extends Error {
  readonly reason: HostReason
  constructor(reason: HostReason, message: string) {
    super(message)
    this.name = "BackendFault"
    this.reason = reason
  }
}

/** The host's end of one stream: what the backend says to the server. */
export interface BackendStream {
  readonly send: (message: object) => void
  /** The bytes are copied out before this returns. */
  readonly sendBinary: (bytes: Uint8Array) => void
  /** Ends the stream; with a fault, the server's side fails with it. */
  readonly close: (fault?: BackendFault) => void
}

/** What the backend does with what the server says on one stream. */
export interface BackendSink {
  readonly message: (message: unknown) => void
  /** `bytes` are valid only during the call. */
  readonly binary: (bytes: Uint8Array) => void
  /** The server is no longer interested; free everything, also while a native call is under way. */
  readonly closed: () => void
}

export interface LoadedBackend {
  /** Name and version, as `/health` shows it: never a path. */
  readonly name: string
  /** Facts that the server needs (sample rate, vocabulary size …). */
  readonly info: Readonly<Record<string, unknown>>
  readonly open: (stream: BackendStream, params: unknown) => BackendSink
  /** The answer, or a promise of it. */
  readonly request?: (body: unknown) => unknown
  /** Does for real what the model is for; rejects with the fault. Before the host is ready, and now and then. */
  readonly probe: () => Promise<void>
  readonly close: () => void
}

export interface Backend {
  readonly load: (options: unknown) => Promise<LoadedBackend>
}
