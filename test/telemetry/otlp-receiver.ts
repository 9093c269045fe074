/**
 * A receiver of OTLP over HTTP that keeps what it is sent, in either encoding, as one plain form. The protobuf reader knows
 * the field numbers of opentelemetry-proto (trace/v1, logs/v1, common/v1, resource/v1) and nothing of the exporter's code.
 */
import { once } from "node:events"
import { createServer, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"

type Value = string | number | boolean | null
export type ReceivedAttributes = Readonly<Record<string, Value>>
export interface ReceivedSpan {
  readonly name: string
  readonly traceId: string
  readonly spanId: string
  /** Empty: the first of its trace. */
  readonly parentSpanId: string
  readonly kind: number
  readonly startMs: number
  readonly endMs: number
  readonly attributes: ReceivedAttributes
  readonly events: ReadonlyArray<{ readonly name: string; readonly attributes: ReceivedAttributes }>
  readonly links: ReadonlyArray<{ readonly traceId: string; readonly spanId: string }>
  /** 2: error. */
  readonly status: number
  readonly resource: ReceivedAttributes
}
export interface ReceivedLog {
  readonly severity: string
  readonly body: Value
  readonly traceId: string
  readonly spanId: string
  readonly attributes: ReceivedAttributes
}

// ---- protobuf (protobuf.dev/programming-guides/encoding)
interface Field {
  readonly number: number
  readonly bytes: Buffer
  /** Of a varint or a fixed64. */
  readonly integer: bigint
}

const fieldsOf = (bytes: Buffer): ReadonlyArray<Field> => {
  const fields: Array<Field> = []
  let at = 0
  const varint = (): bigint => {
    let value = 0n
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes.readUInt8(at++)
      value |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return value
    }
  }
  while (at < bytes.length) {
    const tag = Number(varint())
    const [number, wire] = [tag >> 3, tag & 7]
    const empty = Buffer.alloc(0)
    if (wire === 0) fields.push({ number, bytes: empty, integer: varint() })
    else if (wire === 1) {
      fields.push({ number, bytes: bytes.subarray(at, at + 8), integer: bytes.readBigUInt64LE(at) })
      at += 8
    } else if (wire === 2) {
      const length = Number(varint())
      fields.push({ number, bytes: bytes.subarray(at, at + length), integer: 0n })
      at += length
    } else if (wire === 5) at += 4
    else throw new Error(`wire type ${wire}`)
  }
  return fields
}

const all = (bytes: Buffer, number: number): ReadonlyArray<Buffer> =>
  fieldsOf(bytes).flatMap((field) => (field.number === number ? [field.bytes] : []))
const one = (bytes: Buffer, number: number): Buffer => all(bytes, number)[0] ?? Buffer.alloc(0)
const integerOf = (bytes: Buffer, number: number): bigint =>
  fieldsOf(bytes).find((field) => field.number === number)?.integer ?? 0n
const text = (bytes: Buffer, number: number): string => one(bytes, number).toString("utf8")
const hex = (bytes: Buffer, number: number): string => one(bytes, number).toString("hex")
const nanosToMs = (nanos: bigint): number => Number(nanos) / 1e6

const protoValue = (bytes: Buffer): Value => {
  const [field] = fieldsOf(bytes)
  if (field === undefined) return null
  switch (field.number) {
    case 1:
      return field.bytes.toString("utf8")
    case 2:
      return field.integer === 1n
    case 3:
      return Number(BigInt.asIntN(64, field.integer))
    case 4:
      return field.bytes.readDoubleLE(0)
    // A line with facts: the line is the first.
    case 5:
      return protoValue(one(field.bytes, 1))
    case 6:
      return null
    default:
      throw new Error(`an AnyValue of field ${field.number}`)
  }
}
const protoAttributes = (bytes: Buffer, number: number): ReceivedAttributes =>
  Object.fromEntries(all(bytes, number).map((pair) => [text(pair, 1), protoValue(one(pair, 2))]))

const protoSpans = (request: Buffer): ReadonlyArray<ReceivedSpan> =>
  all(request, 1).flatMap((resourceSpans) => {
    const resource = protoAttributes(one(resourceSpans, 1), 1)
    return all(resourceSpans, 2).flatMap((scope) =>
      all(scope, 2).map((span) => ({
        traceId: hex(span, 1),
        spanId: hex(span, 2),
        parentSpanId: hex(span, 4),
        name: text(span, 5),
        kind: Number(integerOf(span, 6)),
        startMs: nanosToMs(integerOf(span, 7)),
        endMs: nanosToMs(integerOf(span, 8)),
        attributes: protoAttributes(span, 9),
        events: all(span, 11).map((event) => ({ name: text(event, 2), attributes: protoAttributes(event, 3) })),
        links: all(span, 13).map((link) => ({ traceId: hex(link, 1), spanId: hex(link, 2) })),
        status: Number(integerOf(one(span, 15), 3)),
        resource
      }))
    )
  })

