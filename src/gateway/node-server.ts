/**
 * The one HTTP server of the process. Effect serves its requests; upgrades are ours (decision 005), so its own listener
 * for them is not registered. Slow, endless or broken requests are cut here, before anything else sees them; what Node
 * would answer with an empty body is answered in the words of all others.
 */
import { randomUUID } from "node:crypto"
import type { EventEmitter } from "node:events"
import * as Http from "node:http"
import type { Duplex } from "node:stream"
import { Context, Layer } from "effect"
import { refuse, type Refusal, writeRefusal } from "#src/gateway/refusal.ts"
import { limits } from "#src/limits.ts"

/** What one connection may take of the server's time and memory. */
export interface ServerBounds {
  readonly headersTimeoutMs: number
  readonly requestTimeoutMs: number
  readonly keepAliveMs: number
  /** A socket on which nothing moves, in neither direction, and which is no WebSocket. */
  readonly socketIdleMs: number
  readonly checkEveryMs: number
  readonly headerBytesMax: number
  readonly connectionsMax: number
}

export class NodeServer extends Context.Service<NodeServer, Http.Server>()("sawt/gateway/NodeServer") {
  static readonly layer = (bounds: ServerBounds = limits.http) =>
    Layer.sync(NodeServer, () => {
      const server = new GatewayServer({
        headersTimeout: bounds.headersTimeoutMs,
        requestTimeout: bounds.requestTimeoutMs,
        keepAliveTimeout: bounds.keepAliveMs,
        connectionsCheckingInterval: bounds.checkEveryMs,
        maxHeaderSize: bounds.headerBytesMax,
        // A missing Host is refused by `ambiguity`, in words.
        requireHostHeader: false,
        // Another protocol (h2c) is offered as an upgrade, never demanded: such a request is answered as it stands.
        shouldUpgradeCallback: isWebSocket
      })
      server.timeout = bounds.socketIdleMs
      server.maxConnections = bounds.connectionsMax
      /** The last request of each connection. */
      const requests = new WeakMap<Duplex, readonly [Http.IncomingMessage, Http.ServerResponse]>()
      server.addListener("request", (request: Http.IncomingMessage, response: Http.ServerResponse) => {
        requests.set(request.socket, [request, response])
      })
      server.addListener("clientError", (error: ParserError, socket: Duplex) => {
        const [request, response] = requests.get(socket) ?? []
        // It has its answer, and only its body was still to come: a second answer would be taken for the next one's.
        const isAnswered = request?.complete === false && response?.headersSent === true
        if (isAnswered || error.code === "ECONNRESET" || !socket.writable) socket.destroy()
        else answerParserError(error, socket)
      })
      server.addListener("connect", (_: Http.IncomingMessage, socket: Duplex) => {
        writeRefusal(socket, randomUUID(), refuse("method_not_allowed", "This is no proxy.", { allow: "GET, HEAD" }))
      })
      server.addListener("checkExpectation", ({ socket }: Http.IncomingMessage) => {
        writeRefusal(socket, randomUUID(), refuse("invalid_message", "Only 100-continue may be expected."), 417)
      })
      return server
    })
}

const isWebSocket = ({ headers }: Http.IncomingMessage): boolean => headers.upgrade?.toLowerCase() === "websocket"

type Listener = Parameters<EventEmitter["on"]>[1]

class GatewayServer extends Http.Server {
  /** Effect registers through `on`, we through `addListener`: two listeners would both answer one upgrade. */
  override on(event: string, listener: Listener): this {
    return event === "upgrade" ? this : super.on(event, listener)
  }
}

type ParserError = Error & { readonly code?: string }

const answerParserError = (error: ParserError, socket: Duplex): void => {
  const [status, message] =
    error.code === "ERR_HTTP_REQUEST_TIMEOUT"
      ? [408, "The request took too long."]
      : error.code === "HPE_HEADER_OVERFLOW"
        ? [431, "The headers are too large."]
        : [400, "This is no valid HTTP request."]
  writeRefusal(socket, randomUUID(), refuse("invalid_message", message), status)
}

/**
 * Why a request could be understood differently by a proxy in front of us, which is how one request is hidden in another
 * (RFC 9112, 3.2 and 6.1). Node refuses most of these itself, but not all.
 */
export const ambiguity = (request: Http.IncomingMessage): Refusal | undefined => {
  const { rawHeaders, headers, httpVersion } = request
  const problem = (message: string) => refuse("invalid_message", message, { connection: "close" })
  if (request.httpVersionMajor < 1) return problem("HTTP/0.9 is not spoken here.")
  const hosts = rawHeaders.filter((name, at) => at % 2 === 0 && name.toLowerCase() === "host").length
  if (hosts > 1 || (hosts === 0 && httpVersion === "1.1")) return problem("A request names exactly one Host.")
  const encoding = headers["transfer-encoding"]
  if (encoding !== undefined && (encoding.toLowerCase() !== "chunked" || httpVersion !== "1.1")) {
    return problem("The only Transfer-Encoding is chunked.")
  }
  const hasBody = encoding !== undefined || Number(headers["content-length"] ?? 0) > 0
  if (isWebSocket(request) && hasBody) {
    return problem("A request for an upgrade has no body.")
  }
  return undefined
}
