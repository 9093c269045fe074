/** Turns as a waterfall: the spans that are exported of them, for people without a tracing stack. Pure. */
import type { Timeline, TimelineTurn } from "#schemas/timeline.ts"
import { spansOfTurn } from "./spans.ts"
import type { TurnRecord } from "./turn-record.ts"

const rounded = (durationMs: number): number => Math.round(durationMs * 10) / 10

const turnOf = (turn: TurnRecord): TimelineTurn => {
  const [root, ...parts] = spansOfTurn(turn)
  const startMs = root?.startMs ?? 0
  return {
    number: turn.number,
    trace_id: turn.traceId,
    started_at: new Date(startMs).toISOString(),
    duration_ms: rounded((root?.endMs ?? 0) - startMs),
    facts: { ...root?.attributes },
    parts: parts.map((part) => ({
      name: part.name,
      from_ms: rounded(part.startMs - startMs),
      to_ms: rounded(part.endMs - startMs),
      failed: part.isError === true,
      facts: { ...part.attributes }
    })),
    events: (root?.events ?? []).map(({ name, atMs, attributes }) => ({
      name,
      at_ms: rounded(atMs - startMs),
      facts: { ...attributes }
    }))
  }
}

export const timelineOf = (sessionId: string, turns: ReadonlyArray<TurnRecord>): Timeline => ({
  session_id: sessionId,
  turns: turns.map(turnOf)
})
