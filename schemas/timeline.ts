/** The turns of a session as a waterfall: names, times and figures of the spans that are exported, and nothing personal. */
import { Schema } from "effect"

const describe = <S extends Schema.Top>(schema: S, description: string): S["Rebuild"] =>
  schema.annotate({ description })
const Facts = describe(
  Schema.Record(Schema.String, Schema.Union([Schema.String, Schema.Finite, Schema.Boolean])),
  "Attributes of the span, see docs/reference/traces.md."
)
const Ms = describe(Schema.Finite, "Milliseconds since the turn began.")

export const TimelineTurn = Schema.Struct({
  number: describe(Schema.Int, "From 1, in its connection."),
  trace_id: Schema.String,
  started_at: Schema.String,
  duration_ms: Schema.Finite,
  facts: Facts,
  parts: describe(
    Schema.Array(
      Schema.Struct({
        name: describe(
          Schema.String,
          "Of the span: speech, endpointing, recognition, decode, match, store, synthesis …"
        ),
        from_ms: Ms,
        to_ms: Ms,
        failed: Schema.Boolean,
        facts: Facts
      })
    ),
    "In the order in which they began."
  ),
  events: Schema.Array(Schema.Struct({ name: Schema.String, at_ms: Ms, facts: Facts }))
})
export type TimelineTurn = typeof TimelineTurn.Type

export const Timeline = Schema.Struct({
  session_id: Schema.String,
  turns: describe(Schema.Array(TimelineTurn), "Oldest first; those going on among them, as they stand.")
}).annotate({ identifier: "Timeline" })
export type Timeline = typeof Timeline.Type

export const LogLevelBody = Schema.Struct({
  level: Schema.Literals(["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"])
}).annotate({ identifier: "LogLevelBody" })
export type LogLevelBody = typeof LogLevelBody.Type
