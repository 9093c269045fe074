/**
 * Exports spans of records: through OpenTelemetry's tracer, so that sampling, limits and batches are the SDK's. A span of a
 * model host's process has that process as its resource. Whatever waits for the receiver is bounded by the batch's queue;
 * over it spans are dropped, and nothing waits for anybody.
 */
import { type Link, ROOT_CONTEXT, SpanKind, SpanStatusCode, trace, TraceFlags } from "@opentelemetry/api"
import { type Resource, resourceFromAttributes } from "@opentelemetry/resources"
import { type IdGenerator, type Sampler, type SpanProcessor, TracerProvider } from "@opentelemetry/sdk-trace"
import type { Attributes, SpanName } from "./span-table.ts"
import type { SpanSpec } from "./spans.ts"
import { newSpanId, newTraceId, type SpanRef } from "./trace-context.ts"

export interface SpanExportOptions {
  readonly processor: SpanProcessor
  readonly sampler: Sampler
  readonly resource: Resource
  /** `service.instance.id` of this process; those of hosts are made of it. */
  readonly instanceId: string
}

const contextOf = ({ traceId, spanId, isSampled }: SpanRef) => ({
  traceId,
  spanId,
  traceFlags: isSampled ? TraceFlags.SAMPLED : TraceFlags.NONE
})

const kinds: Partial<Record<SpanName, SpanKind>> = {
  upgrade: SpanKind.SERVER,
  turn: SpanKind.SERVER,
  recognition: SpanKind.CLIENT,
  decode: SpanKind.SERVER
}

/** Processes of hosts whose resources are kept. Over it: the oldest is made anew when it is needed. */
const hostsMax = 32
/** Spans left out that are remembered: those of upgrades whose sessions go on. */
const leftMax = 10_000

export class SpanExport {
  readonly #options: SpanExportOptions
  readonly #own: TracerProvider
  readonly #hosts = new Map<number, TracerProvider>()
  /** A record knows its ids already: the tracer is given them. */
  #next: Pick<SpanSpec, "traceId" | "spanId"> | undefined
  readonly #ids: IdGenerator = {
    generateTraceId: () => this.#next?.traceId ?? newTraceId(),
    generateSpanId: () => this.#next?.spanId ?? newSpanId()
  }

  constructor(options: SpanExportOptions) {
    this.#options = options
    this.#own = this.#provider(options.resource)
  }

  /** Spans that the sampler left out: their children are left out too. */
  readonly #left = new Set<string>()

  /** Parents come before their children. */
  export(specs: ReadonlyArray<SpanSpec>): void {
    for (const spec of specs) this.#export(spec)
  }

  #export(spec: SpanSpec): void {
    const { name, parent, host, attributes, startMs, endMs, links = [], events = [], isError } = spec
    const tracer = (host === undefined ? this.#own : this.#host(host)).getTracer("sawt")
    this.#next = spec
    const parentContext =
      parent === undefined
        ? ROOT_CONTEXT
        : trace.setSpanContext(ROOT_CONTEXT, {
            ...contextOf({ ...parent, isSampled: parent.isSampled && !this.#left.has(parent.spanId) }),
            isRemote: true
          })
    const span = tracer.startSpan(
      name,
      {
        startTime: startMs,
        kind: kinds[name] ?? SpanKind.INTERNAL,
        attributes: plain(attributes),
        links: links.map((link): Link => ({ context: contextOf(link) }))
      },
      parentContext
    )
    this.#next = undefined
    if (!span.isRecording()) return this.#leave(spec.spanId)
    for (const { name: event, attributes: facts, atMs } of events) span.addEvent(event, plain(facts), atMs)
    if (isError === true) span.setStatus({ code: SpanStatusCode.ERROR })
    span.end(endMs)
  }

  #leave(spanId: string): void {
    this.#left.add(spanId)
    const oldest = this.#left.size > leftMax ? this.#left.values().next().value : undefined
    if (oldest !== undefined) this.#left.delete(oldest)
  }

  #host({ kind, pid }: NonNullable<SpanSpec["host"]>): TracerProvider {
    const known = this.#hosts.get(pid)
    if (known !== undefined) return known
    const { instanceId, resource } = this.#options
    const own = resourceFromAttributes({
      "service.instance.id": `${instanceId}/${kind}/${pid}`,
      "process.pid": pid,
      "sawt.host": kind
    })
    const made = this.#provider(resource.merge(own))
    this.#hosts.set(pid, made)
    const oldest = this.#hosts.size > hostsMax ? this.#hosts.keys().next().value : undefined
    if (oldest !== undefined) this.#hosts.delete(oldest)
    return made
  }

  #provider(resource: Resource): TracerProvider {
    const { processor, sampler } = this.#options
    return new TracerProvider({ resource, sampler, spanProcessors: [processor], idGenerator: this.#ids })
  }
}

const plain = (attributes: Attributes): Record<string, string | number | boolean> => ({ ...attributes })
