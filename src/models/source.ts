/**
 * Where a file's bytes come from: an HTTP server, or a folder that mirrors one. Opened at an offset; what comes back says
 * where it really begins, since a server may know nothing of ranges, or have another file by now.
 */
import { createReadStream, statSync } from "node:fs"
import { Agent as HttpAgent, type AgentOptions, type IncomingMessage, request as requestHttp } from "node:http"
import { Agent as HttpsAgent, request as requestHttps } from "node:https"
import { basename, join } from "node:path"
import type { Readable } from "node:stream"
import { fileURLToPath } from "node:url"
import type { PartialRecord } from "#schemas/models.ts"
import { ModelError } from "#schemas/models.ts"

export type Environment = Readonly<Record<string, string | undefined>>

export interface Opened {
  readonly stream: Readable
  /** Where it begins: as asked, or 0. */
  readonly offset: number
  readonly part: PartialRecord
}

/** Worth another try, after this long where the server says so. */
export class Hiccup extends Error {
  readonly waitMs: number | undefined
  constructor(message: string, waitMs?: number) {
    super(message)
    this.name = "Hiccup"
    this.waitMs = waitMs
  }
}

export interface Source {
  /** The URL without query, or the file's name: as messages may show it. */
  readonly label: string
  readonly open: (offset: number, known: PartialRecord | undefined, signal: AbortSignal) => Promise<Opened>
}

const redirectsMax = 5
const headersTimeoutMs = 30_000

/** `MODELS_BASE_URL` holds files by their names. */
export const sourceOf = (file: { readonly name: string; readonly url: string }, options: SourceOptions): Source => {
  const { baseUrl } = options
  if (baseUrl === undefined) return httpSource(file.url, options)
  if (/^https?:/i.test(baseUrl)) return httpSource(`${baseUrl.replace(/\/+$/, "")}/${file.name}`, options)
  const folder = /^file:/i.test(baseUrl) ? fileURLToPath(baseUrl) : baseUrl
  return fileSource(join(folder, file.name))
}

export interface SourceOptions {
  /** `http:`, `https:` or `file:` URL, or a folder's path. */
  readonly baseUrl?: string | undefined
  /** For `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY`. */
  readonly environment: Environment
}

const fileSource = (path: string): Source => ({
  label: basename(path),
  open: async (offset, known) => {
    const stat = statSync(path, { throwIfNoEntry: false })
    if (!stat?.isFile()) {
      throw new ModelError({ reason: "not_found", message: `The mirror has no file ${basename(path)}.` })
    }
    const part = { url: path, totalBytes: stat.size, etag: `"${stat.size}-${stat.mtimeMs}-${stat.ino}"` }
    const same = known !== undefined && known.url === path && known.etag === part.etag && offset <= stat.size
    const start = same ? offset : 0
    return { stream: createReadStream(path, { start, highWaterMark: 1024 * 1024 }), offset: start, part }
  }
})

/** A weak tag promises the same meaning, not the same bytes. */
const strong = (etag: string | undefined): string | undefined => (etag?.startsWith('"') ? etag : undefined)

/** Seconds, or a date (RFC 9110, 10.2.3). */
const retryAfterMs = (value: string | undefined): number | undefined => {
  if (value === undefined) return undefined
  if (/^\d+$/.test(value)) return Number(value) * 1_000
  const at = Date.parse(value)
  return Number.isNaN(at) ? undefined : Math.max(0, at - Date.now())
}

/** Total, and where the part begins: `bytes 100-199/200`. */
const contentRange = (value: string | undefined): { readonly start: number; readonly total?: number } | undefined => {
  const [, start, total] = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(value ?? "") ?? []
  if (start === undefined) return undefined
  return { start: Number(start), ...(total === undefined || total === "*" ? {} : { total: Number(total) }) }
}

const hostOf = (url: string): string => new URL(url).host
const withoutQuery = (url: string): string => url.replace(/\?.*$/, "")

/** TLS faults are repaired by people, not by waiting. */
const isTlsFault = (code: string): boolean => /CERT|SELF_SIGNED|UNABLE_TO_|ERR_TLS|HOSTNAME_MISMATCH/.test(code)

