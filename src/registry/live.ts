/** Sessions that are connected now. */
import { Context } from "effect"
import type { Admission, SessionHandle } from "#src/session/contract.ts"

export interface LiveSession {
  readonly handle: Pick<SessionHandle, "id" | "summary" | "ended" | "end">
  readonly admission: Admission
}

export class LiveSessions {
  readonly #sessions = new Set<LiveSession>()

  /** Returns how to remove it. */
  add(session: LiveSession): () => void {
    this.#sessions.add(session)
    return () => void this.#sessions.delete(session)
  }

  /** Without those that have ended and whose socket is still closing: their id may be another connection's by now. */
  get open(): ReadonlyArray<LiveSession> {
    return [...this.#sessions].filter(({ handle }) => !handle.ended)
  }

  get(id: string): LiveSession | undefined {
    return this.open.find(({ handle }) => handle.id === id)
  }
}

export class Live extends Context.Service<Live, LiveSessions>()("sawt/registry/Live") {}
