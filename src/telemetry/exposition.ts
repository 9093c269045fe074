/**
 * The metrics as text, for whoever scrapes: OpenMetrics 1.0 with exemplars for those that ask for it, else Prometheus's
 * text format 0.0.4. Sources: github.com/prometheus/OpenMetrics, specification/OpenMetrics.md; prometheus.io/docs,
 * "Exposition formats".
 */
import type { Metric } from "effect"
import { type MetricName, metricNames, rowOf } from "./metric-table.ts"
import type { Exemplar, MetricBook } from "./metrics.ts"

export type Format = "openmetrics" | "prometheus"

export const mediaTypes: Readonly<Record<Format, string>> = {
  openmetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8",
  prometheus: "text/plain; version=0.0.4; charset=utf-8"
}

export const formatFor = (accept: string | undefined): Format =>
  accept?.includes("application/openmetrics-text") === true ? "openmetrics" : "prometheus"

type Labels = Readonly<Record<string, string>>

const escaped = (value: string): string => value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n")
const labelled = (labels: Labels): string => {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`)
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`
}
const told = (exemplar: Exemplar | undefined): string =>
  exemplar === undefined
    ? ""
    : ` # {trace_id="${escaped(exemplar.traceId)}"} ${exemplar.value} ${(exemplar.atMs / 1_000).toFixed(3)}`

const linesOf = (name: MetricName, series: Metric.Metric.Snapshot, book: MetricBook, format: Format): Array<string> => {
  const labels = series.attributes ?? {}
  switch (series.type) {
    case "Counter":
      return [`${name}${labelled(labels)} ${series.state.count}`]
    case "Gauge":
      return [`${name}${labelled(labels)} ${series.state.value}`]
    case "Histogram": {
      const { buckets, count, sum } = series.state
      const exemplars = format === "openmetrics" ? book.exemplars(name, labels) : new Map<number, Exemplar>()
      const cumulative = [...buckets.map(([bound, below]) => [String(bound), below] as const), ["+Inf", count] as const]
      return [
        ...cumulative.map(
          ([le, below], at) => `${name}_bucket${labelled({ ...labels, le })} ${below}${told(exemplars.get(at))}`
        ),
        `${name}_sum${labelled(labels)} ${sum}`,
        `${name}_count${labelled(labels)} ${count}`
      ]
    }
    default:
      return []
  }
}

/** OpenMetrics names a family of counters without the suffix that its samples have. */
const familyOf = (name: MetricName, format: Format): string =>
  format === "openmetrics" && rowOf(name).kind === "counter" ? name.replace(/_total$/, "") : name

export const exposition = (book: MetricBook, format: Format): string => {
  const snapshot = book.snapshot()
  const lines = metricNames.flatMap((name) => {
    const { kind, about } = rowOf(name)
    const family = familyOf(name, format)
    return [
      `# HELP ${family} ${about.replaceAll("\\", "\\\\").replaceAll("\n", "\\n")}`,
      `# TYPE ${family} ${kind}`,
      ...(snapshot.get(name) ?? []).flatMap((series) => linesOf(name, series, book, format))
    ]
  })
  return `${lines.join("\n")}\n${format === "openmetrics" ? "# EOF\n" : ""}`
}
