/**
 * What a session says to its client: numbers the durable messages, gives a reply the `ref` of what it answers, and says
 * nothing more once closed.
 */
import { errorRow, type ErrorCode } from "#schemas/errors.ts"
import type { ServerMessage } from "#schemas/wire.ts"
import type { Connection } from "./contract.ts"

const durable: ReadonlySet<ServerMessage["type"]> = new Set([
  "transcript.final",
  "question.asked",
  "answer.confirm",
  "answer.recorded",
  "questionnaire.notice",
  "questionnaire.completed",
  "session.ended"
])

export class Outgoing {
  readonly #connection: Connection
  readonly #traceId: string
  #seq = 0
  #ref: string | undefined
  #closed = false

  constructor(connection: Connection, traceId: string) {
    this.#connection = connection
    this.#traceId = traceId
  }

  /** The first message sent while `act` runs answers `ref`, a mere change of state aside. */
  answering(ref: string | undefined, act: () => void): void {
    this.#ref = ref
    act()
    this.#ref = undefined
  }

  send(message: ServerMessage): void {
    if (this.#closed) return
    const replies = this.#ref !== undefined && message.ref === undefined && message.type !== "state.changed"
    const ref = replies ? this.#ref : undefined
    if (replies) this.#ref = undefined
    const seq = durable.has(message.type) ? ++this.#seq : undefined
    this.#connection.send({
      ...message,
      ...(seq === undefined ? {} : { seq }),
      ...(ref === undefined ? {} : { ref })
    } as ServerMessage)
  }

  refuse(code: ErrorCode, message: string, ref?: string): void {
    const { retryable } = errorRow(code)
    this.send({
      type: "error",
      code,
      message,
      retryable,
      trace_id: this.#traceId,
      ...(ref === undefined ? {} : { ref })
    })
  }

  close(code: number, reason: string): void {
    if (this.#closed) return
    this.#closed = true
    this.#connection.close(code, reason)
  }
}
