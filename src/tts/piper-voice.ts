/**
 * A Piper voice on disk: `voice.onnx` and, beside it, `voice.onnx.json`. The server reads the small file too, to know
 * what the voice needs, and hashes both, so that speech kept from one voice is never taken for another's.
 */
import { createHash } from "node:crypto"
import { createReadStream } from "node:fs"
import { readFile } from "node:fs/promises"
import { pipeline } from "node:stream/promises"
import { Schema } from "effect"
import { BackendFault } from "#src/host/backend.ts"

const optional = Schema.optionalKey

/** The fields that matter here; others are ignored. */
const VoiceConfig = Schema.Struct({
  audio: Schema.Struct({ sample_rate: Schema.Int }),
  espeak: optional(Schema.Struct({ voice: Schema.String })),
  language: optional(Schema.Struct({ family: optional(Schema.String) })),
  phoneme_type: optional(Schema.Literals(["espeak", "text"])),
  phoneme_id_map: Schema.Record(Schema.String, Schema.Array(Schema.Int)),
  num_speakers: optional(Schema.Int),
  hop_length: optional(Schema.Int),
  inference: optional(
    Schema.Struct({
      noise_scale: optional(Schema.Finite),
      length_scale: optional(Schema.Finite),
      noise_w: optional(Schema.Finite)
    })
  )
})
export type VoiceConfig = typeof VoiceConfig.Type

const decodeConfig = Schema.decodeUnknownSync(Schema.fromJsonString(VoiceConfig))

export interface VoiceFacts {
  readonly sampleRateHz: number
  /** `text`: the voice reads letters and needs no phonemes. */
  readonly phonemeType: "espeak" | "text"
  readonly espeakVoice: string
  readonly language: string
}

export const voiceFacts = (config: VoiceConfig): VoiceFacts => {
  const espeakVoice = config.espeak?.voice ?? "ar"
  return {
    sampleRateHz: config.audio.sample_rate,
    phonemeType: config.phoneme_type ?? "espeak",
    espeakVoice,
    language: config.language?.family ?? espeakVoice.slice(0, 2)
  }
}

const absent = new Set<unknown>(["ENOENT", "EISDIR", "ENOTDIR"])

export const voiceFault = (error: unknown, what: string): BackendFault =>
  error instanceof Error && "code" in error && absent.has(error.code)
    ? new BackendFault(
        "missing",
        `${what} is not there; set TTS_VOICE to a Piper voice.onnx with its voice.onnx.json beside it`
      )
    : new BackendFault("corrupt", `${what} cannot be read as a Piper voice; download it again`)

export const readVoiceConfig = async (voicePath: string): Promise<VoiceConfig> => {
  try {
    return decodeConfig(await readFile(`${voicePath}.json`, "utf8"))
  } catch (error) {
    throw voiceFault(error, "The voice's .onnx.json")
  }
}

/** SHA-256 over both files. */
export const voiceFingerprint = async (voicePath: string): Promise<string> => {
  const hash = createHash("sha256")
  for (const path of [`${voicePath}.json`, voicePath]) {
    await pipeline(createReadStream(path), async (parts: AsyncIterable<Buffer>) => {
      for await (const part of parts) hash.update(part)
    })
  }
  return hash.digest("hex")
}
