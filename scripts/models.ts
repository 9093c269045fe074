/**
 * `npm run models:download`, `models:verify`, `models:list`: what the manifest names, on this machine. Lines and progress go
 * to stderr, results to stdout; with `--json` a line of JSON for each event. Wrong usage ends with 2.
 */
import { existsSync } from "node:fs"
import { basename, join } from "node:path"
import { parseArgs } from "node:util"
import { Effect, Logger, Result } from "effect"
import { type DownloadEntry, type DownloadEvent, type Manifest, type ModelEntry, ModelError } from "#schemas/models.ts"
import type { Settings } from "#src/config.ts"
import { bytesNeeded, installAll, installState } from "#src/models/install.ts"
import { type Layout, layoutOf } from "#src/models/layout.ts"
import { downloadBytes, embeddedModels, findModel, isDownload, modelAt, readManifest } from "#src/models/manifest.ts"
import { patience } from "#src/models/patience.ts"
import { forgetLoading } from "#src/models/program.ts"
import { Pace } from "#src/models/progress.ts"
import { prove } from "#src/models/proving.ts"
import { loadModelSettings } from "#src/models/settings.ts"
import { freeBytes, megabytes, reserveBytes } from "#src/models/space.ts"
import { table } from "../bench/options.ts"

const help = `Usage: npm run models:download -- [options]    fetch what is missing, checked and unpacked
       npm run models:verify   -- [options]    load each, and let it hear or speak something it knows
       npm run models:list     -- [options]    what there is, its size, licence and state

  --only NAME[,NAME]   these models; else those that VOSK_MODEL_PATH and TTS_VOICE name, else the manifest's default
                       (verify and list: all that are here; list: all)
  --dry-run            download: say what would be fetched, and fetch nothing
  --json               one line of JSON for each event or model
  --help               this text

Models lie in DATA_DIR/models. MODELS_BASE_URL: a mirror, or a folder. HTTPS_PROXY, HTTP_PROXY and NO_PROXY are honoured.
A download that was broken off goes on where it was. Exit code 0: done. 1: something failed. 2: wrong usage.`

interface Run {
  readonly settings: Settings
  readonly manifest: Manifest
  readonly layout: Layout
  readonly only: ReadonlyArray<ModelEntry> | undefined
  readonly dryRun: boolean
  readonly json: boolean
}

const say = (run: Run, value: object, line: string | undefined): void => {
  if (run.json) console.log(JSON.stringify(value))
  else if (line !== undefined) console.log(line)
}

/** Those that the configuration names, and where it names none, the manifest's default. */
const wanted = ({ manifest, layout, settings, only }: Run): ReadonlyArray<DownloadEntry> => {
  if (only !== undefined) {
    const none = only.find((model) => !isDownload(model))
    if (none !== undefined) {
      throw new ModelError({ reason: "not_downloadable", message: `${none.name} is not downloaded: ${none.about}` })
    }
    return only.filter(isDownload)
  }
  const configured = [settings.voskModelPath, settings.ttsVoice ?? ""].flatMap(
    (path) => modelAt(manifest, layout.root, path) ?? []
  )
  if (configured.length > 0) return configured
  return manifest.default.flatMap((name) => findModel(manifest, name) ?? []).filter(isDownload)
}

const eventLine = (paces: Map<string, Pace>, event: DownloadEvent, drawn: boolean): string | undefined => {
  const pace = paces.get(event.model) ?? new Pace()
  paces.set(event.model, pace)
  switch (event.event) {
    case "progress":
      return drawn ? pace.line(event, performance.now()) : pace.logLine(event, performance.now())
    case "note":
      return `${event.model}: ${event.message}`
    case "planned":
      return event.bytes === 0
        ? `${event.model}: is here already`
        : `${event.model}: would fetch ${megabytes(event.bytes)} and need ${megabytes(event.needsBytes)} of disk for a while`
    case "installed":
      return `${event.model}: is here, checked (version ${event.version})`
    case "unchanged":
      return `${event.model}: is here already (version ${event.version})`
    case "failed":
      return `${event.model}: failed: ${event.message}`
  }
}

const teller = (run: Run): ((event: DownloadEvent) => void) => {
  if (run.json) return (event) => console.log(JSON.stringify(event))
  const paces = new Map<string, Pace>()
  const drawn = process.stderr.isTTY
  let open = false
  return (event) => {
    const line = eventLine(paces, event, drawn)
    if (line === undefined) return
    const over = drawn && event.event === "progress"
    process.stderr.write(`${open ? "\r\u001b[K" : ""}${line}${over ? "" : "\n"}`)
    open = over
  }
}

const warnOfLicence = (run: Run, { name, licence }: ModelEntry): void => {
  if (licence.note === undefined && licence.commercialUse) return
  const use = licence.commercialUse ? "" : " No commercial use."
  const message = `licence ${licence.name}.${use} ${licence.note ?? ""}`.trim()
  teller(run)({ event: "note", model: name, message })
}

const download = (run: Run) =>
  Effect.gen(function* () {
    forgetLoading()
    const models = yield* Effect.try({ try: () => wanted(run), catch: (error) => error as ModelError })
    const tell = teller(run)
    for (const model of models) warnOfLicence(run, model)
    if (run.dryRun) {
      for (const model of models) {
        const bytes = installState(run.layout, model).state === "installed" ? 0 : downloadBytes(model)
        tell({
          event: "planned",
          model: model.name,
          bytes,
          needsBytes: bytes === 0 ? 0 : bytesNeeded(model) + reserveBytes
        })
      }
      const at = existsSync(run.layout.root) ? run.layout.root : run.settings.dataDir
      if (!run.json && existsSync(at)) console.error(`${megabytes(freeBytes(at))} are free`)
      return 0
    }
    const results = yield* installAll(models, {
      layout: run.layout,
      patience,
      tell,
      environment: process.env,
      baseUrl: run.settings.modelsBaseUrl
    })
    return results.every(Result.isSuccess) ? 0 : 1
  })

