/**
 * A host whose model may come later, or be exchanged while it serves. What is asked of it goes to the host that it is now;
 * whoever listens to it is told of either. Streams of the one before are not its own any more: they end with that one.
 */
import { Effect } from "effect"
import { HostError, type HostFault, type HostKind } from "#schemas/host.ts"
import {
  type Host,
  type HostFigures,
  type HostStatus,
  type HostStream,
  type HostStreamListener,
  unservedStream
} from "./host.ts"

export class ReplaceableHost implements Host {
  readonly kind: HostKind
  #host: Host
  #stop: () => void
  readonly #listeners = new Set<(status: HostStatus) => void>()

  constructor(host: Host) {
    this.kind = host.kind
    this.#host = host
    this.#stop = host.onStatus((status) => this.#tell(status))
  }

  /** From now on it is this one. */
  become(host: Host): void {
    this.#stop()
    this.#host = host
    this.#stop = host.onStatus((status) => this.#tell(status))
    this.#tell(host.status())
  }

  status(): HostStatus {
    return this.#host.status()
  }

  figures(): HostFigures {
    return this.#host.figures()
  }

  onStatus(listener: (status: HostStatus) => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  open(params: object, listener: HostStreamListener): HostStream {
    return this.#host.open(params, listener)
  }

  request(body: object): Effect.Effect<unknown, HostError> {
    return Effect.suspend(() => this.#host.request(body))
  }

  #tell(status: HostStatus): void {
    for (const listener of Array.from(this.#listeners)) listener(status)
  }
}

/** A host that there is not: why, for `/health`. */
export const absentHost = (kind: HostKind, fault: HostFault): Host => {
  const error = new HostError({ kind, ...fault })
  const status: HostStatus = { _tag: "Failed", sinceMs: Date.now(), error }
  return {
    kind,
    status: () => status,
    figures: () => ({ restarts: 0 }),
    onStatus: () => () => {},
    open: (_, listener) => unservedStream(listener, () => error),
    request: () => Effect.fail(error)
  }
}
