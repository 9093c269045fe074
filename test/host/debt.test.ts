import { assert, describe, it } from "vitest"
import { Debt } from "#src/host/debt.ts"
import { vadFrameSamples } from "#src/vad/frame.ts"

const decoded = (samples: number) => new Uint8Array(Uint32Array.of(samples).buffer)

describe("what a stream is owed", () => {
  it("is nothing while an utterance has all its samples acknowledged, and its end after `finish`", () => {
    const debt = new Debt("stt")
    assert.deepEqual([debt.tick(), debt.tick()], [0, 0])
    debt.sentBytes(6_400)
    assert.deepEqual([debt.tick(), debt.tick()], [1, 2])
    debt.sentBytes(6_400)
    debt.heard(decoded(3_200))
    assert.equal(debt.tick(), 1, "the second block is still owed")
    debt.heard(decoded(6_400))
    assert.equal(debt.tick(), 0)
    debt.sentMessage({ type: "finish" })
    assert.equal(debt.tick(), 1)
  })

  it("is nothing after a `peek`: whoever stops sending in the middle of a word kills no host", () => {
    const debt = new Debt("stt")
    debt.sentBytes(6_400)
    debt.sentMessage({ type: "peek" })
    assert.equal(debt.tick(), 1, "the samples before it are owed")
    debt.heard(decoded(3_200))
    debt.heard()
    assert.deepEqual([debt.tick(), debt.tick()], [0, 0])
  })

  it("is a probability for every frame of a detector's stream", () => {
    const debt = new Debt("vad")
    debt.sentBytes(3 * vadFrameSamples * 2)
    debt.heard(new Uint8Array(2 * 4))
    assert.equal(debt.tick(), 1)
    debt.heard(new Uint8Array(4))
    assert.equal(debt.tick(), 0)
  })

  it("is the end of a spoken sentence, from the start", () => {
    const debt = new Debt("piper")
    assert.equal(debt.tick(), 1)
    debt.heard()
    assert.equal(debt.tick(), 1)
  })
})
