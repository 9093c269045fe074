/** The server of `connect.ts` in a process of its own: `real`, `forgetful` or `open`. Tells its processor time, or profiles itself. */
import { Session } from "node:inspector/promises"
import { Effect, Layer } from "effect"
import { Auth } from "#src/gateway/auth.ts"
import type { Claims } from "#src/gateway/claims.ts"
import { Limiters } from "#src/gateway/limiter.ts"
import { limits } from "#src/limits.ts"
import { startService } from "../test/fuzz/service.ts"

export type ToChild = "cpu" | "profile" | "profiled"

/** Verifies the first token, and takes every later one for it without a look. */
const credulous = Layer.effect(
  Auth,
  Effect.map(Auth, (auth) => {
    let first: Claims | undefined
    return Auth.of({
      ...auth,
      verify: (token) =>
        first === undefined
          ? Effect.tap(auth.verify(token), (claims) => Effect.sync(() => (first = claims)))
          : Effect.succeed(first)
    })
  })
).pipe(Layer.provide(Auth.layer))

const unlimited = Layer.succeed(Limiters, {
  countAddress: () => Effect.succeed({}),
  countSubject: () => Effect.succeed({}),
  chargeAddress: () => Effect.void,
  trackedAddresses: () => 0
})

// The gateway takes the layers from the classes, and has no option for others: nobody but this bench wants them.
if (process.argv[2] === "open") {
  Object.assign(Auth, { layer: credulous })
  Object.assign(Limiters, { layer: () => unlimited })
}
if (process.argv[2] === "forgetful") Object.assign(limits, { verifiedTokensMax: 0 })

const service = await startService()
const inspector = new Session()
inspector.connect()
process.on("message", async (wish: ToChild) => {
  if (wish === "cpu") {
    const { user, system } = process.cpuUsage()
    process.send?.((user + system) / 1_000)
  }
  if (wish === "profile") {
    await inspector.post("Profiler.enable")
    await inspector.post("Profiler.setSamplingInterval", { interval: 200 })
    await inspector.post("Profiler.start")
    process.send?.("profiling")
  }
  if (wish === "profiled") process.send?.((await inspector.post("Profiler.stop")).profile)
})
process.on("disconnect", () => process.exit())
process.send?.({ port: service.port, tokens: service.tokens })
