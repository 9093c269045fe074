import { create, ConverterType } from "@alexanderolsen/libsamplerate-js"
import fc from "fast-check"
import { assert, describe, it } from "vitest"
import { type FilterBank, filterBank } from "#src/audio/filter-bank.ts"
import { fromFloats, joined, peak } from "#src/audio/pcm.ts"
import { Resampler } from "#src/audio/resample.ts"
import { sampled, sine, snrDb, split, sum, sweep } from "./signals.ts"

const ratios: ReadonlyArray<readonly [number, number]> = [
  [48_000, 16_000],
  [44_100, 16_000],
  [32_000, 16_000],
  [24_000, 16_000],
  [22_050, 16_000],
  [11_025, 16_000],
  [8_000, 16_000],
  [48_000, 8_000],
  [22_050, 8_000],
  [16_000, 8_000],
  [16_000, 22_050],
  [22_050, 24_000],
  [16_000, 48_000],
  [8_000, 48_000],
  [47_999, 16_000],
  [16_000, 15_999],
  [8_009, 47_981]
]

const whole = (fromHz: number, toHz: number, samples: Int16Array) => {
  const resampler = new Resampler(fromHz, toHz)
  return { output: joined(resampler.push(samples), resampler.flush()), delaySamples: resampler.delaySamples }
}

const anyRateHz = fc.integer({ min: 8_000, max: 48_000 })
const standardRateHz = fc.constantFrom(8_000, 11_025, 16_000, 22_050, 24_000, 44_100, 48_000)

describe("Resampler", () => {
  it.each(ratios)(
    "keeps a sweep up to 0.8 of the lower Nyquist frequency as it was, 90 dB over every error (%i to %i Hz)",
    (fromHz, toHz) => {
      const nyquistHz = Math.min(fromHz, toHz) / 2
      const signal = sweep(20, nyquistHz * 0.8, 600, 28_000)
      const { output, delaySamples } = whole(fromHz, toHz, sampled(signal, fromHz, 600))
      const expected = (i: number) => signal((i - delaySamples) / toHz)
      assert.isAbove(snrDb(output, expected, delaySamples * 2, output.length - delaySamples * 2), 90)
    }
  )

  it.each(ratios.filter(([fromHz, toHz]) => toHz < fromHz * 0.9))(
    "lets nothing through from 1.1 of the lower Nyquist frequency on (%i to %i Hz)",
    (fromHz, toHz) => {
      const tooHigh = sweep((toHz / 2) * 1.1, fromHz / 2, 300, 32_000)
      const { output, delaySamples } = whole(fromHz, toHz, sampled(tooHigh, fromHz, 300))
      // Not at the ends: beginning and ending at once is a click, which has every frequency.
      assert.isAtMost(peak(output.subarray(delaySamples * 2, output.length - delaySamples * 2)), 1)
    }
  )

  it("agrees with libsamplerate", async () => {
    const signal = sum(sine(130, 9_000), sine(1_234, 9_000), sine(5_000, 6_000), sine(6_700, 3_000))
    for (const [fromHz, toHz] of [
      [48_000, 16_000],
      [44_100, 16_000],
      [16_000, 22_050]
    ] as const) {
      const input = sampled(signal, fromHz, 500)
      const oracle = await create(1, fromHz, toHz, { converterType: ConverterType.SRC_SINC_MEDIUM_QUALITY })
      const reference = fromFloats(oracle.full(Float32Array.from(input, (sample) => sample / 32_768)))
      oracle.destroy()
      const { output, delaySamples } = whole(fromHz, toHz, input)
      const aligned = output.subarray(delaySamples)
      assert.isAbove(
        snrDb(aligned, (i) => reference[i] ?? 0, 200, reference.length - 200),
        70
      )
    }
  })

  it("gives the same output, bit for bit, however the input is split", () =>
    fc.assert(
      fc.property(
        fc.oneof(standardRateHz, anyRateHz),
        fc.oneof(standardRateHz, anyRateHz),
        fc.int16Array({ maxLength: 3_000 }),
        fc
          .array(fc.integer({ min: 0, max: 1_500 }), { minLength: 1, maxLength: 9 })
          .filter((sizes) => sizes.some(Boolean)),
        (fromHz, toHz, samples, sizes) => {
          const resampler = new Resampler(fromHz, toHz)
          const parts = split(samples, sizes).map((piece) => resampler.push(piece))
          assert.deepStrictEqual(joined(...parts, resampler.flush()), whole(fromHz, toHz, samples).output)
        }
      ),
      { numRuns: 60 }
    ))

  it("has given as many samples as the sound lasts at every moment, and its delay more after a flush", () =>
    fc.assert(
      fc.property(
        anyRateHz,
        anyRateHz,
        fc.array(fc.integer({ min: 0, max: 700 }), { maxLength: 9 }),
        (fromHz, toHz, sizes) => {
          const resampler = new Resampler(fromHz, toHz)
          let pushed = 0
          let given = 0
          for (const size of sizes) {
            pushed += size
            given += resampler.push(new Int16Array(size)).length
            assert.strictEqual(given, Math.ceil((pushed * toHz) / fromHz))
          }
          assert.strictEqual(resampler.flush().length, resampler.delaySamples)
        }
      ),
      { numRuns: 60 }
    ))

  it("does not drift over a minute of an odd ratio", () => {
    const resampler = new Resampler(47_999, 8_000)
    const second = new Int16Array(47_999)
    let given = 0
    for (let i = 0; i < 60; i++) given += resampler.push(second).length
    assert.strictEqual(given, 60 * 8_000)
  })

  it("begins afresh after a flush", () => {
    const samples = sampled(sine(440, 20_000), 44_100, 50)
    const resampler = new Resampler(44_100, 16_000)
    const run = () => joined(resampler.push(samples), resampler.flush())
    assert.deepStrictEqual(run(), run())
  })

  it("is late by 1.5 ms from 48 to 16 kHz, and by no more than 3 ms anywhere", () => {
    assert.strictEqual(new Resampler(48_000, 16_000).delaySamples, 24)
    for (const [fromHz, toHz] of ratios) {
      assert.isAtMost(new Resampler(fromHz, toHz).delaySamples / toHz, 0.0031)
    }
  })

  it("clips what is louder than full scale instead of wrapping it", () => {
    const square = Int16Array.from({ length: 4_800 }, (_, i) => (i % 480 < 240 ? 32_767 : -32_768))
    const { output, delaySamples } = whole(48_000, 16_000, square)
    const middles = Array.from({ length: 18 }, (_, half) => output[delaySamples + half * 80 + 40] ?? 0)
    assert.isTrue(middles.every((sample, half) => (half % 2 === 0 ? sample > 32_000 : sample < -32_000)))
    assert.strictEqual(peak(output), 32_768)
  })

  it("passes equal rates unchanged, in an array of its own", () => {
    const samples = Int16Array.of(1, -2, 3)
    const resampler = new Resampler(16_000, 16_000)
    const output = resampler.push(samples)
    assert.deepStrictEqual(output, samples)
    assert.notStrictEqual(output.buffer, samples.buffer)
    assert.strictEqual(resampler.delaySamples, 0)
    assert.strictEqual(resampler.flush().length, 0)
  })
})

