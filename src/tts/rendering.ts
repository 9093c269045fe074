/**
 * What the server and an engine's child say to each other about one sentence. The child answers with one binary frame
 * (levelled PCM, s16le, mono) and one `speech.rendered`, then closes the stream. Longer speech than `renderedMsMax` is
 * cut off there: a sentence never gets near it.
 */
// By its own path: a host loads this while somebody waits for the start, and all of effect takes 60 ms more.
import * as Schema from "effect/Schema"

export const renderedMsMax = 60_000

/** UTF-16 units of one sentence; `sentences()` cuts far below. */
const textUnitsMax = 1_000

const Text = Schema.String.check(Schema.isMinLength(1), Schema.isMaxLength(textUnitsMax))
/** 1 is the voice's own pace. */
const Speed = Schema.Finite.check(Schema.isBetween({ minimum: 0.5, maximum: 2 }))
/** As eSpeak names voices: `ar`, `en-us`, `ar+f3`. */
export const EspeakVoice = Schema.String.check(Schema.isPattern(/^[a-z]{2,3}(-[a-z0-9]{1,8})*(\+[a-z0-9]{1,12})?$/))

export const EspeakSpeech = Schema.Struct({ text: Text, voice: EspeakVoice, speed: Speed })
export type EspeakSpeech = typeof EspeakSpeech.Type

export const PhonemesRequest = Schema.Struct({ phonemes: Text, voice: EspeakVoice })

/** Words of a sentence and how each sounds. Where the engine joins words, one entry holds the whole clause. */
export const Phonemes = Schema.Array(Schema.Struct({ word: Schema.String, phonemes: Schema.String }))
export type Phonemes = typeof Phonemes.Type
export const PhonemesReply = Schema.Struct({ words: Phonemes })

export const PiperSpeech = Schema.Struct({
  words: Phonemes,
  speed: Speed,
  noiseScale: Schema.optionalKey(Schema.Finite)
})
export type PiperSpeech = typeof PiperSpeech.Type

export const SpokenWord = Schema.Struct({ word: Schema.String, startMs: Schema.Finite, endMs: Schema.Finite })
export type SpokenWord = typeof SpokenWord.Type

export const Rendered = Schema.Struct({
  type: Schema.Literal("speech.rendered"),
  sampleRateHz: Schema.Int,
  words: Schema.Array(SpokenWord),
  /** Sounds that the voice does not have and left out. */
  skippedPhonemes: Schema.Int
})
export type Rendered = typeof Rendered.Type
