/** Whether a disk has room, asked before anything is written; the reserve is left to answers and logs. */
import { statfsSync } from "node:fs"
import { ModelError } from "#schemas/models.ts"

export const reserveBytes = 256 * 1024 * 1024

export const megabytes = (bytes: number): string => `${Math.ceil(bytes / 1_000_000).toLocaleString("en")} MB`

export const freeBytes = (folder: string): number => {
  const { bavail, bsize } = statfsSync(folder)
  return bavail * bsize
}

/** Throws `no_space`. */
export const requireSpace = (folder: string, bytes: number, what: string): void => {
  const free = freeBytes(folder)
  if (free >= bytes) return
  throw new ModelError({
    reason: "no_space",
    message: `${what} needs ${megabytes(bytes)} of disk, and ${megabytes(free)} are free: enlarge the disk of DATA_DIR, or remove what is not needed from it.`
  })
}

export const isFull = (error: unknown): boolean =>
  error instanceof Error && "code" in error && (error.code === "ENOSPC" || error.code === "EDQUOT")

export const diskFull = (what: string) =>
  new ModelError({ reason: "no_space", message: `The disk was full while ${what} was written; nothing has changed.` })
