/**
 * A person's device in an interview whose server falls again and again: it knows what it was told, takes its session up
 * again with that, and sends once more, as the same act, what it has no answer to.
 */
import { Exit, Schema } from "effect"
import { ServerMessage, type ClientMessage } from "#schemas/wire.ts"
import { Ledger } from "./ledger.ts"

const decode = Schema.decodeUnknownExit(ServerMessage, { onExcessProperty: "error" })

export interface Line {
  readonly send: (message: ClientMessage) => void
}
export interface LineEvents {
  readonly told: (message: ServerMessage) => void
  readonly fallen: () => void
}
/** Waits until there is a server, and rejects when the connection does not come about. */
export type Dial = (events: LineEvents) => Promise<Line>

/** Far more than a test lets fall. */
const connectionsMax = 50

class Fallen extends Error {}

export interface Observer {
  readonly onSent?: () => void
  readonly onTold?: () => void
}

export class Patient {
  readonly ledger = new Ledger()
  readonly #dial: Dial
  readonly #observer: Observer
  readonly #wake = new Set<() => void>()
  /** Of the present connection. */
  #messages: Array<ServerMessage> = []
  readonly #replies = new Map<string, ServerMessage>()
  #line: Line | undefined
  #refs = 0
  #connections = 0
  /** Why the last connection did not come about. */
  #fault: unknown
  resumes = 0
  /** Whether the next resume claims to have seen nothing. */
  isForgetful = false

  constructor(dial: Dial, observer: Observer = {}) {
    this.#dial = dial
    this.#observer = observer
  }

  /** The message or error that answers it; sent again, as the same act, after every fall. */
  async ask(message: ClientMessage): Promise<ServerMessage> {
    const ref = `r${++this.#refs}`
    for (;;) {
      try {
        const known = this.#replies.get(ref)
        if (known !== undefined) return known
        if (this.#line === undefined) await this.connect()
        // Also when the answer is among what was missed: the server must know the act again.
        this.#send({ ...message, ref })
        return await this.#until((reply) => reply.ref === ref)
      } catch (error) {
        if (!(error instanceof Fallen)) throw error
      }
    }
  }

  /** Sent once, on the line that stands; undefined when it falls before an answer comes. */
  async askOnce(message: ClientMessage): Promise<ServerMessage | undefined> {
    const ref = `r${++this.#refs}`
    try {
      this.#send({ ...message, ref })
      return await this.#until((reply) => reply.ref === ref)
    } catch (error) {
      if (error instanceof Fallen) return undefined
      throw error
    }
  }

  tell(message: ClientMessage): void {
    if (this.#line !== undefined) this.#send(message)
  }

  /** Resolves, through any number of falls, once what the client knows is as wanted. */
  async knows(wanted: (ledger: Ledger) => boolean): Promise<void> {
    for (;;) {
      try {
        await this.connect()
        while (!wanted(this.ledger)) await this.#next()
        return
      } catch (error) {
        if (!(error instanceof Fallen)) throw error
      }
    }
  }

  /** The line has fallen, or falls now. */
  async fallen(): Promise<void> {
    while (this.#line !== undefined) await new Promise<void>((resolve) => this.#wake.add(resolve))
  }

  async connect(): Promise<void> {
    if (this.#line !== undefined) return
    if (++this.#connections > connectionsMax) throw new Error("every connection falls", { cause: this.#fault })
    this.#messages = []
    let isFallen = false
    const fallen = () => {
      isFallen = true
      this.#line = undefined
      this.#wakeAll()
    }
    const line = await this.#dial({ told: (message) => this.#told(message), fallen }).catch((error: unknown) => {
      this.#fault = error
    })
    if (line === undefined || isFallen) throw new Fallen()
    this.#line = line
    const { token, lastSeq } = this.ledger
    this.#send({
      type: "session.start",
      mode: "file",
      ...(token === undefined
        ? { questionnaire: "phq-9" }
        : { resume_token: token, last_seq: this.isForgetful ? 0 : lastSeq })
    })
    const answer = await this.#until(({ type }) => type === "session.ready" || type === "error")
    if (answer.type === "error") throw new Error(`${answer.code}: ${answer.message}`)
    this.isForgetful = false
    if (token !== undefined) this.resumes++
  }

  #told(message: ServerMessage): void {
    const decoded = decode(message)
    if (Exit.isFailure(decoded)) this.ledger.faults.push(`not of the wire schema: ${message.type}`)
    this.#messages.push(message)
    if (message.ref !== undefined && !this.#replies.has(message.ref)) this.#replies.set(message.ref, message)
    this.ledger.note(message)
    this.#observer.onTold?.()
    this.#wakeAll()
  }

  #send(message: ClientMessage): void {
    if (this.#line === undefined) throw new Fallen()
    this.#line.send(message)
    this.#observer.onSent?.()
  }

  async #until(wanted: (message: ServerMessage) => boolean): Promise<ServerMessage> {
    for (let at = 0; ;) {
      for (; at < this.#messages.length; at++) {
        const message = this.#messages[at]
        if (message !== undefined && wanted(message)) return message
      }
      await this.#next()
    }
  }

  async #next(): Promise<void> {
    if (this.#line === undefined) throw new Fallen()
    await new Promise<void>((resolve) => this.#wake.add(resolve))
  }

  #wakeAll(): void {
    for (const resolve of this.#wake) resolve()
    this.#wake.clear()
  }
}
