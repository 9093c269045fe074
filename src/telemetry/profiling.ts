/**
 * What this process spends its time and memory on: `kill -USR2` writes a CPU profile of the next seconds and then a
 * snapshot of the heap into a folder, for Chrome's or VS Code's tools. One at a time; a further signal meanwhile is told
 * and ignored. The snapshot holds whatever is in memory, what people say and secrets included: both files are for the
 * owner alone, the newest few are kept, and production writes none unless `PROFILING` is on.
 */
import { createWriteStream } from "node:fs"
import { mkdir, readdir, rename, rm, writeFile } from "node:fs/promises"
import { Session } from "node:inspector/promises"
import { join } from "node:path"
import { pipeline } from "node:stream/promises"
import { getHeapSnapshot } from "node:v8"
import { Effect, Layer } from "effect"
import { errorName } from "#src/error-name.ts"

const cpuSeconds = 10
const filesKept = 6
const onlyOwner = { mode: 0o600 }

export interface ProfilingOptions {
  /** Made when something is written. */
  readonly folder: string
  readonly enabled: boolean
  readonly cpuSeconds?: number
}

const cpuProfile = (seconds: number): Effect.Effect<string> =>
  Effect.acquireUseRelease(
    Effect.sync(() => {
      const session = new Session()
      session.connect()
      return session
    }),
    (session) =>
      Effect.gen(function* () {
        yield* Effect.promise(() => session.post("Profiler.enable"))
        yield* Effect.promise(() => session.post("Profiler.start"))
        yield* Effect.sleep(seconds * 1_000)
        const { profile } = yield* Effect.promise(() => session.post("Profiler.stop"))
        return JSON.stringify(profile)
      }),
    (session) => Effect.sync(() => session.disconnect())
  )

/** Under a temporary name first: whoever waits for a file finds a whole one. */
const written = async (path: string, write: (temporary: string) => Promise<void>): Promise<void> => {
  await write(`${path}.tmp`)
  await rename(`${path}.tmp`, path)
}

const bounded = async (folder: string): Promise<void> => {
  const files = (await readdir(folder)).filter((name) => /\.(cpuprofile|heapsnapshot)$/.test(name)).toSorted()
  for (const name of files.slice(0, -filesKept)) await rm(join(folder, name), { force: true })
}

const profile = Effect.fnUntraced(function* ({ folder, cpuSeconds: seconds = cpuSeconds }: ProfilingOptions) {
  // A name without colons, in the order of time.
  const name = join(folder, new Date().toISOString().replaceAll(":", "-"))
  yield* Effect.promise(() => mkdir(folder, { recursive: true, mode: 0o700 }))
  yield* Effect.logInfo("profiling has begun", { seconds, folder })
  const cpu = yield* cpuProfile(seconds)
  yield* Effect.promise(() => written(`${name}.cpuprofile`, (temporary) => writeFile(temporary, cpu, onlyOwner)))
  yield* Effect.promise(() =>
    written(`${name}.heapsnapshot`, (temporary) => pipeline(getHeapSnapshot(), createWriteStream(temporary, onlyOwner)))
  )
  yield* Effect.promise(() => bounded(folder))
  yield* Effect.logInfo("profiles are written: they may hold what people said, so delete them after use", {
    cpu: `${name}.cpuprofile`,
    heap: `${name}.heapsnapshot`
  })
})

/** Without it, SIGUSR2 would end the process: it is always listened to. */
export const layerProfiling = (options: ProfilingOptions): Layer.Layer<never> =>
  Layer.effectDiscard(
    Effect.gen(function* () {
      const run = yield* Effect.map(Effect.context<never>(), Effect.runForkWith)
      let running = false
      const wanted = Effect.gen(function* () {
        if (!options.enabled) return yield* Effect.logWarning("SIGUSR2 writes profiles only with PROFILING=on")
        if (running) return yield* Effect.logWarning("a profile is being taken already")
        running = true
        yield* profile(options).pipe(
          Effect.catchDefect((defect) => Effect.logError("no profile could be written", { error: errorName(defect) })),
          Effect.ensuring(
            Effect.sync(() => {
              running = false
            })
          )
        )
      })
      const onSignal = () => void run(wanted)
      yield* Effect.acquireRelease(
        Effect.sync(() => process.on("SIGUSR2", onSignal)),
        () => Effect.sync(() => process.off("SIGUSR2", onSignal))
      )
    })
  )
