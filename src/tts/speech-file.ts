/**
 * One rendered sentence as a WAV file that any player opens: `fmt `, a chunk `sawt` with the word marks and a checksum of
 * the samples, then `data`. `decode` answers undefined for anything that is cut short, altered or of another version.
 */
import { createHash } from "node:crypto"
import { endianness } from "node:os"
import { Schema } from "effect"
import { SpokenWord } from "./rendering.ts"

/** Change it when the file, the levelling or the text normalisation changes what is heard; part of every key. */
export const formatVersion = 1

export interface Speech {
  readonly pcm: Int16Array
  readonly sampleRateHz: number
  readonly words: ReadonlyArray<SpokenWord>
}

const Notes = Schema.Struct({
  version: Schema.Literal(formatVersion),
  words: Schema.Array(SpokenWord),
  sha256: Schema.String
})
const decodeNotes = Schema.decodeUnknownOption(Schema.fromJsonString(Notes))

const chunkHeaderBytes = 8
const riffHeaderBytes = 12
const fmtBytes = 16

const digest = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex")

/** The samples as little-endian bytes; a view where the machine is little-endian itself. */
const sampleBytes = (pcm: Int16Array): Buffer => {
  if (endianness() === "LE") return Buffer.from(pcm.buffer, pcm.byteOffset, pcm.byteLength)
  return Buffer.from(pcm.slice().buffer).swap16()
}

const chunk = (id: string, body: Uint8Array): Buffer => {
  const header = Buffer.alloc(chunkHeaderBytes)
  header.write(id, 0, "latin1")
  header.writeUInt32LE(body.byteLength, 4)
  return Buffer.concat([header, body, Buffer.alloc(body.byteLength % 2)])
}

export const encode = (speech: Speech): Buffer => {
  const samples = sampleBytes(speech.pcm)
  const fmt = Buffer.alloc(fmtBytes)
  fmt.writeUInt16LE(1, 0)
  fmt.writeUInt16LE(1, 2)
  fmt.writeUInt32LE(speech.sampleRateHz, 4)
  fmt.writeUInt32LE(speech.sampleRateHz * 2, 8)
  fmt.writeUInt16LE(2, 12)
  fmt.writeUInt16LE(16, 14)
  const notes = Buffer.from(JSON.stringify({ version: formatVersion, words: speech.words, sha256: digest(samples) }))
  const chunks = Buffer.concat([Buffer.from("WAVE"), chunk("fmt ", fmt), chunk("sawt", notes), chunk("data", samples)])
  return chunk("RIFF", chunks)
}

export const decode = (file: Buffer): Speech | undefined => {
  const bodies = new Map<string, Buffer>()
  let at = riffHeaderBytes
  while (at + chunkHeaderBytes <= file.length) {
    const id = file.toString("latin1", at, at + 4)
    const bytes = file.readUInt32LE(at + 4)
    at += chunkHeaderBytes
    if (at + bytes > file.length) return undefined
    bodies.set(id, file.subarray(at, at + bytes))
    at += bytes + (bytes % 2)
  }
  const fmt = bodies.get("fmt ")
  const data = bodies.get("data")
  const notes = decodeNotes(bodies.get("sawt")?.toString("utf8") ?? "")
  if (fmt?.length !== fmtBytes || data === undefined || notes._tag === "None" || digest(data) !== notes.value.sha256) {
    return undefined
  }
  // A copy: the samples must be aligned, and the file's buffer must not live as long as they do.
  const bytes = Buffer.from(data)
  if (endianness() === "BE") bytes.swap16()
  const pcm = new Int16Array(bytes.length / 2)
  new Uint8Array(pcm.buffer).set(bytes)
  return { pcm, sampleRateHz: fmt.readUInt32LE(4), words: notes.value.words }
}
