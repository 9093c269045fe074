/**
 * The server's side of a model host: what its users see. A crash or a hang costs the streams open at that moment, each of
 * which ends with a `HostError`; the next `open` goes to the replacement.
 */
import type { Effect } from "effect"
import type { HostError, HostKind, HostReason, HostWork, ServingKind } from "#schemas/host.ts"
import type { ModelHealth } from "#src/models.ts"

export type HostStatus =
  | { readonly _tag: "Loading"; readonly sinceMs: number; readonly attempt: number }
  | {
      readonly _tag: "Ready"
      readonly sinceMs: number
      readonly pid: number
      readonly backend: string
      readonly info: Readonly<Record<string, unknown>>
    }
  /** It left beats unanswered. It still takes streams, and either answers soon or is killed and replaced. */
  | {
      readonly _tag: "Suspect"
      readonly sinceMs: number
      readonly pid: number
      readonly backend: string
      readonly info: Readonly<Record<string, unknown>>
      readonly error: HostError
    }
  | { readonly _tag: "Recovering"; readonly sinceMs: number; readonly attempt: number; readonly error: HostError }
  /** Tried again now and then: it may become `Ready`, with nothing in between. */
  | { readonly _tag: "Failed"; readonly sinceMs: number; readonly error: HostError }

/** What the opener of a stream hears. Called on the server's event loop, in order; nothing follows `closed`. */
export interface HostStreamListener {
  readonly message: (message: unknown) => void
  /** `bytes` are valid only during the call. */
  readonly binary: (bytes: Uint8Array) => void
  readonly closed: (error: HostError | undefined) => void
}

export interface HostStream {
  readonly send: (message: object) => void
  /** One frame of all the parts, copied before it returns. False: it was taken, but the pipe is full; stop feeding until acknowledgements come. */
  readonly sendBinary: (...parts: ReadonlyArray<Uint8Array>) => boolean
  /** The same; it may wait up to 60 ms for the blocks of others, to wake the host once for all. */
  readonly sendPatiently: (bytes: Uint8Array) => boolean
  readonly close: () => void
}

/** What operators see of a host besides its status; of the process that serves, where one does. */
export interface HostFigures {
  readonly serving?: {
    readonly pid: number
    readonly memoryBytes: number
    readonly queueDepth: number
    /** Since the process started, and in the last half to whole minute. */
    readonly work: HostWork
    readonly recentWork: HostWork
  }
  /** Processes started after the first. */
  readonly restarts: number
  readonly lastFault?: { readonly reason: HostReason; readonly message: string; readonly atMs: number }
}

export interface Host {
  readonly kind: HostKind
  readonly figures: () => HostFigures
  readonly status: () => HostStatus
  readonly onStatus: (listener: (status: HostStatus) => void) => () => void
  /** Never throws: where no host runs, `closed` is called (later) with reason `unavailable`. */
  readonly open: (params: object, listener: HostStreamListener) => HostStream
  readonly request: (body: object) => Effect.Effect<unknown, HostError>
}

/** What `open` gives where no host runs. `fault` is asked when it is told. */
export const unservedStream = (listener: HostStreamListener, fault: () => HostError): HostStream => {
  const telling = setImmediate(() => listener.closed(fault()))
  return {
    send: () => {},
    sendBinary: () => true,
    sendPatiently: () => true,
    close: () => clearImmediate(telling)
  }
}

/** A host as operators look at it. */
export interface WatchedHost extends Pick<Host, "status" | "figures"> {
  readonly kind: ServingKind
}

const modelStatus = {
  Loading: "loading",
  Ready: "ready",
  Suspect: "recovering",
  Recovering: "recovering",
  Failed: "failed"
} as const

/** A host's state in the words of `/health`; `backend` names it while it is not ready. */
export const hostHealth = (status: HostStatus, backend: string): ModelHealth => ({
  status: modelStatus[status._tag],
  backend: "backend" in status ? status.backend : backend,
  sinceMs: status.sinceMs,
  degraded: false,
  ...("error" in status && { reason: status.error.message, cause: status.error.reason })
})
