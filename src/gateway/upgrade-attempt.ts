/** One attempt to open a socket, as its trace tells of it: when, where to, how it went. In the client's own trace, if it has one. */
import type { IncomingMessage } from "node:http"
import type { ErrorCode } from "#schemas/errors.ts"
import { parseUrl, socketPaths } from "#src/gateway/admission.ts"
import { newSpanId, newTraceId, readTraceparent, type SpanRef } from "#src/telemetry/trace-context.ts"
import type { UpgradeRecord } from "#src/telemetry/visit-records.ts"

const known: ReadonlyArray<string> = socketPaths

export class UpgradeAttempt {
  readonly span: SpanRef
  readonly #parent: SpanRef | undefined
  readonly #route: string | undefined
  readonly #startedAtMs = performance.now()
  #admittedAtMs: number | undefined

  constructor(request: IncomingMessage) {
    const { traceparent } = request.headers
    this.#parent = readTraceparent(typeof traceparent === "string" ? traceparent : undefined)
    this.span = {
      traceId: this.#parent?.traceId ?? newTraceId(),
      spanId: newSpanId(),
      isSampled: this.#parent?.isSampled ?? true
    }
    const path = parseUrl(request.url)?.pathname
    this.#route = path !== undefined && known.includes(path) ? path : undefined
  }

  /** What is asked of a client was answered, well or not. */
  admitted(): void {
    this.#admittedAtMs ??= performance.now()
  }

  record(status: number, refusal?: ErrorCode): UpgradeRecord {
    const nowMs = performance.now()
    return {
      traceId: this.span.traceId,
      spanId: this.span.spanId,
      ...(this.#parent === undefined ? {} : { parent: this.#parent }),
      unixOffsetMs: Date.now() - nowMs,
      startedAtMs: this.#startedAtMs,
      admittedAtMs: this.#admittedAtMs ?? nowMs,
      endedAtMs: nowMs,
      ...(this.#route === undefined ? {} : { route: this.#route }),
      status,
      ...(refusal === undefined ? {} : { refusal })
    }
  }
}
