/**
 * The memory allocator of processes that load libvosk. Decoding allocates and frees small pieces without end, which costs
 * glibc's allocator a fifth of the processor time that jemalloc leaves of it (docs/performance.md). No package of npm's
 * brings one, so it is the system's, where it has one: Debian's `libjemalloc2`, which the image has.
 */
import { existsSync } from "node:fs"
import { availableParallelism } from "node:os"
import { join } from "node:path"

/** Where a loader of Linux looks, for this processor. */
const folders = [
  `/usr/lib/${process.arch === "arm64" ? "aarch64" : "x86_64"}-linux-gnu`,
  "/usr/lib64",
  "/usr/lib",
  "/usr/local/lib"
]
const library = "libjemalloc.so.2"

/** The file of the system's jemalloc. Undefined: it has none. */
export const findAllocator = (places: ReadonlyArray<string> = folders): string | undefined =>
  process.platform === "linux"
    ? places.map((place) => join(place, library)).find((path) => existsSync(path))
    : undefined

/** `chosen` as `STT_ALLOCATOR` has it: `system` is what libvosk is linked with. */
export const allocatorOf = (chosen: string | undefined): string | undefined =>
  chosen === "system" ? undefined : (chosen ?? findAllocator())

/** jemalloc would take four arenas for each processor, and each keeps memory that no other uses. */
const processorsPerArena = 4

/** For a process that is to have this allocator. */
export const allocatorEnvironment = (library: string | undefined): Readonly<Record<string, string>> =>
  library === undefined
    ? {}
    : { LD_PRELOAD: library, MALLOC_CONF: `narenas:${Math.ceil(availableParallelism() / processorsPerArena)}` }
