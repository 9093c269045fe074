/**
 * Messages of the clients of alphacep's vosk-server: `{"config": {…}}`, `{"eof": 1}` and `{"reset": 1}`; binary frames are
 * 16-bit samples. What vosk-server takes by Python's conversions is taken here too: numbers as text, anything as a truth.
 */
import { Schema } from "effect"

export const voskServerProtocol = "vosk-server"

const numeric = <S extends Schema.Codec<number>>(number: S) =>
  Schema.Union([number, Schema.String.pipe(Schema.decodeTo(Schema.FiniteFromString), Schema.decodeTo(number))])

export const VoskConfig = Schema.Struct({
  /** Hz. */
  sample_rate: Schema.optionalKey(numeric(Schema.Int.check(Schema.isBetween({ minimum: 8_000, maximum: 48_000 })))),
  /** Whether results tell words with their times. */
  words: Schema.optionalKey(Schema.Unknown),
  /** All that may be heard. */
  phrase_list: Schema.optionalKey(Schema.Array(Schema.String)),
  max_alternatives: Schema.optionalKey(numeric(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 100 }))))
})
export type VoskConfig = typeof VoskConfig.Type

export type VoskMessage =
  | {
      readonly type: "config"
      readonly config: VoskConfig
      /** Fields that mean nothing here, by name. */
      readonly ignored: ReadonlyArray<string>
    }
  /** The last final, and the end. */
  | { readonly type: "eof" }
  /** A final; what follows is another utterance. */
  | { readonly type: "reset" }
