/**
 * One connection: from the upgrade through `session.ready` to its end. A peer that stays silent after pings is taken for
 * lost long before TCP says so. Why an upgrade failed a browser may not see: `GET /admission` is asked.
 */
import type { ErrorCode } from "../schemas/errors.ts"
import type { ClientMessage, ServerMessage, ServerMessageOf, SessionStart } from "../schemas/wire.ts"
import { isErrorCode, SawtError } from "./errors.ts"
import { errorOf } from "./requests.ts"
import { clear, type SocketLike, type Surroundings, type Timer } from "./surroundings.ts"

const subprotocol = "sawt.v1"
const openTimeoutMs = 15_000
const pingMs = 10_000
/** Of pings without any sign of life. */
const silencesMax = 2
/** The WebSocket standard's word for a connection that ended without a close. */
const lostCode = 1006
/** Its `readyState` of a socket that takes what is sent; one that closes says so before it tells of its end. */
const openState = 1

export interface Address {
  /** http(s)://host:port, perhaps with a path before that of the service. */
  readonly server: string
  readonly path: string
}

export interface LinkEnd {
  readonly code: number
  /** What the server said went wrong, if it did. */
  readonly error: SawtError | undefined
  /** Its last message, if it came. */
  readonly ended: ServerMessageOf<"session.ended"> | undefined
}

export interface LinkListener {
  readonly message: (link: Link, message: ServerMessage) => void
  readonly audio: (link: Link, frame: Uint8Array<ArrayBuffer>) => void
  readonly closed: (link: Link, end: LinkEnd) => void
}

const urlOf = ({ server }: Address, path: string): URL => {
  const base = new URL(server)
  return new URL(`${base.pathname.replace(/\/$/, "")}${path}`, base)
}

/** What an upgrade here would meet. */
const whyRefused = async (address: Address, token: string | undefined, { fetch }: Surroundings): Promise<SawtError> => {
  const unreachable = (cause?: unknown) =>
    new SawtError(
      "unreachable",
      `No connection to ${new URL(address.server).host}.`,
      cause === undefined ? {} : { cause }
    )
  const url = urlOf(address, "/admission")
  url.protocol = url.protocol.replace("ws", "http")
  url.searchParams.set("path", address.path)
  try {
    const response = await fetch(url.href, { headers: token === undefined ? {} : { authorization: `Bearer ${token}` } })
    if (response.ok) return unreachable()
    const { error } = (await response.json()) as {
      readonly error?: { readonly code?: unknown; readonly message?: unknown }
    }
    if (!isErrorCode(error?.code)) return unreachable()
    const seconds = Number(response.headers.get("retry-after") ?? NaN)
    return new SawtError(
      error.code,
      String(error.message),
      Number.isFinite(seconds) ? { retryAfterMs: seconds * 1_000 } : {}
    )
  } catch (cause) {
    return unreachable(cause)
  }
}

export interface LinkOptions {
  readonly address: Address
  readonly token: string | undefined
  readonly start: Omit<SessionStart, "type">
  readonly surroundings: Surroundings
  readonly listener: LinkListener
}

export class Link {
  readonly #socket: SocketLike
  readonly #surroundings: Surroundings
  readonly #listener: LinkListener
  /** Of audio. */
  sentBytes = 0
  #silences = 0
  #timer: Timer | undefined
  #over = false
  #ready = false
  #error: { readonly code: ErrorCode; readonly error: SawtError } | undefined
  #ended: ServerMessageOf<"session.ended"> | undefined
  #settle: ((error?: SawtError) => void) | undefined

  private constructor(socket: SocketLike, { surroundings, listener }: LinkOptions) {
    this.#socket = socket
    this.#surroundings = surroundings
    this.#listener = listener
    socket.binaryType = "arraybuffer"
  }

