/** The server of `connect.ts` in a process of its own: `real` or `open` gate. Tells its processor time, or profiles itself. */
import { Session } from "node:inspector/promises"
import { Effect, Layer } from "effect"
import { type Admitted, Gate } from "#src/gateway/admission.ts"
import { startService } from "../test/fuzz/service.ts"

export type ToChild = "cpu" | "profile" | "profiled"

const real = Gate.layer
/** Decides as the real gate, once; whoever comes after that is let in as the first was. */
const open = Layer.effect(
  Gate,
  Effect.map(Gate, ({ admit }) => {
    let first: Admitted | undefined
    return Gate.of({
      admit: (request, path) =>
        first === undefined
          ? Effect.tap(admit(request, path), (admitted) => Effect.sync(() => (first = admitted)))
          : Effect.succeed(first)
    })
  })
).pipe(Layer.provide(real))

// The gateway takes the layer from the class, and has no option for another gate: nobody but this bench wants one.
if (process.argv[2] === "open") Object.assign(Gate, { layer: open })

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
process.send?.({ port: service.port, token: service.tokens[0] })
