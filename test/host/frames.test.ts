import { PassThrough } from "node:stream"
import { once } from "node:events"
import fc from "fast-check"
import { assert, describe, it } from "vitest"
import { FrameFault, frameKind, FrameReader, FrameWriter, headerBytes, payloadText } from "#src/host/frames.ts"

interface Frame {
  readonly kind: number
  readonly stream: number
  readonly payload: ReadonlyArray<number>
}

const collect = (frames: Array<Frame>, bytesMax?: number): FrameReader =>
  new FrameReader((kind, stream, payload) => frames.push({ kind, stream, payload: Array.from(payload) }), bytesMax)

/** What a writer puts into its pipe, and in how many writes. */
const written = async (say: (writer: FrameWriter) => void): Promise<ReadonlyArray<Buffer>> => {
  const pipe = new PassThrough({ highWaterMark: 64 * 1024 * 1024 })
  const writes: Array<Buffer> = []
  pipe.on("data", (bytes: Buffer) => writes.push(Buffer.from(bytes)))
  say(new FrameWriter(pipe))
  await new Promise((resolve) => setImmediate(resolve))
  pipe.end()
  await once(pipe, "end")
  return writes
}

describe("frames", () => {
  it("gives the same frames however the bytes are split", () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.uint8Array({ maxLength: 400 }), fc.nat(0xffff_ffff)), { maxLength: 8 }),
        fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 20 }),
        async (frames, sizes) => {
          const bytes = Buffer.concat(
            await written((writer) => frames.forEach(([payload, stream]) => writer.binary(stream, payload)))
          )
          const read: Array<Frame> = []
          const reader = collect(read)
          for (let at = 0, i = 0; at < bytes.length; i++) {
            const size = sizes[i % sizes.length] ?? 1
            reader.push(bytes.subarray(at, at + size))
            at += size
          }
          assert.deepStrictEqual(
            read,
            frames.map(([payload, stream]) => ({ kind: frameKind.binary, stream, payload: Array.from(payload) }))
          )
        }
      ),
      { numRuns: 100 }
    ))

  it("sends everything said in one turn of the loop in one write, in order", async () => {
    const writes = await written((writer) => {
      writer.json(0, { type: "open" })
      writer.binary(7, new Uint8Array([1, 2]))
      writer.json(7, { text: "نعم" })
    })
    assert.strictEqual(writes.length, 1)
    const read: Array<string> = []
    new FrameReader((kind, stream, payload) =>
      read.push(`${kind} ${stream} ${kind === frameKind.json ? payloadText(payload) : payload.join()}`)
    ).push(Buffer.concat(writes))
    assert.deepStrictEqual(read, ['0 0 {"type":"open"}', "1 7 1,2", '0 7 {"text":"نعم"}'])
  })

  it("keeps the order when a payload is larger than the room for one write", async () => {
    const large = new Uint8Array(200_000).fill(5)
    const writes = await written((writer) => {
      writer.binary(1, new Uint8Array([1]))
      writer.binary(2, large)
      writer.binary(3, new Uint8Array([3]))
    })
    const read: Array<Frame> = []
    collect(read).push(Buffer.concat(writes))
    assert.deepStrictEqual(
      read.map(({ stream, payload }) => [stream, payload.length]),
      [
        [1, 1],
        [2, large.length],
        [3, 1]
      ]
    )
  })

  it("copies a payload, so that its buffer may be used again at once", async () => {
    const samples = new Uint8Array([1, 2, 3])
    const writes = await written((writer) => {
      writer.binary(1, samples)
      samples.fill(0)
    })
    assert.deepStrictEqual([...Buffer.concat(writes).subarray(headerBytes)], [1, 2, 3])
  })

  it("does not overwrite bytes that a slow reader has not taken yet", async () => {
    const pipe = new PassThrough({ highWaterMark: 1 })
    const writer = new FrameWriter(pipe)
    for (let value = 1; value <= 3; value++) {
      writer.binary(value, new Uint8Array(50_000).fill(value))
      await new Promise((resolve) => setImmediate(resolve))
    }
    assert.isAbove(writer.pendingBytes, 100_000)
    const read: Array<Frame> = []
    const reader = collect(read)
    pipe.on("data", (bytes: Buffer) => reader.push(bytes))
    pipe.end()
    await once(pipe, "end")
    assert.deepStrictEqual(
      read.map(({ stream, payload }) => [stream, payload.length, new Set(payload).size, payload[0]]),
      [1, 2, 3].map((value) => [value, 50_000, 1, value])
    )
  })

  it("refuses a payload over the bound before any of it is kept", async () => {
    const bytes = Buffer.concat(await written((writer) => writer.binary(1, new Uint8Array(101))))
    assert.throws(() => collect([], 100).push(bytes.subarray(0, headerBytes)), FrameFault)
    assert.doesNotThrow(() => collect([], 101).push(bytes))
  })

  it("refuses an unknown kind of frame", () => {
    const bytes = Buffer.alloc(headerBytes)
    bytes[4] = 9
    assert.throws(() => collect([]).push(bytes), FrameFault)
  })
})
