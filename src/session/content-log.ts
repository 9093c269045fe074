/**
 * The one way by which what people say may reach a log: transcripts, typed text and answers, at DEBUG, and only where an
 * operator has switched `LOG_CONTENT` on. It stays in this process's own log: OTLP does not get it. Tokens and secrets are no
 * content and are never logged.
 */
import { Effect } from "effect"
import type { ClientMessage, ServerMessage } from "#schemas/wire.ts"
import { StaysHere } from "#src/telemetry/logs.ts"
import type { Admission, Connection } from "./contract.ts"

export type LogContent = (message: ClientMessage | ServerMessage) => void

const contentOf = (message: ClientMessage | ServerMessage): string | undefined => {
  switch (message.type) {
    case "text.input":
    case "speech.say":
    case "transcript.partial":
    case "transcript.final":
      return message.text
    case "answer.confirm":
    case "answer.recorded":
      return `${message.link_id}: ${message.display}`
    case "answer.select":
      return `${message.link_id}: ${message.code ?? message.value}`
    case "dtmf":
      return message.digits
    default:
      return undefined
  }
}

/** Of one session: call it with whatever comes and goes. */
export const makeLogContent =
  (run: (log: Effect.Effect<void>) => void) =>
  ({ traceId, subject }: Admission): LogContent =>
  (message) => {
    const content = contentOf(message)
    if (content !== undefined)
      run(Effect.provideService(Effect.logDebug(message.type, { traceId, subject, content }), StaysHere, true))
  }

/** The same connection; what goes out over it is logged. */
export const loggedConnection = (connection: Connection, logContent: LogContent): Connection => ({
  ...connection,
  send: (message) => {
    logContent(message)
    connection.send(message)
  }
})
