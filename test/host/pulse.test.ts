import { stat } from "node:fs"
import { assert, describe, it } from "vitest"
import { Pulse } from "#src/host/pulse.ts"

const holdLoop = (durationMs: number) => {
  const endMs = performance.now() + durationMs
  while (performance.now() < endMs);
}

/** What is judged in three ticks when `beat` answers as it does. */
const judgedOf = (beat: (pulse: () => Pulse) => void): Promise<ReadonlyArray<number>> =>
  new Promise((resolve) => {
    const judged: Array<number> = []
    const pulse: Pulse = new Pulse(
      20,
      () => beat(() => pulse),
      (missed) => {
        judged.push(missed)
        if (judged.length < 3) return
        pulse.stop()
        resolve(judged)
      }
    )
  })

describe("a pulse", () => {
  it("hears answers that came while this process was blocked, before it judges the tick", async () => {
    const judged = await judgedOf((pulse) => {
      // The answer is ready long before the block ends, and is read only after the tick's timer has fired.
      stat(".", () => pulse().heard())
      setImmediate(() => holdLoop(200))
    })
    assert.deepEqual(judged, [0, 0, 0])
  })

  it("counts ticks, not time: a long block without an answer is one", async () => {
    const judged = await judgedOf(() => setImmediate(() => holdLoop(200)))
    assert.deepEqual(judged, [1, 2, 3])
  })

  it("sends no beat while one is unanswered", async () => {
    let beats = 0
    await judgedOf(() => beats++)
    assert.equal(beats, 1)
  })
})
