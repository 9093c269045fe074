/**
 * A session's machines as they run, for designers: attached when somebody looks and at no other time. Only types of events
 * and names of states leave here (`schemas/inspection.ts`): prompts, transcripts and answers travel in the events' other
 * fields, in contexts, inputs and outputs, and none of these is read.
 */
import type { AnyActorRef, InspectionEvent as XStateEvent } from "xstate"
import { type InspectionEvent, inspectionVersion } from "#schemas/inspection.ts"

export interface Watcher {
  readonly tell: (event: InspectionEvent) => void
  /** The session is over; nothing follows. */
  readonly ended: () => void
}

interface Definition {
  readonly id?: string | undefined
}

/** A machine's definition as Stately's inspector and editor read it: functions by their names alone. */
export const printedDefinition = (definition: Definition, indent?: number): string =>
  JSON.stringify(
    definition,
    (_, value: unknown) => (typeof value === "function" ? { type: value.name } : value),
    indent
  )

const definitionOf = (actor: AnyActorRef): Definition | undefined => {
  const { logic } = actor as unknown as { readonly logic?: { readonly config?: unknown } }
  const config = logic?.config
  // What a promise is made of is a function, and no machine.
  return typeof config === "object" && config !== null && "states" in config ? (config as Definition) : undefined
}

type Snapshot = Extract<InspectionEvent, { type: "@xstate.snapshot" }>["snapshot"]

/** An actor that is just being made cannot be asked for its own; the first step tells it. */
const unread: Snapshot = { status: "active", context: {} }

const snapshotOf = (snapshot: unknown): Snapshot => {
  const { status, value } = snapshot as Pick<Snapshot, "status" | "value">
  return { status, ...(value === undefined ? {} : { value }), context: {} }
}

class Told {
  readonly #watcher: Watcher
  readonly #nowMs: () => number
  #count = 0

  constructor(watcher: Watcher, nowMs: () => number) {
    this.#watcher = watcher
    this.#nowMs = nowMs
  }

  #common(actor: AnyActorRef, rootId: string) {
    return {
      sessionId: actor.sessionId,
      rootId,
      createdAt: String(this.#nowMs()),
      id: String(++this.#count),
      _version: inspectionVersion
    }
  }

  actor(actor: AnyActorRef, rootId: string, snapshot: Snapshot): void {
    const definition = definitionOf(actor)
    const parent = (actor as unknown as { readonly _parent?: AnyActorRef })._parent
    this.#watcher.tell({
      ...this.#common(actor, rootId),
      type: "@xstate.actor",
      name: actor.id === actor.sessionId ? (definition?.id ?? actor.id) : actor.id,
      ...(parent === undefined ? {} : { parentId: parent.sessionId }),
      ...(definition === undefined ? {} : { definition: printedDefinition(definition) }),
      snapshot
    })
  }

  event(event: XStateEvent): void {
    const actor = event.actorRef as AnyActorRef
    switch (event.type) {
      case "@xstate.actor":
        return this.actor(actor, event.rootId, unread)
      case "@xstate.event": {
        const source = event.sourceRef as AnyActorRef | undefined
        return this.#watcher.tell({
          ...this.#common(actor, event.rootId),
          type: "@xstate.event",
          ...(source === undefined ? {} : { sourceId: source.sessionId }),
          event: { type: event.event.type }
        })
      }
      case "@xstate.snapshot":
        return this.#watcher.tell({
          ...this.#common(actor, event.rootId),
          type: "@xstate.snapshot",
          event: { type: event.event.type },
          snapshot: snapshotOf(event.snapshot)
        })
      default:
    }
  }
}

/**
 * Tells of the actors that there are, then of whatever they do. Returns how to look away. XState calls an observer in the
 * middle of a session's step: what fails here ends the watching, never the session.
 */
export const inspected = (root: AnyActorRef, watcher: Watcher, nowMs: () => number = Date.now): (() => void) => {
  const told = new Told(watcher, nowMs)
  const { children } = root.getSnapshot() as { readonly children: Readonly<Record<string, AnyActorRef | undefined>> }
  const running = Object.values(children).filter((child) => child !== undefined)
  for (const actor of [root, ...running]) told.actor(actor, root.sessionId, snapshotOf(actor.getSnapshot()))
  const inspection = root.system.inspect((event) => {
    try {
      told.event(event)
    } catch {
      inspection.unsubscribe()
      watcher.ended()
    }
  })
  const end = root.subscribe({ complete: watcher.ended, error: watcher.ended })
  return () => {
    inspection.unsubscribe()
    end.unsubscribe()
  }
}
