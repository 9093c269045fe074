/** Writes one unpacked file, durable when it returns. A name that is there already is refused: archives name a file once. */
import { mkdirSync } from "node:fs"
import { open } from "node:fs/promises"
import { dirname, join } from "node:path"
import { unsafe } from "./entries.ts"

const writeBytes = 1024 * 1024

export interface PlacedFile {
  /** Relative to the model's folder. */
  readonly path: string
  readonly bytes: number
}

/** `parts` were looked at by `safeParts`. */
export const placeFile = async (
  archive: string,
  folder: string,
  parts: ReadonlyArray<string>,
  content: AsyncIterable<Buffer>
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
    const flush = async () => {
      for (const all = Buffer.concat(waiting, waitingBytes); waitingBytes > 0;) {
        waitingBytes -= (await handle.write(all, all.length - waitingBytes)).bytesWritten
      }
      waiting = []
    }
    for await (const part of content) {
      waiting.push(part)
      waitingBytes += part.length
      bytes += part.length
      if (waitingBytes >= writeBytes) await flush()
    }
    await flush()
    await handle.sync()
    return { path: parts.join("/"), bytes }
  } finally {
    await handle.close()
  }
}
