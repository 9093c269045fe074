import { assert, describe, it } from "vitest"
import { decodeMulaw, encodeMulaw } from "#src/audio/mulaw.ts"

/** ITU-T G.711 table 2a: the first and the last level of each segment, as 14-bit values times 4. */
const positiveSegments = [
  { code: 0xff, level: 0 },
  { code: 0xfe, level: 2 },
  { code: 0xf0, level: 30 },
  { code: 0xef, level: 33 },
  { code: 0xe0, level: 93 },
  { code: 0xdf, level: 99 },
  { code: 0xd0, level: 219 },
  { code: 0xcf, level: 231 },
  { code: 0xc0, level: 471 },
  { code: 0xbf, level: 495 },
  { code: 0xb0, level: 975 },
  { code: 0xaf, level: 1_023 },
  { code: 0xa0, level: 1_983 },
  { code: 0x9f, level: 2_079 },
  { code: 0x90, level: 3_999 },
  { code: 0x8f, level: 4_191 },
  { code: 0x80, level: 8_031 }
].map(({ code, level }) => ({ code, sample: level * 4 }))

/** The same table: where each segment begins (its decision values 31, 95, 223 … times 4), and how wide its intervals are. */
const decisions = [
  { from: -4, step: 8 },
  { from: 124, step: 16 },
  { from: 380, step: 32 },
  { from: 892, step: 64 },
  { from: 1_916, step: 128 },
  { from: 3_964, step: 256 },
  { from: 8_060, step: 512 },
  { from: 16_252, step: 1_024 }
]

const everyByte = Uint8Array.from({ length: 256 }, (_, byte) => byte)
const everySample = Int16Array.from({ length: 65_536 }, (_, i) => i - 32_768)
const levels = decodeMulaw(everyByte)

describe("µ-law", () => {
  it("has the levels of G.711 at both ends of every segment, in both signs", () => {
    const codes = Uint8Array.from(positiveSegments, ({ code }) => code)
    const samples = positiveSegments.map(({ sample }) => sample)
    assert.deepStrictEqual([...decodeMulaw(codes)], samples)
    assert.deepStrictEqual(
      [...decodeMulaw(codes.map((code) => code & 0x7f))],
      samples.map((sample) => 0 - sample)
    )
  })

  it("encodes every level as the byte it came from; the second zero becomes the first", () =>
    assert.deepStrictEqual(
      encodeMulaw(levels),
      everyByte.map((byte) => (byte === 0x7f ? 0xff : byte))
    ))

  it("encodes every sample as the middle of its decision interval", () => {
    const decoded = decodeMulaw(encodeMulaw(everySample))
    for (const [i, sample] of everySample.entries()) {
      const magnitude = Math.min(Math.abs(sample), 32_635)
      const { from, step } = decisions.findLast(({ from }) => magnitude >= from) ?? assert.fail()
      const level = from + (Math.floor((magnitude - from) / step) + 0.5) * step
      if (Math.abs(decoded[i] ?? NaN) !== level || (level > 0 && Math.sign(decoded[i] ?? NaN) !== Math.sign(sample))) {
        assert.fail(`${sample} became ${decoded[i]}, not ±${level}`)
      }
    }
  })

  it("is symmetric: a sample and its negative differ in the sign bit only", () => {
    const positive = encodeMulaw(Int16Array.from({ length: 32_767 }, (_, i) => i + 1))
    const negative = encodeMulaw(Int16Array.from({ length: 32_767 }, (_, i) => -i - 1))
    assert.deepStrictEqual(
      negative,
      positive.map((byte) => byte ^ 0x80)
    )
  })
})
