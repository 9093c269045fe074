/** WebSocket framing by hand (RFC 6455, 5): a client may write whatever it likes; what the server writes is read back. */
export const opcodes = { continuation: 0x0, text: 0x1, binary: 0x2, close: 0x8, ping: 0x9, pong: 0xa } as const

export interface FrameOptions {
  readonly opcode: number
  readonly payload: Uint8Array
  readonly final?: boolean
  /** Three bits. */
  readonly reserved?: number
  readonly masked?: boolean
  /** As the header tells it, true or not; `bytes`: how many bytes of the header hold it (1, 2 or 8). */
  readonly length?: { readonly bytes: 1 | 2 | 8; readonly value: bigint }
}

const honestLength = (length: number): NonNullable<FrameOptions["length"]> => ({
  bytes: length < 126 ? 1 : length < 65_536 ? 2 : 8,
  value: BigInt(length)
})

const mask = Buffer.from([0x5a, 0x17, 0xc3, 0x88])

export const frame = ({ opcode, payload, final = true, reserved = 0, masked = true, length }: FrameOptions): Buffer => {
  const { bytes, value } = length ?? honestLength(payload.length)
  const head = Buffer.alloc(2 + (bytes === 1 ? 0 : bytes))
  head[0] = (final ? 0x80 : 0) | (reserved << 4) | opcode
  head[1] = (masked ? 0x80 : 0) | (bytes === 1 ? Number(value & 0x7fn) : bytes === 2 ? 126 : 127)
  if (bytes === 2) head.writeUInt16BE(Number(value & 0xffffn), 2)
  if (bytes === 8) head.writeBigUInt64BE(BigInt.asUintN(64, value), 2)
  if (!masked) return Buffer.concat([head, payload])
  const body = Buffer.from(payload)
  for (let at = 0; at < body.length; at++) body[at] = (body[at] ?? 0) ^ (mask[at & 3] ?? 0)
  return Buffer.concat([head, mask, body])
}

export const textFrame = (text: string | Buffer): Buffer =>
  frame({ opcode: opcodes.text, payload: typeof text === "string" ? Buffer.from(text) : text })
export const binaryFrame = (payload: Uint8Array): Buffer => frame({ opcode: opcodes.binary, payload })

export interface ServerFrame {
  readonly opcode: number
  readonly payload: Buffer
}

/** What a server sends: whole frames, unmasked. Throws when it is anything else. */
export class ServerFrames {
  #rest = Buffer.alloc(0)

  push(bytes: Buffer): ReadonlyArray<ServerFrame> {
    this.#rest = Buffer.concat([this.#rest, bytes])
    const frames: Array<ServerFrame> = []
    for (;;) {
      const [first, second] = this.#rest
      if (first === undefined || second === undefined) return frames
      if ((first & 0xf0) !== 0x80 || (second & 0x80) !== 0) throw new Error("the server sent a frame it should not")
      const headBytes = second < 126 ? 2 : second === 126 ? 4 : 10
      if (this.#rest.length < headBytes) return frames
      const length =
        second < 126 ? second : second === 126 ? this.#rest.readUInt16BE(2) : Number(this.#rest.readBigUInt64BE(2))
      if (this.#rest.length < headBytes + length) return frames
      frames.push({ opcode: first & 0x0f, payload: this.#rest.subarray(headBytes, headBytes + length) })
      this.#rest = this.#rest.subarray(headBytes + length)
    }
  }
}
