/**
 * What leaves this process: spans of upgrades, sessions and turns, log lines, metrics. Loaded only where an endpoint is set,
 * so that whoever exports nothing pays nothing. At the end what waits is sent, for two seconds at most.
 */
import { hostname } from "node:os"
import { OtelLogger, OtelMetrics, Resource } from "@effect/opentelemetry"
import { diag, DiagLogLevel } from "@opentelemetry/api"
import { LoggerProvider } from "@opentelemetry/sdk-logs"
import { resourceFromAttributes } from "@opentelemetry/resources"
import { Effect, Layer, type Logger } from "effect"
import type { Otlp } from "#schemas/otlp.ts"
import { Metrics } from "./metrics.ts"
import { logProcessorOf, metricReaderOf, samplerOf, spanProcessorOf } from "./otlp-processors.ts"
import { SpanExport } from "./span-export.ts"
import { spansOfSession, spansOfTurn, spansOfUpgrade } from "./spans.ts"
import { Turns } from "./turns.ts"

const goodbyeMs = 2_000

/** When the signals of these settings, which leave one after the other, must all be gone. */
const deadlines = new WeakMap<Otlp, number>()
const leaving = (otlp: Otlp, shutdown: () => Promise<void>) =>
  Effect.suspend(() => {
    const nowMs = performance.now()
    const untilMs = deadlines.get(otlp) ?? nowMs + goodbyeMs
    deadlines.set(otlp, untilMs)
    return Effect.promise(() => shutdown().catch(() => undefined)).pipe(
      Effect.timeoutOption(Math.max(0, untilMs - nowMs)),
      Effect.asVoid
    )
  })

/** Of this process, all its life. */
const instanceId = `${hostname()}/${process.pid}`

const resourceAttributesOf = ({ serviceName, resourceAttributes }: Otlp) => ({
  "service.instance.id": instanceId,
  "process.pid": process.pid,
  ...resourceAttributes,
  "service.name": serviceName
})

const traces = (otlp: Otlp) =>
  Layer.effectDiscard(
    Effect.gen(function* () {
      const turns = yield* Turns
      const processor = yield* Effect.acquireRelease(
        Effect.sync(() => spanProcessorOf(otlp)),
        (processor) => leaving(otlp, () => processor.shutdown())
      )
      const resource = resourceFromAttributes(resourceAttributesOf(otlp))
      const spans = new SpanExport({ processor, sampler: samplerOf(otlp), resource, instanceId })
      yield* Effect.acquireRelease(
        Effect.sync(() => [
          turns.onUpgrade((upgrade) => spans.export(spansOfUpgrade(upgrade))),
          turns.onSession((session) => spans.export(spansOfSession(session))),
          turns.onTurn((turn) => spans.export(spansOfTurn(turn)))
        ]),
        (stops) => Effect.sync(() => stops.forEach((stop) => stop()))
      )
    })
  )

const metrics = (otlp: Otlp) =>
  Layer.unwrap(
    Effect.gen(function* () {
      const { context } = yield* Metrics
      const resource = Resource.layer({
        serviceName: otlp.serviceName,
        attributes: resourceAttributesOf(otlp)
      })
      const exporting = Effect.gen(function* () {
        const producer = yield* OtelMetrics.makeProducer()
        yield* Effect.acquireRelease(
          Effect.sync(() => {
            const reader = metricReaderOf(otlp)
            reader.setMetricProducer(producer)
            return reader
          }),
          (reader) => leaving(otlp, () => reader.shutdown())
        )
      })
      return Layer.effectDiscard(exporting).pipe(Layer.provide(resource), Layer.provide(Layer.succeedContext(context)))
    })
  )

/** Log lines, to be exported. */
export const otlpLogger = (otlp: Otlp) =>
  Effect.gen(function* () {
    const provider = yield* Effect.acquireRelease(
      Effect.sync(
        () =>
          new LoggerProvider({
            resource: resourceFromAttributes(resourceAttributesOf(otlp)),
            processors: [logProcessorOf(otlp)]
          })
      ),
      (made) => leaving(otlp, () => made.shutdown())
    )
    const logger: Logger.Logger<unknown, void> = yield* Effect.provideService(
      OtelLogger.make,
      OtelLogger.OtelLoggerProvider,
      provider
    )
    return logger
  })

/** What the SDK has to say - a receiver that cannot be reached - is logged at DEBUG: at most once a minute. */
const sdkComplaints = Layer.effectDiscard(
  Effect.gen(function* () {
    const log = Effect.runForkWith(yield* Effect.context<never>())
    let toldAtMs = Number.NEGATIVE_INFINITY
    const tell = (): void => {
      if (performance.now() - toldAtMs < 60_000) return
      toldAtMs = performance.now()
      log(Effect.logWarning("telemetry could not be exported: what waits longest is dropped"))
    }
    const quiet = (): void => {}
    yield* Effect.acquireRelease(
      Effect.sync(() =>
        diag.setLogger({ error: tell, warn: tell, info: quiet, debug: quiet, verbose: quiet }, DiagLogLevel.WARN)
      ),
      () => Effect.sync(() => diag.disable())
    )
  })
)

export const layerOf = (otlp: Otlp): Layer.Layer<never> =>
  Layer.mergeAll(
    sdkComplaints,
    otlp.signals.traces ? traces(otlp) : Layer.empty,
    otlp.signals.metrics ? metrics(otlp) : Layer.empty
  )
