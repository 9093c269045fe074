import { assert, describe, it } from "vitest"
import { createActor, SimulatedClock } from "xstate"
import { type TokenOutput, tokenMachine } from "#machines/token.ts"

const start = (leftMs: number) => {
  const clock = new SimulatedClock()
  const outputs: Array<TokenOutput> = []
  const actor = createActor(tokenMachine, { input: { leftMs }, clock })
  actor.on("*", (output) => outputs.push(output))
  actor.start()
  return { actor, clock, outputs, present: (leftMs: number) => actor.send({ type: "token.presented", leftMs }) }
}

describe("a token", () => {
  it("is warned of a minute before it expires", () => {
    const { clock, outputs, present } = start(3_600_000)
    present(3_600_000)
    clock.increment(3_539_999)
    assert.isEmpty(outputs)
    clock.increment(1)
    assert.deepEqual(outputs, [{ type: "token.expiring", inMs: 60_000 }])
    clock.increment(59_999)
    assert.lengthOf(outputs, 1)
    clock.increment(1)
    assert.deepEqual(outputs.at(-1), { type: "token.expired" })
  })

  it("with less than two minutes left is warned of at half of that", () => {
    const { clock, outputs, present } = start(40_000)
    present(40_000)
    clock.increment(19_999)
    assert.isEmpty(outputs)
    clock.increment(1)
    assert.deepEqual(outputs, [{ type: "token.expiring", inMs: 20_000 }])
    clock.increment(20_000)
    assert.deepEqual(outputs.at(-1), { type: "token.expired" })
  })

  it("expires without a warning while the session is not open, for nobody would hear it", () => {
    const { clock, outputs } = start(4_000)
    clock.increment(3_999)
    assert.isEmpty(outputs)
    clock.increment(1)
    assert.deepEqual(outputs, [{ type: "token.expired" }])
  })

  it("is replaced by a fresh one, before and after the warning", () => {
    const { clock, outputs, present } = start(120_000)
    present(120_000)
    present(200_000)
    clock.increment(139_999)
    assert.isEmpty(outputs)
    clock.increment(1)
    assert.lengthOf(outputs, 1)
    present(200_000)
    clock.increment(60_000)
    assert.lengthOf(outputs, 1)
    clock.increment(80_000)
    clock.increment(60_000)
    assert.deepEqual(
      outputs.map(({ type }) => type),
      ["token.expiring", "token.expiring", "token.expired"]
    )
  })

  it("that has expired stays so, whatever comes after", () => {
    const { actor, clock, outputs, present } = start(1_000)
    clock.increment(1_000)
    present(3_600_000)
    clock.increment(3_600_000)
    assert.deepEqual(outputs, [{ type: "token.expired" }])
    assert.strictEqual(actor.getSnapshot().status, "done")
  })
})
