import { assert, describe, it } from "vitest"
import { OwnLoop } from "#src/stt/own-loop.ts"

const cpuOf = (durationMs: number) => ({ user: durationMs * 800, system: durationMs * 200 })

/** Calls take a hundredth of the audio's time. */
const ofShortCalls = (streams: number): OwnLoop => {
  const loop = new OwnLoop()
  for (let stream = 0; stream < streams; stream++) loop.opened()
  loop.took(cpuOf(2), 200)
  return loop
}
const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

describe("the host's own loop", () => {
  it("makes no call before it is known how long one takes", () => {
    const loop = new OwnLoop()
    loop.opened()
    assert.isFalse(loop.takes(200, true, 0))
    loop.took(cpuOf(2), 200)
    assert.isTrue(loop.takes(200, true, 0))
  })

  it("makes no long call: of much audio, or with a slow model", () => {
    assert.isTrue(ofShortCalls(1).takes(1_500, true, 0))
    const loop = ofShortCalls(1)
    assert.isFalse(loop.takes(1_600, true, 0))
    for (let call = 0; call < 20; call++) loop.took(cpuOf(100), 200)
    assert.isFalse(loop.takes(200, true, 0))
  })

  it("makes those that came together, as long as beats can wait, and more in its next turn", async () => {
    const loop = ofShortCalls(9)
    const takes = () => Array.from({ length: 9 }, () => loop.takes(200, true, 0))
    const first = [...Array.from({ length: 7 }, () => true), false, false]
    assert.deepStrictEqual(takes(), first)
    await nextTurn()
    assert.deepStrictEqual(takes(), first)
  })

  it("leaves recordings to the pool's threads when there is more than one stream", () => {
    assert.isTrue(ofShortCalls(1).takes(200, false, 0))
    const loop = ofShortCalls(2)
    assert.isFalse(loop.takes(200, false, 0))
    assert.isTrue(loop.takes(200, true, 0))
    loop.closed()
    assert.isTrue(loop.takes(200, false, 0))
  })

  it("makes no call with others behind it: a client that does not wait would stop the loop", () => {
    assert.isTrue(ofShortCalls(1).takes(200, true, 0))
    assert.isFalse(ofShortCalls(1).takes(200, true, 1))
    assert.isFalse(ofShortCalls(1).takes(200, false, 99))
  })
})
