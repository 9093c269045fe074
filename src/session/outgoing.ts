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

  /** The first message or prompt that comes of `act` answers `ref`. Gives the `ref` back when there was none. */
  answering(ref: string | undefined, act: () => void): string | undefined {
    this.#ref = ref
    act()
    return this.takeRef()
  }

  /** What is to be answered, for a reply that comes later: it is no longer answered by the next message. */
  takeRef(): string | undefined {
    const ref = this.#ref
    this.#ref = undefined
    return ref
  }

  send(message: ServerMessage): void {
    if (this.#closed) return
    const ref = message.ref ?? this.takeRef()
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
