/** Of what was played so much is kept as an echo may take, whether or not anybody compares it with a microphone. */
import { assert, describe, it } from "vitest"
import { PlayedLevels } from "#src/audio/played-levels.ts"

const second = new Int16Array(16_000)

describe("what was played", () => {
  it("is let go four seconds after its end when the next prompt begins, and what comes before its time is kept", () => {
    const levels = new PlayedLevels()
    for (let at = 0; at < 10; at++) levels.play(at * 1_000, second, 16_000)
    assert.strictEqual(levels.kept, 10)
    levels.stop(9_500)
    assert.strictEqual(levels.kept, 5)
    levels.stop(20_000)
    assert.strictEqual(levels.kept, 0)
  })
})
