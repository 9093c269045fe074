/**
 * Messages that want an answer, by `ref`. They wait here until the answer has come; a new connection sends those that wait
 * once more, with the same `ref`, and the server answers what it has done already from memory. Pure.
 */
import type { ClientMessage, ServerMessage } from "../schemas/wire.ts"
import { SawtError } from "./errors.ts"

interface Waiting {
  readonly message: ClientMessage
  readonly resolve: (answer: ServerMessage) => void
  readonly reject: (error: SawtError) => void
}

/** Fewer than the server remembers (64), so that none of those that wait is done twice. */
const waitingMax = 32

export class Requests {
  readonly #waiting = new Map<string, Waiting>()
  readonly #prefix: string
  #count = 0

  /** `prefix` differs from that of any other client of the session. */
  constructor(prefix: string) {
    this.#prefix = prefix
  }

  get size(): number {
    return this.#waiting.size
  }

  /** The message as it is to be sent, and its answer: rejected with the error that answers it. */
  add<Message extends ClientMessage>(
    message: Message
  ): { readonly message: Message; readonly answer: Promise<ServerMessage> } {
    if (this.#waiting.size >= waitingMax) {
      throw new SawtError(
        "too_many_requests",
        `${waitingMax} messages wait for their answers: await some of them first.`
      )
    }
    const ref = message.ref ?? `${this.#prefix}-${++this.#count}`
    const { promise, resolve, reject } = withResolvers<ServerMessage>()
    // Whoever does not look at the answer hears of errors by the event "error".
    promise.catch(() => {})
    const named = { ...message, ref }
    this.#waiting.set(ref, { message: named, resolve, reject })
    return { message: named, answer: promise }
  }

  /** Oldest first. */
  unanswered(): ReadonlyArray<ClientMessage> {
    return [...this.#waiting.values()].map(({ message }) => message)
  }

  answer(message: ServerMessage): void {
    const waiting = message.ref === undefined ? undefined : this.#waiting.get(message.ref)
    if (message.ref === undefined || waiting === undefined) return
    this.#waiting.delete(message.ref)
    if (message.type === "error") waiting.reject(errorOf(message))
    else waiting.resolve(message)
  }

  /** Nothing more will come. */
  giveUp(error: SawtError): void {
    for (const { reject } of this.#waiting.values()) reject(error)
    this.#waiting.clear()
  }
}

export const errorOf = (message: Extract<ServerMessage, { type: "error" }>): SawtError =>
  new SawtError(message.code, message.message, {
    retryable: message.retryable,
    ...(message.retry_after_ms === undefined ? {} : { retryAfterMs: message.retry_after_ms }),
    ...(message.trace_id === undefined ? {} : { traceId: message.trace_id })
  })

/** `Promise.withResolvers` came with Node 22 and the browsers of 2024. */
export const withResolvers = <Value>() => {
  let resolve: (value: Value) => void = () => {}
  let reject: (error: SawtError) => void = () => {}
  const promise = new Promise<Value>((onValue, onError) => {
    resolve = onValue
    reject = onError
  })
  return { promise, resolve, reject }
}
