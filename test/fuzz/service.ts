/**
 * The service in this process, for volume: the real HTTP parser, gateway, WebSocket library, adapter, sessions, machines,
 * decoders and store. Stand-ins are the TCP socket (a pair of streams) and the models: the detector takes loudness for
 * speech, the recogniser always understands one word, the voice says silence.
 */
import { existsSync, mkdtempSync, rmSync } from "node:fs"
import type { AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { type Duplex, duplexPair } from "node:stream"
import { fileURLToPath } from "node:url"
import { Context, Effect, Exit, Layer, Logger, Redacted, References, Result, Scope, Stream } from "effect"
import { Audit } from "#src/audit/audit.ts"
import { AppConfig, loadSettings } from "#src/config.ts"
import { Auth } from "#src/gateway/auth.ts"
import { layerGateway } from "#src/gateway/gateway.ts"
import { NodeServer } from "#src/gateway/node-server.ts"
import type { ModelHealth } from "#src/models.ts"
import { Questionnaires } from "#src/questionnaire/questionnaires.ts"
import { Slots } from "#src/registry/slots.ts"
import { recognitionsLayer } from "#src/session/recognitions.ts"
import { sessionsLayer } from "#src/session/sessions.ts"
import { layerStore } from "#src/store/keeping.ts"
import { Stt, type Transcript } from "#src/stt/stt.ts"
import { Tts } from "#src/tts/tts.ts"
import { Vad, vadFrameSamples } from "#src/vad/vad.ts"
import type { Dial } from "./exchange.ts"

export interface Service {
  readonly dial: Dial
  /** Of the same service over TCP. */
  readonly port: number
  readonly tokens: ReadonlyArray<string>
  readonly adminSecret: string
  /** What it logged as an error, and what nobody caught. */
  readonly defects: ReadonlyArray<string>
  /** Session slots taken. */
  readonly sessions: () => number
  readonly close: () => Promise<void>
}

/** Many, so that no subject meets its rate limit. */
const subjects = 200

const health = (backend: string) => (): ModelHealth => ({ status: "ready", backend, sinceMs: 0, degraded: false })
const model = (backend: string) => ({ health: health(backend), onHealth: () => () => {}, hosts: [] })

const loudness = (samples: Int16Array): number =>
  samples.reduce((sum, sample) => sum + Math.abs(sample), 0) / Math.max(1, samples.length)

const oneWord: Transcript = {
  text: "نعم",
  unknownWords: 0,
  confidence: 0.9,
  words: [{ word: "نعم", startMs: 0, endMs: 300, confidence: 0.9 }],
  alternatives: [],
  model: "one word",
  degraded: false,
  replayed: false
}

const standIns = Layer.mergeAll(
  Layer.succeed(Vad, {
    ...model("loudness"),
    open: ({ probabilities }) => ({
      push: (samples) => {
        const values = Float32Array.from({ length: samples.length / vadFrameSamples }, (_, i) =>
          loudness(samples.subarray(i * vadFrameSamples, (i + 1) * vadFrameSamples)) > 500 ? 1 : 0
        )
        // As over a pipe, the answer never comes before the call has returned.
        queueMicrotask(() => probabilities(values))
        return true
      },
      close: () => {}
    })
  }),
  Layer.succeed(Stt, {
    ...model("one word"),
    renew: Effect.void,
    open: ({ onProgress }) => {
      let decoded = 0
      return {
        push: (samples) => {
          decoded += samples.length
          queueMicrotask(() => onProgress?.(decoded))
        },
        peek: (answer) => queueMicrotask(() => answer(oneWord)),
        conclude: (accept, answer) => queueMicrotask(() => answer(accept(oneWord))),
        finish: Effect.succeed(oneWord),
        cancel: () => {}
      }
    },
    openVerbatim: ({ onAnswer, onFinished }) => ({
      push: () => queueMicrotask(() => onAnswer(Buffer.from('{"partial" : ""}'), false)),
      finish: () =>
        queueMicrotask(() => {
          onAnswer(Buffer.from('{"text" : ""}'), true)
          onFinished()
        }),
      close: () => {}
    }),
    missingWords: () => Effect.succeed([])
  }),
  Layer.succeed(Tts, {
    ...model("silence"),
    speak: (text) =>
      Stream.make({
        text,
        pcm: new Int16Array(2_205),
        sampleRateHz: 22_050,
        words: [],
        source: "cache" as const,
        degraded: false
      }),
    prepare: () => Effect.void
  })
)

/** Where there is one: the store's own tests wait for a disk. */
const memory = "/dev/shm"
const questionnaires = fileURLToPath(new URL("../../questionnaires", import.meta.url))

export const startService = async (): Promise<Service> => {
  const folder = mkdtempSync(join(existsSync(memory) ? memory : tmpdir(), "sawt-fuzz-"))
  const defects: Array<string> = []
  const environment = {
    PORT: "0",
    RATE_LIMIT_PER_MINUTE: "100000",
    MAX_CONCURRENT_SESSIONS: "1000",
    BASIC_SESSIONS_MAX: "1000",
    TRUSTED_PROXY_HOPS: "1"
  }
  const settings = Result.getOrThrow(loadSettings(environment))
  const errors = Logger.make(({ logLevel, message }) => {
    if (logLevel === "Error" || logLevel === "Fatal") defects.push(JSON.stringify(message))
  })
  const bounds = { idleSeconds: 120, maxMinutes: 60 }
  const layer = layerGateway().pipe(
    Layer.provide(Layer.merge(sessionsLayer(bounds), recognitionsLayer(bounds))),
    Layer.provide(Questionnaires.layer(questionnaires)),
    Layer.provide(standIns),
    Layer.provide(Audit.layer({ folder, retentionDays: 1 })),
    Layer.provide(layerStore({ folder, resumeWindowSeconds: 600, retentionDays: 1, production: false })),
    Layer.provide(Layer.succeed(AppConfig, settings)),
    Layer.provide(Layer.mergeAll(Logger.layer([errors]), Layer.succeed(References.MinimumLogLevel, "Error" as const)))
  )
  const scope = Effect.runSync(Scope.make())
  const context = await Effect.runPromise(Layer.buildWithScope(layer, scope))
  const server = Context.get(context, NodeServer)
  const auth = Context.get(context, Auth)
  const slots = Context.get(context, Slots)
  const tokens = await Promise.all(
    Array.from({ length: subjects }, (_, i) =>
      Effect.runPromise(auth.issue({ scopes: ["voice", "healthcare"], ttlSeconds: 3_600, subject: `fuzz-${i}` })).then(
        ({ token }) => token
      )
    )
  )
  const uncaught = (error: unknown) =>
    void defects.push(`uncaught: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`)
  process.on("unhandledRejection", uncaught)
  process.on("uncaughtExceptionMonitor", uncaught)
  return {
    dial: (): Duplex => {
      const [client, peer] = duplexPair()
      // A stream has no address and no options; all else is as with TCP.
      const socket = Object.assign(peer, {
        setTimeout: () => socket,
        setNoDelay: () => socket,
        setKeepAlive: () => socket,
        remoteAddress: "192.0.2.1"
      })
      // Reset by one side, a TCP socket is over for the other as well.
      client.once("close", () => peer.destroy())
      peer.once("close", () => setImmediate(() => client.destroy()))
      server.emit("connection", socket)
      return client
    },
    port: (server.address() as AddressInfo).port,
    tokens,
    adminSecret: Redacted.value(settings.adminSecret),
    defects,
    sessions: () => slots.counts.open,
    close: async () => {
      await Effect.runPromise(Scope.close(scope, Exit.void))
      process.off("unhandledRejection", uncaught)
      process.off("uncaughtExceptionMonitor", uncaught)
      rmSync(folder, { recursive: true })
    }
  }
}
