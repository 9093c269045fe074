/**
 * What machines do, in the words of Stately's inspector (`@statelyai/inspect`, `StatelyInspectionEvent`): which actors there
 * are, which events they take, in which states they stand. Ours is closed: an event is its type, a snapshot its state, and
 * neither context, input nor output has a place, so that nothing that anybody said can be in it.
 */
import { Schema } from "effect"

const common = {
  /** Of the actor: XState's own name for it in its system. */
  sessionId: Schema.String,
  rootId: Schema.String,
  /** Milliseconds since 1970, as text. */
  createdAt: Schema.String,
  id: Schema.String,
  _version: Schema.String
}
const EventType = Schema.Struct({ type: Schema.String })
const Snapshot = Schema.Struct({
  status: Schema.Literals(["active", "done", "error", "stopped"]),
  /** Names of states. */
  value: Schema.optionalKey(Schema.Unknown),
  /** Always empty: there the inspector looks for it. */
  context: Schema.Struct({})
})

export const InspectionEvent = Schema.Union([
  Schema.Struct({
    ...common,
    type: Schema.Literal("@xstate.actor"),
    name: Schema.String,
    parentId: Schema.optionalKey(Schema.String),
    /** JSON of the machine's definition. */
    definition: Schema.optionalKey(Schema.String),
    snapshot: Snapshot
  }),
  Schema.Struct({
    ...common,
    type: Schema.Literal("@xstate.event"),
    sourceId: Schema.optionalKey(Schema.String),
    event: EventType
  }),
  Schema.Struct({ ...common, type: Schema.Literal("@xstate.snapshot"), event: EventType, snapshot: Snapshot })
]).pipe(Schema.toTaggedUnion("type"))
export type InspectionEvent = typeof InspectionEvent.Type

/** The release of `@statelyai/inspect` whose protocol this is. */
export const inspectionVersion = "0.7.2"