const protoLogs = (request: Buffer): ReadonlyArray<ReceivedLog> =>
  all(request, 1).flatMap((resourceLogs) =>
    all(resourceLogs, 2).flatMap((scope) =>
      all(scope, 2).map((log) => ({
        severity: text(log, 3),
        body: protoValue(one(log, 5)),
        attributes: protoAttributes(log, 6),
        traceId: hex(log, 9),
        spanId: hex(log, 10)
      }))
    )
  )

// ---- JSON (opentelemetry.io/docs/specs/otlp, JSON Protobuf Encoding)
interface JsonValue {
  readonly stringValue?: string
  readonly boolValue?: boolean
  readonly intValue?: string | number
  readonly doubleValue?: number
}
type JsonAttributes = ReadonlyArray<{ readonly key: string; readonly value: JsonValue }>
const jsonValue = ({ stringValue, boolValue, intValue, doubleValue }: JsonValue = {}): Value =>
  stringValue ?? boolValue ?? doubleValue ?? (intValue === undefined ? null : Number(intValue))
const jsonAttributes = (pairs: JsonAttributes = []): ReceivedAttributes =>
  Object.fromEntries(pairs.map(({ key, value }) => [key, jsonValue(value)]))

interface JsonSpan extends Omit<ReceivedSpan, "attributes" | "events" | "status" | "parentSpanId"> {
  readonly parentSpanId?: string
  readonly startTimeUnixNano: string
  readonly endTimeUnixNano: string
  readonly attributes: JsonAttributes
  readonly events: ReadonlyArray<{ readonly name: string; readonly attributes: JsonAttributes }>
  readonly status: { readonly code?: number }
}
const jsonSpans = (request: string): ReadonlyArray<ReceivedSpan> => {
  const { resourceSpans } = JSON.parse(request) as {
    readonly resourceSpans: ReadonlyArray<{
      readonly resource: { readonly attributes: JsonAttributes }
      readonly scopeSpans: ReadonlyArray<{ readonly spans: ReadonlyArray<JsonSpan> }>
    }>
  }
  return resourceSpans.flatMap(({ resource, scopeSpans }) =>
    scopeSpans
      .flatMap(({ spans }) => spans)
      .map((span) => ({
        name: span.name,
        traceId: span.traceId,
        spanId: span.spanId,
        parentSpanId: span.parentSpanId ?? "",
        kind: span.kind,
        startMs: nanosToMs(BigInt(span.startTimeUnixNano)),
        endMs: nanosToMs(BigInt(span.endTimeUnixNano)),
        attributes: jsonAttributes(span.attributes),
        events: span.events.map(({ name, attributes }) => ({ name, attributes: jsonAttributes(attributes) })),
        links: span.links.map(({ traceId, spanId }) => ({ traceId, spanId })),
        status: span.status.code ?? 0,
        resource: jsonAttributes(resource.attributes)
      }))
  )
}

export interface Receiver {
  readonly url: string
  readonly spans: ReadonlyArray<ReceivedSpan>
  readonly logs: ReadonlyArray<ReceivedLog>
  /** Every body as it came. */
  readonly bodies: ReadonlyArray<{ readonly path: string; readonly body: Buffer }>
  readonly requests: (path: string) => number
  /** Resolves when what has come is enough. */
  readonly until: (enough: () => boolean) => Promise<void>
  readonly close: () => Promise<void>
}

/** `answer`: what becomes of each request; by default it is taken. */
export const startReceiver = async (
  answer: (response: ServerResponse) => void = (response) => response.writeHead(200).end("{}")
): Promise<Receiver> => {
  const spans: Array<ReceivedSpan> = []
  const logs: Array<ReceivedLog> = []
  const bodies: Array<{ readonly path: string; readonly body: Buffer }> = []
  const counts = new Map<string, number>()
  const waiting = new Set<() => void>()
  const server = createServer(async (request, response) => {
    const parts: Array<Buffer> = []
    for await (const part of request) parts.push(part as Buffer)
    const body = Buffer.concat(parts)
    const path = request.url ?? ""
    bodies.push({ path, body })
    counts.set(path, (counts.get(path) ?? 0) + 1)
    const isJson = request.headers["content-type"] === "application/json"
    if (path === "/v1/traces") spans.push(...(isJson ? jsonSpans(body.toString("utf8")) : protoSpans(body)))
    if (path === "/v1/logs" && !isJson) logs.push(...protoLogs(body))
    answer(response)
    for (const wake of waiting) wake()
  }).listen(0, "127.0.0.1")
  await once(server, "listening")
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans,
    logs,
    bodies,
    requests: (path) => counts.get(path) ?? 0,
    until: (enough) =>
      new Promise((resolve) => {
        const check = (): void => {
          if (!enough()) return
          waiting.delete(check)
          resolve()
        }
        waiting.add(check)
        check()
      }),
    close: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, "close")
    }
  }
}
