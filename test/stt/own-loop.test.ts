import { assert, describe, it } from "vitest"
import { OwnLoop } from "#src/stt/own-loop.ts"

const ofShortCalls = (streams: number): OwnLoop => {
  const loop = new OwnLoop()
  for (let stream = 0; stream < streams; stream++) loop.opened()
  loop.took(2, 200)
  return loop
}

describe("the host's own loop", () => {
  it("makes no call before it is known how long one takes", () => {
    const loop = new OwnLoop()
    loop.opened()
    assert.isFalse(loop.takes(200, true))
    loop.took(2, 200)
    assert.isTrue(loop.takes(200, true))
  })

  it("makes no long call: of much audio, or with a slow model", () => {
    const loop = ofShortCalls(1)
    assert.isTrue(loop.takes(1_000, true))
    assert.isFalse(loop.takes(1_100, true))
    for (let call = 0; call < 20; call++) loop.took(100, 200)
    assert.isFalse(loop.takes(200, true))
  })

  it("leaves recordings to the pool's threads when there is more than one stream", () => {
    assert.isTrue(ofShortCalls(1).takes(200, false))
    const loop = ofShortCalls(2)
    assert.isFalse(loop.takes(200, false))
    assert.isTrue(loop.takes(200, true))
    loop.closed()
    assert.isTrue(loop.takes(200, false))
  })
})
