/**
 * The only file that launches anything, imported by `main.ts`: settings, then the models (which load in the background, so
 * that the port opens at once), then what is kept, sessions and gateway. Whatever keeps the service from starting is one line for each fault,
 * and exit code 1. SIGTERM and SIGINT drain: nobody new is let in, live sessions have `DRAIN_SECONDS` to finish and are then
 * closed with 1012, to resume elsewhere; exit code 0. A second one ends at once, with 143 or 130.
 */
import type { AddressInfo } from "node:net"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import { Cause, Console, Effect, Exit, Layer, Redacted, Result, Runtime } from "effect"
import type { HttpServerError } from "effect/http"
import { Audit } from "#src/audit/audit.ts"
import { layerCanary } from "#src/canary/canary.ts"
import { AppConfig, hasVoice, loadSettings, placeOfVoice, type Settings } from "#src/config.ts"
import { Auth } from "#src/gateway/auth.ts"
import { layerGateway } from "#src/gateway/gateway.ts"
import { NodeServer } from "#src/gateway/node-server.ts"
import { limits } from "#src/limits.ts"
import { Arriving, layerArrival } from "#src/models/arrival.ts"
import { type ConfiguredModels, configuredModels } from "#src/models/configured.ts"
import { readManifest } from "#src/models/manifest.ts"
import { Questionnaires } from "#src/questionnaire/questionnaires.ts"
import { recognitionsLayer } from "#src/session/recognitions.ts"
import { sessionsLayer } from "#src/session/sessions.ts"
import { layerStore } from "#src/store/keeping.ts"
import { Stt } from "#src/stt/stt.ts"
import { layerProfiling } from "#src/telemetry/profiling.ts"
import { layerLogs } from "#src/telemetry/logs.ts"
import { layerTelemetry } from "#src/telemetry/telemetry.ts"
import { layerTurnMetrics } from "#src/telemetry/turn-metrics.ts"
import { Tts } from "#src/tts/tts.ts"
import { Vad } from "#src/vad/vad.ts"
import { layerWebhook } from "#src/webhook/webhook.ts"

const questionnaires = fileURLToPath(new URL("../questionnaires", import.meta.url))

const layerModels = (settings: Settings, { sttPath, sttWithheld }: ConfiguredModels, arriving: Arriving) =>
  Layer.mergeAll(
    Stt.layer({
      modelPath: sttPath,
      hosts: settings.sttHosts,
      downloading: () => arriving.of("stt"),
      ...(sttWithheld === undefined ? {} : { withheld: sttWithheld }),
      ...(settings.sttAllocator === undefined ? {} : { allocator: settings.sttAllocator }),
      ...(settings.voskLibrary === undefined ? {} : { libraryPath: settings.voskLibrary })
    }),
    Vad.layer(),
    Tts.layer({
      ttsHome: settings.ttsHome,
      cacheBytesMax: limits.ttsCacheBytesMax,
      speed: settings.ttsSpeed,
      placeOfVoice: (name) => placeOfVoice(name, settings.modelsDir),
      ...(settings.ttsVoice === undefined ? {} : { voice: settings.ttsVoice }),
      ...(settings.xtts === undefined ? {} : { xtts: settings.xtts })
    })
  )

const layerKeeping = (settings: Settings) =>
  layerStore({
    folder: settings.dataDir,
    ...(settings.storageKey === undefined ? {} : { storageKey: settings.storageKey }),
    ...(settings.storageKeyPrevious === undefined ? {} : { storageKeyPrevious: settings.storageKeyPrevious }),
    resumeWindowSeconds: settings.resumeWindowSeconds,
    retentionDays: settings.retentionDays,
    production: settings.environment === "production",
    announces: settings.webhook !== undefined
  })

const layerTelling = (settings: Settings) =>
  settings.webhook === undefined ? Layer.empty : layerWebhook(settings.webhook)

const layerAudit = (settings: Settings) =>
  Audit.layer({ folder: settings.dataDir, retentionDays: settings.retentionDays })

const layerSessions = (settings: Settings) => {
  const options = {
    idleSeconds: settings.sessionIdleSeconds,
    maxMinutes: settings.sessionMaxMinutes,
    logContent: settings.logContent,
    resumeWindowSeconds: settings.resumeWindowSeconds,
    voskSampleRateHz: settings.voskSampleRateHz,
    ...(settings.helplineText === undefined ? {} : { helplineText: settings.helplineText })
  }
  return Layer.merge(sessionsLayer(options), recognitionsLayer(options))
}

const developerScopes = ["voice", "healthcare", "clinician"] as const
const developerSeconds = 86_400

