/** The configuration: what the start would refuse, models, keys, origins, and whether telemetry has somewhere to go. */
import { connect } from "node:net"
import { Result } from "effect"
import type { ConfigFault } from "#schemas/config.ts"
import type { DownloadEntry } from "#schemas/models.ts"
import type { Settings } from "#src/config.ts"
import type { ConfiguredModels } from "#src/models/configured.ts"
import { installState } from "#src/models/install.ts"
import { fail, type Finding, ok, warn } from "./finding.ts"
import { keyFileMode } from "./machine.ts"

const secretNames = /SECRET|TOKEN|KEY/

/** `loaded`: as the start decodes it. */
export const configFindings = (loaded: Result.Result<Settings, ReadonlyArray<ConfigFault>>): ReadonlyArray<Finding> => {
  const faults = Result.isFailure(loaded) ? loaded.failure : []
  const secrets = faults.filter(({ variable }) => secretNames.test(variable))
  const others = faults.filter((fault) => !secrets.includes(fault))
  const toFinding = (check: string) => (fault: ConfigFault) => fail(check, fault.line, "the service does not start so")
  const weak = Result.isSuccess(loaded) && loaded.success.environment === "development"
  const secretsAre = weak
    ? warn(
        "secrets",
        "development: weak secrets are accepted, and made up where missing",
        "set VOICE_SERVICE_ENV=production where people talk"
      )
    : ok("secrets", "set, long enough, and all different")
  return [
    ...(others.length > 0 ? others.map(toFinding("configuration")) : [ok("configuration", "valid")]),
    ...(secrets.length > 0 ? secrets.map(toFinding("secrets")) : [secretsAre])
  ]
}

const modelFinding = ({ layout }: ConfiguredModels, model: DownloadEntry, fetches: boolean): Finding => {
  const { state } = installState(layout, model)
  const check = "models"
  const how = `npm run models:download -- --only ${model.name}`
  const bySelf = fetches ? `${how}; else the service fetches it in the background` : how
  switch (state) {
    case "installed":
      return ok(check, `${model.name} is here, checked`)
    case "by-hand":
      return warn(
        check,
        `${model.name} was put there by hand and is not checked`,
        `npm run models:verify -- --only ${model.name}`
      )
    case "other":
      return warn(check, `${model.name} is here in another version than the manifest names`, bySelf)
    case "damaged":
      return fail(check, `${model.name} is damaged on disk`, how)
    case "absent":
      return warn(check, `${model.name} is not here; the embedded model serves, degraded`, bySelf)
  }
}

export const modelFindings = (
  settings: Settings,
  configured: ConfiguredModels,
  voice: DownloadEntry | undefined
): ReadonlyArray<Finding> => {
  const wanted = [configured.stt, voice].filter((model) => model !== undefined)
  if (wanted.length === 0) return [ok("models", "none of the configured ones is downloaded: embedded, or your own")]
  const licences = wanted
    .filter(({ licence }) => !licence.commercialUse)
    .map(({ name, licence }) =>
      warn("licence", `${name}: ${licence.name}, no commercial use`, licence.note ?? "ask its publisher")
    )
  return [...wanted.map((model) => modelFinding(configured, model, settings.modelsDownload)), ...licences]
}

export const storageKeyFinding = ({ storageKey, dataDir, environment }: Settings): Finding => {
  if (storageKey !== undefined) return ok("storage key", "STORAGE_KEY is set")
  const mode = keyFileMode(dataDir)
  if (mode !== undefined && (mode & 0o077) !== 0) {
    return fail("storage key", `DATA_DIR/storage.key may be read by others (mode ${mode.toString(8)})`, "chmod 600 it")
  }
  return environment === "production"
    ? warn(
        "storage key",
        "lies in DATA_DIR, beside what it seals",
        "set STORAGE_KEY (openssl rand -base64 32), and keep a copy elsewhere"
      )
    : ok("storage key", "in DATA_DIR, as is enough for development")
}

export const originsFinding = ({ allowedOrigins, publicUrl, environment }: Settings): Finding => {
  if (allowedOrigins.length > 0) return ok("origins", allowedOrigins.join(", "))
  return environment === "production" && publicUrl === undefined
    ? warn(
        "origins",
        "same origin only, and PUBLIC_URL is not set",
        "set ALLOWED_ORIGINS if pages of other sites call the service, PUBLIC_URL for links of invitations"
      )
    : ok("origins", "same origin, and clients without Origin")
}

const reaches = (host: string, port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect({ host, port, timeout: 5_000 })
    const end = (reached: boolean) => {
      socket.destroy()
      resolve(reached)
    }
    socket.once("connect", () => end(true))
    socket.once("timeout", () => end(false))
    socket.once("error", () => end(false))
  })

export const otlpFinding = async (endpoint: string | undefined): Promise<Finding> => {
  if (endpoint === undefined || endpoint === "")
    return ok("telemetry", "OTEL_EXPORTER_OTLP_ENDPOINT is not set: nothing is sent")
  if (!URL.canParse(endpoint))
    return fail("telemetry", "OTEL_EXPORTER_OTLP_ENDPOINT is no URL", "write http://host:4318")
  const { hostname, port, protocol } = new URL(endpoint)
  return (await reaches(hostname, Number(port || (protocol === "https:" ? 443 : 80))))
    ? ok("telemetry", `${hostname} answers`)
    : fail(
        "telemetry",
        `${hostname} of OTEL_EXPORTER_OTLP_ENDPOINT does not answer`,
        "start the collector, or unset the variable"
      )
}
