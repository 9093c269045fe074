/**
 * The turns of all sessions, as they end: whoever wants them listens. The last ones are kept in memory for the timeline,
 * also for a while after their session has ended; over the bound the oldest go.
 */
import { Context } from "effect"
import { limits } from "#src/limits.ts"
import type { RecordedSession } from "./open-turn.ts"
import { type RecordedAdmission, TurnRecorder } from "./turn-recorder.ts"
import type { TurnRecord } from "./turn-record.ts"
import type { SessionRecord, UpgradeRecord } from "./visit-records.ts"

type Listener<A> = (record: A) => void

/** Those who are told; called on the event loop, in order. What they throw is theirs: they must not. */
class Listeners<A> {
  readonly #all = new Set<Listener<A>>()

  /** Returns how to stop. */
  readonly add = (listener: Listener<A>): (() => void) => {
    this.#all.add(listener)
    return () => void this.#all.delete(listener)
  }

  readonly tell = (record: A): void => {
    for (const listener of this.#all) listener(record)
  }
}

export class TurnLog {
  readonly #turns = new Listeners<TurnRecord>()
  readonly #sessions = new Listeners<SessionRecord>()
  readonly #upgrades = new Listeners<UpgradeRecord>()
  /** Oldest first. */
  readonly #kept: Array<TurnRecord> = []
  readonly #open = new Set<TurnRecorder>()

  /** Each turn as it ends. */
  readonly onTurn = this.#turns.add
  readonly onSession = this.#sessions.add
  readonly onUpgrade = this.#upgrades.add
  readonly upgraded = this.#upgrades.tell

  /** Of one session, oldest first, those still going on among them. */
  of(sessionId: string): ReadonlyArray<TurnRecord> {
    const going = [...this.#open].flatMap((recorder) => recorder.going())
    return [...this.#kept, ...going].filter(({ session }) => session.id === sessionId)
  }

  /** Of a session that begins; `session` tells how it stands. */
  record(admission: RecordedAdmission, session: () => RecordedSession): TurnRecorder {
    const recorder: TurnRecorder = new TurnRecorder({
      admission,
      session,
      onTurn: (turn) => this.#ended(turn),
      onSession: (ended) => {
        this.#open.delete(recorder)
        this.#sessions.tell(ended)
      }
    })
    this.#open.add(recorder)
    return recorder
  }

  #ended(turn: TurnRecord): void {
    this.#kept.push(turn)
    if (this.#kept.length > limits.turnsKeptMax) this.#kept.splice(0, this.#kept.length - limits.turnsKeptMax)
    this.#turns.tell(turn)
  }
}

/** Without a layer, the one of this process. */
export const Turns: Context.Reference<TurnLog> = Context.Reference("sawt/telemetry/Turns", {
  defaultValue: () => new TurnLog()
})
