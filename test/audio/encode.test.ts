import fc from "fast-check"
import { assert, describe, it } from "vitest"
import type { SpeechFormat } from "#schemas/wire.ts"
import { SpeechEncoder } from "#src/audio/encode.ts"
import { decodeMulaw } from "#src/audio/mulaw.ts"
import { joined, samplesOf } from "#src/audio/pcm.ts"
import { sampled, sine, snrDb, split } from "./signals.ts"

const pcm = (sampleRateHz: number): SpeechFormat => ({ encoding: "pcm_s16le", sample_rate: sampleRateHz })
const mulaw = (sampleRateHz: number): SpeechFormat => ({ encoding: "mulaw", sample_rate: sampleRateHz })

const encodeAll = (fromHz: number, format: SpeechFormat, pieces: ReadonlyArray<Int16Array>) => {
  const encoder = new SpeechEncoder(fromHz, format)
  return [...pieces.flatMap((piece) => encoder.push(piece)), ...encoder.flush()]
}
const heard = (format: SpeechFormat, frames: ReadonlyArray<Uint8Array>) =>
  joined(...frames.map(format.encoding === "mulaw" ? decodeMulaw : samplesOf))

describe("SpeechEncoder", () => {
  const signal = sine(600, 12_000)

  it.each([
    [22_050, pcm(22_050), 882 * 2],
    [16_000, pcm(22_050), 882 * 2],
    [22_050, pcm(8_000), 320 * 2],
    [22_050, mulaw(8_000), 320],
    [16_000, pcm(48_000), 1_920 * 2]
  ])("makes frames of 40 ms from %i Hz for %o, and a shorter last one", (fromHz, format, frameBytes) => {
    const frames = encodeAll(fromHz, format, [sampled(signal, fromHz, 260)])
    assert.deepStrictEqual(
      frames.map(({ length }) => length),
      [...Array.from({ length: 6 }, () => frameBytes), frameBytes / 2]
    )
  })

  it.each([
    [16_000, pcm(22_050), 70],
    [22_050, pcm(16_000), 70],
    [22_050, mulaw(8_000), 30],
    [16_000, pcm(11_025), 70]
  ])("speaks what it was given, from %i Hz for %o, neither late nor longer", (fromHz, format, snrMin) => {
    const samples = heard(format, encodeAll(fromHz, format, split(sampled(signal, fromHz, 480), [777])))
    assert.strictEqual(samples.length, (480 * format.sample_rate) / 1_000)
    const expected = (i: number) => signal(i / format.sample_rate)
    assert.isAbove(snrDb(samples, expected, 100, samples.length - 100), snrMin)
  })

  it("gives the same frames however the speech is split", () =>
    fc.assert(
      fc.property(
        fc.constantFrom(16_000, 22_050),
        fc.constantFrom(pcm(16_000), pcm(22_050), pcm(9_999), mulaw(8_000)),
        fc.int16Array({ maxLength: 4_000 }),
        fc.array(fc.integer({ min: 1, max: 2_000 }), { minLength: 1, maxLength: 5 }),
        (fromHz, format, samples, sizes) =>
          assert.deepStrictEqual(encodeAll(fromHz, format, split(samples, sizes)), encodeAll(fromHz, format, [samples]))
      ),
      { numRuns: 50 }
    ))

  it("does not drift where 40 ms are not a whole number of samples", () => {
    const frames = encodeAll(8_001, pcm(8_001), [new Int16Array(8_001 * 10)])
    assert.strictEqual(frames.length, 250)
    assert.deepStrictEqual(new Set(frames.map(({ length }) => length)), new Set([640, 642]))
  })

  it("gives frames that stay while the next are made", () => {
    const encoder = new SpeechEncoder(16_000, pcm(16_000))
    const [first = new Uint8Array(0)] = encoder.push(new Int16Array(640).fill(1))
    encoder.push(new Int16Array(640).fill(2))
    assert.deepStrictEqual(samplesOf(first), new Int16Array(640).fill(1))
  })

  it("begins afresh after a flush", () => {
    const encoder = new SpeechEncoder(16_000, pcm(8_012))
    const speech = sampled(signal, 16_000, 100)
    const run = () => [...encoder.push(speech), ...encoder.flush()]
    assert.deepStrictEqual(run(), run())
  })

  it("sends nothing for nothing", () => {
    for (const format of [pcm(16_000), pcm(22_050), mulaw(8_000)]) {
      assert.deepStrictEqual(encodeAll(16_000, format, []), [])
    }
  })
})
