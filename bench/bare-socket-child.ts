/** The memory bench's baseline: a WebSocket server of the same library that only accepts. Says its port, then serves. */
import type { AddressInfo } from "node:net"
import { WebSocketServer } from "ws"
import { subprotocol } from "#schemas/wire.ts"

const server = new WebSocketServer({
  port: 0,
  host: "127.0.0.1",
  perMessageDeflate: false,
  handleProtocols: () => subprotocol
})
server.on("listening", () => process.send?.((server.address() as AddressInfo).port))
process.once("disconnect", () => process.exit(0))