/** Response of the whole bank, dB, at a frequency of a stream of `fromHz`. */
const responseDb = ({ coefficients, taps, phases }: FilterBank, fromHz: number, hz: number): number => {
  const turn = (2 * Math.PI * hz) / fromHz
  let real = 0
  let imaginary = 0
  for (let row = 0; row < phases; row++) {
    for (let tap = 0; tap < taps; tap++) {
      const weight = (coefficients[row * taps + tap] ?? 0) / phases
      const angle = turn * (row / phases + taps - 1 - tap)
      real += weight * Math.cos(angle)
      imaginary += weight * Math.sin(angle)
    }
  }
  return 20 * Math.log10(Math.hypot(real, imaginary))
}

describe("filterBank", () => {
  it("is flat to 0.85 of the lower Nyquist frequency and under -100 dB from 1.1", () => {
    const bank = filterBank(48_000, 16_000)
    for (let hz = 0; hz <= 6_800; hz += 50) assert.closeTo(responseDb(bank, 48_000, hz), 0, 0.03, `${hz} Hz`)
    for (let hz = 8_800; hz <= 24_000; hz += 50) assert.isBelow(responseDb(bank, 48_000, hz), -100, `${hz} Hz`)
  })

  it("keeps the telephone band of an 8 kHz line, and removes its images", () => {
    const bank = filterBank(8_000, 16_000)
    for (let hz = 0; hz <= 3_400; hz += 50) assert.closeTo(responseDb(bank, 8_000, hz), 0, 0.03, `${hz} Hz`)
    for (let hz = 4_400; hz <= 8_000; hz += 50) assert.isBelow(responseDb(bank, 8_000, hz), -100, `${hz} Hz`)
  })

  it("is shared by every stream of one ratio", () => {
    assert.strictEqual(filterBank(48_000, 16_000), filterBank(24_000, 8_000))
    assert.notStrictEqual(filterBank(48_000, 16_000), filterBank(16_000, 48_000))
  })

  it("stays under 0.75 MB for any ratio, blending rows where there would be too many", () =>
    fc.assert(
      fc.property(anyRateHz, anyRateHz, (fromHz, toHz) => {
        const bank = filterBank(fromHz, toHz)
        assert.isAtMost(bank.coefficients.byteLength, 750_000)
        assert.strictEqual(bank.interpolated, bank.outputStep > bank.phases)
      }),
      { numRuns: 30 }
    ))

  it("forgets the ratios that were used least recently", () => {
    const kept = filterBank(48_000, 16_000)
    const forgotten = filterBank(8_000, 8_001)
    for (let hz = 9_001; hz <= 9_015; hz++) {
      filterBank(9_000, hz)
      assert.strictEqual(filterBank(48_000, 16_000), kept)
    }
    assert.notStrictEqual(filterBank(8_000, 8_001), forgotten)
  })
})
