import { Effect, Exit, Result, Scope } from "effect"
import fc from "fast-check"
import OpusScript from "opusscript"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { WireError } from "#schemas/errors.ts"
import { OpusDecoder } from "#src/audio/opus.ts"
import { parsePacket } from "#src/audio/opus-packet.ts"
import { bytesOf, joined, peak } from "#src/audio/pcm.ts"
import { sampled, sine, snrDb, split, sum } from "./signals.ts"

const encoderHz = 48_000
/** Of libopus: 6.5 ms at 48 kHz. */
const lookAheadSamples = 104

const signal = sum(sine(310, 8_000), sine(1_170, 8_000))

/** Never freed: opusscript 0.1.1 corrupts its own memory when it is. */
const encode = (frameMs: number, bitsPerSecond: number, samples: Int16Array): Array<Uint8Array> => {
  const encoder = new OpusScript(encoderHz, 1, OpusScript.Application.AUDIO)
  encoder.setBitrate(bitsPerSecond)
  const frameSamples = (frameMs * encoderHz) / 1_000
  return split(samples, [frameSamples])
    .filter(({ length }) => length === frameSamples)
    .map((frame) => new Uint8Array(encoder.encode(Buffer.from(bytesOf(frame)), frameSamples)))
}

const original = sampled(signal, encoderHz, 600)
const packets = encode(20, 64_000, original)

let scope: Scope.Closeable
const makeDecoder = () => Effect.runPromise(OpusDecoder.make.pipe(Scope.provide(scope)))
beforeAll(() => {
  scope = Scope.makeUnsafe()
})
afterAll(() => Effect.runPromise(Scope.close(scope, Exit.void)))

const parsed = (bytes: ReadonlyArray<number> | Uint8Array) => Result.getOrThrow(parsePacket(Uint8Array.from(bytes)))
const fault = (bytes: ReadonlyArray<number>) => {
  const result = parsePacket(Uint8Array.from(bytes))
  return Result.isFailure(result) ? result.failure : assert.fail("it was accepted")
}
const zeros = (count: number): Array<number> => Array.from({ length: count }, () => 0)
const frameLengths = (bytes: ReadonlyArray<number>) => parsed(bytes).frames.map(({ length }) => length)

/** TOC bytes: CELT of 20 ms, SILK of 60 ms, CELT of 2.5 ms, without a code. */
const celt20 = 31 << 3
const silk60 = 3 << 3
const celt2 = 28 << 3

