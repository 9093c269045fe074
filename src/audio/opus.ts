/**
 * Raw Opus packets (RFC 6716) → 16 kHz mono samples. libopus accepts garbage in silence, so the framing of each packet is
 * checked first, by the rules R1–R7 of section 3.4.
 */
import { Effect, type Scope } from "effect"
import { OpusDecoder } from "opus-decoder"
import { WireError } from "#schemas/errors.ts"
import { toSample } from "./pcm.ts"

const frameBytesMax = 1_275
const packetMsMax = 120

/** Milliseconds of one frame, by the configuration number of the TOC byte (table 2). */
const frameMs = (config: number): number => {
  if (config < 12) return [10, 20, 40, 60][config % 4] ?? 0
  if (config < 16) return [10, 20][config % 2] ?? 0
  return [2.5, 5, 10, 20][config % 4] ?? 0
}

/** A frame length in one or two bytes (section 3.2.1). */
const readLength = (bytes: Uint8Array, at: number): { readonly length: number; readonly next: number } | undefined => {
  const first = bytes[at]
  if (first === undefined) return undefined
  if (first < 252) return { length: first, next: at + 1 }
  const second = bytes[at + 1]
  return second === undefined ? undefined : { length: first + 4 * second, next: at + 2 }
}

export type Packet = { readonly durationMs: number } | { readonly fault: string }

const manyFrames = (bytes: Uint8Array, eachMs: number): Packet => {
  const header = bytes[1]
  if (header === undefined) return { fault: "it ends before its frame count" }
  const count = header & 0x3f
  if (count === 0) return { fault: "it holds no frame" }
  if (count * eachMs > packetMsMax) return { fault: `it is longer than ${packetMsMax} ms` }
  let at = 2
  let padding = 0
  if ((header & 0x40) !== 0) {
    for (let more = true; more;) {
      const byte = bytes[at++]
      if (byte === undefined) return { fault: "it ends within its padding length" }
      padding += byte === 255 ? 254 : byte
      more = byte === 255
    }
  }
  const isVariable = (header & 0x80) !== 0
  let declared = 0
  for (let frame = 0; isVariable && frame < count - 1; frame++) {
    const length = readLength(bytes, at)
    if (length === undefined) return { fault: "it ends within its frame lengths" }
    declared += length.length
    at = length.next
  }
  const left = bytes.length - at - padding - declared
  if (left < 0) return { fault: "its frames are longer than the packet" }
  if (!isVariable && left % count !== 0) return { fault: "its frames are not of equal length" }
  if ((isVariable ? left : left / count) > frameBytesMax) return { fault: `a frame is over ${frameBytesMax} bytes` }
  return { durationMs: count * eachMs }
}

/** How long a packet sounds, or what is wrong with its framing. */
export const parsePacket = (bytes: Uint8Array): Packet => {
  const toc = bytes[0]
  if (toc === undefined) return { fault: "it is empty" }
  const eachMs = frameMs(toc >> 3)
  const content = bytes.length - 1
  switch (toc & 3) {
    case 0:
      return content > frameBytesMax ? { fault: `a frame is over ${frameBytesMax} bytes` } : { durationMs: eachMs }
    case 1:
      if (content % 2 !== 0) return { fault: "its two frames are not of equal length" }
      return content / 2 > frameBytesMax
        ? { fault: `a frame is over ${frameBytesMax} bytes` }
        : { durationMs: 2 * eachMs }
    case 2: {
      const first = readLength(bytes, 1)
      if (first === undefined) return { fault: "it ends within its frame length" }
      const second = bytes.length - first.next - first.length
      if (second < 0) return { fault: "its first frame is longer than the packet" }
      return second > frameBytesMax ? { fault: `a frame is over ${frameBytesMax} bytes` } : { durationMs: 2 * eachMs }
    }
    default:
      return manyFrames(bytes, eachMs)
  }
}

const invalid = (fault: string) =>
  new WireError({
    code: "invalid_audio",
    message: `this Opus packet is broken: ${fault}; send exactly one raw packet (RFC 6716) in each binary frame`
  })

export interface OpusStream {
  /** 16 kHz mono. Throws `WireError` for a broken packet; the next good one decodes again. */
  readonly decode: (packet: Uint8Array) => Int16Array
}

export const openOpus: Effect.Effect<OpusStream, never, Scope.Scope> = Effect.gen(function* () {
  const decoder = yield* Effect.acquireRelease(
    Effect.promise(async () => {
      const created = new OpusDecoder({ sampleRate: 16_000, channels: 1 })
      await created.ready
      return created
    }),
    (created) => Effect.sync(() => created.free())
  )
  return {
    decode: (packet) => {
      const parsed = parsePacket(packet)
      if ("fault" in parsed) throw invalid(parsed.fault)
      const { channelData, samplesDecoded, errors } = decoder.decodeFrame(packet)
      const channel = channelData[0]
      if (errors.length > 0 || channel === undefined) throw invalid("it does not decode")
      return Int16Array.from(channel.subarray(0, samplesDecoded), (value) => toSample(value * 32_768))
    }
  }
})
