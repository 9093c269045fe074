/**
 * What a session says to its client: numbers the durable messages and writes them before they are sent, gives a reply the
 * `ref` of what it answers and repeats it when the client repeats itself, and says nothing more once closed.
 */
import { Result } from "effect"
import { errorRow, type ErrorCode } from "#schemas/errors.ts"
import type { ServerMessage } from "#schemas/wire.ts"
import { limits } from "#src/limits.ts"
import type { Journal, Write } from "#src/store/store.ts"
import type { TurnRecorder } from "#src/telemetry/turn-recorder.ts"
import type { Connection } from "./contract.ts"
import type { KeptOutput } from "./kept.ts"

const durable: ReadonlySet<ServerMessage["type"]> = new Set([
  "transcript.final",
  "question.asked",
  "answer.confirm",
  "answer.recorded",
  "questionnaire.notice",
  "questionnaire.completed",
  "session.ended"
])

/** Who looks on. */
type OutgoingTurns = Pick<TurnRecorder, "traceId" | "sent" | "wrote">

export class Outgoing {
  readonly #connection: Connection
  readonly #turns: OutgoingTurns
  /** What answered each of the client's last refs; undefined while the answer is due. Oldest first. */
  readonly #answered = new Map<string, ServerMessage | undefined>()
  #journal: Journal | undefined
  #seq = 0
  #ref: string | undefined
  #closed = false

  constructor(connection: Connection, turns: OutgoingTurns) {
    this.#turns = turns
    this.#connection = connection
  }

  /** A `ref` that was there before is not acted on again: its answer is repeated, once there is one. */
  repeats(ref: string | undefined): boolean {
    if (ref === undefined || !this.#answered.has(ref)) return false
    const answer = this.#answered.get(ref)
    if (answer !== undefined && !this.#closed) this.#connection.send(answer)
    return true
  }

  /** The first message or prompt that comes of `act` answers `ref`. Gives the `ref` back when there was none. */
  answering(ref: string | undefined, act: () => void): string | undefined {
    if (ref !== undefined) this.#remember(ref, undefined)
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

  /** From here on durable messages are written. `lastSeq`: the number of the last one, of an earlier connection. */
  keepIn(journal: Journal, lastSeq: number): void {
    this.#journal = journal
    this.#seq = lastSeq
  }

  /** What an earlier connection sent and the client has not seen, as it was; its refs are answered. */
  replay(messages: ReadonlyArray<ServerMessage>): void {
    for (const message of messages) {
      if (message.ref !== undefined) this.#remember(message.ref, message)
      this.#connection.send(message)
    }
  }

  /**
   * False when it holds an entry of the log that could not be written: then it is not sent. Another durable message goes
   * out all the same; a client that misses it gets a snapshot instead.
   */
  send(message: ServerMessage, kept: KeptOutput = {}): boolean {
    if (this.#closed) return false
    const ref = message.ref ?? this.#ref
    const seq = durable.has(message.type) ? this.#seq + 1 : undefined
    const outgoing = {
      ...message,
      ...(seq === undefined ? {} : { seq }),
      ...(ref === undefined ? {} : { ref })
    } as ServerMessage
    // How a connection ended is not told to the next one.
    if (seq !== undefined && message.type !== "session.ended") {
      const isWritten = this.keep({ ...kept, message: outgoing as ServerMessage & { seq: number } })
      if (!isWritten && kept.entry !== undefined) return false
    }
    if (seq !== undefined) this.#seq = seq
    if (ref === this.#ref) this.#ref = undefined
    if (ref !== undefined && this.#answered.get(ref) === undefined) this.#remember(ref, outgoing)
    this.#connection.send(outgoing)
    this.#turns.sent(outgoing)
    return true
  }

  /** Writes without telling; true when there is nothing to write to. */
  keep(write: Write): boolean {
    if (this.#journal === undefined) return true
    const startedAtMs = performance.now()
    const isStored = Result.isSuccess(this.#journal.append(write))
    this.#turns.wrote(startedAtMs, isStored)
    return isStored
  }

  /** The client has everything up to here. False: there is no such message yet. */
  acknowledged(seq: number): boolean {
    if (seq > this.#seq) return false
    this.#journal?.acknowledge(seq)
    return true
  }

  refuse(code: ErrorCode, message: string, ref?: string): void {
    const { retryable } = errorRow(code)
    this.send({
      type: "error",
      code,
      message,
      retryable,
      trace_id: this.#turns.traceId,
      ...(ref === undefined ? {} : { ref })
    })
  }

  #remember(ref: string, answer: ServerMessage | undefined): void {
    this.#answered.delete(ref)
    this.#answered.set(ref, answer)
    const oldest = this.#answered.size > limits.refsRemembered ? this.#answered.keys().next().value : undefined
    if (oldest !== undefined) this.#answered.delete(oldest)
  }

  close(code: number, reason: string): void {
    if (this.#closed) return
    this.#closed = true
    this.#connection.close(code, reason)
  }
}
