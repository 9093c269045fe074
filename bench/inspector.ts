/** A server process seen by its debugger's protocol. The server must have been started with `inspectorEnv`. */
import { once } from "node:events"
import { WebSocket } from "ws"
import type { ServerProcess } from "../scripts/server-process.ts"

/** A free port, told on stderr. */
export const inspectorEnv = { NODE_OPTIONS: "--inspect=127.0.0.1:0" } as const

interface Reply {
  readonly id?: number
  readonly result?: unknown
}

export class Inspector {
  readonly #socket: WebSocket
  #asked = 0

  private constructor(socket: WebSocket) {
    this.#socket = socket
  }

  static async open(server: ServerProcess): Promise<Inspector> {
    const url = /Debugger listening on (ws:\/\/\S+)/.exec(server.log())?.[1]
    if (url === undefined) throw new Error("the server was not started with its inspector")
    const socket = new WebSocket(url, { perMessageDeflate: false, maxPayload: 0 })
    await once(socket, "open")
    return new Inspector(socket)
  }

  ask<A>(method: string, params: object = {}): Promise<A> {
    const id = ++this.#asked
    return new Promise((resolve) => {
      const take = (bytes: Buffer): void => {
        const reply = JSON.parse(bytes.toString("utf8")) as Reply
        if (reply.id !== id) return
        this.#socket.off("message", take)
        resolve(reply.result as A)
      }
      this.#socket.on("message", take)
      this.#socket.send(JSON.stringify({ id, method, params }))
    })
  }

  /** What an expression is in the server. */
  async evaluate(expression: string): Promise<number> {
    const { result } = await this.ask<{ readonly result: { readonly value: number } }>("Runtime.evaluate", {
      expression,
      returnByValue: true
    })
    return result.value
  }

  close(): void {
    this.#socket.terminate()
  }
}

/** Makes the server collect its garbage, so that its size is what it holds and not what it has not yet let go of. */
export const collectGarbage = async (server: ServerProcess): Promise<void> => {
  const inspector = await Inspector.open(server)
  await inspector.ask("HeapProfiler.collectGarbage")
  inspector.close()
}
