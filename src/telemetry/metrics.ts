/**
 * The numbers of this process, each by its row of the table. What happens is counted where it happens, at the pace of
 * utterances and turns; what something else counts already is read when somebody looks. Both are Effect metrics in one
 * registry, from which `/metrics` is written and OTLP exported, so that the two never differ.
 *
 * Series of closed labels are there from the start, at zero, others once declared: a first failure is then an increase. Nothing throws or waits.
 */
import { Context, Metric } from "effect"
import {
  type CounterName,
  type GaugeName,
  type HistogramName,
  type LabelsOf,
  type LabelValues,
  type MetricName,
  metricNames,
  type MetricRow,
  rowOf
} from "./metric-table.ts"

export interface Exemplar {
  readonly traceId: string
  readonly value: number
  readonly atMs: number
}

type Labels = Readonly<Record<string, string>>
type AnyMetric = Metric.Metric<number, unknown>

/** What stands for a value outside a label's set. */
export const otherValue = "other"

const metricOf = (name: MetricName, row: MetricRow, attributes: Labels): AnyMetric => {
  const options = { description: row.about, attributes }
  switch (row.kind) {
    case "counter":
      return Metric.counter(name, { ...options, incremental: true })
    case "gauge":
      return Metric.gauge(name, options)
    case "histogram":
      return Metric.histogram(name, { ...options, boundaries: row.buckets ?? [] })
  }
}

/** Every way to fill labels whose values are all known; undefined where one is not. */
const combinations = (labels: MetricRow["labels"]): ReadonlyArray<Labels> | undefined => {
  let filled: ReadonlyArray<Labels> = [{}]
  for (const [label, values] of Object.entries(labels)) {
    if (!("length" in values)) return undefined
    filled = filled.flatMap((before) => values.map((value) => ({ ...before, [label]: value })))
  }
  return filled
}

export class MetricBook {
  /** Holds the registry, for whoever exports it. */
  readonly context: Context.Context<never>
  readonly #nowMs: () => number
  readonly #series = new Map<string, AnyMetric>()
  /** By series, then by bucket: the last observation that has a trace. */
  readonly #exemplars = new Map<string, Map<number, Exemplar>>()
  /** By the description of a bounded set: the values that are told apart. */
  readonly #known = new Map<LabelValues, Set<string>>()

  constructor(context: Context.Context<never> = Context.empty(), nowMs: () => number = Date.now) {
    this.context = context
    this.#nowMs = nowMs
    for (const name of metricNames) {
      const row = rowOf(name)
      if (row.kind === "gauge") continue
      for (const labels of combinations(row.labels) ?? []) this.#of(name, labels).valueUnsafe(context)
    }
  }

  count<Name extends CounterName>(name: Name, labels: LabelsOf<Name>, by = 1): void {
    this.#of(name, labels as Labels).updateUnsafe(by, this.context)
  }

  /** It may happen: the series is there from now on. */
  declare<Name extends CounterName>(name: Name, labels: LabelsOf<Name>): void {
    this.#of(name, labels as Labels).valueUnsafe(this.context)
  }

  /** `traceId`: where to look when this value surprises. */
  observe<Name extends HistogramName>(name: Name, value: number, labels: LabelsOf<Name>, traceId?: string): void {
    const series = this.#of(name, labels as Labels)
    series.updateUnsafe(value, this.context)
    if (traceId === undefined) return
    const buckets = rowOf(name).buckets ?? []
    const found = buckets.findIndex((bound) => value <= bound)
    const key = keyOf(name, series.attributes ?? {})
    const exemplars = this.#exemplars.get(key) ?? new Map<number, Exemplar>()
    this.#exemplars.set(key, exemplars)
    exemplars.set(found === -1 ? buckets.length : found, { traceId, value, atMs: this.#nowMs() })
  }

  /** From now on `read` gives the number. Returns how to stop. */
  reading<Name extends GaugeName | CounterName>(name: Name, labels: LabelsOf<Name>, read: () => number): () => void {
    const series = this.#of(name, labels as Labels)
    const get =
      rowOf(name).kind === "counter" ? () => ({ count: read(), incremental: true }) : () => ({ value: read() })
    const registration = Metric.registerUnsafe(series, this.context, { get, update: () => {}, modify: () => {} })
    return () => registration.remove()
  }

  /** All series that are ours, by name. */
  snapshot(): ReadonlyMap<MetricName, ReadonlyArray<Metric.Metric.Snapshot>> {
    const found = new Map<MetricName, Array<Metric.Metric.Snapshot>>(metricNames.map((name) => [name, []]))
    for (const series of Metric.snapshotUnsafe(this.context)) found.get(series.id as MetricName)?.push(series)
    return found
  }

  /** By bucket, the last one being over all bounds. */
  exemplars(name: MetricName, labels: Labels): ReadonlyMap<number, Exemplar> {
    return this.#exemplars.get(keyOf(name, labels)) ?? new Map()
  }

  #of(name: MetricName, labels: Labels): AnyMetric {
    const row = rowOf(name)
    const allowed = this.#allowed(row, labels)
    const key = keyOf(name, allowed)
    const known = this.#series.get(key)
    if (known !== undefined) return known
    const series = metricOf(name, row, allowed)
    this.#series.set(key, series)
    return series
  }

  #allowed(row: MetricRow, labels: Labels): Labels {
    const allowed: Record<string, string> = {}
    for (const [label, values] of Object.entries(row.labels)) {
      const value = labels[label] ?? otherValue
      allowed[label] = this.#isTold(values, value) ? value : otherValue
    }
    return allowed
  }

  #isTold(values: LabelValues, value: string): boolean {
    if (!("most" in values)) return values.includes(value)
    const known = this.#known.get(values) ?? new Set()
    this.#known.set(values, known)
    if (known.has(value)) return true
    if (known.size >= values.most) return false
    known.add(value)
    return true
  }
}

const keyOf = (name: MetricName, labels: Labels): string => JSON.stringify([name, labels])

/** Without a layer, the one of this process. */
export const Metrics: Context.Reference<MetricBook> = Context.Reference("sawt/telemetry/Metrics", {
  defaultValue: () => new MetricBook()
})
