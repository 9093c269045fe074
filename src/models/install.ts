/**
 * One model from the manifest to its folder: lock, space, files, checksums, unpacking, and one rename at the end. Killed at
 * any moment it leaves what was there before, and parts that the next run goes on with or sweeps away.
 */
import { createHash } from "node:crypto"
import { existsSync } from "node:fs"
import { copyFile, mkdir, open, readdir, rename, rm, stat, writeFile } from "node:fs/promises"
import { dirname, join } from "node:path"
import { Effect, type Result } from "effect"
import { type DownloadEntry, type DownloadEvent, type InstallRecord, ModelError } from "#schemas/models.ts"
import { corrupt } from "./entries.ts"
import { type FetchedFile, fetchFile, removePart } from "./fetch-file.ts"
import { currentVersion, type Layout, pointTo, prepareLayout, recordOf, stateOf, sweepStaging, syncFolder } from "./layout.ts"
import { holdLock } from "./lock.ts"
import { downloadBytes } from "./manifest.ts"
import type { Patience } from "./patience.ts"
import { pin, readPins } from "./pins.ts"
import type { PlacedFile } from "./place-file.ts"
import { type SourceOptions, sourceOf } from "./source.ts"
import { diskFull, isFull, requireSpace, reserveBytes } from "./space.ts"

export interface InstallOptions extends SourceOptions {
  readonly layout: Layout
  readonly patience: Patience
  readonly tell: (event: DownloadEvent) => void
  /** Bytes of disk that are left alone; absent: `reserveBytes`. */
  readonly reserve?: number
}

/** One disk and one line to the world: more at once only shares them. */
const modelsAtOnce = 2

const pinnedIn = (layout: Layout) => {
  const pins = readPins(layout.pins)
  return (file: string): string | undefined => pins[file]?.sha256
}

export const installState = (layout: Layout, model: DownloadEntry) => stateOf(layout, model, pinnedIn(layout))

/** An archive about doubles when it is unpacked; it is counted exactly before that. */
export const bytesNeeded = (model: DownloadEntry): number =>
  downloadBytes(model) * (model.source.unpack === undefined ? 1 : 3)

const versionOf = (files: ReadonlyArray<FetchedFile>): string =>
  createHash("sha256")
    .update(files.map(({ sha256 }) => sha256).join("\n"))
    .digest("hex")
    .slice(0, 16)

const partialBytes = async (layout: Layout, { source }: DownloadEntry): Promise<number> => {
  let bytes = 0
  for (const { name } of source.files) bytes += (await stat(join(layout.partial, name)).catch(() => ({ size: 0 }))).size
  return bytes
}

class Installing {
  readonly #model: DownloadEntry
  readonly #options: InstallOptions & { readonly signal: AbortSignal }

  constructor(model: DownloadEntry, options: InstallOptions & { readonly signal: AbortSignal }) {
    this.#model = model
    this.#options = options
  }

  /** With the lock held. */
  async run(): Promise<string> {
    const { layout, reserve = reserveBytes } = this.#options
    const model = this.#model
    const { state, version } = installState(layout, model)
    if (state === "installed" && version !== undefined) {
      this.#options.tell({ event: "unchanged", model: model.name, version })
      return version
    }
    if (state === "by-hand") {
      throw new ModelError({
        reason: "in_the_way",
        message: `The folder ${model.name} was put there by hand and is left alone: move it away to have it downloaded, or check it by models:verify.`
      })
    }
    const needed = Math.max(0, bytesNeeded(model) - (await partialBytes(layout, model))) + reserve
    requireSpace(layout.root, needed, `${model.name}`)
    const files = await this.#fetchAll()
    const fetched = versionOf(files)
    if (recordOf(layout, model.name, fetched) === undefined || state === "damaged") await this.#place(fetched, files)
    this.#pinAll(files)
    await pointTo(layout, model.name, fetched)
    for (const { path } of files) await removePart(path)
    this.#options.tell({ event: "installed", model: model.name, version: fetched })
    return fetched
  }

  async #fetchAll(): Promise<ReadonlyArray<FetchedFile>> {
    const { layout, patience, signal, tell } = this.#options
    const { name: model, source } = this.#model
    const files: Array<FetchedFile> = []
    const total = downloadBytes(this.#model)
    let before = 0
    for (const file of source.files) {
      const fetched = await fetchFile(file, sourceOf(file, this.#options), {
        folder: layout.partial,
        patience,
        signal,
        pinnedSha256: file.sha256 === undefined ? pinnedIn(layout)(file.name) : undefined,
        onBytes: (done, ofFile) => {
          const bytesTotal = source.files.length === 1 ? ofFile : total
          tell({
            event: "progress",
            model,
            step: "download",
            bytesDone: before + done,
            ...(bytesTotal === undefined ? {} : { bytesTotal: Math.max(bytesTotal, before + done) })
          })
        },
        onNote: (message) => tell({ event: "note", model, message })
      })
      before += fetched.bytes
      files.push(fetched)
    }
    return files
  }

