import { assert, describe, it } from "vitest"
import { Live } from "#src/stt/live.ts"

const after = (...audioMs: ReadonlyArray<number>): Live => {
  const live = new Live()
  for (const one of audioMs) live.came(one)
  return live
}

describe("a stream of audio", () => {
  it("is somebody who speaks until more has come than the time that has passed", () => {
    assert.isTrue(after(200, 200).isLive)
    assert.isFalse(after(1_000, 1_000).isLive)
  })

  it("waits for others by long messages of somebody who speaks alone", () => {
    assert.isTrue(after(200).mayWait)
    assert.isFalse(after(1_000, 1_000).mayWait)
    // Answered one by one, messages of 20 ms that waited 60 would fall behind.
    assert.isFalse(after(200, 20).mayWait)
    assert.isFalse(after(100).mayWait)
  })
})
