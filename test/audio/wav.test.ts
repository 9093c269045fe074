import { readFileSync } from "node:fs"
import fc from "fast-check"
import { assert, describe, it } from "vitest"
import { encodeMulaw } from "#src/audio/mulaw.ts"
import { bytesOf } from "#src/audio/pcm.ts"
import { readWav, WavError, writeWav } from "#src/audio/wav.ts"

const chunk = (id: string, body: Uint8Array, size = body.length): Buffer => {
  const header = Buffer.alloc(8)
  header.write(id, "latin1")
  header.writeUInt32LE(size, 4)
  return Buffer.concat([header, body, Buffer.alloc(body.length % 2)])
}
const riff = (chunks: ReadonlyArray<Uint8Array>, size?: number): Buffer => {
  const body = Buffer.concat([Buffer.from("WAVE"), ...chunks])
  return chunk("RIFF", body, size ?? body.length)
}
const fmt = (tag: number, bits: number, channels = 1, sampleRateHz = 16_000, more = Buffer.alloc(0)): Buffer => {
  const body = Buffer.alloc(16)
  body.writeUInt16LE(tag, 0)
  body.writeUInt16LE(channels, 2)
  body.writeUInt32LE(sampleRateHz, 4)
  body.writeUInt32LE((sampleRateHz * channels * bits) / 8, 8)
  body.writeUInt16LE((channels * bits) / 8, 12)
  body.writeUInt16LE(bits, 14)
  return chunk("fmt ", Buffer.concat([body, more]))
}
/** 22 more bytes: valid bits and speaker positions, which are not needed, then the subformat. */
const extensible = (tag: number, bits: number): Buffer => {
  const more = Buffer.from("1600100004000000ff00000000001000800000aa00389b71", "hex")
  more[8] = tag
  return fmt(0xfffe, bits, 1, 16_000, more)
}
const bytes = (count: number, write: (buffer: Buffer) => void): Buffer => {
  const buffer = Buffer.alloc(count)
  write(buffer)
  return buffer
}

const samples = Int16Array.of(0, 1, -1, 1_000, -32_768, 32_767)
const data = chunk("data", bytesOf(samples))
const fault = (file: Uint8Array): string => {
  try {
    readWav(file)
  } catch (error) {
    assert.instanceOf(error, WavError)
    return error.message
  }
  return assert.fail("it was read")
}

describe("writeWav", () => {
  it("gives what readWav reads back, at any rate", () =>
    fc.assert(
      fc.property(fc.int16Array(), fc.integer({ min: 8_000, max: 48_000 }), (samples, sampleRateHz) =>
        assert.deepStrictEqual(readWav(writeWav([samples], sampleRateHz)), { sampleRateHz, samples })
      )
    ))

  it("interleaves channels, and ends the shorter one in silence", () => {
    const file = writeWav([Int16Array.of(1, 2, 3), Int16Array.of(10)], 8_000)
    assert.deepStrictEqual(
      Buffer.from(file),
      riff([fmt(1, 16, 2, 8_000), chunk("data", bytesOf(Int16Array.of(1, 10, 2, 0, 3, 0)))])
    )
  })
})

