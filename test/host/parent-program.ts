/** A server that starts a host, prints the host's process id, and waits to be killed. Run by start.test.ts. */
import { Effect, References } from "effect"
import { startHost, whenReady } from "#src/host/start.ts"
import { embeddedVadModelPath } from "#src/vad/vad.ts"

await Effect.runPromise(
  Effect.scoped(
    Effect.gen(function* () {
      const { pid } = yield* whenReady(yield* startHost("vad", { modelPath: embeddedVadModelPath }))
      console.log(pid)
      return yield* Effect.never
    })
  ).pipe(Effect.provideService(References.MinimumLogLevel, "None"))
)
