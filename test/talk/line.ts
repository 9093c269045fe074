/**
 * The page's socket, in the hand of whoever looks at the page: what passes too fast to be looked at is held, and the
 * connection is lost and found when they say so. What is held comes in order once it is released.
 */
import type { Page, WebSocketRoute } from "playwright-core"
import type { ServerMessage } from "#schemas/wire.ts"

const patienceMs = 60_000

type Payload = string | Buffer

export class Line {
  #routes: ReadonlyArray<{ readonly page: WebSocketRoute; readonly server: WebSocketRoute }> = []
  #held: Array<() => void> | undefined
  #isLast: (message: ServerMessage) => boolean = () => false
  #released = Promise.withResolvers<void>()
  #frozen = Promise.withResolvers<void>()

  /** Before the page opens its socket. */
  static async of(page: Page): Promise<Line> {
    const line = new Line()
    line.#released.resolve()
    await page.routeWebSocket(/./, (route) => line.#connect(route))
    return line
  }

  /** No connection opens until `release`. */
  hold(): void {
    this.#released = Promise.withResolvers()
  }

  release(): void {
    this.#released.resolve()
    const held = this.#held ?? []
    this.#held = undefined
    for (const deliver of held) deliver()
  }

  /** The page gets this message and nothing after it, until `release`. */
  async freezeAfter(isLast: (message: ServerMessage) => boolean): Promise<void> {
    this.#frozen = Promise.withResolvers()
    this.#isLast = isLast
    const timer = setTimeout(() => this.#frozen.reject(new Error("what the page waits for did not come")), patienceMs)
    return this.#frozen.promise.finally(() => clearTimeout(timer))
  }

  /** What the service might have said, after which nothing comes. */
  freezeWith(...messages: ReadonlyArray<ServerMessage>): void {
    this.#held ??= []
    for (const message of messages) this.#routes.at(-1)?.page.send(JSON.stringify(message))
  }

  /** As a network that breaks. */
  async cut(): Promise<void> {
    const routes = this.#routes
    this.#routes = []
    for (const { page, server } of routes) {
      await server.close({ code: 4000 }).catch(() => {})
      await page.close({ code: 4000 }).catch(() => {})
    }
  }

  async #connect(route: WebSocketRoute): Promise<void> {
    await this.#released.promise
    const server = route.connectToServer()
    this.#routes = [...this.#routes, { page: route, server }]
    server.onMessage((payload) => this.#deliver(route, payload))
  }

  #deliver(route: WebSocketRoute, payload: Payload): void {
    const message = typeof payload === "string" ? (JSON.parse(payload) as ServerMessage) : undefined
    // A page whose pings are not answered would take the connection for lost.
    if (this.#held !== undefined && message?.type !== "pong")
      return void this.#held.push(() => this.#deliver(route, payload))
    route.send(payload)
    if (message === undefined || !this.#isLast(message)) return
    this.#held = []
    this.#isLast = () => false
    this.#frozen.resolve()
  }
}