const httpSource = (url: string, { environment }: SourceOptions): Source => {
  // `proxyEnv` came with Node 24.5 and is newer than the types.
  const agentOptions = { keepAlive: false, proxyEnv: environment } as AgentOptions
  const get = (target: string, headers: Record<string, string>, signal: AbortSignal) =>
    new Promise<IncomingMessage>((resolve, reject) => {
      const secure = target.startsWith("https:")
      const agent = secure ? new HttpsAgent(agentOptions) : new HttpAgent(agentOptions)
      const request = (secure ? requestHttps : requestHttp)(target, { headers, agent, signal }, (response) => {
        clearTimeout(timer)
        resolve(response)
      })
      const timer = setTimeout(
        () => request.destroy(new Hiccup(`${hostOf(target)} did not answer within ${headersTimeoutMs / 1_000} s`)),
        headersTimeoutMs
      )
      request.on("error", (error: NodeJS.ErrnoException) => {
        clearTimeout(timer)
        if (signal.aborted || error instanceof Hiccup) return reject(error)
        const code = error.code ?? "no connection"
        reject(
          isTlsFault(code)
            ? new ModelError({
                reason: "unreachable",
                message: `${hostOf(target)} shows no certificate that is trusted here (${code}): behind a proxy that has its own, set NODE_EXTRA_CA_CERTS.`
              })
            : new Hiccup(`${hostOf(target)} cannot be reached (${code})`)
        )
      })
      request.end()
    })

  const follow = async (headers: Record<string, string>, signal: AbortSignal): Promise<IncomingMessage> => {
    let target = url
    for (let hop = 0; hop <= redirectsMax; hop++) {
      const response = await get(target, headers, signal)
      const { statusCode = 0 } = response
      const { location } = response.headers
      if (![301, 302, 303, 307, 308].includes(statusCode) || location === undefined) return response
      response.destroy()
      const next = URL.canParse(location, target) ? new URL(location, target).href : ""
      if (!/^https?:/.test(next) || (target.startsWith("https:") && !next.startsWith("https:"))) {
        throw new ModelError({ reason: "refused", message: `${hostOf(target)} redirects to where no download is safe.` })
      }
      target = next
    }
    throw new ModelError({ reason: "refused", message: `${withoutQuery(url)} redirects more than ${redirectsMax} times.` })
  }

  return {
    label: withoutQuery(url),
    open: async (offset, known, signal) => {
      const validator = known?.url === url ? (strong(known.etag) ?? known.lastModified) : undefined
      const from = validator === undefined ? 0 : offset
      const response = await follow(
        {
          "user-agent": "sawt",
          accept: "*/*",
          "accept-encoding": "identity",
          ...(from > 0 && validator !== undefined ? { range: `bytes=${from}-`, "if-range": validator } : {})
        },
        signal
      )
      const { statusCode = 0, headers } = response
      const length = headers["content-length"] === undefined ? undefined : Number(headers["content-length"])
      const etag = strong(headers.etag)
      const lastModified = headers["last-modified"]
      const part = (totalBytes: number | undefined): PartialRecord => ({
        url,
        ...(totalBytes === undefined ? {} : { totalBytes }),
        ...(etag === undefined ? {} : { etag }),
        ...(lastModified === undefined ? {} : { lastModified })
      })
      if (statusCode === 200 && (headers["content-encoding"] ?? "identity") === "identity") {
        return { stream: response, offset: 0, part: part(length) }
      }
      if (statusCode === 206) {
        const range = contentRange(headers["content-range"])
        // A server that ignores If-Range sends a part of whatever it has now.
        const same = range?.start === from && (etag ?? lastModified ?? validator) === validator
        if (same) return { stream: response, offset: from, part: part(range.total ?? known?.totalBytes) }
      }
      response.destroy()
      if (statusCode === 206 || statusCode === 416) {
        if (from > 0) return httpSource(url, { environment }).open(0, undefined, signal)
        throw new Hiccup(`${hostOf(url)} answers with a part that nobody asked for`)
      }
      if (statusCode === 404 || statusCode === 410) {
        throw new ModelError({
          reason: "not_found",
          message: `${withoutQuery(url)} is not there (${statusCode}): see whether the publisher has moved it, or set MODELS_BASE_URL to a mirror.`
        })
      }
      if (statusCode >= 500 || statusCode === 429 || statusCode === 408 || statusCode === 425) {
        throw new Hiccup(`${hostOf(url)} answered ${statusCode}`, retryAfterMs(headers["retry-after"]))
      }
      throw new ModelError({
        reason: "refused",
        message: `${withoutQuery(url)} was refused (${statusCode}${headers["content-encoding"] === undefined ? "" : ", an encoding that nobody asked for"}).`
      })
    }
  }
}
