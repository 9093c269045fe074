import fc from "fast-check"
import { assert, describe, it } from "vitest"
import { limits } from "#src/limits.ts"
import { AudioPace, Window } from "#src/session/wire-limits.ts"

describe("a window", () => {
  it("lets `max` through in any span of its length, and no more", () => {
    const window = new Window(3, 1_000)
    assert.deepStrictEqual(
      [0, 400, 999, 999].map((atMs) => window.hit(atMs)),
      [false, false, false, true]
    )
  })

  it("forgets what is as old as itself", () => {
    const window = new Window(2, 1_000)
    assert.deepStrictEqual(
      [0, 1, 1_000, 1_001, 1_001].map((atMs) => window.hit(atMs)),
      [false, false, false, false, true]
    )
  })

  it("counts weights", () => {
    const window = new Window(2_000, 60_000)
    assert.isFalse(window.hit(0, 1_500))
    assert.isTrue(window.hit(1, 501))
    assert.isFalse(window.hit(60_000, 1_499))
  })

  it("never refuses a rate that is allowed, whenever it begins", () =>
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 60 }), fc.nat(100_000), (max, startMs) => {
        const window = new Window(max, 1_000)
        const stepMs = Math.ceil(1_000 / max)
        return Array.from({ length: 3 * max }, (_, i) => window.hit(startMs + i * stepMs)).every((over) => !over)
      })
    ))
})

describe("the pace of live audio", () => {
  it("takes half a minute at once, and not a frame more", () => {
    const pace = new AudioPace()
    assert.isFalse(pace.exceeds(limits.audioAheadMsMax, 5_000))
    assert.isTrue(pace.exceeds(20, 5_000))
  })

  it("takes four times real time for ever, and refuses five times in the end", () => {
    const refusedAt = (speed: number) => {
      const pace = new AudioPace()
      for (let nowMs = 0; nowMs < 600_000; nowMs += 100) if (pace.exceeds(100 * speed, nowMs)) return nowMs
      return undefined
    }
    assert.isUndefined(refusedAt(4))
    assert.closeTo(refusedAt(5) ?? 0, limits.audioAheadMsMax, 500)
  })

  it("counts the gaps: audio that comes later than what came before had lasted, by more than a jitter", () => {
    const pace = new AudioPace()
    for (const nowMs of [0, 20, 40, 60]) pace.exceeds(20, nowMs)
    pace.exceeds(20, 80 + limits.audioGapMs)
    assert.strictEqual(pace.gaps, 0)
    pace.exceeds(500, 101 + 2 * limits.audioGapMs)
    assert.strictEqual(pace.gaps, 1)
    pace.exceeds(20, 601 + 2 * limits.audioGapMs)
    assert.strictEqual(pace.gaps, 1)
  })
})
