/** Of what was played so much is kept as an echo may take, whether or not anybody compares it with a microphone. */
import { assert, describe, it } from "vitest"
import { silenceDb } from "#src/audio/band-levels.ts"
import { hopMs, placeOf, PlayedLevels } from "#src/audio/played-levels.ts"
import { sampled, sine } from "./signals.ts"

const second = new Int16Array(16_000)
const loud = sampled(sine(700, 16_000), 16_000, 1_000)
const hopsOf = (ms: number): number => Math.round(ms / hopMs)

describe("what was played", () => {
  it("is let go four seconds after its end when the next prompt begins, and what comes before its time is kept", () => {
    const levels = new PlayedLevels()
    for (let at = 0; at < 10; at++) levels.play(at * 1_000, second, 16_000)
    assert.strictEqual(levels.kept, 10)
    levels.begin(9_500)
    assert.strictEqual(levels.kept, 5)
    levels.begin(20_000)
    assert.strictEqual(levels.kept, 0)
  })

  /** Where it is heard, in hops, of three seconds. */
  const heard = (levels: PlayedLevels) => {
    levels.measure(hopsOf(3_000))
    const hops = Array.from({ length: hopsOf(3_000) }, (_, hop) => hop)
    const loud = hops.filter((hop) => (levels.direct[placeOf(hop) + 3] ?? silenceDb) > -30)
    return { from: loud[0], to: loud.at(-1) }
  }

  it("stays where it was when the next prompt comes later than it did", () => {
    const levels = new PlayedLevels()
    levels.play(0, loud, 16_000)
    levels.begin(480)
    levels.play(1_600, loud, 16_000)
    levels.move(320)
    assert.deepStrictEqual(heard(levels), { from: 0, to: hopsOf(1_920 + 992) })
    assert.strictEqual(levels.bandsOver(hopsOf(448), -30) > 0, true)
    assert.strictEqual(levels.bandsOver(hopsOf(640), -30), 0)
  })

  it("was played until the client says, be it more or less than was thought, and be it after the next has begun", () => {
    const levels = new PlayedLevels()
    levels.play(0, loud, 16_000)
    levels.stop(320)
    assert.strictEqual(heard(levels).to, hopsOf(320) - 1)
    levels.stop(640)
    assert.strictEqual(heard(levels).to, hopsOf(640) - 1)
    levels.begin(480)
    assert.strictEqual(heard(levels).to, hopsOf(480) - 1)
    levels.endedBefore(800)
    assert.strictEqual(heard(levels).to, hopsOf(800) - 1)
    levels.endedBefore(5_000)
    assert.strictEqual(heard(levels).to, hopsOf(992))
  })
})
