/** What a session needs of the runtime around it; tests give it a simulated network and clock. */
import { SawtError } from "./errors.ts"

/** As much of the standard WebSocket as is used. Node 20 has none: the class of the package `ws` is one. */
export interface SocketLike {
  binaryType: string
  readonly bufferedAmount: number
  /** 1: open. */
  readonly readyState: number
  onopen: ((event: never) => void) | null
  onmessage: ((event: never) => void) | null
  onclose: ((event: never) => void) | null
  onerror: ((event: never) => void) | null
  send(frame: string | Uint8Array): void
  close(code?: number, reason?: string): void
}
export type SocketClass = new (url: string, protocols: Array<string>) => SocketLike

export interface Surroundings {
  readonly openSocket: (url: string, protocols: Array<string>) => SocketLike
  readonly fetch: (url: string, init: { readonly headers: Record<string, string> }) => Promise<Response>
  readonly setTimeout: (run: () => void, ms: number) => unknown
  readonly clearTimeout: (timer: never) => void
  readonly nowMs: () => number
  /** 0 … 1 */
  readonly random: () => number
  /** Calls back when the machine has a network again; gives what takes the callback away. */
  readonly onOnline: (run: () => void) => () => void
}

interface OnlineTarget {
  addEventListener?: (type: string, run: () => void) => void
  removeEventListener?: (type: string, run: () => void) => void
}

export const surroundingsOf = (WebSocket: SocketClass | undefined): Surroundings => ({
  openSocket: (url, protocols) => {
    const Class = WebSocket ?? (globalThis as { WebSocket?: SocketClass }).WebSocket
    if (Class === undefined) {
      throw new SawtError(
        "unsupported",
        "This runtime has no WebSocket: give the option `WebSocket`, such as the one of the package ws."
      )
    }
    return new Class(url, protocols)
  },
  fetch: (url, init) => globalThis.fetch(url, init),
  setTimeout: (run, ms) => globalThis.setTimeout(run, ms),
  clearTimeout: (timer) => globalThis.clearTimeout(timer),
  nowMs: () => performance.now(),
  random: () => Math.random(),
  onOnline: (run) => {
    const target = globalThis as unknown as OnlineTarget
    target.addEventListener?.("online", run)
    return () => target.removeEventListener?.("online", run)
  }
})

export type Timer = ReturnType<Surroundings["setTimeout"]>

export const clear = (surroundings: Surroundings, timer: Timer | undefined): void => {
  if (timer !== undefined) surroundings.clearTimeout(timer as never)
}
