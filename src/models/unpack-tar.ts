/**
 * Tar, compressed or not, by node-tar's parser; what it finds is judged here, entry by entry, before its content is read.
 * A tar announces nothing beforehand: what was written until a refusal lies in a staging folder that is thrown away.
 */
import { createReadStream } from "node:fs"
import { basename } from "node:path"
import { Parser, type ReadEntry } from "tar"
import type { Unpack } from "#schemas/models.ts"
import { Bounds, corrupt, safeParts, tooLarge, unsafe } from "./entries.ts"
import { type PlacedFile, placeFile, Syncing } from "./place-file.ts"
import { toModelError, type UnpackOptions } from "./unpack-zip.ts"

const plain: ReadonlySet<string> = new Set(["File", "OldFile", "ContiguousFile", "Directory"])

/** node-tar's words for more than a thousand bytes out of one. */
const isBomb = /decompression ratio/

export const unpackTar = async (
  path: string,
  { folder, bytesMax }: Unpack,
  target: string,
  { room, onBytes, signal }: UnpackOptions
): Promise<ReadonlyArray<PlacedFile>> => {
  const archive = basename(path)
  const bounds = new Bounds(archive, bytesMax)
  const placed: Array<PlacedFile> = []
  const syncing = new Syncing()
  const input = createReadStream(path, { highWaterMark: 256 * 1024 })
  try {
    await new Promise<void>((resolve, reject) => {
      const fail = (error: unknown) => {
        input.destroy()
        reject(error)
      }
      const take = async (entry: ReadEntry): Promise<void> => {
        if (!plain.has(entry.type)) throw unsafe(archive, "a link or a device")
        const [top, ...parts] = safeParts(archive, entry.path)
        bounds.add(entry.size)
        if (entry.type === "Directory" || top !== folder || parts.length === 0) return void entry.resume()
        room(entry.size)
        const file = await placeFile(archive, target, parts, entry as unknown as AsyncIterable<Buffer>, syncing)
        if (file.bytes !== entry.size) throw corrupt(archive)
        placed.push(file)
        onBytes(bounds.bytes, undefined)
      }
      // The parser gives an entry when the one before was read; its writing may take longer.
      let taken = Promise.resolve()
      const parser = new Parser({ strict: true })
      parser.on("entry", (entry: ReadEntry) => {
        taken = taken.then(() => take(entry))
        taken.catch(fail)
      })
      parser.on("end", () => void taken.then(resolve, reject))
      parser.on("error", (error: Error) => fail(isBomb.test(error.message) ? tooLarge(archive, bytesMax) : error))
      signal.addEventListener("abort", () => fail(signal.reason), { once: true })
      input.on("error", fail)
      input.pipe(parser as unknown as NodeJS.WritableStream)
    })
    await syncing.done()
    return placed
  } catch (error) {
    throw toModelError(archive, error)
  }
}