  /** What could be unpacked is what was meant; a page that asks to log in is never pinned. */
  #pinAll(files: ReadonlyArray<FetchedFile>): void {
    const { pins } = this.#options.layout
    for (const [at, { sha256, bytes }] of files.entries()) {
      const file = this.#model.source.files[at]
      if (file === undefined || file.sha256 !== undefined || readPins(pins)[file.name] !== undefined) continue
      pin(pins, file.name, sha256, bytes)
    }
  }

  /** The version's folder, complete and durable under its name. */
  async #place(version: string, files: ReadonlyArray<FetchedFile>): Promise<void> {
    const { layout } = this.#options
    const { name } = this.#model
    const staged = join(layout.staging, `${name}.${version}`)
    await mkdir(staged, { recursive: true })
    try {
      const contents = await this.#fill(staged, files)
      const record: InstallRecord = {
        model: name,
        files: files.map(({ path, bytes, sha256, md5 }) => ({
          name: path.slice(layout.partial.length + 1),
          bytes,
          sha256,
          ...(md5 === undefined ? {} : { md5 })
        })),
        contents,
        installedAt: new Date().toISOString()
      }
      await this.#publish(staged, version, record)
    } catch (error) {
      await rm(staged, { recursive: true, force: true })
      if (!isFull(error)) throw error
      // Answers need the space more than a download that can be had again.
      for (const { path } of files) await removePart(path)
      throw diskFull(name)
    }
  }

  async #fill(staged: string, files: ReadonlyArray<FetchedFile>): Promise<ReadonlyArray<PlacedFile>> {
    const { layout, signal, tell, reserve = reserveBytes } = this.#options
    const { name: model, source } = this.#model
    const [first] = files
    if (source.unpack === undefined || first === undefined) {
      const placed: Array<PlacedFile> = []
      for (const { path, bytes } of files) {
        const file = path.slice(layout.partial.length + 1)
        await copyFile(path, join(staged, file))
        await syncFile(join(staged, file))
        placed.push({ path: file, bytes })
      }
      return placed
    }
    // Only the one that is needed: a small machine has better uses for its memory.
    const unpack =
      source.unpack.archive === "zip"
        ? (await import("./unpack-zip.ts")).unpackZip
        : (await import("./unpack-tar.ts")).unpackTar
    try {
      const placed = await unpack(first.path, source.unpack, staged, {
        signal,
        room: (bytes) => requireSpace(layout.root, bytes + reserve, `Unpacking ${model}`),
        onBytes: (bytesDone, bytesTotal) =>
          tell({ event: "progress", model, step: "unpack", bytesDone, ...(bytesTotal === undefined ? {} : { bytesTotal }) })
      })
      if (placed.length === 0) throw corrupt(`${model} (no folder ${source.unpack.folder} in it)`)
      return placed
    } catch (error) {
      // Its checksum may be right, but nobody can use it: the next run begins anew.
      if (error instanceof ModelError && error.reason !== "no_space") await removePart(first.path)
      throw error
    }
  }

  async #publish(staged: string, version: string, record: InstallRecord): Promise<void> {
    const { layout } = this.#options
    const versions = layout.versions(this.#model.name)
    const folder = join(versions, version)
    await syncTree(staged)
    await mkdir(versions, { recursive: true })
    // One that was damaged, or that lost its record: what replaces it is whole.
    if (existsSync(folder)) await rename(folder, join(layout.staging, `${version}.damaged`))
    await rename(staged, folder)
    await writeFile(join(layout.staging, `${version}.json`), `${JSON.stringify(record)}\n`, { flush: true })
    await rename(join(layout.staging, `${version}.json`), join(versions, `${version}.json`))
    await syncFolder(versions)
    await syncFolder(dirname(versions))
    await rm(join(layout.staging, `${version}.damaged`), { recursive: true, force: true })
  }
}

const syncFile = async (path: string): Promise<void> => {
  const handle = await open(path, "r")
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** The folders; files are synced as they are written. */
const syncTree = async (folder: string): Promise<void> => {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) await syncTree(join(folder, entry.name))
  }
  await syncFolder(folder)
}

const ofDisk = (layout: Layout, model: string, error: unknown): ModelError => {
  const code = error instanceof Error && "code" in error ? String(error.code) : "unknown"
  return new ModelError({
    reason: "not_writable",
    message: `The folder of models cannot be used (${code}; ${currentVersion(layout, model) === undefined ? "no version of it is there" : "what was there stays"}): look at the disk of DATA_DIR.`
  })
}

/** Interrupting it waits until nothing is written any more. */
const installOne = (model: DownloadEntry, options: InstallOptions): Effect.Effect<string, ModelError> =>
  Effect.callback((resume) => {
    const ended = new AbortController()
    const done = new Installing(model, { ...options, signal: ended.signal }).run().then(
      (version) => resume(Effect.succeed(version)),
      (error: unknown) =>
        resume(Effect.fail(error instanceof ModelError ? error : ofDisk(options.layout, model.name, error)))
    )
    return Effect.promise(() => {
      ended.abort()
      return done
    })
  })

/** Each model with the version that is in use now, or why it is not what the manifest names; one does not stop another. */
export const installAll = (
  models: ReadonlyArray<DownloadEntry>,
  options: InstallOptions
): Effect.Effect<ReadonlyArray<Result.Result<string, ModelError>>, ModelError> =>
  Effect.scoped(
    Effect.gen(function* () {
      const { layout, tell } = options
      const states = yield* attempt(layout, () => models.map((model) => installState(layout, model)))
      // A start must not wait for the lock where there is nothing to do.
      if (states.some(({ state }) => state !== "installed")) {
        yield* attempt(layout, () => prepareLayout(layout))
        const [first] = models
        const waiting = "another process is changing the models; waiting for it"
        yield* holdLock(layout.lock, () => tell({ event: "note", model: first?.name ?? "models", message: waiting }))
        yield* Effect.promise(() => sweepStaging(layout))
      }
      return yield* Effect.forEach(
        models,
        (model) =>
          installOne(model, options).pipe(
            Effect.tapError(({ reason, message }) =>
              Effect.sync(() => tell({ event: "failed", model: model.name, reason, message }))
            ),
            Effect.result
          ),
        { concurrency: modelsAtOnce }
      )
    })
  )

const attempt = <A>(layout: Layout, act: () => A): Effect.Effect<A, ModelError> =>
  Effect.try({ try: act, catch: (error) => (error instanceof ModelError ? error : ofDisk(layout, "", error)) })
