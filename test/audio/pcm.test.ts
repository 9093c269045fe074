import fc from "fast-check"
import { assert, describe, it } from "vitest"
import { bytesOf, fromFloats, peak, rmsDbfs, samplesOf } from "#src/audio/pcm.ts"
import { sampled, sine } from "./signals.ts"

describe("samplesOf", () => {
  it("reads little-endian samples, and leaves out half of one at the end", () => {
    const bytes = Uint8Array.of(0x00, 0x00, 0x01, 0x00, 0xff, 0xff, 0xff, 0x7f, 0x00, 0x80, 0x55)
    assert.deepStrictEqual(samplesOf(bytes), Int16Array.of(0, 1, -1, 32_767, -32_768))
  })

  it("gives the same at odd addresses", () =>
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        const odd = new Uint8Array(bytes.length + 1).subarray(1)
        odd.set(bytes)
        assert.deepStrictEqual(samplesOf(odd), samplesOf(bytes))
      })
    ))

  it("reads a part of a Buffer at an odd address, and none of what else stands in its memory", () => {
    const whole = Buffer.from([0x55, 0x55, 0x55, 0x01, 0x00, 0x02, 0x00, 0x55, 0x55])
    const part = whole.subarray(3, 7)
    const odd = part.byteOffset % 2 === 1 ? part : Buffer.from([0, ...whole].slice(0)).subarray(4, 8)
    assert.deepStrictEqual(samplesOf(odd), Int16Array.of(1, 2))
  })

  it("does not copy where it need not", () => {
    const bytes = new Uint8Array(8)
    assert.strictEqual(samplesOf(bytes.subarray(2)).buffer, bytes.buffer)
  })
})

describe("bytesOf", () => {
  it("gives back what samplesOf was given, without a copy", () =>
    fc.assert(
      fc.property(fc.int16Array(), (samples) => {
        const bytes = bytesOf(samples)
        assert.strictEqual(bytes.buffer, samples.buffer)
        assert.deepStrictEqual(samplesOf(bytes), samples)
      })
    ))

  it("covers a view and not its neighbours", () =>
    assert.deepStrictEqual([...bytesOf(Int16Array.of(1, 0x0302, 4).subarray(1, 2))], [2, 3]))
})

describe("fromFloats", () => {
  it("rounds to the nearest sample, clips beyond full scale, and hears nothing in NaN", () => {
    const floats = Float32Array.of(0, 0.5, -1, 1, 1.5, -7, Infinity, -Infinity, 1.4 / 32_768, -1.6 / 32_768, NaN)
    assert.deepStrictEqual(
      fromFloats(floats),
      Int16Array.of(0, 16_384, -32_768, 32_767, 32_767, -32_768, 32_767, -32_768, 1, -2, 0)
    )
  })
})

describe("level", () => {
  it("of a full-scale sine is -3 dBFS, of half of it 6 dB less, of a full-scale square 0", () => {
    assert.closeTo(rmsDbfs(sampled(sine(1_000, 32_767), 16_000, 1_000)), -3.01, 0.01)
    assert.closeTo(rmsDbfs(sampled(sine(1_000, 16_384), 16_000, 1_000)), -9.03, 0.01)
    assert.strictEqual(rmsDbfs(Int16Array.of(-32_768, -32_768)), 0)
  })

  it("of silence, and of nothing, is -Infinity", () => {
    assert.strictEqual(rmsDbfs(new Int16Array(10)), -Infinity)
    assert.strictEqual(rmsDbfs(new Int16Array(0)), -Infinity)
  })

  it("of a peak counts both signs", () => {
    assert.strictEqual(peak(Int16Array.of(5, -32_768, 32_767)), 32_768)
    assert.strictEqual(peak(new Int16Array(0)), 0)
  })
})
