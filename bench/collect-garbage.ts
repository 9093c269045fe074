/**
 * Makes a server process collect its garbage, through the debugger's protocol, so that its size is what it holds and not
 * what it has not yet let go of. The server must have been started with `inspectorEnv`.
 */
import { once } from "node:events"
import { WebSocket } from "ws"
import type { ServerProcess } from "../scripts/server-process.ts"

/** A free port, told on stderr. */
export const inspectorEnv = { NODE_OPTIONS: "--inspect=127.0.0.1:0" } as const

export const collectGarbage = async (server: ServerProcess): Promise<void> => {
  const url = /Debugger listening on (ws:\/\/\S+)/.exec(server.log())?.[1]
  if (url === undefined) throw new Error("the server was not started with its inspector")
  const inspector = new WebSocket(url, { perMessageDeflate: false })
  await once(inspector, "open")
  inspector.send(JSON.stringify({ id: 1, method: "HeapProfiler.collectGarbage" }))
  await once(inspector, "message")
  inspector.terminate()
}
