/**
 * WAV files and streams: any that players open to mono 16-bit samples, and back to plain 16-bit PCM. Chunks that are not
 * `fmt ` or `data` are skipped. A size of 0 or near the maximum, as streaming writers leave it, means "up to the end";
 * a file that is shorter than it says is broken. Not read: compressed formats other than µ-law, RF64, big-endian RIFX.
 */
import { Schema } from "effect"
import { decodeMulaw } from "./mulaw.ts"
import { bytesOf, toSample } from "./pcm.ts"

export class WavError extends Schema.TaggedError<WavError>()("WavError", { message: Schema.String }) {}

export interface Wav {
  readonly sampleRateHz: number
  /** Mono: the mean of all channels. */
  readonly samples: Int16Array
}

interface Format {
  readonly tag: number
  readonly channels: number
  readonly sampleRateHz: number
  readonly bits: number
}

const tags = { pcm: 1, float: 3, mulaw: 7, extensible: 0xfffe } as const
/** A subformat's id is the tag in two bytes, then this. */
const subformatTail = "000000001000800000aa00389b71"
const riffHeaderBytes = 12
const chunkHeaderBytes = 8
const fmtBytesMin = 16
const extensibleBytesMin = 40
/** From here on a size is a streaming writer's "unknown": 0xffffffff, 0x7fffffff, 0x7ffff000 … */
const sizeUnknown = 0x7fff_0000
const channelsMax = 32
const sampleRateHzMax = 384_000

const readFormat = (body: DataView): Format => {
  if (body.byteLength < fmtBytesMin) throw new WavError({ message: "The fmt chunk is too short." })
  const format = {
    tag: body.getUint16(0, true),
    channels: body.getUint16(2, true),
    sampleRateHz: body.getUint32(4, true),
    bits: body.getUint16(14, true)
  }
  if (format.channels < 1 || format.channels > channelsMax) {
    throw new WavError({ message: `The file has ${format.channels} channels; 1 to ${channelsMax} are allowed.` })
  }
  if (format.sampleRateHz < 1 || format.sampleRateHz > sampleRateHzMax) {
    throw new WavError({
      message: `The sample rate is ${format.sampleRateHz} Hz; 1 to ${sampleRateHzMax} are allowed.`
    })
  }
  if (body.getUint16(12, true) !== (format.channels * format.bits) / 8) {
    throw new WavError({ message: "The size of a sample contradicts the channels and bits." })
  }
  if (format.tag !== tags.extensible) return format
  if (body.byteLength < extensibleBytesMin) throw new WavError({ message: "The extensible fmt chunk is too short." })
  const tail = Buffer.from(body.buffer, body.byteOffset + 26, 14).toString("hex")
  if (tail !== subformatTail) throw new WavError({ message: "The subformat is unknown." })
  return { ...format, tag: body.getUint16(24, true) }
}

/** How to read one value of the format, in 16-bit units. */
const valueReader = ({ tag, bits }: Format, body: DataView): ((at: number) => number) => {
  if (tag === tags.pcm && bits === 8) return (at) => (body.getUint8(at) - 128) * 256
  if (tag === tags.pcm && bits === 16) return (at) => body.getInt16(at, true)
  if (tag === tags.pcm && bits === 24) return (at) => body.getInt16(at + 1, true) + body.getUint8(at) / 256
  if (tag === tags.pcm && bits === 32) return (at) => body.getInt32(at, true) / 65_536
  if (tag === tags.float && bits === 32) return (at) => body.getFloat32(at, true) * 32_768
  if (tag === tags.mulaw && bits === 8) {
    const levels = decodeMulaw(Uint8Array.from({ length: 256 }, (_, byte) => byte))
    return (at) => levels[body.getUint8(at)] ?? 0
  }
  throw new WavError({
    message: `Format ${tag} of ${bits} bits is not supported: PCM of 8, 16, 24, 32 bits, 32-bit float or µ-law are.`
  })
}

const readSamples = (format: Format, body: DataView): Int16Array => {
  const read = valueReader(format, body)
  const bytesPerValue = format.bits / 8
  const samples = new Int16Array(Math.floor(body.byteLength / bytesPerValue / format.channels))
  for (let i = 0, at = 0; i < samples.length; i++) {
    let sum = 0
    for (let channel = 0; channel < format.channels; channel++, at += bytesPerValue) sum += read(at)
    samples[i] = toSample(sum / format.channels)
  }
  return samples
}

/** Throws `WavError`. */
export const readWav = (bytes: Uint8Array): Wav => {
  const file = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const text = (at: number) => Buffer.from(bytes.buffer, bytes.byteOffset + at, 4).toString("latin1")
  if (bytes.length < riffHeaderBytes || text(0) !== "RIFF" || text(8) !== "WAVE") {
    throw new WavError({ message: "This is not a WAV file." })
  }
  const riffSize = file.getUint32(4, true)
  const streamed = riffSize >= sizeUnknown || riffSize + chunkHeaderBytes < bytes.length
  let format: Format | undefined
  for (let at = riffHeaderBytes; at + chunkHeaderBytes <= bytes.length;) {
    const id = text(at)
    const size = file.getUint32(at + 4, true)
    at += chunkHeaderBytes
    const left = bytes.length - at
    const toTheEnd = id === "data" && (size >= sizeUnknown || (size === 0 && streamed))
    if (!toTheEnd && size > left) throw new WavError({ message: "The file is cut short." })
    const body = new DataView(bytes.buffer, bytes.byteOffset + at, toTheEnd ? left : size)
    if (id === "fmt ") format = readFormat(body)
    if (id === "data") {
      if (format === undefined) throw new WavError({ message: "The data comes before its format." })
      return { sampleRateHz: format.sampleRateHz, samples: readSamples(format, body) }
    }
    at += size + (size % 2)
  }
  throw new WavError({ message: "The file holds no sound." })
}

/** 16-bit PCM, one array for each channel; shorter ones end in silence. */
export const writeWav = (channels: ReadonlyArray<Int16Array>, sampleRateHz: number): Uint8Array => {
  const frames = Math.max(0, ...channels.map(({ length }) => length))
  const interleaved = new Int16Array(frames * channels.length)
  for (const [channel, samples] of channels.entries()) {
    for (let i = 0; i < samples.length; i++) interleaved[i * channels.length + channel] = samples[i] ?? 0
  }
  const blockBytes = channels.length * 2
  const header = Buffer.alloc(riffHeaderBytes + chunkHeaderBytes + fmtBytesMin + chunkHeaderBytes)
  header.write("RIFF", 0, "latin1")
  header.writeUInt32LE(header.length - 8 + interleaved.byteLength, 4)
  header.write("WAVEfmt ", 8, "latin1")
  header.writeUInt32LE(fmtBytesMin, 16)
  header.writeUInt16LE(tags.pcm, 20)
  header.writeUInt16LE(channels.length, 22)
  header.writeUInt32LE(sampleRateHz, 24)
  header.writeUInt32LE(sampleRateHz * blockBytes, 28)
  header.writeUInt16LE(blockBytes, 32)
  header.writeUInt16LE(16, 34)
  header.write("data", 36, "latin1")
  header.writeUInt32LE(interleaved.byteLength, 40)
  return Buffer.concat([header, bytesOf(interleaved)])
}