describe("parsePacket", () => {
  it("reads the frame length of all 32 configurations", () => {
    const silk = [10, 20, 40, 60]
    const celt = [2.5, 5, 10, 20]
    const expected = [...silk, ...silk, ...silk, 10, 20, 10, 20, ...celt, ...celt, ...celt, ...celt]
    assert.deepStrictEqual(
      expected.map((_, config) => parsed([config << 3, 1]).durationMs),
      expected
    )
  })

  it("reads whether a packet is stereo", () => {
    assert.isFalse(parsed([celt20]).stereo)
    assert.isTrue(parsed([celt20 | 0b100]).stereo)
  })

  it("splits each code into its frames", () => {
    assert.deepStrictEqual(frameLengths([celt20, ...zeros(7)]), [7])
    assert.deepStrictEqual(frameLengths([celt20 | 1, ...zeros(8)]), [4, 4])
    assert.deepStrictEqual(frameLengths([celt20 | 2, 3, ...zeros(8)]), [3, 5])
    assert.deepStrictEqual(frameLengths([celt20 | 2, 252, 1, ...zeros(300)]), [256, 44])
    assert.deepStrictEqual(frameLengths([celt20 | 3, 3, ...zeros(9)]), [3, 3, 3])
    assert.deepStrictEqual(frameLengths([celt20 | 3, 0x80 | 3, 1, 0, ...zeros(9)]), [1, 0, 8])
    assert.deepStrictEqual(
      parsed([celt20 | 2, 1, 7, 8, 9]).frames.map((frame) => [...frame]),
      [[7], [8, 9]]
    )
  })

  it("leaves out padding, also of more than 254 bytes", () => {
    assert.deepStrictEqual(frameLengths([celt20 | 3, 0x40 | 2, 5, ...zeros(4 + 5)]), [2, 2])
    assert.deepStrictEqual(frameLengths([celt20 | 3, 0x40 | 2, 255, 1, ...zeros(4 + 255)]), [2, 2])
    assert.deepStrictEqual(frameLengths([celt20 | 3, 0xc0 | 2, 3, 1, ...zeros(4 + 3)]), [1, 3])
  })

  it("takes frames without bytes: sound that was not sent", () => {
    assert.deepStrictEqual(frameLengths([celt20]), [0])
    assert.deepStrictEqual(frameLengths([celt20 | 1]), [0, 0])
    assert.deepStrictEqual(frameLengths([celt20 | 3, 2]), [0, 0])
  })

  it("takes up to 120 ms", () => {
    assert.strictEqual(parsed([silk60 | 1]).durationMs, 120)
    assert.strictEqual(parsed([celt20 | 3, 6]).durationMs, 120)
    assert.strictEqual(parsed([celt2 | 3, 48]).durationMs, 120)
  })

  it("refuses what breaks a rule of section 3.4, and says which", () => {
    assert.match(fault([]), /empty/)
    assert.match(fault([celt20, ...zeros(1_276)]), /longer than 1275/)
    assert.match(fault([celt20 | 1, ...zeros(2_552)]), /longer than 1275/)
    assert.match(fault([celt20 | 2, 1, ...zeros(1_277)]), /longer than 1275/)
    assert.match(fault([celt20 | 3, 1, ...zeros(1_276)]), /longer than 1275/)
    assert.match(fault([celt20 | 1, ...zeros(5)]), /odd number/)
    assert.match(fault([celt20 | 2]), /first frame/)
    assert.match(fault([celt20 | 2, 252]), /first frame/)
    assert.match(fault([celt20 | 2, 3, ...zeros(2)]), /first frame/)
    assert.match(fault([celt20 | 3]), /count of frames is missing/)
    assert.match(fault([celt20 | 3, 0, 1, 1]), /no frames/)
    assert.match(fault([celt20 | 3, 7, ...zeros(7)]), /more than 120 ms/)
    assert.match(fault([silk60 | 3, 3, ...zeros(3)]), /more than 120 ms/)
    assert.match(fault([celt2 | 3, 49, ...zeros(49)]), /more than 120 ms/)
    assert.match(fault([celt20 | 3, 0x40 | 1]), /padding/)
    assert.match(fault([celt20 | 3, 0x40 | 1, 255]), /padding/)
    assert.match(fault([celt20 | 3, 0x40 | 1, 4, ...zeros(3)]), /padding/)
    assert.match(fault([celt20 | 3, 3, ...zeros(8)]), /divide into 3/)
    assert.match(fault([celt20 | 3, 0x80 | 2]), /lengths of its frames/)
    assert.match(fault([celt20 | 3, 0x80 | 3, 2, 2, ...zeros(3)]), /lengths of its frames/)
    assert.match(fault([celt20 | 3, 0xc0 | 2, 3, 2, ...zeros(4)]), /lengths of its frames/)
  })

  it("accounts for every byte of what it accepts, within 120 ms and 1,275 bytes a frame", () =>
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
        const result = parsePacket(bytes)
        if (Result.isFailure(result)) return assert.match(result.failure, /^[a-z]/)
        const { durationMs, frameMs, frames } = result.success
        assert.isAtMost(durationMs, 120)
        assert.strictEqual(durationMs, frameMs * frames.length)
        const framed = frames.reduce((sum, { length }) => sum + length, 0)
        assert.isBelow(framed, bytes.length)
        if (((bytes[0] ?? 0) & 3) < 2) assert.strictEqual(framed, bytes.length - 1)
      }),
      { numRuns: 2_000 }
    ))
})