describe("readWav", () => {
  it("reads a recording", () => {
    const file = readFileSync(new URL("../fixtures/ar-commands/yes-00000004_NO_05.wav", import.meta.url))
    const { sampleRateHz, samples } = readWav(file)
    assert.strictEqual(sampleRateHz, 16_000)
    assert.strictEqual(samples.length, (file.length - 44) / 2)
  })

  it.each([
    ["8-bit PCM", fmt(1, 8), Uint8Array.of(128, 255, 0), [0, 32_512, -32_768]],
    [
      "24-bit PCM",
      fmt(1, 24),
      Uint8Array.of(0, 0, 0x80, 0xff, 0xff, 0x7f, 0x7f, 1, 0, 0x80, 1, 0),
      [-32_768, 32_767, 1, 2]
    ],
    ["32-bit PCM", fmt(1, 32), bytesOf(Int16Array.of(0, -32_768, -1, 32_767, 0, 5)), [-32_768, 32_767, 5]],
    [
      "32-bit float",
      fmt(3, 32),
      bytes(24, (b) => [0.5, -1, 2, NaN, -Infinity, 0].forEach((value, i) => b.writeFloatLE(value, i * 4))),
      [16_384, -32_768, 32_767, 0, -32_768, 0]
    ],
    ["µ-law", fmt(7, 8), encodeMulaw(Int16Array.of(0, 988, -988)), [0, 988, -988]],
    ["extensible PCM", extensible(1, 16), bytesOf(Int16Array.of(1, -2)), [1, -2]],
    ["extensible float", extensible(3, 32), bytes(4, (b) => b.writeFloatLE(-0.25)), [-8_192]]
  ])("reads %s", (_, format, body, expected) =>
    assert.deepStrictEqual([...readWav(riff([format, chunk("data", body)])).samples], expected)
  )

  it("mixes channels down to their mean", () => {
    const interleaved = Int16Array.of(10, 20, 30, -32_768, -32_768, -32_768, 1, 0, 0)
    const file = riff([fmt(1, 16, 3), chunk("data", bytesOf(interleaved))])
    assert.deepStrictEqual([...readWav(file).samples], [20, -32_768, 0])
  })

  it("skips other chunks before, between and after, also of odd length", () => {
    const list = chunk("LIST", Buffer.from("INFOodd"))
    const fact = chunk("fact", Buffer.alloc(4))
    assert.deepStrictEqual(readWav(riff([list, fmt(1, 16), fact, list, data, list])).samples, samples)
  })

  it.each([0, 0xffff_ffff, 0x7fff_ffff, 0x7fff_f000])(
    "reads a stream whose sizes are unknown (%i) to its end",
    (size) => {
      for (const riffSize of [36, size]) {
        const file = riff([fmt(1, 16), chunk("data", bytesOf(samples), size)], riffSize)
        assert.deepStrictEqual(readWav(file).samples, samples)
        assert.deepStrictEqual(
          readWav(file.subarray(0, -1)).samples,
          samples.subarray(0, -1),
          "half a sample at the end"
        )
      }
    }
  )

  it("reads a file without any sound as such, and not what follows it", () =>
    assert.strictEqual(
      readWav(riff([fmt(1, 16), chunk("data", Buffer.alloc(0)), chunk("LIST", Buffer.alloc(8))])).samples.length,
      0
    ))

  it("reads a file at an odd address", () => {
    const file = writeWav([samples], 16_000)
    const odd = new Uint8Array(file.length + 1).subarray(1)
    odd.set(file)
    assert.deepStrictEqual(readWav(odd).samples, samples)
  })

  it("says what is wrong with a file", () => {
    assert.match(fault(Buffer.from("ID3 and so on, an mp3 file")), /not a WAV file/)
    assert.match(fault(riff([data])), /before its format/)
    assert.match(fault(riff([fmt(1, 16)])), /no sound/)
    assert.match(fault(riff([chunk("fmt ", Buffer.alloc(14)), data])), /fmt chunk is too short/)
    assert.match(fault(riff([fmt(0xfffe, 16), data])), /extensible fmt chunk is too short/)
    assert.match(fault(riff([fmt(0xfffe, 16, 1, 16_000, Buffer.alloc(24)), data])), /subformat is unknown/)
    assert.match(fault(riff([fmt(0x55, 16), data])), /Format 85 of 16 bits is not supported/)
    assert.match(fault(riff([fmt(1, 64), data])), /Format 1 of 64 bits/)
    assert.match(fault(riff([fmt(1, 16, 0), data])), /0 channels/)
    assert.match(fault(riff([fmt(1, 16, 1, 0), data])), /sample rate is 0 Hz/)
    assert.match(fault(riff([fmt(1, 16).with(20, 9), data])), /size of a sample/)
  })

  it("calls every beginning of a file that is not the whole of it broken", () => {
    const file = Buffer.from(writeWav([samples], 16_000))
    for (let length = 0; length < file.length; length++) fault(file.subarray(0, length))
  })

  it("throws nothing but its own error, whatever it is given", () => {
    const file = riff([fmt(1, 16, 2), chunk("LIST", Buffer.alloc(6)), data])
    const wild = fc.oneof(
      fc.uint8Array({ maxLength: 100 }).map((random) => Buffer.concat([Buffer.from("RIFF\0\0\0\0WAVEfmt "), random])),
      fc.array(fc.tuple(fc.nat(file.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 }).map((changes) => {
        const changed = Buffer.from(file)
        for (const [at, byte] of changes) changed[at] = byte
        return changed
      })
    )
    fc.assert(
      fc.property(wild, (bytes) => {
        try {
          assert.isAtMost(readWav(bytes).samples.length, bytes.length)
        } catch (error) {
          assert.instanceOf(error, WavError)
        }
      }),
      { numRuns: 2_000 }
    )
  })
})
