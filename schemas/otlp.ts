/** Where traces, metrics and logs go, out of OpenTelemetry's variables. */
import { Redacted } from "effect"
import { otelVariables, type samplers } from "./otel-variables.ts"

export interface Otlp {
  readonly endpoint: string
  readonly encoding: "http/protobuf" | "http/json"
  readonly headers: Redacted.Redacted<Readonly<Record<string, string>>>
  readonly timeoutMs: number
  readonly signals: { readonly traces: boolean; readonly metrics: boolean; readonly logs: boolean }
  readonly serviceName: string
  readonly resourceAttributes: Readonly<Record<string, string>>
  readonly sampler: (typeof samplers)[number]
  readonly sampledRatio: number
  readonly gatherMs: number
  readonly waitingMax: number
  readonly metricsEveryMs: number
}

type Raw = { readonly [Name in keyof typeof otelVariables]?: (typeof otelVariables)[Name]["schema"]["Type"] }

const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text.trim())
  } catch {
    return text.trim()
  }
}

const pairsOf = (text = ""): Readonly<Record<string, string>> =>
  Object.fromEntries(
    text
      .split(",")
      .filter((pair) => pair.includes("="))
      .map((pair) => [decoded(pair.slice(0, pair.indexOf("="))), decoded(pair.slice(pair.indexOf("=") + 1))])
  )

export const otlpOf = (raw: Raw): { readonly otlp?: Otlp } => {
  const endpoint = raw.OTEL_EXPORTER_OTLP_ENDPOINT
  if (endpoint === undefined || raw.OTEL_SDK_DISABLED === "true") return {}
  return {
    otlp: {
      endpoint: endpoint.replace(/\/+$/, ""),
      encoding: raw.OTEL_EXPORTER_OTLP_PROTOCOL ?? "http/protobuf",
      headers: Redacted.make(pairsOf(raw.OTEL_EXPORTER_OTLP_HEADERS), { label: "otlpHeaders" }),
      timeoutMs: raw.OTEL_EXPORTER_OTLP_TIMEOUT ?? 10_000,
      signals: {
        traces: raw.OTEL_TRACES_EXPORTER !== "none",
        metrics: raw.OTEL_METRICS_EXPORTER !== "none",
        logs: raw.OTEL_LOGS_EXPORTER !== "none"
      },
      serviceName: raw.OTEL_SERVICE_NAME ?? "sawt",
      resourceAttributes: pairsOf(raw.OTEL_RESOURCE_ATTRIBUTES),
      sampler: raw.OTEL_TRACES_SAMPLER ?? "parentbased_always_on",
      sampledRatio: Number(raw.OTEL_TRACES_SAMPLER_ARG ?? 1),
      gatherMs: raw.OTEL_BSP_SCHEDULE_DELAY ?? 5_000,
      waitingMax: raw.OTEL_BSP_MAX_QUEUE_SIZE ?? 2_048,
      metricsEveryMs: raw.OTEL_METRIC_EXPORT_INTERVAL ?? 60_000
    }
  }
}
