/**
 * A running service as its operator reaches it: HTTP requests and upgrades, with the admin secret where it is asked for.
 * What is refused for its rate is asked again when the service says so, since the checklist is many requests of one address.
 */
import { randomBytes } from "node:crypto"
import { request as requestHttp } from "node:http"
import { request as requestTls } from "node:https"
import { setTimeout as sleep } from "node:timers/promises"
import { closeCodes, type ErrorCode } from "#schemas/errors.ts"
import type { ServerMessage } from "#schemas/wire.ts"
import { Client, type ClientOptions } from "../client.ts"

export interface Target {
  /** http(s)://host[:port], without a path. */
  readonly url: string
  readonly secret: string
  /** With it a token that has expired is signed; without it, one is waited for. */
  readonly tokenSecret?: string
  /** A page of this origin is meant to be let in. */
  readonly origin?: string
  /** Waits for nothing longer than ten seconds. */
  readonly quick: boolean
}

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
}

export interface Asked {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  /** A 429 is an answer like any other. */
  readonly evenIfLimited?: boolean
}

const answerMsMax = 15_000
const waitSecondsMax = 20
const attemptsMax = 6

/** Of JSON that may be anything; undefined where there is none. */
export const fieldOf = (text: string, ...path: ReadonlyArray<string>): unknown => {
  try {
    let value: unknown = JSON.parse(text)
    for (const name of path) value = (value as Record<string, unknown> | null | undefined)?.[name]
    return value
  } catch {
    return undefined
  }
}

export const codeOf = ({ text }: Answer): ErrorCode | undefined => fieldOf(text, "error", "code") as ErrorCode

export class Deployment {
  readonly target: Target

  constructor(target: Target) {
    this.target = target
  }

  get admin(): Readonly<Record<string, string>> {
    return { authorization: `Bearer ${this.target.secret}` }
  }

  request(path: string, asked: Asked = {}): Promise<Answer> {
    const { method = "GET", headers = {}, body } = asked
    return patiently(asked, async () => {
      const response = await fetch(new URL(path, this.target.url), {
        method,
        headers: { accept: "application/json", ...headers },
        ...(body === undefined ? {} : { body }),
        redirect: "manual",
        signal: AbortSignal.timeout(answerMsMax)
      })
      return { status: response.status, headers: response.headers, text: await response.text() }
    })
  }

  /** A WebSocket handshake, given up as soon as it is answered: 101 where the socket would be open. */
  upgrade(path: string, asked: Asked = {}): Promise<Answer> {
    const url = new URL(path, this.target.url)
    const headers = {
      connection: "Upgrade",
      upgrade: "websocket",
      "sec-websocket-version": "13",
      "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
      "sec-websocket-protocol": "sawt.v1",
      ...asked.headers
    }
    return patiently(
      asked,
      () =>
        new Promise<Answer>((resolve, reject) => {
          const request = (url.protocol === "https:" ? requestTls : requestHttp)(url, { headers, agent: false })
          request.setTimeout(answerMsMax, () => request.destroy(new Error(`${path} did not answer in time`)))
          request.once("error", reject)
          request.once("upgrade", (response, socket) => {
            socket.on("error", () => {})
            socket.destroy()
            resolve({ status: 101, headers: headersOf(response.headers), text: "" })
          })
          request.once("response", (response) => {
            let text = ""
            response.setEncoding("utf8")
            response.on("data", (part: string) => (text += part))
            response.once("end", () =>
              resolve({ status: response.statusCode ?? 0, headers: headersOf(response.headers), text })
            )
          })
          request.end()
        })
    )
  }

  /** For a subject of its own each time, so that no subject's rate is met. */
  async token(scope: string): Promise<string> {
    const answer = await this.request("/auth/token", {
      method: "POST",
      headers: { ...this.admin, "content-type": "application/json" },
      body: JSON.stringify({ scope, subject: `verify-deployment-${randomBytes(8).toString("hex")}` })
    })
    const token = fieldOf(answer.text, "token")
    if (typeof token !== "string") throw new Error(`no token: the service answered ${answer.status} ${answer.text}`)
    return token
  }

  /** A session on a secure socket, for as long as `use` takes; then it is ended. */
  async session<A>(
    scope: string,
    start: { readonly questionnaire?: string },
    use: (client: Client, first: ServerMessage) => Promise<A>,
    onAudio?: NonNullable<ClientOptions["onAudio"]>
  ): Promise<A> {
    const path = scope.includes("healthcare") ? "/ws/secure/healthcare" : "/ws/secure"
    const token = await this.token(scope)
    const audio = onAudio === undefined ? {} : { onAudio }
    const client = await Client.open({ server: this.target.url, path, token, ...audio })
    try {
      client.send({ type: "session.start", mode: "file", ...start })
      const result = await use(client, await client.next("session.ready"))
      await client.end()
      const { code } = await client.ended()
      if (code !== closeCodes.ended) throw new Error(`the session was cut off (closed with ${code})`)
      return result
    } finally {
      client.socket.terminate()
    }
  }

  async openSessions(): Promise<{ readonly open: number; readonly max: number }> {
    const { text } = await this.request("/health")
    return { open: Number(fieldOf(text, "sessions", "open")), max: Number(fieldOf(text, "sessions", "max")) }
  }
}

const headersOf = (headers: NodeJS.Dict<string | Array<string>>): Headers =>
  new Headers(Object.entries(headers).map(([name, value]): [string, string] => [name, String(value)]))

const patiently = async ({ evenIfLimited = false }: Asked, ask: () => Promise<Answer>): Promise<Answer> => {
  for (let attempt = 1; ; attempt++) {
    const answer = await ask()
    if (answer.status !== 429 || evenIfLimited || attempt === attemptsMax) return answer
    await sleep(1_000 * Math.min(waitSecondsMax, Number(answer.headers.get("retry-after") ?? 1)))
  }
}

/** Whether a service, perhaps one that is just starting, says that nothing is lacking. */
export const isWhole = async (url: string): Promise<boolean> => {
  const answer = await fetch(new URL("/health", url)).catch(() => undefined)
  return answer !== undefined && fieldOf(await answer.text(), "status") === "healthy"
}

/** Asks again and again, for so long. */
export const eventually = async (holds: () => Promise<boolean>, forMs = 10_000): Promise<boolean> => {
  for (const started = performance.now(); performance.now() - started < forMs; await sleep(100)) {
    if (await holds()) return true
  }
  return false
}