describe("OpusDecoder", () => {
  it.each([
    [2.5, 128_000],
    [10, 64_000],
    [20, 64_000],
    [60, 64_000]
  ])("decodes packets of %d ms to a signal close to the original", async (frameMs, bitsPerSecond) => {
    const decoder = await makeDecoder()
    const output = joined(...encode(frameMs, bitsPerSecond, original).map((packet) => decoder.push(packet)))
    assert.strictEqual(output.length, 600 * 16)
    const expected = (i: number) => signal((i - lookAheadSamples) / 16_000)
    assert.isAbove(snrDb(output, expected, 3_200, output.length), 25)
  })

  it("gives the samples of many frames in one packet as if each had come alone", async () => {
    const alone = await makeDecoder()
    const together = await makeDecoder()
    for (let at = 0; at + 6 <= 24; at += 6) {
      const six = packets.slice(at, at + 6)
      const frames = six.map((packet) => packet.subarray(1))
      const lengths = frames
        .slice(0, -1)
        .flatMap(({ length }) => (length < 252 ? [length] : [252 + (length % 4), (length - 252 - (length % 4)) / 4]))
      const packet = Buffer.concat([Uint8Array.of((six[0]?.[0] ?? 0) | 3, 0x80 | 6, ...lengths), ...frames])
      assert.deepStrictEqual(together.push(packet), joined(...six.map((one) => alone.push(one))))
    }
  })

  it("takes the largest packet there can be", async () => {
    const decoder = await makeDecoder()
    const packet = Buffer.concat([Uint8Array.of(celt2 | 3, 48), Buffer.alloc(48 * 1_275, 0x5a)])
    assert.strictEqual(decoder.push(packet).length, 120 * 16)
  })

  it("mixes stereo down to one channel of the same length", async () => {
    const decoder = await makeDecoder()
    const encoder = new OpusScript(encoderHz, 2, OpusScript.Application.AUDIO)
    encoder.setBitrate(128_000)
    const left = split(original, [960]).map((frame) => {
      const interleaved = new Int16Array(frame.length * 2)
      for (const [i, sample] of frame.entries()) interleaved[i * 2] = sample
      return new Uint8Array(encoder.encode(Buffer.from(interleaved.buffer), 960))
    })
    assert.isTrue(parsed(left[20] ?? []).stereo)
    const output = joined(...left.map((packet) => decoder.push(packet)))
    assert.strictEqual(output.length, 600 * 16)
    const half = (i: number) => signal((i - lookAheadSamples) / 16_000) / 2
    assert.isAbove(snrDb(output, half, 3_200, output.length), 15)
  })

  it("refuses a broken packet, and goes on as if it had not come", async () => {
    const clean = await makeDecoder()
    const disturbed = await makeDecoder()
    for (const packet of packets) {
      for (const broken of [Uint8Array.of(), Uint8Array.of(celt20 | 3, 0), Uint8Array.of(celt20 | 1, 1)]) {
        try {
          disturbed.push(broken)
          assert.fail("it was accepted")
        } catch (error) {
          assert.instanceOf(error, WireError)
          assert.strictEqual(error.code, "invalid_audio")
          assert.match(error.message, /one raw Opus packet \(RFC 6716\): /)
        }
      }
      assert.deepStrictEqual(disturbed.push(packet), clean.push(packet))
    }
  })

  it("never throws anything else, gives what the packet's time says, and decodes speech afterwards", async () => {
    const decoder = await makeDecoder()
    const wire = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc
        .tuple(fc.constantFrom(...packets), fc.nat(200), fc.nat(255))
        .map(([packet, at, byte]) => packet.with(at % packet.length, byte))
    )
    fc.assert(
      fc.property(wire, (bytes) => {
        const result = parsePacket(bytes)
        try {
          assert.strictEqual(decoder.push(bytes).length, Result.getOrThrow(result).durationMs * 16)
        } catch (error) {
          assert.isTrue(Result.isFailure(result))
          assert.instanceOf(error, WireError)
        }
      }),
      { numRuns: 1_000 }
    )
    const output = joined(...packets.map((packet) => decoder.push(packet)))
    assert.isAbove(peak(output), 10_000)
  })
})
