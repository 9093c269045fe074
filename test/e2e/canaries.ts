/**
 * Looks for words in bytes as somebody would who wants to find them: in every encoding in which text usually travels, and
 * inside compressed members wherever one begins. Not found: what is encrypted, and brotli, which has no mark to know it by.
 */
import { readdirSync, readFileSync } from "node:fs"
import { join, relative } from "node:path"
import { constants, deflateRawSync, deflateSync, gzipSync, inflateRawSync, inflateSync } from "node:zlib"
import { zstdCompressSync, zstdDecompressSync } from "node:zlib"

/** By name, for a report that repeats no secret. */
export type Canaries = Readonly<Record<string, string>>

/** Base64 of a text that stands somewhere in longer bytes: the part that does not depend on what is around it. */
const base64Inside = (bytes: Buffer, alignment: number): string => {
  const encoded = Buffer.concat([Buffer.alloc(alignment), bytes])
    .toString("base64")
    .replace(/=+$/, "")
  const first = Math.ceil((alignment * 4) / 3)
  const isWhole = (alignment + bytes.length) % 3 === 0
  return encoded.slice(first, isWhole ? undefined : -1)
}
const urlSafe = (base64: string): string => base64.replaceAll("+", "-").replaceAll("/", "_")
const escaped = (text: string): string =>
  text.replace(/[^\x20-\x7e]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`)
const percent = (bytes: Buffer): string =>
  [...bytes].map((byte) => `%${byte.toString(16).padStart(2, "0").toUpperCase()}`).join("")

export const encodings: Readonly<Record<string, (text: string) => Buffer>> = {
  plain: (text) => Buffer.from(text),
  "decomposed (NFD)": (text) => Buffer.from(text.normalize("NFD")),
  "JSON escapes": (text) => Buffer.from(escaped(text)),
  "percent, where it must be": (text) => Buffer.from(encodeURIComponent(text)),
  "percent, small letters": (text) => Buffer.from(encodeURIComponent(text).toLowerCase()),
  "percent, each byte": (text) => Buffer.from(percent(Buffer.from(text))),
  "base64, alignment 0": (text) => Buffer.from(base64Inside(Buffer.from(text), 0)),
  "base64, alignment 1": (text) => Buffer.from(base64Inside(Buffer.from(text), 1)),
  "base64, alignment 2": (text) => Buffer.from(base64Inside(Buffer.from(text), 2)),
  "base64url, alignment 0": (text) => Buffer.from(urlSafe(base64Inside(Buffer.from(text), 0))),
  "base64url, alignment 1": (text) => Buffer.from(urlSafe(base64Inside(Buffer.from(text), 1))),
  "base64url, alignment 2": (text) => Buffer.from(urlSafe(base64Inside(Buffer.from(text), 2))),
  hex: (text) => Buffer.from(Buffer.from(text).toString("hex")),
  "hex, capitals": (text) => Buffer.from(Buffer.from(text).toString("hex").toUpperCase()),
  "UTF-16, little end": (text) => Buffer.from(text, "utf16le"),
  "UTF-16, big end": (text) => Buffer.from(text, "utf16le").swap16()
}

export const compressions: Readonly<Record<string, (bytes: Buffer) => Buffer>> = {
  gzip: (bytes) => gzipSync(bytes),
  zlib: (bytes) => deflateSync(bytes),
  "zlib, level 1": (bytes) => deflateSync(bytes, { level: 1 }),
  // As the entry of a ZIP file: a header of 30 bytes and the name, then deflate without a header.
  zip: (bytes) => {
    const header = Buffer.alloc(30)
    header.write("PK\x03\x04", 0, "latin1")
    header.writeUInt16LE(5, 26)
    return Buffer.concat([header, Buffer.from("a.txt"), deflateRawSync(bytes)])
  },
  zstd: (bytes) => zstdCompressSync(bytes)
}

/** A member may be cut short, and is followed by whatever follows it. */
const tolerant = { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: 64 * 1024 * 1024 }
/** Where the deflate of a gzip member begins (RFC 1952, 2.3): node's own gunzip refuses what follows a member. */
const afterGzipHeader = (bytes: Buffer): Buffer => {
  const flags = bytes.readUInt8(3)
  let at = 10
  if (flags & 0x04) at += 2 + bytes.readUInt16LE(at)
  for (const text of [0x08, 0x10]) if (flags & text) at = bytes.indexOf(0, at) + 1
  return bytes.subarray(at + (flags & 0x02 ? 2 : 0))
}
const unpackers: ReadonlyArray<readonly [mark: Buffer, unpack: (bytes: Buffer) => Buffer]> = [
  [Buffer.from([0x1f, 0x8b, 0x08]), (bytes) => inflateRawSync(afterGzipHeader(bytes), tolerant)],
  ...[0x01, 0x5e, 0x9c, 0xda].map(
    (level) => [Buffer.from([0x78, level]), (bytes: Buffer) => inflateSync(bytes, tolerant)] as const
  ),
  [
    Buffer.from("PK\x03\x04", "latin1"),
    (bytes) => inflateRawSync(bytes.subarray(30 + bytes.readUInt16LE(26) + bytes.readUInt16LE(28)), tolerant)
  ],
  [Buffer.from([0x28, 0xb5, 0x2f, 0xfd]), (bytes) => zstdDecompressSync(bytes)]
]

const unpacked = (bytes: Buffer): ReadonlyArray<Buffer> =>
  unpackers.flatMap(([mark, unpack]) => {
    const found: Array<Buffer> = []
    for (let at = bytes.indexOf(mark); at >= 0; at = bytes.indexOf(mark, at + 1)) {
      try {
        found.push(unpack(bytes.subarray(at)))
      } catch {
        // It only looked like a member.
      }
    }
    return found
  })

/** Compressed within compressed, so deep. */
const depthMax = 3

/** What a canary looks like in each encoding, made once. Many look the same: a name of Latin letters escaped is itself. */
const looksOf = ((known: Map<string, ReadonlyArray<readonly [Buffer, ReadonlyArray<string>]>>) => (text: string) => {
  const looks = known.get(text)
  if (looks !== undefined) return looks
  const names = new Map<string, Array<string>>()
  for (const [encoding, encode] of Object.entries(encodings)) {
    const look = encode(text).toString("latin1")
    names.set(look, [...(names.get(look) ?? []), encoding])
  }
  const made = [...names].map(([look, same]) => [Buffer.from(look, "latin1"), same] as const)
  known.set(text, made)
  return made
})(new Map())

/** Where each canary stands: its name and the encoding. */
export const findCanaries = (bytes: Buffer, canaries: Canaries, depth = 0): ReadonlyArray<string> => {
  const found = new Set<string>()
  for (const [name, text] of Object.entries(canaries)) {
    for (const [look, same] of looksOf(text)) {
      if (bytes.includes(look)) for (const encoding of same) found.add(`${name}: ${encoding}`)
    }
  }
  if (depth < depthMax) {
    for (const inner of unpacked(bytes)) {
      if (inner.length === 0) continue
      for (const where of findCanaries(inner, canaries, depth + 1)) found.add(`${where}, compressed`)
    }
  }
  return [...found]
}

/** Every file below a folder, links not followed; one that goes while they are read was renamed, and is there under its name. */
export const filesBelow = (folder: string): ReadonlyMap<string, Buffer> => {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  return new Map(
    files.flatMap((file) => {
      const path = join(file.parentPath, file.name)
      try {
        return [[relative(folder, path), readFileSync(path)] as const]
      } catch {
        return []
      }
    })
  )
}
