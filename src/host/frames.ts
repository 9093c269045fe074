/**
 * Codec of the pipe between the server and a model host: `payload bytes u32 | kind u8 | stream u32`, little endian, then
 * the payload. The writer gathers everything said in one turn of the event loop into one write; the reader gives the
 * same frames however the bytes were split. A payload over `payloadBytesMax` is a protocol fault and ends the pipe.
 */
import type { Writable } from "node:stream"
import { Gathering } from "./gathering.ts"

export const frameKind = { json: 0, binary: 1 } as const
export type FrameKind = (typeof frameKind)[keyof typeof frameKind]

export const headerBytes = 9
/** Two minutes of 16 kHz samples, or 95 s of speech at 22.05 kHz: more in one frame is a mistake, not a need. */
export const payloadBytesMax = 4 * 1024 * 1024
/** Room for the frames of one turn of the loop; what does not fit is written at once. */
const gatherBytes = 64 * 1024

export class FrameFault extends Error {
  override readonly name = "FrameFault"
}

const writeHeader = (buffer: Buffer, offset: number, payloadBytes: number, kind: FrameKind, stream: number): void => {
  buffer.writeUInt32LE(payloadBytes, offset)
  buffer[offset + 4] = kind
  buffer.writeUInt32LE(stream, offset + 5)
}

export class FrameWriter {
  readonly #pipe: Writable
  readonly #flush = (): void => this.flush()
  #buffer = Buffer.allocUnsafeSlow(gatherBytes)
  #used = 0
  #scheduled = false
  readonly #gathering: Gathering
  /** Runs while all that is to be written may wait. */
  #patience: NodeJS.Timeout | undefined

  constructor(pipe: Writable, gathering = new Gathering()) {
    this.#pipe = pipe
    this.#gathering = gathering
  }

  /** Bytes that the other side has not taken yet. */
  get pendingBytes(): number {
    return this.#used + this.#pipe.writableLength
  }

  json(stream: number, message: object): void {
    this.#append(frameKind.json, stream, [Buffer.from(JSON.stringify(message))])
    this.#schedule()
  }

  /** One frame of all the parts, which are copied before this returns. The bytes of them all. */
  binary(stream: number, ...parts: ReadonlyArray<Uint8Array>): number {
    const bytes = this.#append(frameKind.binary, stream, parts)
    this.#schedule()
    return bytes
  }

  /** The same, but it may wait a little for others like it; it goes with whatever does not wait. */
  patient(stream: number, ...parts: ReadonlyArray<Uint8Array>): number {
    const bytes = this.#append(frameKind.binary, stream, parts)
    const waitMs = this.#gathering.waitMs(performance.now())
    if (waitMs === 0) this.#schedule()
    else if (this.#used > 0 && !this.#scheduled) this.#patience ??= setTimeout(this.#flush, waitMs)
    return bytes
  }

  flush(): void {
    this.#scheduled = false
    clearTimeout(this.#patience)
    this.#patience = undefined
    if (this.#used === 0) return
    const frames = this.#buffer.subarray(0, this.#used)
    this.#used = 0
    if (!this.#pipe.writable) return
    this.#pipe.write(frames)
    // A write that the kernel took at once left nothing behind, so the buffer is free again.
    if (this.#pipe.writableLength > 0) this.#buffer = Buffer.allocUnsafeSlow(gatherBytes)
  }

  #append(kind: FrameKind, stream: number, parts: ReadonlyArray<Uint8Array>): number {
    let payloadBytes = 0
    for (const part of parts) payloadBytes += part.byteLength
    const frameBytes = headerBytes + payloadBytes
    if (payloadBytes > payloadBytesMax) throw new FrameFault(`a frame of ${payloadBytes} bytes was to be sent`)
    if (frameBytes > gatherBytes - this.#used) this.flush()
    if (frameBytes > gatherBytes) {
      const frame = Buffer.allocUnsafeSlow(frameBytes)
      this.#put(frame, 0, kind, stream, payloadBytes, parts)
      if (this.#pipe.writable) this.#pipe.write(frame)
      return payloadBytes
    }
    this.#put(this.#buffer, this.#used, kind, stream, payloadBytes, parts)
    this.#used += frameBytes
    return payloadBytes
  }

  #schedule(): void {
    if (this.#scheduled || this.#used === 0) return
    this.#scheduled = true
    setImmediate(this.#flush)
  }

  #put(
    buffer: Buffer,
    offset: number,
    kind: FrameKind,
    stream: number,
    payloadBytes: number,
    parts: ReadonlyArray<Uint8Array>
  ): void {
    writeHeader(buffer, offset, payloadBytes, kind, stream)
    let at = offset + headerBytes
    for (const part of parts) {
      buffer.set(part, at)
      at += part.byteLength
    }
  }
}

/** `payload` is valid only during the call. */
export type OnFrame = (kind: FrameKind, stream: number, payload: Uint8Array) => void

export class FrameReader {
  readonly #onFrame: OnFrame
  readonly #payloadBytesMax: number
  readonly #header = Buffer.allocUnsafeSlow(headerBytes)
  #headerFilled = 0
  #payload: Uint8Array | undefined
  #payloadFilled = 0

  constructor(onFrame: OnFrame, bytesMax: number = payloadBytesMax) {
    this.#onFrame = onFrame
    this.#payloadBytesMax = bytesMax
  }

  /** Throws `FrameFault`; the pipe cannot be read any further then. */
  push(chunk: Buffer): void {
    let at = 0
    while (at < chunk.length) {
      if (this.#payload === undefined) {
        if (this.#headerFilled === 0 && chunk.length - at >= headerBytes) {
          const end = at + headerBytes + this.#payloadBytes(chunk, at)
          if (end <= chunk.length) {
            this.#emit(chunk, at, chunk.subarray(at + headerBytes, end))
            at = end
            continue
          }
        }
        const taken = Math.min(headerBytes - this.#headerFilled, chunk.length - at)
        this.#header.set(chunk.subarray(at, at + taken), this.#headerFilled)
        this.#headerFilled += taken
        at += taken
        if (this.#headerFilled < headerBytes) return
        this.#payload = new Uint8Array(this.#payloadBytes(this.#header, 0))
        this.#payloadFilled = 0
      }
      const taken = Math.min(this.#payload.length - this.#payloadFilled, chunk.length - at)
      this.#payload.set(chunk.subarray(at, at + taken), this.#payloadFilled)
      this.#payloadFilled += taken
      at += taken
      if (this.#payloadFilled < this.#payload.length) return
      const payload = this.#payload
      this.#payload = undefined
      this.#headerFilled = 0
      this.#emit(this.#header, 0, payload)
    }
  }

  #payloadBytes(header: Buffer, at: number): number {
    const bytes = header.readUInt32LE(at)
    if (bytes > this.#payloadBytesMax) throw new FrameFault(`a frame of ${bytes} bytes came`)
    return bytes
  }

  #emit(header: Buffer, at: number, payload: Uint8Array): void {
    const kind = header[at + 4]
    if (kind !== frameKind.json && kind !== frameKind.binary) throw new FrameFault(`a frame of kind ${kind} came`)
    this.#onFrame(kind, header.readUInt32LE(at + 5), payload)
  }
}

/** Text of a JSON frame's payload. */
export const payloadText = (payload: Uint8Array): string =>
  Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength).toString("utf8")
