/**
 * The files of the audit log: `2026-08-01.1.jsonl`, the next number when one is full, the next name when the UTC day is
 * over. Only ever appended to, by whole lines: what a failed write left of its lines is cut off again, and where even that
 * failed, or a crash tore the last line, the next one begins on a line of its own. A file is opened for each batch, so one
 * that somebody moved away costs nothing.
 */
import { mkdir, open, readdir, readFile, stat, unlink, type FileHandle } from "node:fs/promises"
import { join } from "node:path"
import { genesis, type Link, linked, type LogFile, readLine } from "./chain.ts"

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

  /** The last line that is on disk; undefined: not looked up yet. */
  #head: Link | undefined

  /** On disk when it resolves, which gives the last link of the chain. `lines`: JSON objects. */
  async append(lines: ReadonlyArray<string>, nowMs: number): Promise<Link> {
    const { folder, fileBytesMax } = this.#options
    await mkdir(folder, { recursive: true, mode: 0o700 })
    const before = (this.#head ??= await this.#lastLink())
    const day = dayOf(nowMs)
    const latest = (await this.#files()).findLast((file) => file.day === day)?.number ?? 1
    const file = await open(join(folder, nameOf(day, latest)), "a+", 0o600)
    try {
      const { size } = await file.stat()
      const { text, link } = chained(before, lines, size === 0)
      if (size + Buffer.byteLength(text) <= fileBytesMax || size === 0) {
        await appendWhole(file, size, text)
        return (this.#head = link)
      }
    } finally {
      await file.close()
    }
    const next = await open(join(folder, nameOf(day, latest + 1)), "a+", 0o600)
    try {
      const { size } = await next.stat()
      const { text, link } = chained(before, lines, size === 0)
      await appendWhole(next, size, text)
      return (this.#head = link)
    } finally {
      await next.close()
    }
  }

  async #lastLink(): Promise<Link> {
    const { folder } = this.#options
    for (const { name } of (await this.#files()).toReversed()) {
      // A pipe in its place would be waited for.
      if (!(await stat(join(folder, name))).isFile()) continue
      const lines = (await readFile(join(folder, name), "utf8")).split("\n")
      // A line that a crash tore is none.
      const last = lines
        .toReversed()
        .map(readLine)
        .find((line) => line !== undefined)
      if (last !== undefined) return { n: last.n, chain: last.chain }
    }
    return genesis
  }

  /** All of them, for whoever verifies them; oldest first. */
  async read(): Promise<ReadonlyArray<LogFile>> {
    const { folder } = this.#options
    const files = await this.#files()
    return Promise.all(files.map(async ({ name }) => ({ name, text: await readFile(join(folder, name), "utf8") })))
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

const chained = (before: Link, lines: ReadonlyArray<string>, isNew: boolean) => {
  let link = before
  const text = lines.map((json, at) => {
    const next = linked(link, json, isNew && at === 0)
    link = next.link
    return `${next.line}\n`
  })
  return { text: text.join(""), link }
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
