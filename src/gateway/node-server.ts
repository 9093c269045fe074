/**
 * The one HTTP server of the process. Effect serves its requests; upgrades are ours (decision 005), so its own listener
 * for them is not registered. Slow or broken requests are cut here, before anything else sees them.
 */
import { randomUUID } from "node:crypto"
import type { EventEmitter } from "node:events"
import * as Http from "node:http"
import type { Duplex } from "node:stream"
import { Context, Layer } from "effect"
import { refuse, writeRefusal } from "#src/gateway/refusal.ts"

/** Milliseconds for the headers, for a whole request, and between two on one connection. */
const headersTimeout = 10_000
const requestTimeout = 15_000
const keepAliveTimeout = 5_000

export class NodeServer extends Context.Service<NodeServer, Http.Server>()("sawt/gateway/NodeServer") {
  static readonly layer = Layer.sync(NodeServer, () => {
    const server = new GatewayServer({
      headersTimeout,
      requestTimeout,
      keepAliveTimeout,
      connectionsCheckingInterval: 2_000,
      maxHeaderSize: 16 * 1024,
      // Another protocol (h2c) is offered as an upgrade, never demanded: such a request is answered as it stands.
      shouldUpgradeCallback: (request) => request.headers.upgrade?.toLowerCase() === "websocket"
    })
    server.addListener("clientError", onClientError)
    return server
  })
}

type Listener = Parameters<EventEmitter["on"]>[1]

class GatewayServer extends Http.Server {
  /** Effect registers through `on`, we through `addListener`: two listeners would both answer one upgrade. */
  override on(event: string, listener: Listener): this {
    return event === "upgrade" ? this : super.on(event, listener)
  }
}

const onClientError = (error: Error & { readonly code?: string }, socket: Duplex): void => {
  if (error.code === "ECONNRESET" || !socket.writable) {
    socket.destroy()
    return
  }
  const [status, message] =
    error.code === "ERR_HTTP_REQUEST_TIMEOUT"
      ? [408, "The request took too long."]
      : error.code === "HPE_HEADER_OVERFLOW"
        ? [431, "The headers are too large."]
        : [400, "This is no valid HTTP request."]
  writeRefusal(socket, randomUUID(), refuse("invalid_message", message), status)
}
