/**
 * What the tools for models need of the environment. A shell on a server seldom has its secrets: without them the service
 * does not start, and the tools do.
 */
import { Result } from "effect"
import type { ConfigFault } from "#schemas/config.ts"
import type { VariableName } from "#schemas/config-variables.ts"
import { loadSettings, type Settings } from "#src/config.ts"
import type { Environment } from "./source.ts"

const concerned: ReadonlyArray<VariableName> = [
  "VOICE_SERVICE_ENV",
  "DATA_DIR",
  "VOSK_MODEL_PATH",
  "VOSK_LIBRARY",
  "STT_ALLOCATOR",
  "TTS_VOICE",
  "MODELS_BASE_URL",
  "MODELS_MANIFEST",
  "MODELS_DOWNLOAD"
]

export const loadModelSettings = (environment: Environment): Result.Result<Settings, ReadonlyArray<ConfigFault>> => {
  const loaded = loadSettings(environment)
  if (Result.isSuccess(loaded)) return loaded
  const faults = loaded.failure.filter(({ variable }) => concerned.includes(variable))
  if (faults.length > 0) return Result.fail(faults)
  const known = Object.fromEntries(concerned.map((name) => [name, environment[name]]))
  const standIns = { VOICE_SERVICE_SECRET: standIn(1), VOICE_SERVICE_TOKEN: standIn(2) }
  return loadSettings({ ...known, ...standIns })
}

/** Passes as a secret, guards nothing: no service starts with it. */
const standIn = (seed: number): string => Array.from({ length: 48 }, (_, at) => (at * 7 + seed * 13) % 36).map((n) => n.toString(36)).join("")
