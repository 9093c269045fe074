/** What the configuration asks for, seen through the manifest: where it lies, whether it fits, and what has to be fetched. */
import { basename } from "node:path"
import type { HostFault } from "#schemas/host.ts"
import type { DownloadEntry, Manifest } from "#schemas/models.ts"
import type { Settings } from "#src/config.ts"
import { installState } from "./install.ts"
import { type Layout, layoutOf } from "./layout.ts"
import { findModel, modelAt, resolveModelPath } from "./manifest.ts"
import { memoryBytes, tooLittleMemory } from "./memory.ts"

export interface ConfiguredModels {
  readonly layout: Layout
  /** An alias is resolved. */
  readonly sttPath: string
  /** The recogniser's entry, where it is one of the manifest's and lies under `DATA_DIR`. */
  readonly stt?: DownloadEntry
  /** Why the recogniser is not loaded at the start. */
  readonly sttWithheld?: HostFault
  /** Not here, or not what the manifest names. */
  readonly missing: ReadonlyArray<DownloadEntry>
}

export const configuredModels = (
  settings: Settings,
  manifest: Manifest,
  available = memoryBytes()
): ConfiguredModels => {
  const layout = layoutOf(settings.modelsDir)
  const sttPath = resolveModelPath(manifest, settings.voskModelPath)
  const stt = modelAt(manifest, layout.root, sttPath)
  const voice = settings.ttsVoice === undefined ? undefined : modelAt(manifest, layout.root, settings.ttsVoice)
  const tooLarge = tooLittleMemory(findModel(manifest, basename(sttPath)), available)
  const wanted = settings.modelsDownload ? [...(tooLarge === undefined && stt ? [stt] : []), ...(voice ? [voice] : [])] : []
  const missing = wanted.filter((model) => {
    const { state } = installState(layout, model)
    return state !== "installed" && state !== "by-hand"
  })
  const isAbsent = stt !== undefined && missing.includes(stt) && installState(layout, stt).state === "absent"
  const absent: HostFault = { reason: "missing", message: `${basename(sttPath)} is not here yet and is being fetched.` }
  const sttWithheld = tooLarge ?? (isAbsent ? absent : undefined)
  return {
    layout,
    sttPath,
    missing,
    ...(stt === undefined ? {} : { stt }),
    ...(sttWithheld === undefined ? {} : { sttWithheld })
  }
}
