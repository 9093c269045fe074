/** A TCP proxy before a server, which can break every connection that goes through it. */
import { once } from "node:events"
import { type AddressInfo, connect, createServer, type Socket } from "node:net"

export interface CuttingProxy {
  readonly url: string
  /** Resets all connections; how many that were. */
  readonly cut: () => number
  readonly close: () => Promise<void>
}

export const cuttingProxy = async (target: string): Promise<CuttingProxy> => {
  const { hostname, port } = new URL(target)
  const sockets = new Set<Socket>()
  const server = createServer((near) => {
    const far = connect(Number(port), hostname)
    for (const [from, to] of [
      [near, far],
      [far, near]
    ] as const) {
      from.on("error", () => {})
      from.once("close", () => {
        sockets.delete(from)
        to.destroy()
      })
      from.pipe(to)
    }
    sockets.add(near)
  }).listen(0, "127.0.0.1")
  await once(server, "listening")
  const { port: ownPort } = server.address() as AddressInfo
  const cut = () => {
    const { size } = sockets
    for (const socket of sockets) socket.resetAndDestroy()
    sockets.clear()
    return size
  }
  const close = async () => {
    cut()
    server.close()
    await once(server, "close")
  }
  return { url: `http://127.0.0.1:${ownPort}`, cut, close }
}
