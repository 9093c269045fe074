/** Requests to an XTTS server: bounded in bytes and in silence, with faults that an operator can act on. */
import type { HostReason } from "#schemas/host.ts"
import { renderedMsMax } from "./rendering.ts"

export class XttsFault extends Error {
  readonly reason: HostReason
  constructor(reason: HostReason, message: string) {
    super(message)
    this.name = "XttsFault"
    this.reason = reason
  }
}

/** A sentence of the longest length at 48 kHz, 16 bits, written as base64; 58 speakers' latents are 20 MB of numbers. */
const bytesMax = Math.max((renderedMsMax / 1_000) * 48_000 * 3, 64 * 1024 * 1024)

export interface Question {
  /** Query and all. */
  readonly path: string
  readonly body?: RequestInit["body"]
  readonly contentType?: string
  /** How long nothing may come. */
  readonly silenceMsMax: number
  /** Told each part; true: the rest is not wanted. */
  readonly enough?: (part: Uint8Array) => boolean
}
export type Ask = (question: Question) => Promise<Buffer>

/** Rejects with `XttsFault`. Aborting closes the connection, by which the streaming servers stop their work. */
export const asking =
  (url: string, aborted: AbortSignal): Ask =>
  async ({ path, body, contentType, silenceMsMax, enough }) => {
    const [place = path] = path.split("?")
    const silence = new AbortController()
    const timer = setTimeout(() => silence.abort(), silenceMsMax)
    try {
      const response = await fetch(`${url}${path}`, {
        redirect: "error",
        signal: AbortSignal.any([aborted, silence.signal]),
        ...(body !== undefined && { method: "POST", body }),
        ...(contentType !== undefined && { headers: { "content-type": contentType } })
      })
      if (!response.ok || response.body === null) {
        await response.body?.cancel()
        throw new XttsFault("refused", `The XTTS server answered ${response.status} to ${place}: see its log.`)
      }
      const parts: Array<Uint8Array> = []
      let bytes = 0
      for await (const part of response.body) {
        timer.refresh()
        bytes += part.byteLength
        if (bytes > bytesMax) throw new XttsFault("refused", `The XTTS server does not end its answer to ${place}.`)
        parts.push(part)
        if (enough?.(part) === true) break
      }
      return Buffer.concat(parts)
    } catch (error) {
      if (error instanceof XttsFault) throw error
      throw silence.signal.aborted
        ? new XttsFault("timeout", `The XTTS server was silent for ${silenceMsMax} ms at ${place}.`)
        : new XttsFault("unavailable", `The XTTS server cannot be reached at XTTS_URL, or broke off at ${place}.`)
    } finally {
      clearTimeout(timer)
    }
  }
