import { MessageChannel } from "node:worker_threads"
import { afterAll, assert, describe, it } from "vitest"
import { Pulse } from "#src/host/pulse.ts"

const holdLoop = (durationMs: number) => {
  const endMs = performance.now() + durationMs
  while (performance.now() < endMs);
}

/** What is judged in so many ticks when `beat` answers as it does. */
const judgedOf = (
  beat: (pulse: () => Pulse) => void,
  ticks = 3,
  ticked?: (pulse: Pulse) => void,
  isUsed = true
): Promise<ReadonlyArray<number>> =>
  new Promise((resolve) => {
    const judged: Array<number> = []
    const pulse: Pulse = new Pulse(
      20,
      () => isUsed,
      () => beat(() => pulse),
      (missed) => {
        judged.push(missed)
        ticked?.(pulse)
        if (judged.length < ticks) return
        pulse.stop()
        resolve(judged)
      }
    )
  })

describe("a pulse", () => {
  const { port1, port2 } = new MessageChannel()
  afterAll(() => port1.close())

  it("hears answers that came while this process was blocked, before it judges the tick", async () => {
    const judged = await judgedOf((pulse) => {
      port2.removeAllListeners("message").on("message", () => pulse().heard())
      // The answer is there when the block begins, and is read only after the tick's timer has fired.
      setImmediate(() => {
        port1.postMessage("answer")
        holdLoop(200)
      })
    })
    assert.deepEqual(judged, [0, 0, 0])
  })

  it("counts ticks, not time: a long block without an answer is one", async () => {
    const judged = await judgedOf(() => setImmediate(() => holdLoop(200)))
    assert.deepEqual(judged, [1, 2, 3])
  })

  it("asks one that speaks only now and then", async () => {
    let beats = 0
    const judged = await judgedOf(
      () => beats++,
      21,
      (pulse) => pulse.heard()
    )
    // The first tick has heard nothing yet.
    assert.deepEqual(judged, [1, ...Array.from({ length: 20 }, () => 0)])
    assert.equal(beats, 3)
  })

  it("asks one that nobody uses only now and then, and counts when that is unanswered", async () => {
    let beats = 0
    // Answers only the first.
    const judged = await judgedOf(
      (pulse) => void (++beats === 1 && setImmediate(() => pulse().heard())),
      13,
      undefined,
      false
    )
    assert.deepEqual(judged, [...Array.from({ length: 10 }, () => 0), 1, 2, 3])
    assert.equal(beats, 2)
  })

  it("ticks with others until its own end", async () => {
    const [short, long] = await Promise.all([judgedOf(() => {}, 2), judgedOf(() => {}, 4)])
    assert.deepEqual([short.length, long.length], [2, 4])
  })

  it("asks one that is silent, and counts from then on", async () => {
    let beats = 0
    // Answers only the first.
    const judged = await judgedOf((pulse) => void (++beats === 1 && setImmediate(() => pulse().heard())), 4)
    assert.deepEqual(judged, [0, 0, 1, 2])
    assert.equal(beats, 2)
  })

  it("sends no beat while one is unanswered", async () => {
    let beats = 0
    await judgedOf(() => beats++)
    assert.equal(beats, 1)
  })
})