/** Where a model lies, if it is here. */
const folderOf = ({ layout }: Run, model: ModelEntry): string | undefined => {
  const { source, name } = model
  if (source.type === "embedded") return join(embeddedModels, source.folder)
  if (source.type === "server") return undefined
  return existsSync(layout.link(name)) ? layout.link(name) : undefined
}

const verify = (run: Run) =>
  Effect.gen(function* () {
    const here = run.only ?? run.manifest.models.filter((model) => folderOf(run, model) !== undefined)
    // A download does without the models' hosts.
    const { tryOut } = yield* Effect.promise(() => import("#src/models/try-out.ts"))
    let failures = 0
    for (const model of here) {
      const folder = folderOf(run, model)
      const tried =
        folder === undefined
          ? Result.fail(
              new ModelError({
                reason: "not_found",
                message: `${model.name} is not here: npm run models:download -- --only ${model.name}`
              })
            )
          : yield* Effect.result(tryOut(model, folder))
      if (Result.isSuccess(tried)) {
        const { loadMs, memoryBytes, backend } = tried.success
        const old = yield* Effect.promise(() => prove(run.layout, model.name))
        const also = old.length === 0 ? "" : `; removed ${old.length} older`
        say(
          run,
          { ...tried.success, ok: true },
          `${model.name}: works (${backend}, ready in ${loadMs} ms, ${megabytes(memoryBytes)} of memory${also})`
        )
      } else {
        failures++
        const { reason, message } = tried.failure
        say(run, { model: model.name, ok: false, reason, message }, `${model.name}: ${message}`)
      }
    }
    return failures === 0 ? 0 : 1
  })

const stateName = (run: Run, model: ModelEntry): string => {
  if (model.source.type === "server") return run.settings.xtts === undefined ? "server, unused" : "server, accepted"
  if (model.source.type !== "download") return model.source.type
  if (!isDownload(model)) return "absent"
  const { state } = installState(run.layout, model)
  return state === "other" ? "outdated" : state
}

const list = (run: Run) =>
  Effect.try({
    try: () => {
      const models = run.only ?? run.manifest.models
      if (run.json) {
        for (const model of models) console.log(JSON.stringify({ ...model, state: stateName(run, model) }))
        return 0
      }
      const rows = models.map((model) => ({
        model: model.name,
        kind: model.kind,
        state: stateName(run, model),
        download: isDownload(model) ? megabytes(downloadBytes(model)) : "-",
        memory: megabytes(model.memoryBytes),
        licence: model.licence.name,
        commercial: model.licence.commercialUse ? "yes" : "no"
      }))
      console.log(table(rows))
      for (const { name, aliases = [], licence } of models) {
        if (aliases.length > 0) console.log(`${aliases.join(", ")} means ${name}`)
        if (licence.note !== undefined) console.log(`${name}: ${licence.note}`)
      }
      return 0
    },
    catch: (error) => error as ModelError
  })

const acts: Readonly<Record<string, (run: Run) => Effect.Effect<number, ModelError>>> = { download, verify, list }

const refuse = (problem: string): number => {
  console.error(`${problem}\n\n${help}`)
  return 2
}

const main = async (): Promise<number> => {
  const [name = "", ...rest] = process.argv.slice(2)
  let values
  try {
    values = parseArgs({
      args: rest,
      options: {
        only: { type: "string", multiple: true },
        "dry-run": { type: "boolean", default: false },
        json: { type: "boolean", default: false },
        help: { type: "boolean", default: false }
      }
    }).values
  } catch (error) {
    return refuse(error instanceof Error ? error.message : String(error))
  }
  if (values.help) {
    console.log(help)
    return 0
  }
  const act = acts[name]
  if (act === undefined) return refuse(`There is no ${basename(import.meta.filename)} ${name}.`)
  const loaded = loadModelSettings(process.env)
  if (Result.isFailure(loaded)) {
    for (const { line } of loaded.failure) console.error(line)
    return 1
  }
  const settings = loaded.success
  const manifest = readManifest(settings.modelsManifest)
  if (Result.isFailure(manifest)) {
    console.error(manifest.failure.message)
    return 1
  }
  const names = values.only?.flatMap((text) => text.split(",")).filter((text) => text !== "")
  const only = names?.map((one) => findModel(manifest.success, one) ?? one)
  const unknown = only?.find((one) => typeof one === "string")
  if (unknown !== undefined) {
    const known = manifest.success.models.map((model) => model.name).join(", ")
    return refuse(`The manifest has no model ${unknown as string}; it has ${known}.`)
  }
  const run: Run = {
    settings,
    manifest: manifest.success,
    layout: layoutOf(settings.modelsDir),
    only: only as ReadonlyArray<ModelEntry> | undefined,
    dryRun: values["dry-run"],
    json: values.json
  }
  // A first Ctrl-C ends it in order: parts are kept, nothing is half-way.
  const ended = new AbortController()
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => ended.abort())
  const exit = await Effect.runPromiseExit(Effect.result(act(run)).pipe(Effect.provide(Logger.layer([]))), {
    signal: ended.signal
  })
  if (exit._tag === "Failure") {
    if (!ended.signal.aborted) console.error("models: failed for a reason that has no name")
    return 1
  }
  if (Result.isSuccess(exit.value)) return exit.value.success
  console.error(exit.value.failure.message)
  return 1
}
process.exitCode = await main()
