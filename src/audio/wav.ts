/**
 * RIFF/WAVE as it is found: extra chunks, WAVE_FORMAT_EXTENSIBLE, sizes of 0 or 0xFFFFFFFF from a stream, 8- to 32-bit
 * integers, 32-bit floats, µ-law; several channels are mixed to one. Written: 16-bit PCM.
 */
import { Schema } from "effect"
import { decodeMulaw } from "./mulaw.ts"
import { bytesOf, toSample } from "./pcm.ts"

export class WavError extends Schema.TaggedError<WavError>()("WavError", { message: Schema.String }) {}

export interface Wav {
  readonly sampleRateHz: number
  /** Mono. */
  readonly samples: Int16Array
}

const formats = { pcm: 1, float: 3, mulaw: 7, extensible: 0xfffe } as const

interface Format {
  readonly tag: number
  readonly channels: number
  readonly sampleRateHz: number
  readonly bits: number
}

const fail = (message: string): never => {
  throw new WavError({ message })
}

const readFormat = (view: DataView, at: number, size: number): Format => {
  if (size < 16) return fail("the fmt chunk is too short")
  const tag = view.getUint16(at, true)
  return {
    tag: tag === formats.extensible && size >= 26 ? view.getUint16(at + 24, true) : tag,
    channels: view.getUint16(at + 2, true),
    sampleRateHz: view.getUint32(at + 4, true),
    bits: view.getUint16(at + 14, true)
  }
}

/** Reads one value of the data as a sample of 16 bits. */
const readerOf = ({ tag, bits }: Format): ((view: DataView, at: number) => number) => {
  if (tag === formats.float && bits === 32) return (view, at) => toSample(view.getFloat32(at, true) * 32_768 || 0)
  if (tag === formats.mulaw && bits === 8) return (view, at) => decodeMulaw(Uint8Array.of(view.getUint8(at)))[0] ?? 0
  if (tag === formats.pcm) {
    if (bits === 8) return (view, at) => (view.getUint8(at) - 128) * 256
    if (bits === 16) return (view, at) => view.getInt16(at, true)
    if (bits === 24) return (view, at) => view.getInt16(at + 1, true)
    if (bits === 32) return (view, at) => view.getInt16(at + 2, true)
  }
  return fail(`format ${tag} with ${bits} bits is not supported; allowed: PCM of 8 to 32 bits, 32-bit float, µ-law`)
}

export const readWav = (bytes: Uint8Array): Wav => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const name = (at: number) => String.fromCharCode(...bytes.subarray(at, at + 4))
  if (bytes.length < 12 || name(0) !== "RIFF" || name(8) !== "WAVE") return fail("this is not a WAV file")
  let format: Format | undefined
  for (let at = 12; at + 8 <= bytes.length;) {
    const chunk = name(at)
    const declared = view.getUint32(at + 4, true)
    const rest = bytes.length - at - 8
    /** A stream did not know its length when its header was written. */
    const size = chunk === "data" && (declared === 0 || declared > rest) ? rest : declared
    if (chunk === "fmt ") {
      if (size > rest) return fail("the file ends within its fmt chunk")
      format = readFormat(view, at + 8, size)
    } else if (chunk === "data") {
      if (format === undefined) return fail("the data comes before the fmt chunk")
      return { sampleRateHz: format.sampleRateHz, samples: mix(view, at + 8, size, format) }
    }
    at += 8 + size + (size % 2)
  }
  return fail("there is no data chunk")
}

const mix = (view: DataView, from: number, size: number, format: Format): Int16Array => {
  const { channels, sampleRateHz, bits } = format
  if (channels < 1 || channels > 32) return fail(`${channels} channels are not supported`)
  if (sampleRateHz < 1_000 || sampleRateHz > 384_000)
    return fail(`a sample rate of ${sampleRateHz} Hz is not supported`)
  const read = readerOf(format)
  const width = bits / 8
  const samples = new Int16Array(Math.floor(size / (width * channels)))
  for (let index = 0; index < samples.length; index++) {
    let sum = 0
    for (let channel = 0; channel < channels; channel++) sum += read(view, from + (index * channels + channel) * width)
    samples[index] = Math.round(sum / channels)
  }
  return samples
}

/** One array for each channel, all of the same length. */
export const writeWav = (channels: ReadonlyArray<Int16Array>, sampleRateHz: number): Uint8Array => {
  const length = Math.max(...channels.map((channel) => channel.length))
  const interleaved = new Int16Array(length * channels.length)
  for (const [offset, channel] of channels.entries()) {
    for (let index = 0; index < channel.length; index++) {
      interleaved[index * channels.length + offset] = channel[index] ?? 0
    }
  }
  const data = bytesOf(interleaved)
  const file = new Uint8Array(44 + data.length)
  const view = new DataView(file.buffer)
  const text = (at: number, value: string) => file.set(new TextEncoder().encode(value), at)
  const frameBytes = channels.length * 2
  text(0, "RIFF")
  view.setUint32(4, 36 + data.length, true)
  text(8, "WAVEfmt ")
  view.setUint32(16, 16, true)
  view.setUint16(20, formats.pcm, true)
  view.setUint16(22, channels.length, true)
  view.setUint32(24, sampleRateHz, true)
  view.setUint32(28, sampleRateHz * frameBytes, true)
  view.setUint16(32, frameBytes, true)
  view.setUint16(34, 16, true)
  text(36, "data")
  view.setUint32(40, data.length, true)
  file.set(data, 44)
  return file
}
