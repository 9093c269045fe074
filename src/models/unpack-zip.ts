/** Zip by yauzl: everything that it announces is looked at before the first byte is written, and held to it while it is. */
import { createReadStream } from "node:fs"
import { basename } from "node:path"
import { pipeline, Readable, type Transform } from "node:stream"
import { crc32, createInflateRaw } from "node:zlib"
import yauzl, { type Entry, type ZipFile } from "yauzl"
import { ModelError, type Unpack } from "#schemas/models.ts"
import { Bounds, corrupt, safeParts, unsafe } from "./entries.ts"
import { type PlacedFile, placeFile, Syncing } from "./place-file.ts"

const stored = 0
const deflated = 8
const readBytes = 64 * 1024
const inflateBytes = 256 * 1024
/** Each inflates on a thread of the pool. */
const entriesAtOnce = 2
const fileType = 0o170000
const regular = 0o100000
const directory = 0o040000
const unixHost = 3

const openZip = (path: string): Promise<ZipFile> =>
  new Promise((resolve, reject) => {
    const options = { lazyEntries: true, validateEntrySize: true, autoClose: false, strictFileNames: true }
    yauzl.open(path, options, (error, zip) => (error === null ? resolve(zip) : reject(error)))
  })

const entriesOf = (zip: ZipFile, look: (entry: Entry) => void): Promise<ReadonlyArray<Entry>> =>
  new Promise((resolve, reject) => {
    const entries: Array<Entry> = []
    zip.on("entry", (entry: Entry) => {
      try {
        look(entry)
      } catch (refusal) {
        return reject(refusal)
      }
      entries.push(entry)
      zip.readEntry()
    })
    zip.on("end", () => resolve(entries))
    zip.on("error", reject)
    zip.readEntry()
  })

/** Where its bytes begin. yauzl's own streams cannot be read side by side: one that is dropped while it waits for its turn throws. */
const startOf = (zip: ZipFile, entry: Entry): Promise<number> =>
  new Promise((resolve, reject) => {
    zip.readLocalFileHeader(entry, { minimal: true }, (error, header) =>
      error === null ? resolve(header.fileDataStart) : reject(error)
    )
  })

const rawOf = async (zip: ZipFile, entry: Entry, path: string): Promise<Readable> => {
  const start = await startOf(zip, entry)
  if (entry.compressedSize === 0) return Readable.from([])
  if (start + entry.compressedSize > zip.fileSize) throw corrupt(basename(path))
  return createReadStream(path, { start, end: start + entry.compressedSize - 1, highWaterMark: readBytes })
}

/** What the entry holds, and not a byte more than it announced; its CRC is checked at its end. */
async function* contentOf(zip: ZipFile, entry: Entry, path: string): AsyncGenerator<Buffer> {
  const archive = basename(path)
  const raw = await rawOf(zip, entry, path)
  // yauzl would inflate into pieces of 16 KiB, each of which costs a turn of the pool.
  const inflated = entry.compressionMethod === stored ? raw : createInflateRaw({ chunkSize: inflateBytes })
  if (inflated !== raw) pipeline(raw, inflated as Transform, () => {})
  let bytes = 0
  let crc = 0
  try {
    for await (const part of inflated as AsyncIterable<Buffer>) {
      bytes += part.length
      if (bytes > entry.uncompressedSize) throw corrupt(archive)
      crc = crc32(part, crc)
      yield part
    }
  } finally {
    raw.destroy()
    inflated.destroy()
  }
  if (bytes !== entry.uncompressedSize || crc !== entry.crc32) throw corrupt(archive)
}

const isFolder = (entry: Entry): boolean => entry.fileName.endsWith("/")

const lookAt = (archive: string, entry: Entry, bounds: Bounds): void => {
  safeParts(archive, entry.fileName)
  const type = entry.versionMadeBy >> 8 === unixHost ? (entry.externalFileAttributes >>> 16) & fileType : 0
  if (type !== 0 && type !== (isFolder(entry) ? directory : regular)) throw unsafe(archive, "a link or a device")
  if (![stored, deflated].includes(entry.compressionMethod)) throw corrupt(archive)
  if (entry.isEncrypted()) throw unsafe(archive, "what is encrypted")
  bounds.add(entry.uncompressedSize)
}

/**
 * The files of the archive's one folder, written under `target`. `room` is asked with their bytes before the first is
 * written. Throws `ModelError`, or what the disk says.
 */
export const unpackZip = async (
  path: string,
  { folder, bytesMax }: Unpack,
  target: string,
  { room, onBytes, signal }: UnpackOptions
): Promise<ReadonlyArray<PlacedFile>> => {
  const archive = basename(path)
  const bounds = new Bounds(archive, bytesMax)
  let zip: ZipFile | undefined
  try {
    zip = await openZip(path)
    const entries = await entriesOf(zip, (entry) => lookAt(archive, entry, bounds))
    // Entries that share their bytes: a small file that unpacks without end.
    if (entries.reduce((sum, { compressedSize }) => sum + compressedSize, 0) > zip.fileSize) throw corrupt(archive)
    room(bounds.bytes)
    const placed: Array<PlacedFile> = []
    const syncing = new Syncing()
    const waiting = entries.values()
    let done = 0
    let failed = false
    const from = zip
    const work = async (): Promise<void> => {
      for (const entry of waiting) {
        signal.throwIfAborted()
        const [top, ...parts] = safeParts(archive, entry.fileName)
        if (failed) return
        if (isFolder(entry) || top !== folder || parts.length === 0) continue
        const file = await placeFile(archive, target, parts, contentOf(from, entry, path), syncing)
        placed.push(file)
        onBytes((done += file.bytes), bounds.bytes)
      }
    }
    const stopping = () => work().catch((error: unknown) => {
      failed = true
      throw error
    })
    // Nothing is written any more when one has failed and the others have stopped.
    const ends = await Promise.allSettled(Array.from({ length: entriesAtOnce }, stopping))
    for (const end of ends) if (end.status === "rejected") throw end.reason
    await syncing.done()
    return placed
  } catch (error) {
    throw toModelError(archive, error)
  } finally {
    zip?.close()
  }
}

export interface UnpackOptions {
  readonly room: (bytes: number) => void
  readonly onBytes: (done: number, total: number | undefined) => void
  readonly signal: AbortSignal
}

/** yauzl's words for a path that leads out. */
const leadsOut = /^(invalid (relative path|characters in fileName)|absolute path)/

/** What the disk says has a code of its own, and is for the caller. */
export const toModelError = (archive: string, error: unknown): unknown => {
  if (error instanceof ModelError) return error
  const isOfDisk =
    error instanceof Error &&
    (error.name === "AbortError" || ("syscall" in error && "code" in error && typeof error.code === "string"))
  if (isOfDisk) return error
  return error instanceof Error && leadsOut.test(error.message)
    ? unsafe(archive, "a name that leads elsewhere")
    : corrupt(archive)
}
