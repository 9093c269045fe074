import fc from "fast-check"
import { assert, describe, it } from "vitest"
import { Histogram } from "../../bench/histogram.ts"

describe("a histogram", () => {
  it("gives every percentile to better than 1 %, from microseconds to hours", () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0.001, max: 1e7, noNaN: true }), { minLength: 1, maxLength: 200 }),
        fc.constantFrom(0.01, 0.5, 0.9, 0.99, 1),
        (values, share) => {
          const histogram = new Histogram()
          for (const value of values) histogram.record(value)
          const exact = values.toSorted((a, b) => a - b)[Math.max(1, Math.ceil(values.length * share)) - 1] ?? NaN
          // Half a microsecond is the step.
          assert.approximately(histogram.percentile(share), exact, exact * 0.01 + 0.0006)
        }
      )
    )
  })

  it("tells its buckets so that runs can be added up", () => {
    const histogram = new Histogram()
    for (const value of [-3, 0, 0.25, 0.25, 1_000]) histogram.record(value)
    assert.strictEqual(
      histogram.buckets.reduce((sum, [, count]) => sum + count, 0),
      5
    )
    assert.deepStrictEqual(histogram.buckets[1], [0.25, 2])
    assert.strictEqual(histogram.distribution.max, 1_000)
  })
})
