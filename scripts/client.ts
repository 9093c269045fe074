/** A client of `sawt.v1` for tools, benches and tests: one socket, its messages in order, its audio by prompt. */
import { WebSocket } from "ws"
import { subprotocol, type ClientMessage, type ServerMessage, type ServerMessageOf } from "#schemas/wire.ts"

export interface ClientOptions {
  /** http(s)://host:port */
  readonly server: string
  readonly path: "/ws" | "/ws/secure" | "/ws/secure/healthcare"
  readonly token?: string
  readonly onMessage?: (message: ServerMessage) => void
  readonly onAudio?: (frame: Buffer) => void
}

export class Client {
  readonly socket: WebSocket
  readonly messages: Array<ServerMessage> = []
  readonly #waiting = new Set<() => void>()
  #read = 0
  closed: { readonly code: number; readonly reason: string } | undefined

  private constructor(socket: WebSocket, { onMessage, onAudio }: ClientOptions) {
    this.socket = socket
    socket.on("message", (data: Buffer, isBinary) => {
      if (isBinary) return onAudio?.(data)
      const message = JSON.parse(data.toString("utf8")) as ServerMessage
      this.messages.push(message)
      onMessage?.(message)
      this.#wake()
    })
    socket.on("close", (code, reason) => {
      this.closed = { code, reason: reason.toString("utf8") }
      this.#wake()
    })
    // A reset also closes, and closing is what is waited for.
    socket.on("error", () => this.#wake())
  }

  /** Rejects with the HTTP status when the upgrade is refused. */
  static open(options: ClientOptions): Promise<Client> {
    const url = new URL(options.path, options.server.replace(/^http/, "ws"))
    const headers = options.token === undefined ? {} : { authorization: `Bearer ${options.token}` }
    const socket = new WebSocket(url, subprotocol, { headers, perMessageDeflate: false })
    const client = new Client(socket, options)
    return new Promise((resolve, reject) => {
      socket.once("open", () => resolve(client))
      socket.once("error", reject)
    })
  }

  send(message: ClientMessage): void {
    this.socket.send(JSON.stringify(message))
  }

  /** Resolves when the socket has taken the frame, so that a sender feels the server's backpressure. */
  sendAudio(frame: Uint8Array): Promise<void> {
    return new Promise((resolve) => this.socket.send(frame, { binary: true }, () => resolve()))
  }

  /** The next message of this type that has not been read yet; those before it are passed over. */
  async next<Type extends ServerMessage["type"]>(type: Type): Promise<ServerMessageOf<Type>> {
    for (;;) {
      for (; this.#read < this.messages.length;) {
        const message = this.messages[this.#read++]
        if (message?.type === type) return message as ServerMessageOf<Type>
      }
      if (this.closed !== undefined)
        throw new Error(`closed (${this.closed.code} ${this.closed.reason}) before ${type}`)
      await new Promise<void>((resolve) => this.#waiting.add(resolve))
    }
  }

  async ended(): Promise<{ readonly code: number; readonly reason: string }> {
    while (this.closed === undefined) await new Promise<void>((resolve) => this.#waiting.add(resolve))
    return this.closed
  }

  /** Ends the session politely and waits for the close. */
  async end(): Promise<void> {
    if (this.closed !== undefined) return
    this.send({ type: "session.end" })
    await this.ended()
  }

  #wake(): void {
    for (const resolve of this.#waiting) resolve()
    this.#waiting.clear()
  }
}

/** What the service makes of it, for its operator. `about` names it where it does not. */
const made = async (server: string, secret: string, path: string, about: string, body: object): Promise<unknown> => {
  const response = await fetch(new URL(path, server), {
    method: "POST",
    headers: { authorization: `Bearer ${secret}`, "content-type": "application/json" },
    body: JSON.stringify(body)
  })
  if (!response.ok) throw new Error(`no ${about}: the server answered ${response.status} ${await response.text()}`)
  return response.json()
}

/** Mints a token as an operator would. */
export const mintToken = async (server: string, secret: string, scope: string, subject?: string): Promise<string> => {
  const body = { scope, ...(subject === undefined ? {} : { subject }) }
  const { token } = (await made(server, secret, "/auth/token", "token", body)) as { readonly token: string }
  return token
}

/** Invites somebody to the PHQ-9 as a clinic would: the link to `/talk`. */
export const invitationLink = async (
  server: string,
  secret: string,
  language: "ar" | "en",
  subject: string
): Promise<string> => {
  const body = { questionnaire: "phq-9", subject, language }
  const { link } = (await made(server, secret, "/invitations", "invitation", body)) as { readonly link: string }
  return link
}
