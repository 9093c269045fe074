/** A client of `sawt.v1` that can misbehave below the WebSocket: half a handshake, half a frame, half a connection. */
import { randomBytes } from "node:crypto"
import { connect, type Socket } from "node:net"
import { type ClientMessage, subprotocol } from "#schemas/wire.ts"

const opcode = { text: 0x1, binary: 0x2 } as const
/** Of what came; the newest, in which the next answer is looked for. */
const keptBytesMax = 256 * 1_024

/** A client's frame, masked with zeros (RFC 6455, 5.3), so that the payload stays readable. */
const frameOf = (kind: keyof typeof opcode, payload: Uint8Array): Buffer => {
  const isShort = payload.byteLength < 126
  const head = Buffer.alloc(isShort ? 6 : 8)
  head[0] = 0x80 | opcode[kind]
  head[1] = 0x80 | (isShort ? payload.byteLength : 126)
  if (!isShort) head.writeUInt16BE(payload.byteLength, 2)
  return Buffer.concat([head, payload])
}

export interface RawOptions {
  readonly server: string
  readonly path: string
  readonly token: string
}

export class RawClient {
  readonly socket: Socket
  readonly #handshake: string
  #received = Buffer.alloc(0)
  #wake: () => void = () => {}

  private constructor(socket: Socket, handshake: string) {
    this.socket = socket
    this.#handshake = handshake
    socket.on("data", (bytes) => {
      this.#received = Buffer.concat([this.#received, bytes]).subarray(-keptBytesMax)
      this.#wake()
    })
    // A reset also closes, and closing is what is waited for.
    socket.on("error", () => this.#wake())
    socket.on("close", () => this.#wake())
  }

  static async connect({ server, path, token }: RawOptions): Promise<RawClient> {
    const { hostname, port, host } = new URL(server)
    // Without `allowHalfOpen` a client answers the server's end by its own, as browsers do.
    const socket = connect(Number(port), hostname)
    await new Promise<void>((resolve, reject) => socket.once("connect", resolve).once("error", reject))
    const lines = [
      `GET ${path} HTTP/1.1`,
      `Host: ${host}`,
      "Connection: Upgrade",
      "Upgrade: websocket",
      "Sec-WebSocket-Version: 13",
      `Sec-WebSocket-Key: ${randomBytes(16).toString("base64")}`,
      `Sec-WebSocket-Protocol: ${subprotocol}`,
      `Authorization: Bearer ${token}`
    ]
    return new RawClient(socket, `${lines.join("\r\n")}\r\n\r\n`)
  }

  get isClosed(): boolean {
    return this.socket.closed
  }

  halfHandshake(): void {
    this.socket.write(this.#handshake.slice(0, this.#handshake.length / 2))
  }

  async upgrade(): Promise<void> {
    this.socket.write(this.#handshake)
    await this.until("HTTP/1.1 101")
  }

  send(message: ClientMessage): void {
    this.socket.write(frameOf("text", Buffer.from(JSON.stringify(message))))
  }

  /** Resolves when the socket has taken it, or is over. */
  sendAudio(samples: Int16Array): Promise<void> {
    const frame = frameOf("binary", new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength))
    return new Promise((resolve) => this.socket.write(frame, () => resolve()))
  }

  /** A frame of which less comes than it promises. */
  sendHalfFrame(): void {
    const frame = frameOf("binary", new Uint8Array(3_200))
    this.socket.write(frame.subarray(0, frame.length / 2))
  }

  /** Resolves when this text has come, and forgets what came before. False: the connection is over first. */
  async until(text: string): Promise<boolean> {
    for (;;) {
      const at = this.#received.indexOf(text)
      if (at >= 0) this.#received = this.#received.subarray(at + text.length)
      if (at >= 0) return true
      if (this.socket.destroyed || this.socket.readableEnded) return false
      await new Promise<void>((resolve) => (this.#wake = resolve))
    }
  }

  /** Until the connection is over on both sides; false: it was not within this time. */
  async closedWithin(durationMs: number): Promise<boolean> {
    if (this.isClosed) return true
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(false), durationMs)
      this.socket.once("close", () => {
        clearTimeout(timer)
        resolve(true)
      })
    })
  }
}
