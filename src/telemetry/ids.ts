/** Ids of a trace (16 bytes) and of a span (8) as W3C Trace Context writes them: lower-case hex. */
import { randomBytes } from "node:crypto"

export const newTraceId = (): string => randomBytes(16).toString("hex")
export const newSpanId = (): string => randomBytes(8).toString("hex")
