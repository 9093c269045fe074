/** Audio in: a client's binary frames in the format it announced → 16 kHz mono samples. */
import { Effect, type Scope } from "effect"
import { WireError } from "#schemas/errors.ts"
import type { AudioFormat } from "#schemas/wire.ts"
import { decodeMulaw } from "./mulaw.ts"
import { openOpus } from "./opus.ts"
import { samplesOf } from "./pcm.ts"
import { Resampler } from "./resample.ts"

/** Every model hears at this rate. */
export const hearingHz = 16_000

export interface AudioDecoder {
  /** Samples of the caller's own. Throws `WireError` for a broken frame; the next good one decodes again. */
  readonly push: (frame: Uint8Array) => Int16Array
}

const invalid = (message: string) => new WireError({ code: "invalid_audio", message })

const notEmpty = (frame: Uint8Array): void => {
  if (frame.length === 0) throw invalid("an audio frame is empty: leave it out instead")
}

export const makeDecoder = (format: AudioFormat): Effect.Effect<AudioDecoder, WireError, Scope.Scope> => {
  const { encoding, sample_rate: sampleRateHz } = format
  if (sampleRateHz < 8_000 || sampleRateHz > 48_000) {
    return Effect.fail(
      new WireError({
        code: "unsupported_encoding",
        message: `a sample rate of ${sampleRateHz} Hz is not supported: 8000 to 48000 is`
      })
    )
  }
  if (encoding === "opus") {
    return Effect.map(openOpus, ({ decode }) => ({
      push: (frame) => {
        notEmpty(frame)
        return decode(frame)
      }
    }))
  }
  const resampler = new Resampler(sampleRateHz, hearingHz)
  if (encoding === "mulaw") {
    return Effect.succeed({
      push: (frame) => {
        notEmpty(frame)
        return resampler.push(decodeMulaw(frame))
      }
    })
  }
  return Effect.succeed({
    push: (frame) => {
      notEmpty(frame)
      if (frame.length % 2 !== 0) {
        throw invalid(
          `a frame of pcm_s16le has an even number of bytes, this one has ${frame.length}: send whole samples`
        )
      }
      return resampler.push(samplesOf(frame))
    }
  })
}