  /** Resolves once `session.ready` has been handed to the listener; rejects with a `SawtError`. */
  static async open(options: LinkOptions): Promise<Link> {
    const { address, token, start, surroundings } = options
    const url = urlOf(address, address.path)
    url.protocol = url.protocol.replace("http", "ws")
    const protocols = [subprotocol, ...(token === undefined ? [] : [`bearer.${token}`])]
    const link = new Link(surroundings.openSocket(url.href, protocols), options)
    if (!(await link.#opened())) throw await whyRefused(address, token, surroundings)
    await link.#started({ type: "session.start", ...start })
    return link
  }

  get bufferedBytes(): number {
    return this.#socket.bufferedAmount
  }

  /** False: the connection is ending, and takes nothing more. */
  send(message: ClientMessage): boolean {
    if (!this.#isOpen) return false
    this.#socket.send(JSON.stringify(message))
    return true
  }

  /** As `send`. */
  sendAudio(frame: Uint8Array): boolean {
    if (!this.#isOpen) return false
    this.#socket.send(frame)
    this.sentBytes += frame.byteLength
    return true
  }

  get #isOpen(): boolean {
    return !this.#over && this.#socket.readyState === openState
  }

  /** Without a word to the listener. */
  close(): void {
    this.#leave()
    this.#socket.close(1000)
  }

  async #opened(): Promise<boolean> {
    const isOpen = await new Promise<boolean>((resolve) => {
      this.#socket.onopen = () => resolve(true)
      this.#socket.onclose = () => resolve(false)
      this.#socket.onerror = () => {}
      this.#timer = this.#surroundings.setTimeout(() => resolve(false), openTimeoutMs)
    })
    clear(this.#surroundings, this.#timer)
    if (!isOpen) this.close()
    return isOpen
  }

  async #started(start: ClientMessage): Promise<void> {
    const settled = new Promise<void>((resolve, reject) => {
      this.#settle = (error) => (error === undefined ? resolve() : reject(error))
    })
    this.#socket.onmessage = ({ data }: { readonly data: unknown }) => this.#receive(data)
    this.#socket.onclose = ({ code, reason }: { readonly code: number; readonly reason: string }) =>
      this.#closed(code, reason)
    this.#watch()
    this.send(start)
    try {
      await settled
    } catch (error) {
      this.close()
      throw error
    }
  }

  #watch(): void {
    this.#timer = this.#surroundings.setTimeout(() => {
      if (this.#silences >= silencesMax) return this.#closed(lostCode, "")
      this.#silences++
      if (this.#ready) this.send({ type: "ping" })
      this.#watch()
    }, pingMs)
  }

  #receive(data: unknown): void {
    this.#silences = 0
    if (typeof data !== "string") return this.#listener.audio(this, new Uint8Array(data as ArrayBuffer))
    const message = JSON.parse(data) as ServerMessage
    if (message.type === "session.ended") this.#ended = message
    if (message.type === "error") {
      this.#error = { code: message.code, error: errorOf(message) }
      if (!this.#ready) return this.#settle?.(this.#error.error)
    }
    if (message.type === "session.ready") this.#ready = true
    this.#listener.message(this, message)
    if (message.type === "session.ready") this.#settle?.()
  }

  #closed(code: number, reason: string): void {
    if (this.#over) return
    this.#leave()
    this.#socket.close()
    // A server that ends a session for a fault names it in the reason too; an earlier error has nothing to do with it.
    const error =
      this.#error?.code === reason ? this.#error.error : isErrorCode(reason) ? new SawtError(reason, reason) : undefined
    if (!this.#ready)
      return this.#settle?.(error ?? new SawtError("connection_lost", "The connection broke before the session began."))
    this.#listener.closed(this, { code, error, ended: this.#ended })
  }

  #leave(): void {
    this.#over = true
    clear(this.#surroundings, this.#timer)
    for (const on of ["onopen", "onmessage", "onclose"] as const) this.#socket[on] = null
    // `ws` throws what nobody listens to.
    this.#socket.onerror = () => {}
  }
}
