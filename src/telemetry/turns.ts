/**
 * The turns of all sessions, as they end: whoever wants them listens. The last ones are kept in memory for the timeline,
 * also for a while after their session has ended; over the bound the oldest go.
 */
import { Context, Effect, Layer } from "effect"
import { limits } from "#src/limits.ts"
import type { RecordedSession } from "./open-turn.ts"
import { TurnRecorder } from "./turn-recorder.ts"
import type { TurnRecord } from "./turn-record.ts"

export class TurnLog {
  readonly #listeners = new Set<(turn: TurnRecord) => void>()
  /** Oldest first. */
  readonly #kept: Array<TurnRecord> = []
  readonly #open = new Set<TurnRecorder>()

  /** Called on the event loop, in the order in which turns end; must not throw. Returns how to stop. */
  readonly onTurn = (listener: (turn: TurnRecord) => void): (() => void) => {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  /** Of one session, oldest first, those still going on among them. */
  of(sessionId: string): ReadonlyArray<TurnRecord> {
    const going = [...this.#open].flatMap((recorder) => recorder.going())
    return [...this.#kept, ...going].filter(({ session }) => session.id === sessionId)
  }

  /** Of a session that begins; `session` tells how it stands. */
  record(session: () => RecordedSession): TurnRecorder {
    const recorder: TurnRecorder = new TurnRecorder(
      session,
      (turn) => this.#ended(turn),
      () => this.#open.delete(recorder)
    )
    this.#open.add(recorder)
    return recorder
  }

  #ended(turn: TurnRecord): void {
    this.#kept.push(turn)
    if (this.#kept.length > limits.turnsKeptMax) this.#kept.splice(0, this.#kept.length - limits.turnsKeptMax)
    for (const listener of this.#listeners) listener(turn)
  }
}

export class Turns extends Context.Service<Turns, TurnLog>()("sawt/telemetry/Turns") {
  static readonly layer = Layer.effect(
    Turns,
    Effect.sync(() => new TurnLog())
  )
}
