/**
 * The files of the audit log: `2026-08-01.1.jsonl`, the next number when one is full, the next name when the UTC day is
 * over. Only ever appended to, by whole lines: what a failed write left of its lines is cut off again, and where even that
 * failed, or a crash tore the last line, the next one begins on a line of its own. A file is opened for each batch, so one
 * that somebody moved away costs nothing.
 */
import { mkdir, open, readdir, stat, unlink, type FileHandle } from "node:fs/promises"
import { join } from "node:path"

export interface AuditFilesOptions {
  readonly folder: string
  readonly fileBytesMax: number
  /** Of all files. Over it the oldest go, whatever their age. */
  readonly bytesMax: number
  readonly retentionDays: number
}

interface Named {
  readonly name: string
  readonly day: string
  readonly number: number
}

const dayMs = 86_400_000
const pattern = /^(\d{4}-\d{2}-\d{2})\.(\d+)\.jsonl$/

const dayOf = (atMs: number): string => new Date(atMs).toISOString().slice(0, 10)
const nameOf = (day: string, number: number): string => `${day}.${number}.jsonl`

export class AuditFiles {
  readonly #options: AuditFilesOptions

  constructor(options: AuditFilesOptions) {
    this.#options = options
  }

  /** On disk when it resolves. `text`: whole lines. */
  async append(text: string, nowMs: number): Promise<void> {
    const { folder, fileBytesMax } = this.#options
    await mkdir(folder, { recursive: true, mode: 0o700 })
    const day = dayOf(nowMs)
    const latest = (await this.#files()).findLast((file) => file.day === day)?.number ?? 1
    const file = await open(join(folder, nameOf(day, latest)), "a+", 0o600)
    try {
      const { size } = await file.stat()
      if (size + Buffer.byteLength(text) <= fileBytesMax || size === 0) return await appendWhole(file, size, text)
    } finally {
      await file.close()
    }
    const next = await open(join(folder, nameOf(day, latest + 1)), "a+", 0o600)
    try {
      await appendWhole(next, (await next.stat()).size, text)
    } finally {
      await next.close()
    }
  }

  /** Deletes what is too old, where the clock can be trusted to say so, and what is too much. */
  async forget(nowMs: number, clockTrusted: boolean): Promise<void> {
    const { folder, bytesMax, retentionDays } = this.#options
    const oldest = dayOf(nowMs - retentionDays * dayMs)
    let keptBytes = 0
    for (const { name, day } of (await this.#files()).toReversed()) {
      keptBytes += (await stat(join(folder, name))).size
      if (keptBytes > bytesMax || (clockTrusted && day < oldest)) await unlink(join(folder, name))
    }
  }

  /** Oldest first. */
  async #files(): Promise<ReadonlyArray<Named>> {
    const names = await readdir(this.#options.folder).catch(() => [])
    return names
      .flatMap((name) => {
        const match = pattern.exec(name)
        return match === null ? [] : [{ name, day: match[1] ?? "", number: Number(match[2]) }]
      })
      .sort((a, b) => (a.day < b.day ? -1 : a.day > b.day ? 1 : a.number - b.number))
  }
}

const appendWhole = async (file: FileHandle, size: number, text: string): Promise<void> => {
  const last = Buffer.alloc(1)
  if (size > 0) await file.read(last, 0, 1, size - 1)
  const torn = size > 0 && last.toString() !== "\n"
  try {
    await file.appendFile(torn ? `\n${text}` : text)
    await file.datasync()
  } catch (error) {
    await file.truncate(size).catch(() => {})
    throw error
  }
}