/** In development the secrets of this run are shown, since nobody else knows them; in production never. */
const announce = (settings: Settings) =>
  Layer.effectDiscard(
    Effect.gen(function* () {
      const { port } = (yield* NodeServer).address() as AddressInfo
      const host = /^(0\.0\.0\.0|::|127\.0\.0\.1)$/.test(settings.host) ? "localhost" : settings.host
      const url = `http://${host.includes(":") ? `[${host}]` : host}:${port}`
      if (settings.environment === "production") return yield* Effect.logInfo("Sawt is listening", { port })
      const auth = yield* Auth
      const { token } = yield* auth.issue({
        scopes: developerScopes,
        subject: "developer",
        ttlSeconds: developerSeconds
      })
      const secret = settings.adminSecretGenerated ? Redacted.value(settings.adminSecret) : "$VOICE_SERVICE_SECRET"
      yield* Console.log(
        [
          `Sawt is listening on ${url} (basic socket: ${url.replace("http", "ws")}/ws)`,
          "Talk to it, as a patient whose scores you may see (the link is good for a day):",
          `  ${url}/talk#${token}`,
          "A token for the secure sockets:",
          `  curl -s -H "Authorization: Bearer ${secret}" "${url}/auth/token?scope=voice%20healthcare"`
        ].join("\n")
      )
    })
  )

/** Already told in plain words: the runtime adds nothing to it. */
class NotStarted extends Error {
  override readonly [Runtime.errorReported] = false
}

const whyNotListening = (error: HttpServerError.ServeError, settings: Settings): string => {
  const code = error.cause instanceof Error && "code" in error.cause ? error.cause.code : undefined
  switch (code) {
    case "EADDRINUSE":
      return `Port ${settings.port} is in use: stop what listens there, or set PORT to another one.`
    case "EACCES":
      return `Port ${settings.port} may not be opened by this user: set PORT to one above 1023.`
    default:
      return `HOST=${settings.host} PORT=${settings.port} cannot be listened on (${String(code ?? "unknown reason")}).`
  }
}

const stop = (lines: ReadonlyArray<string>) =>
  Effect.andThen(Console.error(lines.join("\n")), Effect.fail(new NotStarted()))

const main = Effect.gen(function* () {
  const loaded = loadSettings(process.env)
  if (Result.isFailure(loaded)) {
    return yield* stop(["The configuration is not valid:", ...loaded.failure.map((fault) => `  ${fault.line}`)])
  }
  const settings = loaded.success
  const manifest = readManifest(settings.modelsManifest)
  if (Result.isFailure(manifest)) return yield* stop([manifest.failure.message])
  const configured = configuredModels(settings, manifest.success)
  const arriving = new Arriving()
  const service = Layer.mergeAll(
    announce(settings),
    layerArrival(configured, process.env, arriving),
    layerCanary(settings.canaryMinutes),
    layerTurnMetrics,
    layerProfiling({ folder: join(settings.dataDir, "profiles"), enabled: settings.profiling })
  ).pipe(
    Layer.provide(layerGateway()),
    Layer.provide(layerSessions(settings)),
    Layer.provide(
      Questionnaires.layer(questionnaires, {
        needsHelpline: settings.environment === "production" && settings.helplineText === undefined,
        hasVoice: (name) => hasVoice(name, settings.modelsDir)
      })
    ),
    Layer.provide(layerModels(settings, configured, arriving)),
    Layer.provide(layerTelling(settings)),
    Layer.provide(layerAudit(settings)),
    Layer.provide(layerKeeping(settings)),
    Layer.provide(Layer.succeed(AppConfig, settings)),
    Layer.provide(layerTelemetry(settings.otlp)),
    Layer.provide(
      layerLogs({
        level: settings.logLevel,
        isProduction: settings.environment === "production",
        otlp: settings.otlp
      })
    )
  )
  yield* Layer.launch(service).pipe(
    Effect.catchTag("ServeError", (error) => stop([whyNotListening(error, settings)])),
    Effect.catchTag("StorageKeyError", (error) => stop([error.message]))
  )
})

const forced = { SIGINT: 130, SIGTERM: 143 } as const
let isLeaving = false
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.on(signal, () => {
    // Whoever asks twice does not want to wait. What was promised to be kept is kept already.
    if (isLeaving) process.exit(forced[signal])
    isLeaving = true
  })
}

NodeRuntime.runMain(main, {
  teardown: (exit, onExit) =>
    Exit.isFailure(exit) && Cause.hasInterruptsOnly(exit.cause) ? onExit(0) : Runtime.defaultTeardown(exit, onExit)
})
