import { Effect, Exit, Scope } from "effect"
import fc from "fast-check"
import OpusScript from "opusscript"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { WireError } from "#schemas/errors.ts"
import type { AudioFormat } from "#schemas/wire.ts"
import { makeDecoder } from "#src/audio/decode.ts"
import { encodeMulaw } from "#src/audio/mulaw.ts"
import { bytesOf, joined } from "#src/audio/pcm.ts"
import { Resampler } from "#src/audio/resample.ts"
import { sampled, sine, snrDb, split } from "./signals.ts"

let scope: Scope.Closeable
const open = (format: AudioFormat) => Effect.runPromise(makeDecoder(format).pipe(Scope.provide(scope)))
beforeAll(() => {
  scope = Scope.makeUnsafe()
})
afterAll(() => Effect.runPromise(Scope.close(scope, Exit.void)))

const refusal = (run: () => unknown): WireError => {
  try {
    run()
  } catch (error) {
    assert.instanceOf(error, WireError)
    return error
  }
  return assert.fail("it was accepted")
}
const signal = sine(700, 12_000)
const opusPacket = new Uint8Array(
  new OpusScript(48_000, 1, OpusScript.Application.VOIP).encode(Buffer.from(bytesOf(sampled(signal, 48_000, 20))), 960)
)

describe("makeDecoder", () => {
  it.each([8_000, 11_025, 16_000, 22_050, 44_100, 48_000])(
    "gives PCM of %i Hz as 16 kHz samples, as many as it lasts",
    async (sampleRateHz) => {
      const decoder = await open({ encoding: "pcm_s16le", sample_rate: sampleRateHz })
      const frames = split(sampled(signal, sampleRateHz, 1_000), [sampleRateHz / 25])
      const output = joined(...frames.map((frame) => decoder.push(bytesOf(frame))))
      assert.strictEqual(output.length, 16_000)
      const { delaySamples } = new Resampler(sampleRateHz, 16_000)
      assert.isAbove(
        snrDb(output, (i) => signal((i - delaySamples) / 16_000), 400, 16_000),
        70
      )
    }
  )

  it("gives µ-law of a telephone line as 16 kHz samples", async () => {
    const decoder = await open({ encoding: "mulaw", sample_rate: 8_000 })
    const output = decoder.push(encodeMulaw(sampled(signal, 8_000, 500)))
    assert.strictEqual(output.length, 8_000)
    const { delaySamples } = new Resampler(8_000, 16_000)
    assert.isAbove(
      snrDb(output, (i) => signal((i - delaySamples) / 16_000), 400, 8_000),
      30
    )
  })

  it.each([8_000, 12_000, 16_000, 24_000, 48_000])(
    "gives an Opus packet of 20 ms as 320 samples, whatever its encoder took (%i Hz)",
    async (sampleRateHz) => {
      const decoder = await open({ encoding: "opus", sample_rate: sampleRateHz })
      assert.strictEqual(decoder.push(opusPacket).length, 320)
    }
  )

  it("gives samples of its own wherever it converts", () =>
    fc.assert(
      fc.asyncProperty(
        fc.constantFrom<AudioFormat>(
          { encoding: "pcm_s16le", sample_rate: 48_000 },
          { encoding: "mulaw", sample_rate: 16_000 }
        ),
        fc.uint8Array({ minLength: 1, maxLength: 300 }),
        async (format, half) => {
          const bytes = new Uint8Array([...half, ...half])
          const samples = (await open(format)).push(bytes)
          const before = samples.slice()
          bytes.fill(0x55)
          assert.deepStrictEqual(samples, before)
        }
      ),
      { numRuns: 30 }
    ))

  it("refuses half a sample of PCM, and goes on with the next frame", async () => {
    const decoder = await open({ encoding: "pcm_s16le", sample_rate: 48_000 })
    const undisturbed = await open({ encoding: "pcm_s16le", sample_rate: 48_000 })
    for (const frame of split(sampled(signal, 48_000, 100), [960])) {
      const error = refusal(() => decoder.push(new Uint8Array(641)))
      assert.strictEqual(error.code, "invalid_audio")
      assert.match(error.message, /odd number of bytes/)
      assert.deepStrictEqual(decoder.push(bytesOf(frame)), undisturbed.push(bytesOf(frame)))
    }
  })

  it.each(["pcm_s16le", "mulaw", "opus"] as const)("refuses an empty frame of %s", async (encoding) => {
    const decoder = await open({ encoding, sample_rate: 16_000 })
    const error = refusal(() => decoder.push(new Uint8Array(0)))
    assert.strictEqual(error.code, "invalid_audio")
    assert.match(error.message, /empty/)
  })

  it("refuses a broken Opus packet, and decodes the next", async () => {
    const decoder = await open({ encoding: "opus", sample_rate: 48_000 })
    assert.strictEqual(refusal(() => decoder.push(Uint8Array.of(0xfb, 0))).code, "invalid_audio")
    assert.strictEqual(decoder.push(opusPacket).length, 320)
  })

  it.each([
    [{ encoding: "opus", sample_rate: 44_100 }, /opus needs a sample_rate of 8000, 12000, 16000, 24000, 48000/],
    [{ encoding: "pcm_s16le", sample_rate: 7_999 }, /pcm_s16le needs a whole sample_rate from 8000 to 48000/],
    [{ encoding: "mulaw", sample_rate: 48_001 }, /mulaw needs a whole sample_rate from 8000 to 48000/],
    [{ encoding: "pcm_s16le", sample_rate: 16_000.5 }, /whole/]
  ] as const)("refuses %o and says what is allowed", async (format, allowed) => {
    const error = await Effect.runPromise(Effect.flip(makeDecoder(format).pipe(Scope.provide(scope))))
    assert.strictEqual(error.code, "unsupported_encoding")
    assert.match(error.message, allowed)
  })
})
