/**
 * One file, from wherever it is to `.partial/`, whole and with the right checksum. What was broken off is gone on with
 * where the server can tell that it is still the same file, and begun anew where it cannot. Bytes are hashed as they come.
 */
import { createHash, type Hash } from "node:crypto"
import { createReadStream, readFileSync } from "node:fs"
import { open, rename, rm, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { Option, Schema } from "effect"
import { ModelError, type ModelFile, PartialRecord } from "#schemas/models.ts"
import { Arrivals, batchBytes } from "./arrivals.ts"
import { backoffMs, type Patience } from "./patience.ts"
import { writeAll } from "./place-file.ts"
import { Hiccup, type Opened, type Source } from "./source.ts"
import { diskFull, isFull } from "./space.ts"

export interface FetchedFile {
  readonly path: string
  readonly bytes: number
  readonly sha256: string
  /** Where the manifest has one. */
  readonly md5?: string
}

export interface FetchOptions {
  /** Folder of what is broken off. */
  readonly folder: string
  readonly patience: Patience
  /** What the file's first download had, where its publisher gives no checksum. */
  readonly pinnedSha256: string | undefined
  readonly signal: AbortSignal
  readonly onBytes: (done: number, total: number | undefined) => void
  readonly onNote: (message: string) => void
}

const decodePart = Schema.decodeUnknownOption(Schema.fromJsonString(PartialRecord))

class Download {
  readonly path: string
  readonly #file: ModelFile
  readonly #source: Source
  readonly #options: FetchOptions
  #sha256: Hash = createHash("sha256")
  #md5: Hash | undefined
  #done = 0
  #part: PartialRecord | undefined

  constructor(file: ModelFile, source: Source, options: FetchOptions) {
    this.#file = file
    this.#source = source
    this.#options = options
    this.path = join(options.folder, file.name)
    this.#md5 = this.#newMd5()
  }

  /** Takes up what an earlier process left. */
  async takeUp(): Promise<void> {
    const part = Option.getOrUndefined(decodePart(readText(`${this.path}.json`)))
    if (part === undefined) return this.#beginAnew()
    this.#part = part
    try {
      for await (const bytes of createReadStream(this.path, { highWaterMark: batchBytes })) this.#count(bytes as Buffer)
    } catch {
      await this.#beginAnew()
    }
  }

  async run(): Promise<FetchedFile> {
    let barren = 0
    for (;;) {
      const before = this.#done
      try {
        await this.#attempt()
        return this.#checked()
      } catch (error) {
        this.#options.signal.throwIfAborted()
        if (!(error instanceof Hiccup)) throw error
        barren = this.#done > before && error.waitMs === undefined && !(error instanceof TooSlow) ? 0 : barren + 1
        const { patience, onNote, signal } = this.#options
        if (barren >= patience.attemptsMax) {
          throw new ModelError({
            reason: "unreachable",
            message: `${error.message}, ${barren} times in a row; ${this.#file.name} goes on from ${this.#done} bytes the next time.`
          })
        }
        const waitMs = error.waitMs ?? backoffMs(patience, barren + 2, Math.random())
        if (waitMs > patience.retryAfterMsMax) {
          throw new ModelError({
            reason: "unreachable",
            message: `${error.message} and asks to wait ${Math.ceil(waitMs / 60_000)} minutes: try again then.`
          })
        }
        onNote(`${error.message}; trying again in ${(waitMs / 1_000).toFixed(1)} s`)
        await sleep(waitMs, undefined, { signal })
      }
    }
  }

  async #attempt(): Promise<void> {
    if (this.#part?.totalBytes !== undefined && this.#done === this.#part.totalBytes && this.#done > 0) return
    const ended = new AbortController()
    const signal = AbortSignal.any([this.#options.signal, ended.signal])
    try {
      const opened = await this.#source.open(this.#done, this.#part, signal)
      const arrivals = new Arrivals(opened.stream)
      try {
        await this.#begin(opened)
        await this.#write(arrivals)
      } finally {
        opened.stream.destroy()
      }
    } finally {
      ended.abort()
    }
    const total = this.#part?.totalBytes
    if (total !== undefined && this.#done < total) throw new Hiccup(`${this.#file.name} was cut off at ${this.#done} bytes`)
  }

  async #begin({ offset, part }: Opened): Promise<void> {
    if (offset !== this.#done) await this.#beginAnew()
    const { bytes } = this.#file
    if (bytes !== undefined && part.totalBytes !== undefined && part.totalBytes !== bytes) {
      await this.#beginAnew()
      throw this.#wrongSize(part.totalBytes)
    }
    this.#part = part
    await writeFile(`${this.path}.json.new`, JSON.stringify(part))
    await rename(`${this.path}.json.new`, `${this.path}.json`)
  }

  async #write(arrivals: Arrivals): Promise<void> {
    const { patience, onBytes } = this.#options
    const most = this.#file.bytes ?? this.#part?.totalBytes ?? (this.#file.approximateBytes ?? Infinity) * 2
    let before = 0
    const pace = setInterval(() => {
      if (arrivals.bytes - before < patience.paceBytesMin) {
        arrivals.end(new TooSlow(`${this.#file.name} comes too slowly`))
      }
      before = arrivals.bytes
    }, patience.paceWindowMs)
    const handle = await open(this.path, "a")
    // A write that failed half-way is not counted.
    await handle.truncate(this.#done)
    try {
      await arrivals.take(async (batch, bytes) => {
        if (this.#done + bytes > most) {
          await this.#beginAnew()
          throw this.#wrongSize(undefined)
        }
        await writeAll(handle, batch)
        // What is hashed is what is on disk, so that another try goes on from both.
        for (const part of batch) this.#count(part)
        onBytes(this.#done, this.#part?.totalBytes ?? this.#file.bytes)
      })
    } catch (error) {
      if (error instanceof ModelError) throw error
      if (isFull(error)) {
        // Answers need the space more.
        await this.#beginAnew()
        throw diskFull(this.#file.name)
      }
      this.#options.signal.throwIfAborted()
      throw error instanceof Hiccup ? error : new Hiccup(`${this.#file.name} was cut off at ${this.#done} bytes`)
    } finally {
      clearInterval(pace)
      await handle.close()
    }
  }

  async #checked(): Promise<FetchedFile> {
    const [bytes, sha256, md5] = [this.#done, this.#sha256.copy().digest("hex"), this.#md5?.copy().digest("hex")]
    const wanted = this.#file
    const wantedSha256 = wanted.sha256 ?? this.#options.pinnedSha256
    if (wanted.bytes !== undefined && wanted.bytes !== bytes) {
      await this.#beginAnew()
      throw this.#wrongSize(bytes)
    }
    if ((wantedSha256 ?? sha256) === sha256 && wanted.md5 === md5) {
      return { path: this.path, bytes, sha256, ...(md5 === undefined ? {} : { md5 }) }
    }
    await this.#beginAnew()
    const pinned = wanted.sha256 === undefined && wantedSha256 !== undefined && wantedSha256 !== sha256
    throw new ModelError({
      reason: "wrong_checksum",
      message: pinned
        ? `${wanted.name} is not the file that was downloaded first (${sha256.slice(0, 12)}…): if its publisher has changed it and you trust that, remove its entry from .pins.json in the folder of models.`
        : `${wanted.name} has another checksum than the manifest says (${sha256.slice(0, 12)}…): it was damaged or exchanged on its way; nothing of it is kept.`
    })
  }

  /** `bytes` is undefined where it went on past its end. */
  #wrongSize(bytes: number | undefined): ModelError {
    const { name, bytes: wanted } = this.#file
    const has = bytes === undefined ? "does not end where it should" : `has ${bytes} bytes`
    const should = wanted === undefined ? "" : `, and should have ${wanted}`
    return new ModelError({
      reason: "wrong_size",
      message: `${name} ${has}${should}: it is another file than the manifest names; nothing of it is kept.`
    })
  }

  #count(bytes: Buffer): void {
    this.#sha256.update(bytes)
    this.#md5?.update(bytes)
    this.#done += bytes.length
  }

  #newMd5(): Hash | undefined {
    return this.#file.md5 === undefined ? undefined : createHash("md5")
  }

  async #beginAnew(): Promise<void> {
    this.#sha256 = createHash("sha256")
    this.#md5 = this.#newMd5()
    this.#done = 0
    this.#part = undefined
    await removePart(this.path)
  }
}

/** Came to nothing, whatever it brought. */
class TooSlow extends Hiccup {}

const readText = (path: string): string => {
  try {
    return readFileSync(path, "utf8")
  } catch {
    return ""
  }
}

/** The record first: a part without one is begun anew. */
export const removePart = async (path: string): Promise<void> => {
  await rm(`${path}.json`, { force: true })
  await rm(path, { force: true })
}

/** Throws `ModelError`, or what `signal` was aborted with. */
export const fetchFile = async (file: ModelFile, source: Source, options: FetchOptions): Promise<FetchedFile> => {
  const download = new Download(file, source, options)
  await download.takeUp()
  return download.run()
}
