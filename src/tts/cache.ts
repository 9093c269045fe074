/**
 * Rendered speech on disk, named by the hash of all that decides how it sounds. A file is written under a temporary name
 * and renamed, so several processes may share the directory; a damaged one is deleted and rendered again. Over
 * `bytesMax` the least recently heard go. A disk that is full, read-only or gone costs the caching, never the speech.
 */
import { createHash, randomUUID } from "node:crypto"
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { decode, encode, formatVersion, type Speech } from "./speech-file.ts"

export interface SpeechKey {
  /** As the engine gets it, normalised. */
  readonly text: string
  readonly voice: string
  readonly speed: number
  /** Name and version. */
  readonly engine: string
}

export const keyOf = (key: SpeechKey): string =>
  createHash("sha256")
    .update(JSON.stringify([formatVersion, key.text, key.voice, key.speed, key.engine]))
    .digest("hex")

/** Eviction goes down to this share of the bound, so that it does not run again at the next sentence. */
const keptShare = 0.9
/** What a writer that died left behind is removed after this. */
const temporaryMsMax = 10 * 60_000

const name = /^[0-9a-f]{64}\.wav$/u

interface Entry {
  readonly path: string
  readonly bytes: number
  readonly heardMs: number
}

export class SpeechCache {
  readonly #home: string
  readonly #bytesMax: number
  /** Of the whole directory at the last look, and what this process added since; undefined before the first look. */
  #bytes: number | undefined
  #looking: Promise<void> | undefined
  #writable = true

  constructor(home: string, bytesMax: number) {
    this.#home = home
    this.#bytesMax = bytesMax
  }

  /** False after a write that failed, until one succeeds. */
  get writable(): boolean {
    return this.#writable
  }

  async get(key: string): Promise<Speech | undefined> {
    const path = this.#path(key)
    try {
      const speech = decode(await readFile(path))
      const now = new Date()
      // Heard now: the time of change is the order of eviction, since times of access are often not kept.
      if (speech !== undefined) await utimes(path, now, now).catch(() => {})
      else await rm(path, { force: true })
      return speech
    } catch {
      return undefined
    }
  }

  async has(key: string): Promise<boolean> {
    return stat(this.#path(key)).then(
      (entry) => entry.isFile(),
      () => false
    )
  }

  /** Whether it was kept. Never rejects. */
  async put(key: string, speech: Speech): Promise<boolean> {
    const path = this.#path(key)
    const temporary = `${path}.${process.pid}.${randomUUID()}.tmp`
    const file = encode(speech)
    try {
      if (file.length > this.#bytesMax) return false
      await mkdir(join(path, ".."), { recursive: true })
      await writeFile(temporary, file)
      await rename(temporary, path)
      this.#writable = true
    } catch {
      this.#writable = false
      await rm(temporary, { force: true }).catch(() => {})
      return false
    }
    await this.#grown(file.length)
    return true
  }

  /** Bounds the directory, also by what other processes have put there. */
  async #grown(bytes: number): Promise<void> {
    if (this.#bytes !== undefined) {
      this.#bytes += bytes
      if (this.#bytes <= this.#bytesMax) return
    }
    this.#looking ??= this.#evict().finally(() => {
      this.#looking = undefined
    })
    await this.#looking
  }

  async #evict(): Promise<void> {
    const entries = await this.#entries()
    let bytes = entries.reduce((sum, entry) => sum + entry.bytes, 0)
    if (bytes > this.#bytesMax) {
      for (const entry of entries.toSorted((a, b) => a.heardMs - b.heardMs)) {
        if (bytes <= this.#bytesMax * keptShare) break
        await rm(entry.path, { force: true }).catch(() => {})
        bytes -= entry.bytes
      }
    }
    this.#bytes = bytes
  }

  async #entries(): Promise<Array<Entry>> {
    const entries: Array<Entry> = []
    const found = await readdir(this.#home, { recursive: true, withFileTypes: true }).catch(() => [])
    for (const file of found) {
      if (!file.isFile()) continue
      const path = join(file.parentPath, file.name)
      // Another process may have removed it meanwhile.
      const facts = await stat(path).catch(() => undefined)
      if (facts === undefined) continue
      if (name.test(file.name)) entries.push({ path, bytes: facts.size, heardMs: facts.mtimeMs })
      else if (file.name.endsWith(".tmp") && Date.now() - facts.mtimeMs > temporaryMsMax)
        await rm(path, { force: true }).catch(() => {})
    }
    return entries
  }

  #path(key: string): string {
    return join(this.#home, key.slice(0, 2), `${key}.wav`)
  }
}
