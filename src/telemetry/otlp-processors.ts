/**
 * OpenTelemetry's exporters over HTTP, as the settings say. Loaded only where something is exported. Each signal has a
 * bounded queue and one export under way until the end; a receiver that is down, slow or silent costs what it should have had.
 */
import { OTLPLogExporter as JsonLogs } from "@opentelemetry/exporter-logs-otlp-http"
import { OTLPLogExporter as ProtoLogs } from "@opentelemetry/exporter-logs-otlp-proto"
import { OTLPMetricExporter as JsonMetrics } from "@opentelemetry/exporter-metrics-otlp-http"
import { OTLPMetricExporter as ProtoMetrics } from "@opentelemetry/exporter-metrics-otlp-proto"
import { OTLPTraceExporter as JsonTraces } from "@opentelemetry/exporter-trace-otlp-http"
import { OTLPTraceExporter as ProtoTraces } from "@opentelemetry/exporter-trace-otlp-proto"
import { BatchLogRecordProcessor, type LogRecordProcessor } from "@opentelemetry/sdk-logs"
import { type MetricReader, PeriodicExportingMetricReader } from "@opentelemetry/sdk-metrics"
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  BatchSpanProcessor,
  ParentBasedSampler,
  type Sampler,
  type SpanProcessor,
  TraceIdRatioBasedSampler
} from "@opentelemetry/sdk-trace"
import { Redacted } from "effect"
import type { Otlp } from "#schemas/otlp.ts"

const batchMax = 512

const sent = ({ endpoint, headers, timeoutMs, waitingMax }: Otlp, signal: "traces" | "metrics" | "logs") => ({
  url: `${endpoint}/v1/${signal}`,
  headers: { ...Redacted.value(headers) },
  timeoutMillis: timeoutMs,
  // Batches come one after another, but at the end all that waits is sent at once, beside the one under way.
  concurrencyLimit: Math.ceil(waitingMax / batchMax) + 1
})
const isJson = ({ encoding }: Otlp): boolean => encoding === "http/json"
const batches = ({ gatherMs, waitingMax, timeoutMs }: Otlp) => ({
  scheduledDelayMillis: gatherMs,
  maxQueueSize: waitingMax,
  maxExportBatchSize: batchMax,
  exportTimeoutMillis: timeoutMs + 1_000
})

export const spanProcessorOf = (otlp: Otlp): SpanProcessor => {
  const exporter = isJson(otlp) ? new JsonTraces(sent(otlp, "traces")) : new ProtoTraces(sent(otlp, "traces"))
  return new BatchSpanProcessor({ exporter, ...batches(otlp) })
}

export const logProcessorOf = (otlp: Otlp): LogRecordProcessor => {
  const exporter = isJson(otlp) ? new JsonLogs(sent(otlp, "logs")) : new ProtoLogs(sent(otlp, "logs"))
  return new BatchLogRecordProcessor({ exporter, ...batches(otlp) })
}

export const metricReaderOf = (otlp: Otlp): MetricReader => {
  const exporter = isJson(otlp) ? new JsonMetrics(sent(otlp, "metrics")) : new ProtoMetrics(sent(otlp, "metrics"))
  const exportTimeoutMillis = Math.min(otlp.timeoutMs, otlp.metricsEveryMs)
  return new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: otlp.metricsEveryMs, exportTimeoutMillis })
}

export const samplerOf = ({ sampler, sampledRatio }: Otlp): Sampler => {
  const roots = {
    always_on: () => new AlwaysOnSampler(),
    always_off: () => new AlwaysOffSampler(),
    traceidratio: () => new TraceIdRatioBasedSampler(sampledRatio)
  } as const
  const root = roots[sampler.replace("parentbased_", "") as keyof typeof roots]()
  return sampler.startsWith("parentbased_") ? new ParentBasedSampler({ root }) : root
}
