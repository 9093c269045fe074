/** Log lines that belong to a session or a turn: with its ids, so that line and trace are found by each other. */
import { Effect, Tracer } from "effect"
import type { TurnRecord } from "./turn-record.ts"
import type { TurnRecorder } from "./turn-recorder.ts"

type Place = Pick<TurnRecorder, "sessionId" | "traceId" | "spanId">

export const inTrace = ({ sessionId, traceId, spanId }: Place, effect: Effect.Effect<void>): Effect.Effect<void> =>
  effect.pipe(
    Effect.annotateLogs({ session_id: sessionId, trace_id: traceId }),
    Effect.withParentSpan(Tracer.externalSpan({ traceId, spanId, sampled: true }))
  )

/** Of what operators should look at: turns that failed, were slow, or cost a host. Undefined: of this one nothing. */
export const tellTurn = (turn: TurnRecord): Effect.Effect<void> | undefined => {
  const { session, traceId, spanId, number, cause, outcome, responseMs, failure, isSlow, hearings } = turn
  const facts = {
    turn: number,
    cause,
    outcome,
    ...(responseMs === undefined ? {} : { response_ms: Math.round(responseMs) }),
    ...(failure === undefined ? {} : { failure })
  }
  const line =
    failure !== undefined
      ? Effect.logWarning("a turn failed", facts)
      : hearings.length > 1
        ? Effect.logWarning("a turn went on although its speech host was lost", facts)
        : isSlow
          ? Effect.logInfo("a turn was slow", facts)
          : undefined
  return line === undefined ? undefined : inTrace({ sessionId: session.id, traceId, spanId }, line)
}
