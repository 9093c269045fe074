/** The clinic's side over a real store and real sessions, whose models hear and say nothing. */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Layer, Redacted } from "effect"
import type { WebSocket } from "ws"
import type { ClientMessage, ServerMessage, ServerMessageOf, SessionStart } from "#schemas/wire.ts"
import { Audit } from "#src/audit/audit.ts"
import type { Scope } from "#src/gateway/claims.ts"
import { Questionnaires } from "#src/questionnaire/questionnaires.ts"
import { sessionsLayer } from "#src/session/sessions.ts"
import { layerStore } from "#src/store/keeping.ts"
import { models } from "#test/gateway/deaf-session.ts"
import { connected, shippedQuestionnaires, startServer, type TestServer } from "#test/support/server.ts"

const secrets = {
  VOICE_SERVICE_SECRET: "admin-6f1c4b0e9d2a7c35e8f4",
  VOICE_SERVICE_TOKEN: "token-6f1c4b0e9d2a7c35e8f4"
}

export interface Clinic extends TestServer {
  readonly dataDir: string
  /** With the admin secret, or a token of these scopes. */
  readonly call: (
    method: string,
    path: string,
    options?: {
      readonly as?: "admin" | "nobody" | ReadonlyArray<Scope>
      readonly body?: unknown
      readonly headers?: Readonly<Record<string, string>>
    }
  ) => Promise<Response>
  /** Ends it, and starts another on the same data. */
  readonly restarted: () => Promise<Clinic>
}

export const openClinic = async (
  env: Readonly<Record<string, string>> = {},
  dataDir = mkdtempSync(join(tmpdir(), "sawt-clinic-")),
  questionnaires = shippedQuestionnaires
): Promise<Clinic> => {
  const store = layerStore({
    folder: dataDir,
    storageKey: Redacted.make("0f".repeat(32)),
    resumeWindowSeconds: 600,
    retentionDays: 30,
    production: false
  })
  const layers = Layer.merge(
    Layer.merge(models, store),
    sessionsLayer({ idleSeconds: 120, maxMinutes: 60 }).pipe(
      Layer.provide(Audit.layer({ folder: dataDir, retentionDays: 30 })),
      Layer.provide(store),
      Layer.provide([Questionnaires.layer(questionnaires), models])
    )
  )
  const server = await startServer(layers, { ...secrets, MAX_CONCURRENT_SESSIONS: "100", ...env }, {}, questionnaires)
  const close = async () => {
    await server.close()
    rmSync(dataDir, { recursive: true, force: true })
  }
  const call: Clinic["call"] = async (method, path, { as = "admin", body, headers = {} } = {}) => {
    const bearer =
      as === "admin" ? server.adminSecret : as === "nobody" ? undefined : await server.token(as, "dr-house")
    return fetch(server.url + path, {
      method,
      headers: {
        ...(bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }),
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...headers
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) })
    })
  }
  const restarted = async () => {
    await server.close()
    return openClinic(env, dataDir, questionnaires)
  }
  return { ...server, dataDir, close, call, restarted }
}

export interface Invited {
  readonly id: string
  readonly token: string
  readonly link: string
  readonly qr_svg: string
  readonly expires_at: string
}

export const invite = async (clinic: Clinic, over: Readonly<Record<string, unknown>> = {}): Promise<Invited> => {
  const body = { questionnaire: "phq-9", subject: "patient-42", language: "en", ...over }
  const response = await clinic.call("POST", "/invitations", { body })
  if (response.status !== 201) throw new Error(`${response.status} ${await response.text()}`)
  const invited = (await response.json()) as Omit<Invited, "token">
  return { ...invited, token: new URL(invited.link).hash.slice(1) }
}

/** A patient's client: all messages in order. */
export class Visitor {
  readonly socket: WebSocket
  readonly messages: Array<ServerMessage> = []
  closed: number | undefined
  readonly #waiting = new Set<() => void>()

  private constructor(socket: WebSocket) {
    this.socket = socket
    socket.on("message", (data: Buffer, isBinary) => {
      if (!isBinary) this.messages.push(JSON.parse(data.toString()) as ServerMessage)
      this.#wake()
    })
    socket.on("close", (code) => {
      this.closed = code
      this.#wake()
    })
  }

  static async open(clinic: Pick<Clinic, "wsUrl">, token: string): Promise<Visitor> {
    // As a browser has to: a token among the subprotocols.
    const protocols = ["sawt.v1", `bearer.${token}`]
    return new Visitor(await connected(`${clinic.wsUrl}/ws/secure/healthcare`, { protocols }))
  }

  send(message: ClientMessage): void {
    this.socket.send(JSON.stringify(message))
  }

  /** The first message of this type, of those that have come and those to come. */
  async next<Type extends ServerMessage["type"]>(
    type: Type,
    which: (message: ServerMessageOf<Type>) => boolean = () => true
  ): Promise<ServerMessageOf<Type>> {
    for (;;) {
      const found = this.messages.find(
        (message): message is ServerMessageOf<Type> => message.type === type && which(message as ServerMessageOf<Type>)
      )
      if (found !== undefined) return found
      if (this.closed !== undefined) throw new Error(`closed before ${type}: ${JSON.stringify(this.messages)}`)
      await new Promise<void>((resolve) => this.#waiting.add(resolve))
    }
  }

  start(start: Omit<SessionStart, "type"> = {}): Promise<ServerMessageOf<"session.ready">> {
    this.send({ type: "session.start", ...start })
    return this.next("session.ready")
  }

  async ended(): Promise<number> {
    while (this.closed === undefined) await new Promise<void>((resolve) => this.#waiting.add(resolve))
    return this.closed
  }

  async drop(): Promise<void> {
    this.socket.terminate()
    await this.ended()
  }

  /** Answers every question by touch with its option of this place, but those of `over`. */
  async answerAll(place: number, over: Readonly<Record<string, number>> = {}): Promise<void> {
    const { version } = await this.next("consent.requested")
    this.send({ type: "consent.give", version })
    for (let index = 1; ; index++) {
      const { link_id, options, total } = await this.next("question.asked", (asked) => asked.index === index)
      const code = options[over[link_id] ?? place]?.code ?? ""
      this.send({ type: "answer.select", link_id, code })
      await this.next("answer.recorded", (recorded) => recorded.link_id === link_id)
      if (index === total) return
    }
  }

  #wake(): void {
    for (const resolve of this.#waiting) resolve()
    this.#waiting.clear()
  }
}
