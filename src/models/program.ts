/**
 * The tool that fetches and unpacks, as it is started to stay small: a small nursery, which lets go early of what streams
 * through; sweeps (`place-file.ts`); and one arena of malloc's for all threads, where glibc would keep one for each.
 */
import { fileURLToPath } from "node:url"

/** The same stand in package.json's `models:download`. */
export const smallEnvironment = { MALLOC_ARENA_MAX: "1" }
export const smallOptions = ["--max-semi-space-size=1", "--expose-gc"]

const program = fileURLToPath(new URL("../../scripts/models.ts", import.meta.url))

export const downloadArgs = (...args: ReadonlyArray<string>): ReadonlyArray<string> => [
  ...smallOptions,
  program,
  "download",
  "--json",
  ...args
]

/** What only loading needed – sources, code that ran once – goes before the first byte comes. */
export const forgetLoading = (): void => void globalThis.gc?.({ type: "major", flavor: "last-resort" })
