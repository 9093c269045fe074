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
    assert.isFalse(loop.takes(200, true, 0))
    loop.took(2, 200)
    assert.isTrue(loop.takes(200, true, 0))
  })

  it("makes no long call: of much audio, or with a slow model", () => {
    const loop = ofShortCalls(1)
    assert.isTrue(loop.takes(1_000, true, 0))
    assert.isFalse(loop.takes(1_100, true, 0))
    for (let call = 0; call < 20; call++) loop.took(100, 200)
    assert.isFalse(loop.takes(200, true, 0))
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
