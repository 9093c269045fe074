/** A clinic's own system at the other end of the webhook: it believes only what is signed, and fails twice at each event. */
import { randomBytes } from "node:crypto"
import { once } from "node:events"
import { createServer, type Server } from "node:http"
import type { AddressInfo } from "node:net"
import { type Event, isGenuine } from "../../examples/webhook-receiver.ts"

const failures = 2

export class WebhookReceiver {
  readonly secret = `whsec_${randomBytes(32).toString("base64")}`
  /** How often each event came, by its id. */
  readonly #attempts = new Map<string, number>()
  /** In the order in which they were taken. */
  readonly events: Array<Event> = []
  readonly #server: Server

  private constructor() {
    this.#server = createServer((request, response) => {
      let body = ""
      request.on("data", (part: Buffer) => (body += part.toString()))
      request.on("end", () => {
        if (!isGenuine(request.headers, body, this.secret)) return response.writeHead(401).end()
        const id = String(request.headers["webhook-id"])
        const count = (this.#attempts.get(id) ?? 0) + 1
        this.#attempts.set(id, count)
        if (count === failures + 1) this.events.push(JSON.parse(body) as Event)
        return response.writeHead(count <= failures ? 503 : 204).end()
      })
    })
  }

  static async started(): Promise<WebhookReceiver> {
    const receiver = new WebhookReceiver()
    receiver.#server.listen(0, "127.0.0.1")
    await once(receiver.#server, "listening")
    return receiver
  }

  /** For the server that is to tell it. */
  get settings(): { readonly WEBHOOK_URL: string; readonly WEBHOOK_SECRET: string } {
    const { port } = this.#server.address() as AddressInfo
    return { WEBHOOK_URL: `http://127.0.0.1:${port}/hook`, WEBHOOK_SECRET: this.secret }
  }

  close(): void {
    this.#server.closeAllConnections()
    this.#server.close()
  }
}
