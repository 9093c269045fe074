/** The manifest as it is read: by name or alias, and by the paths that the configuration names. */
import { readFileSync } from "node:fs"
import { basename, dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { Result, Schema } from "effect"
import { type DownloadEntry, Manifest, type ModelEntry, ModelError } from "#schemas/models.ts"

/** The models that come with the service. */
export const embeddedModels = fileURLToPath(new URL("../../models", import.meta.url))
export const defaultManifest = join(embeddedModels, "manifest.json")

const decode = Schema.decodeUnknownResult(Schema.fromJsonString(Manifest), {
  errors: "all",
  onExcessProperty: "error"
})

const invalid = (message: string) => new ModelError({ reason: "manifest_invalid", message })

/** What the schema cannot say: names are said once, one archive is one file, folders do not share a name. */
const contradiction = ({ default: chosen, models }: Manifest): string | undefined => {
  const names = models.flatMap(({ name, aliases = [] }) => [name, ...aliases])
  const twice = names.find((name, at) => names.indexOf(name) !== at)
  if (twice !== undefined) return `${twice} is named twice`
  const unknown = chosen.find((name) => !names.includes(name))
  if (unknown !== undefined) return `the default ${unknown} is not among the models`
  const files = models.flatMap(({ source }) => (source.type === "download" ? source.files.map(({ name }) => name) : []))
  const fileTwice = files.find((name, at) => files.indexOf(name) !== at)
  if (fileTwice !== undefined) return `the file ${fileTwice} is named twice`
  const split = models.find(
    ({ source }) => source.type === "download" && source.unpack !== undefined && source.files.length > 1
  )
  return split === undefined ? undefined : `${split.name} unpacks more than one file`
}

export const parseManifest = (text: string): Result.Result<Manifest, ModelError> => {
  const decoded = decode(text)
  if (Result.isFailure(decoded)) {
    const [first = ""] = decoded.failure.message.split("\n")
    return Result.fail(invalid(`The manifest of models is not valid: ${first}`))
  }
  const wrong = contradiction(decoded.success)
  return wrong === undefined
    ? Result.succeed(decoded.success)
    : Result.fail(invalid(`The manifest of models contradicts itself: ${wrong}.`))
}

export const readManifest = (file: string = defaultManifest): Result.Result<Manifest, ModelError> => {
  try {
    return parseManifest(readFileSync(file, "utf8"))
  } catch {
    return Result.fail(invalid(`The manifest ${basename(file)} cannot be read: set MODELS_MANIFEST to one that can.`))
  }
}

/** By its name or an alias. */
export const findModel = (manifest: Manifest, name: string): ModelEntry | undefined =>
  manifest.models.find((model) => model.name === name || model.aliases?.includes(name) === true)

export const isDownload = (model: ModelEntry): model is DownloadEntry => model.source.type === "download"

/** `…/vosk-model-ar-0.22` is where `…/vosk-model-ar-0.22-linto-1.1.0` lies. */
export const resolveModelPath = (manifest: Manifest, path: string): string => {
  const model = findModel(manifest, basename(path))
  return model?.aliases?.includes(basename(path)) === true ? join(dirname(path), model.name) : path
}

/** The download that a configured path stands for, when it lies in the folder of models. */
export const modelAt = (manifest: Manifest, root: string, path: string): DownloadEntry | undefined => {
  const folder = path.endsWith(".onnx") ? dirname(path) : path
  if (dirname(folder) !== root) return undefined
  const model = findModel(manifest, basename(folder))
  return model !== undefined && isDownload(model) ? model : undefined
}

/** Bytes to fetch, as far as anybody says. */
export const downloadBytes = ({ source }: DownloadEntry): number =>
  source.files.reduce((sum, { bytes, approximateBytes }) => sum + (bytes ?? approximateBytes ?? 0), 0)
