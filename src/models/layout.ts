/**
 * Where models lie. `ROOT/NAME` is a link to one complete version, changed by one rename, so that whoever looks sees the
 * old model or the new one:
 *
 *     ROOT/NAME                        -> .versions/NAME/DIGEST
 *     ROOT/.versions/NAME/DIGEST/      a version; DIGEST.json beside it tells what it is
 *     ROOT/.partial/FILE, FILE.json    a download that was broken off
 *     ROOT/.staging/                   what is being unpacked; swept by the next who holds the lock
 *     ROOT/.pins.json, ROOT/.lock
 *
 * A folder of that name that is no link was put there by hand and is left alone.
 */
import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync, statSync } from "node:fs"
import { open, readdir, rename, rm, symlink } from "node:fs/promises"
import { basename, join } from "node:path"
import { Option, Schema } from "effect"
import { type DownloadEntry, InstallRecord, ModelError } from "#schemas/models.ts"

export interface Layout {
  readonly root: string
  readonly partial: string
  readonly staging: string
  readonly pins: string
  readonly lock: string
  /** What the configuration names. */
  readonly link: (model: string) => string
  readonly versions: (model: string) => string
}

export const layoutOf = (root: string): Layout => ({
  root,
  partial: join(root, ".partial"),
  staging: join(root, ".staging"),
  pins: join(root, ".pins.json"),
  lock: join(root, ".lock"),
  link: (model) => join(root, model),
  versions: (model) => join(root, ".versions", model)
})

/** Makes the folders, which also tells whether they can be written. */
export const prepareLayout = (layout: Layout): void => {
  try {
    for (const folder of [layout.root, layout.partial, layout.staging]) mkdirSync(folder, { recursive: true })
  } catch {
    throw new ModelError({
      reason: "not_writable",
      message: "The folder of models under DATA_DIR cannot be written: mount a disk there, or let this user write it."
    })
  }
}

/** Digest of the version that the link leads to; undefined where there is none, `by-hand` where it is no link. */
export const currentVersion = (layout: Layout, model: string): string | undefined => {
  const link = layout.link(model)
  const stat = lstatSync(link, { throwIfNoEntry: false })
  if (stat === undefined) return undefined
  if (!stat.isSymbolicLink()) return "by-hand"
  return existsSync(link) ? basename(readlinkSync(link)) : undefined
}

const decodeRecord = Schema.decodeUnknownOption(Schema.fromJsonString(InstallRecord))

export const recordOf = (layout: Layout, model: string, version: string): InstallRecord | undefined => {
  try {
    const text = readFileSync(join(layout.versions(model), `${version}.json`), "utf8")
    return Option.getOrUndefined(decodeRecord(text))
  } catch {
    return undefined
  }
}

/** Whether every file that was unpacked is there with its size. */
const isWhole = (folder: string, { contents }: InstallRecord): boolean =>
  contents.every(({ path, bytes }) => statSync(join(folder, path), { throwIfNoEntry: false })?.size === bytes)

export type InstallState = "absent" | "by-hand" | "damaged" | "other" | "installed"

/** `other`: whole, but not what the manifest (or a pin) names now. */
export const stateOf = (
  layout: Layout,
  { name, source }: DownloadEntry,
  pinned: (file: string) => string | undefined
): { readonly state: InstallState; readonly version?: string } => {
  const version = currentVersion(layout, name)
  if (version === undefined) return { state: "absent" }
  if (version === "by-hand") return { state: "by-hand" }
  const record = recordOf(layout, name, version)
  if (record === undefined || !isWhole(layout.link(name), record)) return { state: "damaged", version }
  const same = source.files.every((file) => {
    const had = record.files.find((one) => one.name === file.name)
    const sha256 = file.sha256 ?? pinned(file.name)
    return (
      had !== undefined &&
      (sha256 === undefined || had.sha256 === sha256) &&
      // Where the manifest has both, the better one says it all.
      (file.sha256 !== undefined || file.md5 === undefined || had.md5 === file.md5) &&
      (file.bytes === undefined || had.bytes === file.bytes)
    )
  })
  return { state: same ? "installed" : "other", version }
}

/** What was written last in a folder is durable after this. */
export const syncFolder = async (folder: string): Promise<void> => {
  const handle = await open(folder, "r")
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** One rename: whoever opens `ROOT/NAME` finds the version before or this one. */
export const pointTo = async (layout: Layout, model: string, version: string): Promise<void> => {
  const link = join(layout.staging, `${model}.link`)
  await rm(link, { force: true })
  await symlink(join(".versions", model, version), link)
  await rename(link, layout.link(model))
  await syncFolder(layout.root)
}

/** Versions of a model that are not the one in use, newest first. */
export const otherVersions = (layout: Layout, model: string): ReadonlyArray<string> => {
  const current = currentVersion(layout, model)
  const folder = layout.versions(model)
  if (!existsSync(folder)) return []
  return readdirSync(folder)
    .filter((name) => !name.endsWith(".json") && name !== current)
    .toSorted((a, b) => statSync(join(folder, b)).mtimeMs - statSync(join(folder, a)).mtimeMs)
}

export const removeVersion = async (layout: Layout, model: string, version: string): Promise<void> => {
  // The record first: what has none is no version, should this be cut off.
  await rm(join(layout.versions(model), `${version}.json`), { force: true })
  await rm(join(layout.versions(model), version), { recursive: true, force: true })
}

/** Left by whoever was killed; only for the holder of the lock. */
export const sweepStaging = async (layout: Layout): Promise<void> => {
  for (const name of await readdir(layout.staging)) await rm(join(layout.staging, name), { recursive: true })
}
