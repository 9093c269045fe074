/**
 * What a client sends as sound, of any format of the protocol, becomes 16 kHz mono samples: as many as the sound lasts,
 * at every moment. A frame that is not what its format says throws `invalid_audio` and changes nothing: the decoder goes
 * on with the next one.
 */
import { Effect, type Scope } from "effect"
import { WireError } from "#schemas/errors.ts"
import type { AudioFormat } from "#schemas/wire.ts"
import { decodeMulaw } from "./mulaw.ts"
import { OpusDecoder } from "./opus.ts"
import { samplesOf } from "./pcm.ts"
import { Resampler } from "./resample.ts"

export interface AudioDecoder {
  /** One binary frame of the client; the samples of 16 kHz PCM are a view of it: copy what is to be kept. Throws `WireError`. */
  readonly push: (bytes: Uint8Array) => Int16Array
}

/** Of every sample behind the decoder: what the models hear. */
export const decodedSampleRateHz = 16_000
/** Same as the wire schema's, for the other protocols. */
const sampleRateHzMin = 8_000
const sampleRateHzMax = 48_000
const opusSampleRatesHz = [8_000, 12_000, 16_000, 24_000, 48_000]

const invalid = (message: string) => new WireError({ code: "invalid_audio", message })
const unsupported = (message: string) => new WireError({ code: "unsupported_encoding", message })

const pcmDecoder = (sampleRateHz: number): AudioDecoder => {
  const isAsIs = sampleRateHz === decodedSampleRateHz
  const resampler = new Resampler(sampleRateHz, decodedSampleRateHz)
  return {
    push: (bytes) => {
      if (bytes.length === 0) throw invalid("A binary frame of pcm_s16le is empty; it must hold at least one sample.")
      if (bytes.length % 2 !== 0) {
        throw invalid("A binary frame of pcm_s16le has an odd number of bytes; it must hold whole 16-bit samples.")
      }
      return isAsIs ? samplesOf(bytes) : resampler.push(samplesOf(bytes))
    }
  }
}

const mulawDecoder = (sampleRateHz: number): AudioDecoder => {
  const resampler = new Resampler(sampleRateHz, decodedSampleRateHz)
  return {
    push: (bytes) => {
      if (bytes.length === 0) throw invalid("A binary frame of mulaw is empty; it must hold at least one sample.")
      return resampler.push(decodeMulaw(bytes))
    }
  }
}

export const makeDecoder = Effect.fnUntraced(function* ({
  encoding,
  sample_rate: sampleRateHz
}: AudioFormat): Effect.fn.Return<AudioDecoder, WireError, Scope.Scope> {
  if (encoding === "opus") {
    if (opusSampleRatesHz.includes(sampleRateHz)) return yield* OpusDecoder.make
    return yield* unsupported(`Audio of opus needs a sample_rate of ${opusSampleRatesHz.join(", ")} (Hz).`)
  }
  if (!Number.isInteger(sampleRateHz) || sampleRateHz < sampleRateHzMin || sampleRateHz > sampleRateHzMax) {
    return yield* unsupported(
      `Audio of ${encoding} needs a whole sample_rate from ${sampleRateHzMin} to ${sampleRateHzMax} (Hz).`
    )
  }
  return encoding === "mulaw" ? mulawDecoder(sampleRateHz) : pcmDecoder(sampleRateHz)
})
