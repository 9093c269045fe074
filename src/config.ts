/**
 * The settings of this run. What the environment leaves open - secrets in development, the embedded model - is filled in
 * here, so that everything behind sees complete settings. Faults stop the start; service.ts prints them.
 */
import { randomBytes } from "node:crypto"
import { existsSync } from "node:fs"
import { isAbsolute, join, resolve } from "node:path"
import { fileURLToPath } from "node:url"
import { Context, Redacted, Result, Schema } from "effect"
import { type Config, type ConfigFault, decodeConfig } from "#schemas/config.ts"
import { EspeakVoice } from "#src/tts/rendering.ts"

export interface Settings extends Config {
  readonly adminSecret: Redacted.Redacted
  readonly tokenSecret: Redacted.Redacted
  readonly voskModelPath: string
  /** Folder of what is downloaded. */
  readonly modelsDir: string
  /** Whether the admin secret was made up for this run, so that it may be shown. */
  readonly adminSecretGenerated: boolean
}

export class AppConfig extends Context.Service<AppConfig, Settings>()("sawt/AppConfig") {}

const repository = fileURLToPath(new URL("..", import.meta.url))

const generate = (label: string): Redacted.Redacted => Redacted.make(randomBytes(32).toString("base64url"), { label })

/** Folders are relative to the repository, wherever the process was started. */
const absolute = (path: string): string => (isAbsolute(path) ? path : resolve(repository, path))

const isEspeakVoice = Schema.is(EspeakVoice)

/** The name of a downloaded voice is where it lies: `ar_JO-kareem-medium` is in a folder of its name, under its name. */
export const placeOfVoice = (voice: string, modelsDir: string): string => {
  if (voice.endsWith(".onnx")) return absolute(voice)
  return voice.includes("/") || isEspeakVoice(voice) ? voice : join(modelsDir, voice, `${voice}.onnx`)
}

/** eSpeak's names are not looked up: only its own process knows them. */
export const hasVoice = (name: string, modelsDir: string): boolean =>
  isEspeakVoice(name) || existsSync(placeOfVoice(name, modelsDir))

export const loadSettings = (
  environment: Readonly<Record<string, string | undefined>>
): Result.Result<Settings, ReadonlyArray<ConfigFault>> =>
  Result.map(decodeConfig(environment), (config) => ({
    ...config,
    adminSecret: config.adminSecret ?? generate("adminSecret"),
    tokenSecret: config.tokenSecret ?? generate("tokenSecret"),
    adminSecretGenerated: config.adminSecret === undefined,
    dataDir: absolute(config.dataDir),
    ttsHome: absolute(config.ttsHome),
    ...(config.ttsVoice === undefined
      ? {}
      : { ttsVoice: placeOfVoice(config.ttsVoice, join(absolute(config.dataDir), "models")) }),
    voskModelPath: absolute(config.voskModelPath ?? "models/vosk-model-tiny-ar"),
    modelsDir: join(absolute(config.dataDir), "models"),
    ...(config.modelsManifest === undefined ? {} : { modelsManifest: absolute(config.modelsManifest) })
  }))
