/**
 * The framing of one raw Opus packet, RFC 6716 section 3: a table-of-contents byte, then the frames in one of four
 * codes. libopus conceals what it cannot parse instead of refusing it, so a packet is judged here, by the rules R1 to R7
 * of section 3.4. The sound inside a frame cannot be judged: any bytes decode to something.
 */
import { Result } from "effect"

export interface OpusPacket {
  readonly durationMs: number
  readonly frameMs: number
  readonly stereo: boolean
  /** Views of the packet. An empty frame stands for one that was not sent (silence, or lost). */
  readonly frames: ReadonlyArray<Uint8Array>
}

const frameBytesMax = 1_275
const packetMsMax = 120

/** Milliseconds of a frame by the TOC's configuration number (table 2): SILK, hybrid, CELT. */
const frameMsOf = (config: number): number => {
  if (config < 12) return [10, 20, 40, 60][config % 4] ?? 0
  if (config < 16) return [10, 20][config % 2] ?? 0
  return [2.5, 5, 10, 20][config % 4] ?? 0
}

/** Reads a packet from its front; a read past the end gives undefined. */
class Reader {
  readonly #bytes: Uint8Array
  #at = 0
  #end: number

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    this.#end = bytes.length
  }

  get left(): number {
    return this.#end - this.#at
  }

  byte(): number | undefined {
    return this.#at < this.#end ? this.#bytes[this.#at++] : undefined
  }

  /** Section 3.2.1: one byte up to 251, else two. */
  frameLength(): number | undefined {
    const first = this.byte()
    if (first === undefined || first < 252) return first
    const second = this.byte()
    return second === undefined ? undefined : second * 4 + first
  }

  /** Section 3.2.5: 255 means 254 and go on. Takes the padding off the end; false: the packet is shorter. */
  dropPadding(): boolean {
    let length = 0
    let byte: number | undefined
    do {
      byte = this.byte()
      if (byte === undefined) return false
      length += byte === 255 ? 254 : byte
    } while (byte === 255)
    if (length > this.left) return false
    this.#end -= length
    return true
  }

  frame(length: number): Uint8Array {
    const frame = this.#bytes.subarray(this.#at, this.#at + length)
    this.#at += length
    return frame
  }

  /** What is left as `count` frames of one size; undefined: it cannot be divided so. */
  equalFrames(count: number): ReadonlyArray<Uint8Array> | undefined {
    const length = this.left / count
    return Number.isInteger(length) ? Array.from({ length: count }, () => this.frame(length)) : undefined
  }

  /** `count - 1` lengths, then as many frames, then a last one of what is left; undefined: the lengths do not fit. */
  sizedFrames(count: number): ReadonlyArray<Uint8Array> | undefined {
    const lengths: Array<number> = []
    for (let i = 1; i < count; i++) {
      const length = this.frameLength()
      if (length === undefined) return undefined
      lengths.push(length)
    }
    const sum = lengths.reduce((total, length) => total + length, 0)
    return sum > this.left ? undefined : [...lengths, this.left - sum].map((length) => this.frame(length))
  }
}

/** A failure is a sentence that says what is wrong. */
export const parsePacket = (bytes: Uint8Array): Result.Result<OpusPacket, string> => {
  const reader = new Reader(bytes)
  const toc = reader.byte()
  if (toc === undefined) return Result.fail("it is empty")
  const frameMs = frameMsOf(toc >> 3)
  const split = splitFrames(reader, toc & 0b11, frameMs)
  if (Result.isFailure(split)) return Result.fail(split.failure)
  const frames = split.success
  if (frames.some(({ length }) => length > frameBytesMax)) {
    return Result.fail(`a frame is longer than ${frameBytesMax} bytes`)
  }
  return Result.succeed({ durationMs: frames.length * frameMs, frameMs, stereo: (toc & 0b100) !== 0, frames })
}

const splitFrames = (
  reader: Reader,
  code: number,
  frameMs: number
): Result.Result<ReadonlyArray<Uint8Array>, string> => {
  const orFault = (frames: ReadonlyArray<Uint8Array> | undefined, fault: string) =>
    frames === undefined ? Result.fail(fault) : Result.succeed(frames)
  if (code === 0) return Result.succeed([reader.frame(reader.left)])
  if (code === 1) return orFault(reader.equalFrames(2), "its two frames of one size have an odd number of bytes")
  if (code === 2) return orFault(reader.sizedFrames(2), "the length of its first frame goes past its end")

  const head = reader.byte()
  if (head === undefined) return Result.fail("its count of frames is missing")
  const count = head & 0b11_1111
  if (count === 0) return Result.fail("it says that it holds no frames")
  if (count * frameMs > packetMsMax) return Result.fail(`it holds more than ${packetMsMax} ms`)
  if ((head & 0b100_0000) !== 0 && !reader.dropPadding()) return Result.fail("its padding goes past its end")
  return (head & 0b1000_0000) === 0
    ? orFault(reader.equalFrames(count), `its bytes do not divide into ${count} frames of one size`)
    : orFault(reader.sizedFrames(count), "the lengths of its frames go past its end")
}
