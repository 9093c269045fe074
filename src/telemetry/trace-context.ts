/** W3C Trace Context (www.w3.org/TR/trace-context): ids, and the header `traceparent` that carries them. */
import { randomFillSync } from "node:crypto"

/** Names a span of anybody's, hex. */
export interface SpanRef {
  readonly traceId: string
  readonly spanId: string
  readonly isSampled: boolean
}

/** Random bytes are had by the page: a turn has some ten ids, and each call costs as much as all that is done with one. */
const page = Buffer.allocUnsafeSlow(4_096)
let taken = page.length
const hexOf = (bytes: number): string => {
  if (taken + bytes > page.length) {
    randomFillSync(page)
    taken = 0
  }
  return page.toString("hex", taken, (taken += bytes))
}

/** 16 and 8 bytes, lower-case hex. */
export const newTraceId = (): string => hexOf(16)
export const newSpanId = (): string => hexOf(8)

/** A version that we do not know begins as 00 does, and may have more behind it; ff is none. */
const shape = /^(?!ff)([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/
const isZero = (id: string): boolean => /^0+$/.test(id)

/** Undefined: not one. Then a trace of our own begins. */
export const readTraceparent = (header: string | undefined): SpanRef | undefined => {
  const [, version, traceId = "", spanId = "", flags = "00", more] = shape.exec(header ?? "") ?? []
  if (version === undefined || isZero(traceId) || isZero(spanId) || (version === "00" && more !== undefined)) {
    return undefined
  }
  return { traceId, spanId, isSampled: (Number.parseInt(flags, 16) & 1) === 1 }
}
