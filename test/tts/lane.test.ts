import { Deferred, Effect, Fiber } from "effect"
import { assert, describe, it } from "vitest"
import { Lanes } from "#src/tts/lane.ts"

describe("lanes", () => {
  it("give what runs its end, then live work its turn before prepared work", async () => {
    const order: Array<string> = []
    const lanes = new Lanes()
    await Effect.gen(function* () {
      const gate = yield* Deferred.make<void>()
      const note = (name: string) => Effect.sync(() => void order.push(name))
      const first = yield* Effect.forkChild(
        lanes.run("prepare", Effect.andThen(Deferred.await(gate), note("running"))),
        { startImmediately: true }
      )
      const waiting = [
        yield* Effect.forkChild(lanes.run("prepare", note("prepared")), { startImmediately: true }),
        yield* Effect.forkChild(lanes.run("live", note("live 1")), { startImmediately: true }),
        yield* Effect.forkChild(lanes.run("live", note("live 2")), { startImmediately: true })
      ]
      yield* Deferred.succeed(gate, undefined)
      yield* Fiber.joinAll([first, ...waiting])
    }).pipe(Effect.runPromise)
    assert.deepStrictEqual(order, ["running", "live 1", "live 2", "prepared"])
  })

  it("forget work that is interrupted while it waits or runs, and go on", async () => {
    const lanes = new Lanes()
    const said = await Effect.gen(function* () {
      const running = yield* Effect.forkChild(lanes.run("live", Effect.never), { startImmediately: true })
      const waiting = yield* Effect.forkChild(lanes.run("live", Effect.die("must not run")), { startImmediately: true })
      const last = yield* Effect.forkChild(lanes.run("prepare", Effect.succeed("said")), { startImmediately: true })
      yield* Fiber.interrupt(waiting)
      yield* Fiber.interrupt(running)
      const word = yield* Fiber.join(last)
      return [word, yield* lanes.run("live", Effect.succeed("again"))]
    }).pipe(Effect.runPromise)
    assert.deepStrictEqual(said, ["said", "again"])
  })

  it("pass a failure on and open for the next", async () => {
    const lanes = new Lanes()
    const failed = await Effect.runPromise(Effect.flip(lanes.run("live", Effect.fail("refused"))))
    assert.strictEqual(failed, "refused")
    assert.strictEqual(await Effect.runPromise(lanes.run("live", Effect.succeed(1))), 1)
  })
})
