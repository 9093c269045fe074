import fc from "fast-check"
import { assert, describe, it } from "vitest"
import { floatsOf, fromFloats } from "#src/audio/pcm.ts"
import { amplitude, level, peakDbfs, speechLevelDbfs, speechRms } from "#src/tts/level.ts"

const rateHz = 16_000
const tone = (gain: number, seconds = 1): Float32Array =>
  Float32Array.from({ length: rateHz * seconds }, (_, i) => gain * Math.sin((2 * Math.PI * 220 * i) / rateHz))
const db = (x: number): number => 20 * Math.log10(x)
const peak = (samples: Float32Array): number => samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0)

describe("level", () => {
  it("brings quiet and loud speech to the same loudness", () => {
    for (const gain of [0.02, 0.2, 0.99]) {
      const samples = tone(gain)
      level(samples, rateHz)
      assert.closeTo(db(speechRms(samples, rateHz)), speechLevelDbfs, 0.2)
    }
  })

  it("does not count pauses", () => {
    const samples = new Float32Array(rateHz * 4)
    samples.set(tone(0.5))
    level(samples, rateHz)
    assert.closeTo(db(speechRms(samples.subarray(0, rateHz), rateHz)), speechLevelDbfs, 0.2)
  })

  it("leaves silence silent and an empty sentence empty", () => {
    const samples = new Float32Array(rateHz)
    level(samples, rateHz)
    assert.strictEqual(peak(samples), 0)
    level(new Float32Array(0), rateHz)
  })

  it("lets no peak over the ceiling, whatever the sound", () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { maxLength: 2_000 }),
        fc.integer({ min: 1, max: 400 }),
        (sound, stretch) => {
          const samples = Float32Array.from({ length: sound.length }, (_, i) =>
            i % stretch === 0 ? (sound[i] ?? 0) : 0
          )
          level(samples, rateHz)
          assert.isAtMost(peak(samples), amplitude(peakDbfs) + 1e-6)
        }
      )
    )
  })

  it("converts samples there and back without a change", () => {
    fc.assert(
      fc.property(fc.int16Array(), (pcm) => {
        assert.deepStrictEqual(fromFloats(floatsOf(pcm)), pcm)
      })
    )
  })
})
