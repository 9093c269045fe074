/**
 * Exports spans of records. What a record becomes is finished when it comes, so it is handed to OpenTelemetry's processor as
 * it is, without a tracer that would begin and end it once more; sampling, batches and encoding are the SDK's. A span of a
 * model host's process has that process as its resource. Whatever waits for the receiver is bounded by the batch's queue;
 * over it spans are dropped, and nothing waits for anybody.
 */
import { type HrTime, ROOT_CONTEXT, SpanKind, SpanStatusCode, trace, TraceFlags } from "@opentelemetry/api"
import { type Resource, resourceFromAttributes } from "@opentelemetry/resources"
import { type ReadableSpan, type Sampler, SamplingDecision, type SpanProcessor } from "@opentelemetry/sdk-trace"
import type { Attributes, SpanName } from "./span-table.ts"
import type { SpanSpec } from "./spans.ts"
import type { SpanRef } from "./trace-context.ts"

export interface SpanExportOptions {
  readonly processor: Pick<SpanProcessor, "onEnd">
  readonly sampler: Sampler
  readonly resource: Resource
  /** `service.instance.id` of this process; those of hosts are made of it. */
  readonly instanceId: string
}

const flagsOf = (isSampled: boolean): TraceFlags => (isSampled ? TraceFlags.SAMPLED : TraceFlags.NONE)
const contextOf = ({ traceId, spanId, isSampled }: SpanRef) => ({ traceId, spanId, traceFlags: flagsOf(isSampled) })

const kinds: Partial<Record<SpanName, SpanKind>> = {
  upgrade: SpanKind.SERVER,
  turn: SpanKind.SERVER,
  recognition: SpanKind.CLIENT,
  decode: SpanKind.SERVER
}
const kindOf = (name: SpanName): SpanKind => kinds[name] ?? SpanKind.INTERNAL

/** Seconds and nanoseconds; a double holds microseconds of today's Unix time. */
const timeOf = (unixMs: number): HrTime => {
  const microseconds = Math.round(unixMs * 1_000)
  const seconds = Math.floor(microseconds / 1e6)
  return [seconds, (microseconds - seconds * 1e6) * 1_000]
}

/** What the SDK asks of attributes, which may be changed there. */
type Plain = Record<string, string | number | boolean>
const plain = (attributes: Attributes): Plain => attributes as Plain

const scope = { name: "sawt" }
const succeeded = { code: SpanStatusCode.UNSET }
const failed = { code: SpanStatusCode.ERROR }

/** Processes of hosts whose resources are kept. Over it: the oldest is made anew when it is needed. */
const hostsMax = 32
/** Records left out that are remembered: those of upgrades whose sessions go on. */
const leftMax = 10_000

export class SpanExport {
  readonly #options: SpanExportOptions
  readonly #hosts = new Map<number, Resource>()
  /** First spans of records that the sampler left out: what comes under them is left out too. */
  readonly #left = new Set<string>()

  constructor(options: SpanExportOptions) {
    this.#options = options
  }

  /** The spans of one record, the first above all others: with it they are sampled, or left out. */
  export(specs: ReadonlyArray<SpanSpec>): void {
    const [first] = specs
    if (first === undefined) return
    if (!this.#isSampled(first)) return this.#leave(first.spanId)
    for (const spec of specs) this.#options.processor.onEnd(this.#spanOf(spec))
  }

  #isSampled({ name, traceId, parent }: SpanSpec): boolean {
    const above =
      parent === undefined
        ? ROOT_CONTEXT
        : trace.setSpanContext(ROOT_CONTEXT, {
            ...contextOf({ ...parent, isSampled: parent.isSampled && !this.#left.has(parent.spanId) }),
            isRemote: true
          })
    const { decision } = this.#options.sampler.shouldSample(above, traceId, name, kindOf(name), {}, [])
    return decision === SamplingDecision.RECORD_AND_SAMPLED
  }

  #spanOf({ name, traceId, spanId, parent, host, attributes, startMs, endMs, ...more }: SpanSpec): ReadableSpan {
    const context = { traceId, spanId, traceFlags: TraceFlags.SAMPLED }
    return {
      name,
      kind: kindOf(name),
      spanContext: () => context,
      ...(parent === undefined ? {} : { parentSpanContext: { ...contextOf(parent), isRemote: true } }),
      startTime: timeOf(startMs),
      endTime: timeOf(endMs),
      duration: timeOf(endMs - startMs),
      ended: true,
      status: more.isError === true ? failed : succeeded,
      attributes: plain(attributes),
      links: (more.links ?? []).map((link) => ({ context: contextOf(link) })),
      events: (more.events ?? []).map((event) => ({
        name: event.name,
        time: timeOf(event.atMs),
        attributes: plain(event.attributes)
      })),
      resource: host === undefined ? this.#options.resource : this.#host(host),
      instrumentationScope: scope,
      droppedAttributesCount: 0,
      droppedEventsCount: 0,
      droppedLinksCount: 0
    }
  }

  #leave(spanId: string): void {
    this.#left.add(spanId)
    const oldest = this.#left.size > leftMax ? this.#left.values().next().value : undefined
    if (oldest !== undefined) this.#left.delete(oldest)
  }

  #host({ kind, pid }: NonNullable<SpanSpec["host"]>): Resource {
    const known = this.#hosts.get(pid)
    if (known !== undefined) return known
    const { instanceId, resource } = this.#options
    const own = { "service.instance.id": `${instanceId}/${kind}/${pid}`, "process.pid": pid, "sawt.host": kind }
    const made = resource.merge(resourceFromAttributes(own))
    this.#hosts.set(pid, made)
    const oldest = this.#hosts.size > hostsMax ? this.#hosts.keys().next().value : undefined
    if (oldest !== undefined) this.#hosts.delete(oldest)
    return made
  }
}
