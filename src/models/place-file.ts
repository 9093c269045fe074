/**
 * Writes one unpacked file. A name that is there already is refused: archives name a file once. It is durable when `synced`
 * resolves, which may take longer than the next file.
 */
import { mkdirSync } from "node:fs"
import { type FileHandle, open } from "node:fs/promises"
import { dirname, join } from "node:path"
import { unsafe } from "./entries.ts"

const batchBytes = 256 * 1024

export interface PlacedFile {
  /** Relative to the model's folder. */
  readonly path: string
  readonly bytes: number
}

/** Bytes after which what streamed through is let go of; V8 counts it as nearly nothing, and would keep 64 MB of it. */
const sweepBytes = 2 * 1024 * 1024
let unsweptBytes = 0
/** Where `--expose-gc` is given, as by the npm script; a tenth of a millisecond. */
const sweep = (bytes: number): void => {
  unsweptBytes += bytes
  if (unsweptBytes < sweepBytes) return
  unsweptBytes = 0
  void globalThis.gc?.({ type: "minor" })
}

/** Without gathering them into one buffer first: that would double the memory, and copy every byte. */
export const writeAll = async (handle: FileHandle, batch: ReadonlyArray<Buffer>): Promise<void> => {
  let left = batch
  while (left.length > 0) {
    let { bytesWritten } = await handle.writev(left)
    sweep(bytesWritten)
    left = left.flatMap((part) => {
      const written = Math.min(part.length, bytesWritten)
      bytesWritten -= written
      return written === part.length ? [] : [part.subarray(written)]
    })
  }
}

/** Files that are still on their way to the disk. */
export class Syncing {
  readonly #pending: Array<Promise<void>> = []

  /** Takes the handle over, and closes it. */
  add(handle: FileHandle): void {
    const synced = handle.sync().finally(() => handle.close())
    // Whoever awaits `done` is told.
    synced.catch(() => {})
    this.#pending.push(synced)
  }

  async done(): Promise<void> {
    await Promise.all(this.#pending)
  }
}

/** `parts` were looked at by `safeParts`. */
export const placeFile = async (
  archive: string,
  folder: string,
  parts: ReadonlyArray<string>,
  content: AsyncIterable<Buffer>,
  syncing: Syncing
): Promise<PlacedFile> => {
  const path = join(folder, ...parts)
  mkdirSync(dirname(path), { recursive: true })
  const handle = await open(path, "wx", 0o644).catch((error: NodeJS.ErrnoException) => {
    throw error.code === "EEXIST" ? unsafe(archive, "the same name twice") : error
  })
  try {
    let bytes = 0
    let waiting: Array<Buffer> = []
    let waitingBytes = 0
    for await (const part of content) {
      waiting.push(part)
      waitingBytes += part.length
      bytes += part.length
      if (waitingBytes < batchBytes) continue
      await writeAll(handle, waiting)
      waiting = []
      waitingBytes = 0
    }
    await writeAll(handle, waiting)
    syncing.add(handle)
    return { path: parts.join("/"), bytes }
  } catch (error) {
    await handle.close()
    throw error
  }
}
