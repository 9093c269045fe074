/**
 * A reverse proxy as a platform puts one in front: it appends the caller's address to X-Forwarded-For. `spoil` makes it do
 * one thing wrong. Each caller's address is the one that `address` holds, so that each may ask anew what it may ask.
 */
import { once } from "node:events"
import { createServer, type IncomingHttpHeaders, type IncomingMessage, request as requestHttp } from "node:http"
import { type AddressInfo, connect } from "node:net"

export interface Answered {
  status: number
  readonly headers: IncomingHttpHeaders
  text: string
}

export interface Spoil {
  /** Of what is handed on; upgrades too. */
  readonly request?: (headers: IncomingHttpHeaders, request: IncomingMessage) => void
  readonly answer?: (answer: Answered, request: IncomingMessage) => void
  /** Whether an upgrade becomes an ordinary request, as where the proxy was not told of WebSockets. */
  readonly noUpgrades?: true
  /** Bytes of a client after which its socket is cut. */
  readonly cutAfterBytes?: number
  readonly socketsMax?: number
}

export class SpoilingProxy {
  spoil: Spoil = {}
  address = "203.0.113.1"
  readonly url: string
  readonly close: () => Promise<void>

  private constructor(url: string, close: () => Promise<void>) {
    this.url = url
    this.close = close
  }

  static async start(upstream: string): Promise<SpoilingProxy> {
    const to = new URL(upstream)
    let sockets = 0
    const headersFor = (incoming: IncomingMessage): IncomingHttpHeaders => {
      const before = incoming.headers["x-forwarded-for"]
      const headers: IncomingHttpHeaders = {
        ...incoming.headers,
        "x-forwarded-for": before === undefined ? proxy.address : `${String(before)}, ${proxy.address}`
      }
      proxy.spoil.request?.(headers, incoming)
      return headers
    }
    const server = createServer((incoming, outgoing) => {
      const options = { method: incoming.method ?? "GET", headers: headersFor(incoming), agent: false as const }
      const passed = requestHttp(new URL(incoming.url ?? "/", to), options, (response) => {
        const parts: Array<Buffer> = []
        response.on("data", (part: Buffer) => parts.push(part))
        response.once("end", () => {
          const text = Buffer.concat(parts).toString("utf8")
          const answer: Answered = { status: response.statusCode ?? 0, headers: { ...response.headers }, text }
          proxy.spoil.answer?.(answer, incoming)
          delete answer.headers["transfer-encoding"]
          delete answer.headers["content-length"]
          outgoing.writeHead(answer.status, answer.headers).end(answer.text)
        })
      })
      passed.once("error", () => outgoing.destroy())
      incoming.pipe(passed)
    })
    server.on("upgrade", (incoming: IncomingMessage, client, head: Buffer) => {
      const { noUpgrades, cutAfterBytes = Infinity, socketsMax = Infinity } = proxy.spoil
      client.on("error", () => client.destroy())
      if (sockets >= socketsMax) return void client.destroy()
      const headers = headersFor(incoming)
      if (noUpgrades) {
        delete headers.upgrade
        delete headers.connection
      }
      const lines = Object.entries(headers).map(([name, value]) => `${name}: ${String(value)}`)
      const service = connect(Number(to.port), to.hostname, () => {
        service.write([`GET ${incoming.url ?? "/"} HTTP/1.1`, ...lines, "", ""].join("\r\n"))
        service.write(head)
        service.pipe(client)
        client.pipe(service)
      })
      sockets++
      let bytes = 0
      client.on("data", (part: Buffer) => {
        bytes += part.length
        if (bytes > cutAfterBytes) client.destroy()
      })
      service.on("error", () => client.destroy())
      service.once("close", () => client.destroy())
      client.once("close", () => {
        sockets--
        service.destroy()
      })
    })
    server.listen(0, "127.0.0.1")
    await once(server, "listening")
    const proxy: SpoilingProxy = new SpoilingProxy(
      `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      async () => {
        server.closeAllConnections()
        server.close()
        await once(server, "close")
      }
    )
    return proxy
  }
}
