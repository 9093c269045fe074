/** An HTTP server that holds files and does to each request what its plan says next; without a plan it behaves. */
import { createHash } from "node:crypto"
import { once } from "node:events"
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"

export type Mischief =
  /** Says its length, and is cut after so many bytes. */
  | { readonly type: "cut"; readonly afterBytes: number }
  | { readonly type: "status"; readonly status: number; readonly headers?: Readonly<Record<string, string>> }
  | { readonly type: "redirect"; readonly to: string; readonly status?: number }
  /** One byte, then nothing more for ever. */
  | { readonly type: "drip" }
  /** Another content from here on. */
  | { readonly type: "change"; readonly to: Buffer }
  /** A part of what it has now, though If-Range asks for another. */
  | { readonly type: "ignoreIfRange" }
  /** Goes on after the end, and says no length. */
  | { readonly type: "endless" }

export interface MisbehavingServer {
  readonly url: string
  readonly files: Map<string, Buffer>
  /** Taken one by one, the first first. */
  readonly plan: Array<Mischief>
  readonly requests: Array<{ readonly path: string; readonly range: string | undefined; readonly status: number }>
  /** Of no use to it: ranges, or tags. */
  ranges: boolean
  tags: boolean
  /** What is done to requests when the plan is empty. */
  otherwise: ((path: string) => Mischief | undefined) | undefined
  readonly close: () => Promise<void>
}

const tagOf = (content: Buffer): string => `"${createHash("sha1").update(content).digest("hex")}"`

export const startMisbehaving = async (files: Readonly<Record<string, Buffer>>): Promise<MisbehavingServer> => {
  const held = new Map(Object.entries(files))
  const serve = (request: IncomingMessage, response: ServerResponse): void => {
    const path = (request.url ?? "/").slice(1)
    const mischief = self.plan.shift() ?? self.otherwise?.(path)
    if (mischief?.type === "change") held.set(path, mischief.to)
    const content = held.get(path)
    const range = request.headers.range
    const answer = (status: number, headers: Record<string, string | number>) => {
      self.requests.push({ path, range, status })
      response.writeHead(status, headers)
    }
    if (mischief?.type === "status") {
      answer(mischief.status, { ...mischief.headers })
      return void response.end("no")
    }
    if (mischief?.type === "redirect") {
      answer(mischief.status ?? 302, { location: mischief.to })
      return void response.end()
    }
    if (content === undefined) {
      answer(404, {})
      return void response.end("no such file")
    }
    const tag = tagOf(content)
    const tagged = self.tags ? { etag: tag } : {}
    if (mischief?.type === "endless") {
      answer(200, tagged)
      const more = () => {
        while (!response.destroyed && response.write(content)) continue
      }
      response.on("drain", more)
      return more()
    }
    const sameFile = mischief?.type === "ignoreIfRange" || request.headers["if-range"] === tag
    const start = self.ranges && range !== undefined && sameFile ? Number(/^bytes=(\d+)-$/.exec(range)?.[1]) : 0
    if (start > 0) {
      if (start >= content.length) {
        answer(416, { "content-range": `bytes */${content.length}` })
        return void response.end()
      }
      const what = `bytes ${start}-${content.length - 1}/${content.length}`
      answer(206, { ...tagged, "content-length": content.length - start, "content-range": what })
    } else answer(200, { ...tagged, "content-length": content.length })
    const rest = content.subarray(start)
    if (mischief?.type === "drip") return void response.write(rest.subarray(0, 1))
    if (mischief?.type === "cut") {
      return void response.write(rest.subarray(0, mischief.afterBytes), () => response.destroy())
    }
    response.end(rest)
  }
  const server = createServer(serve).listen(0, "127.0.0.1")
  await once(server, "listening")
  const self: MisbehavingServer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    files: held,
    plan: [],
    requests: [],
    ranges: true,
    tags: true,
    otherwise: undefined,
    close: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, "close")
    }
  }
  return self
}
