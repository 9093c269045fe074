import { assert, describe, it } from "vitest"
import { lateMs } from "#src/admin/loop-delay.ts"

describe("the event loop's delay", () => {
  it.each([
    [0, "a sample that came in time", 20e6],
    [0, "one that came early", 19.4e6],
    [5, "one that came late", 25e6]
  ])("is %d ms by %s", (delayMs, _, sampledNs) => assert.strictEqual(lateMs(sampledNs, 20), delayMs))
})
