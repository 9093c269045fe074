/**
 * Configured models that are missing come in the background while the embedded ones serve. What downloads is a process of
 * its own, `scripts/models.ts`, the same that an operator runs: hashing and unpacking cost the sessions nothing. A new
 * recogniser is loaded beside the old one; the version before is kept until it has recognised, and comes back if it does not.
 */
import { spawn } from "node:child_process"
import { createInterface } from "node:readline"
import { Effect, Layer, Option, Schedule, Schema } from "effect"
import { type DownloadEntry, DownloadEvent, ModelError, type ModelKind } from "#schemas/models.ts"
import type { Downloading } from "#src/models.ts"
import { giveWay } from "#src/priorities.ts"
import { Stt } from "#src/stt/stt.ts"
import type { ConfiguredModels } from "./configured.ts"
import { otherVersions } from "./layout.ts"
import { downloadArgs, smallEnvironment } from "./program.ts"
import { percentOf } from "./progress.ts"
import { prove, rollBack } from "./proving.ts"
import type { Environment } from "./source.ts"

const decodeEvent = Schema.decodeUnknownOption(Schema.fromJsonString(DownloadEvent))

/** What the program needs, and none of the service's secrets. */
const passed =
  /^(PATH|HOME|TMPDIR|DATA_DIR|VOICE_SERVICE_ENV|MODELS_\w+|NODE_EXTRA_CA_CERTS|SSL_CERT_(FILE|DIR)|(https?|no|all)_proxy)$/i

/** How far each kind of model is; `/health` asks. */
export class Arriving {
  readonly #now = new Map<ModelKind, Downloading>()

  of(kind: ModelKind): Downloading | undefined {
    return this.#now.get(kind)
  }

  set(kind: ModelKind, now: Downloading | undefined): void {
    if (now === undefined) this.#now.delete(kind)
    else this.#now.set(kind, now)
  }
}

/** Ends with it, and it ends with the scope that interrupts this. */
const download = (
  model: DownloadEntry,
  environment: Environment,
  tell: (event: DownloadEvent) => void
): Effect.Effect<void, ModelError> =>
  Effect.callback((resume) => {
    const env = Object.fromEntries(Object.entries(environment).filter(([name]) => passed.test(name)))
    const args = downloadArgs("--only", model.name)
    const child = spawn(process.execPath, args, {
      env: { ...env, ...smallEnvironment },
      stdio: ["ignore", "pipe", "ignore"]
    })
    let why = new ModelError({ reason: "unreachable", message: `The download of ${model.name} ended for no known reason.` })
    giveWay(child, "download")
    createInterface({ input: child.stdout }).on("line", (line) => {
      const event = Option.getOrUndefined(decodeEvent(line))
      if (event === undefined) return
      if (event.event === "failed") why = new ModelError({ reason: event.reason, message: event.message })
      tell(event)
    })
    child.once("error", () => resume(Effect.fail(why)))
    child.once("close", (code) => resume(code === 0 ? Effect.void : Effect.fail(why)))
    return Effect.callback<void>((gone) => {
      if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return gone(Effect.void)
      child.once("close", () => gone(Effect.void))
      child.kill("SIGTERM")
    })
  })

/** After a failure: a minute, doubling to an hour. Somebody may repair the network, the disk or the mirror. */
const again = Schedule.min([Schedule.exponential("1 minute"), Schedule.spaced("1 hour")])

const fetched = (model: DownloadEntry, environment: Environment, arriving: Arriving) =>
  download(model, environment, (event) => {
    if (event.event !== "progress") return
    const percent = percentOf(event)
    arriving.set(model.kind, { model: model.name, step: event.step, ...(percent === undefined ? {} : { percent }) })
  }).pipe(
    Effect.tapError(({ reason, message }) => Effect.logWarning("a model could not be fetched", { reason, message })),
    Effect.ensuring(Effect.sync(() => arriving.set(model.kind, undefined))),
    Effect.retry(again),
    Effect.orDie
  )

/** The configured recogniser has either loaded, or cannot. */
const settled = (stt: Stt["Service"]): Effect.Effect<boolean> =>
  Effect.callback((resume) => {
    const look = () => {
      const tag = stt.hosts[0]?.status()._tag
      if (tag === "Ready" || tag === "Failed") resume(Effect.succeed(tag === "Ready"))
    }
    look()
    return Effect.sync(stt.onHealth(look))
  })

const keepOrRollBack = Effect.fnUntraced(function* (
  { layout }: ConfiguredModels,
  { name }: DownloadEntry,
  stt: Stt["Service"],
  works: boolean
) {
  if (works) {
    const removed = yield* Effect.promise(() => prove(layout, name))
    return yield* Effect.logInfo("a model has proved itself", { model: name, removed: removed.length })
  }
  const before = yield* Effect.promise(() => rollBack(layout, name))
  if (before === undefined) return
  yield* Effect.logWarning("a new version of a model does not work; back to the one before", { model: name })
  if (stt.hosts[0]?.status()._tag !== "Ready") yield* Effect.ignore(stt.renew)
})

/** Fetches what is missing, and exchanges what serves. Nothing waits for it. */
export const layerArrival = (
  configured: ConfiguredModels,
  environment: Environment,
  arriving: Arriving
): Layer.Layer<never, never, Stt> =>
  Layer.effectDiscard(
    Effect.gen(function* () {
      const stt = yield* Stt
      const { layout, missing, stt: own } = configured
      if (own !== undefined && !missing.includes(own) && otherVersions(layout, own.name).length > 0) {
        // The last run ended before the version in use had proved itself.
        const proving = Effect.flatMap(settled(stt), (works) => keepOrRollBack(configured, own, stt, works))
        yield* Effect.forkScoped(proving)
      }
      for (const model of missing) {
        const arrive = Effect.gen(function* () {
          yield* Effect.logInfo("a model is fetched in the background", { model: model.name })
          yield* fetched(model, environment, arriving)
          if (model.kind !== "stt") return
          const renewed = yield* Effect.result(stt.renew)
          if (renewed._tag === "Failure") {
            const { reason, message } = renewed.failure
            yield* Effect.logWarning("a model that was fetched cannot be loaded", { model: model.name, reason, message })
          }
          yield* keepOrRollBack(configured, model, stt, renewed._tag === "Success")
        })
        yield* Effect.forkScoped(arrive)
      }
    })
  )
