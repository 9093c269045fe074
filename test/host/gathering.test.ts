import { once } from "node:events"
import { PassThrough } from "node:stream"
import { assert, describe, it } from "vitest"
import { frameKind, FrameReader, FrameWriter } from "#src/host/frames.ts"
import { gatherMs, Gathering } from "#src/host/gathering.ts"

/** What the last of fifty blocks is told that come so often. */
const waitAt = (intervalMs: number): number => {
  const gathering = new Gathering()
  for (let block = 0; block < 50; block++) gathering.waitMs(block * intervalMs)
  return gathering.waitMs(50 * intervalMs)
}

/** A writer whose patient frames wait so long, since many have come; all before has been written. */
const busyWriter = (waitMs: number) => {
  const pipe = new PassThrough()
  const writes: Array<ReadonlyArray<number>> = []
  pipe.on("data", (bytes: Buffer) => {
    const streams: Array<number> = []
    new FrameReader((kind, stream) => streams.push(kind === frameKind.json ? 0 : stream)).push(bytes)
    writes.push(streams)
  })
  const gathering = new Gathering(waitMs)
  for (let block = 0; block < 50; block++) gathering.waitMs(performance.now() - 2 * (50 - block))
  return { pipe, writes, writer: new FrameWriter(pipe, gathering) }
}
const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
const one = new Uint8Array(1)

describe("blocks of those who speak", () => {
  it("wait where many come, and not where few do", () => {
    assert.deepStrictEqual([20, 30, 45, 200].map(waitAt), [gatherMs, gatherMs, 0, 0])
  })

  it("count as one where they come in the same millisecond, as the frames of a message do", () => {
    const gathering = new Gathering()
    for (let frame = 0; frame < 300; frame++) gathering.waitMs(Math.floor(frame / 6) * 200 + (frame % 6) / 10)
    assert.strictEqual(gathering.waitMs(50 * 200), 0)
  })

  it("do not wait at first", () => assert.strictEqual(new Gathering().waitMs(0), 0))

  it("go in their order with whatever does not wait, in one write", async () => {
    const { writes, writer } = busyWriter(3_600_000)
    writer.patient(1, one)
    await nextTurn()
    await nextTurn()
    assert.deepStrictEqual(writes, [])
    writer.patient(2, one)
    writer.json(3, { type: "finish" })
    await nextTurn()
    await nextTurn()
    assert.deepStrictEqual(writes, [[1, 2, 0]])
  })

  it("go when they have waited long enough", async () => {
    const { pipe, writes, writer } = busyWriter(1)
    writer.patient(1, one)
    writer.patient(2, one)
    await once(pipe, "data")
    assert.deepStrictEqual(writes, [[1, 2]])
  })

  it("go at once where there is no room for more", async () => {
    const { writes, writer } = busyWriter(3_600_000)
    writer.patient(1, new Uint8Array(40_000))
    writer.patient(2, new Uint8Array(40_000))
    await nextTurn()
    assert.deepStrictEqual(writes, [[1]])
    writer.flush()
  })
})
