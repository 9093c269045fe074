import { assert, describe, it } from "vitest"
import { giveBack } from "#src/stt/give-back.ts"

describe("audio that is given back", () => {
  it("takes no memory any more", () => {
    const bytes = new Uint8Array(6_400)
    giveBack(bytes)
    assert.strictEqual(bytes.byteLength, 0)
    assert.strictEqual(bytes.buffer.byteLength, 0)
  })

  it("stays where its buffer holds more than it", () => {
    const all = new Uint8Array(6_400)
    giveBack(all.subarray(0, 3_200))
    assert.strictEqual(all.byteLength, 6_400)
  })
})
