/** A client of vosk-server's protocol, as its own samples are: what it sends is text or sound, what comes is text in order. */
import { WebSocket } from "ws"

export class VoskClient {
  readonly socket: WebSocket
  readonly #replies: Array<string> = []
  readonly #waiting: Array<{ readonly take: (reply: string) => void; readonly fail: (error: Error) => void }> = []
  closed: { readonly code: number; readonly reason: string } | undefined

  private constructor(socket: WebSocket) {
    this.socket = socket
    socket.on("message", (payload: Buffer) => {
      const reply = payload.toString("utf8")
      const waiting = this.#waiting.shift()
      if (waiting === undefined) this.#replies.push(reply)
      else waiting.take(reply)
    })
    socket.on("close", (code, reason) => {
      this.closed = { code, reason: reason.toString("utf8") }
      for (const { fail } of this.#waiting.splice(0)) fail(this.#gone(this.closed))
    })
    // A reset also closes, and closing is what is waited for.
    socket.on("error", () => {})
  }

  /** `url` with its path. Rejects when the upgrade is refused. */
  static open(url: string, token?: string): Promise<VoskClient> {
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` }
    const socket = new WebSocket(url, { headers, perMessageDeflate: false })
    const client = new VoskClient(socket)
    return new Promise((resolve, reject) => {
      socket.once("open", () => resolve(client))
      socket.once("error", reject)
    })
  }

  /** Resolves when the socket has taken it, so that a sender feels the server's backpressure. */
  send(message: string | Uint8Array): Promise<void> {
    return new Promise((resolve) => this.socket.send(message, () => resolve()))
  }

  /** The next reply; rejects when the connection ends without one. */
  next(): Promise<string> {
    const reply = this.#replies.shift()
    if (reply !== undefined) return Promise.resolve(reply)
    if (this.closed !== undefined) return Promise.reject(this.#gone(this.closed))
    return new Promise((take, fail) => this.#waiting.push({ take, fail }))
  }

  async ask(message: string | Uint8Array): Promise<string> {
    await this.send(message)
    return this.next()
  }

  async ended(): Promise<{ readonly code: number; readonly reason: string }> {
    if (this.closed === undefined) await new Promise((resolve) => this.socket.once("close", resolve))
    return this.closed ?? { code: 1006, reason: "" }
  }

  #gone({ code, reason }: { readonly code: number; readonly reason: string }): Error {
    return new Error(`closed (${code} ${reason}) before a reply`)
  }
}

/** Every word that the results among these replies hold. */
export const textOf = (replies: ReadonlyArray<string>): string =>
  replies
    .map((reply) => {
      const { text, alternatives } = JSON.parse(reply) as {
        text?: string
        alternatives?: ReadonlyArray<{ text: string }>
      }
      return text ?? alternatives?.[0]?.text ?? ""
    })
    .filter((text) => text !== "")
    .join(" ")
