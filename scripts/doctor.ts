/**
 * `npm run doctor`: what is right and wrong with this machine and configuration, one line each, with the repair. It changes
 * nothing. Exit code 1: something fails.
 */
import { basename, join } from "node:path"
import { Result } from "effect"
import { loadSettings } from "#src/config.ts"
import { configuredModels } from "#src/models/configured.ts"
import { embeddedModels, findModel, modelAt, readManifest } from "#src/models/manifest.ts"
import { loadModelSettings } from "#src/models/settings.ts"
import { readOptions } from "../bench/options.ts"
import { fail, type Finding, lineOf } from "./doctor/finding.ts"
import {
  allocatorFinding,
  clockFinding,
  diskFinding,
  loadsFinding,
  memoryFinding,
  nodeFinding,
  npmFinding,
  portFinding
} from "./doctor/machine.ts"
import { configFindings, modelFindings, originsFinding, otlpFinding, storageKeyFinding } from "./doctor/settings.ts"

const examine = async (environment: NodeJS.ProcessEnv): Promise<ReadonlyArray<Finding>> => {
  const findings: Array<Finding> = [nodeFinding(), await npmFinding(), ...configFindings(loadSettings(environment))]
  const loaded = loadModelSettings(environment)
  // Faults that stand in the way are among the findings.
  if (Result.isFailure(loaded)) return findings
  const settings = loaded.success
  const manifest = readManifest(settings.modelsManifest)
  if (Result.isFailure(manifest)) {
    return [...findings, fail("models", manifest.failure.message, "unset MODELS_MANIFEST to use the shipped one")]
  }
  const configured = configuredModels(settings, manifest.success)
  const embedded = [
    ["libvosk", "vosk-model-tiny-ar"],
    ["onnx", "silero-vad"]
  ] as const
  const shipped = Result.getOrThrow(readManifest())
  for (const [check, name] of embedded) {
    const model = findModel(shipped, name)
    if (model !== undefined) findings.push(await loadsFinding(check, model, join(embeddedModels, name)))
  }
  const voice =
    settings.ttsVoice === undefined ? undefined : modelAt(manifest.success, settings.modelsDir, settings.ttsVoice)
  const model = findModel(manifest.success, basename(configured.sttPath))
  const [publisher = "https://alphacephei.com"] = (configured.stt?.source.files ?? []).map(
    ({ url }) => new URL(url).origin
  )
  const mirror = settings.modelsBaseUrl?.startsWith("http") === true ? settings.modelsBaseUrl : publisher
  return [
    ...findings,
    ...modelFindings(settings, configured, voice),
    allocatorFinding(settings),
    diskFinding(settings, configured),
    memoryFinding(model, settings.sttHosts),
    await portFinding(settings),
    await clockFinding(mirror),
    originsFinding(settings),
    storageKeyFinding(settings),
    await otlpFinding(environment["OTEL_EXPORTER_OTLP_ENDPOINT"])
  ]
}

const { json } = readOptions(
  "doctor",
  `Looks at this machine and this configuration and changes nothing: Node, libvosk and ONNX Runtime (loaded for real),
models, disk, memory, port, secrets, clock, origins, storage key, telemetry. One line each: ok, warn or fail, and the repair.`,
  { script: "doctor", exitCodes: "0: nothing fails. 1: something does" }
)
const findings = await examine(process.env)
console.log(json ? JSON.stringify(findings, null, 2) : findings.map(lineOf).join("\n"))
process.exitCode = findings.some(({ status }) => status === "fail") ? 1 : 0
