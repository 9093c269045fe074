/**
 * Servers for tests, always with a real port and real sockets: `startServer` runs the gateway in this process over the
 * layers given, `spawnServer` runs `src/main.ts` as an operator would.
 */
import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, rmSync } from "node:fs"
import { type AddressInfo, connect as connectTcp, type Socket } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { Context, Effect, Exit, Layer, Logger, Redacted, Result, Scope } from "effect"
import { WebSocket } from "ws"
import type { AuditLine } from "#schemas/audit.ts"
import { Audit } from "#src/audit/audit.ts"
import { AppConfig, loadSettings } from "#src/config.ts"
import { Auth } from "#src/gateway/auth.ts"
import type { Scope as TokenScope } from "#src/gateway/claims.ts"
import { type GatewayOptions, layerGateway } from "#src/gateway/gateway.ts"
import { NodeServer } from "#src/gateway/node-server.ts"
import { Questionnaires } from "#src/questionnaire/questionnaires.ts"
import type { Sessions } from "#src/session/contract.ts"
import { recognitionsLayer } from "#src/session/recognitions.ts"
import type { KeptServices } from "#src/store/keeping.ts"
import type { Stt } from "#src/stt/stt.ts"
import type { Tts } from "#src/tts/tts.ts"
import type { Vad } from "#src/vad/vad.ts"
import { auditLines } from "./audit-log.ts"

export interface TestServer {
  readonly port: number
  readonly url: string
  readonly wsUrl: string
  readonly adminSecret: string
  readonly tokenSecret: string
  /** TCP connections that the server has accepted and not yet seen the end of. */
  readonly connections: () => Promise<number>
  readonly token: (scopes?: ReadonlyArray<TokenScope>, subject?: string) => Promise<string>
  /** What stands on disk now; the writer follows the event. */
  readonly auditLines: () => ReadonlyArray<AuditLine>
  readonly close: () => Promise<void>
}

export const shippedQuestionnaires = fileURLToPath(new URL("../../questionnaires", import.meta.url))

export const startServer = async (
  layers: Layer.Layer<KeptServices | Sessions | Stt | Tts | Vad, unknown, AppConfig>,
  env: Readonly<Record<string, string>> = {},
  options: Partial<GatewayOptions> = {},
  questionnaires = shippedQuestionnaires
): Promise<TestServer> => {
  const folder = mkdtempSync(join(tmpdir(), "sawt-audit-"))
  const settings = Result.getOrThrow(loadSettings({ PORT: "0", RATE_LIMIT_PER_MINUTE: "10000", ...env }))
  const layer = layerGateway({ heartbeatMs: 20_000, closeTimeoutMs: 500, ...options }).pipe(
    Layer.provideMerge(Audit.layer({ folder, retentionDays: settings.retentionDays })),
    Layer.provide(Layer.provideMerge(recognitionsLayer({ idleSeconds: 120, maxMinutes: 60 }), layers)),
    Layer.provide(Questionnaires.layer(questionnaires)),
    Layer.provide(Layer.succeed(AppConfig, settings)),
    Layer.provide(Logger.layer([]))
  )
  const scope = Effect.runSync(Scope.make())
  const context = await Effect.runPromise(Layer.buildWithScope(layer, scope))
  const node = Context.get(context, NodeServer)
  const { port } = node.address() as AddressInfo
  const auth = Context.get(context, Auth)
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    wsUrl: `ws://127.0.0.1:${port}`,
    adminSecret: Redacted.value(settings.adminSecret),
    tokenSecret: Redacted.value(settings.tokenSecret),
    connections: () =>
      new Promise((resolve, reject) =>
        node.getConnections((error, count) => (error === null ? resolve(count) : reject(error)))
      ),
    token: async (scopes = ["voice"], subject = "patient-1") =>
      (await Effect.runPromise(auth.issue({ scopes, ttlSeconds: 3_600, subject }))).token,
    auditLines: () => auditLines(folder),
    close: async () => {
      await Effect.runPromise(Scope.close(scope, Exit.void))
      rmSync(folder, { recursive: true })
    }
  }
}

export interface SpawnedServer {
  readonly child: ChildProcess
  readonly output: () => string
  /** Resolves when `text` has been printed. */
  readonly printed: (text: string) => Promise<void>
  readonly exitCode: Promise<number | null>
}

const main = fileURLToPath(new URL("../../src/main.ts", import.meta.url))

/** The environment is what is given, and what Node itself needs. */
export const spawnServer = (env: Readonly<Record<string, string>>): SpawnedServer => {
  const child = spawn(process.execPath, [main], { env: { PATH: process.env.PATH ?? "", ...env } })
  let output = ""
  const waiting = new Set<() => void>()
  const collect = (bytes: Buffer) => {
    output += bytes.toString()
    for (const check of waiting) check()
  }
  child.stdout.on("data", collect)
  child.stderr.on("data", collect)
  const exitCode = once(child, "close").then(([code]) => code as number | null)
  const printed = (text: string) =>
    new Promise<void>((resolve, reject) => {
      const check = () => {
        if (!output.includes(text)) return
        waiting.delete(check)
        resolve()
      }
      waiting.add(check)
      void exitCode.then(() => reject(new Error(`exited without printing ${text}: ${output}`)))
      check()
    })
  return { child, output: () => output, printed, exitCode }
}

export interface Refused {
  readonly status: number
  readonly headers: Record<string, string | ReadonlyArray<string> | undefined>
  readonly body: { readonly error: { readonly code: string; readonly message: string } }
}

/** An open socket, or how the upgrade was refused. */
export const connect = (
  url: string,
  options: {
    readonly token?: string
    readonly headers?: Record<string, string>
    readonly protocols?: ReadonlyArray<string>
  } = {}
): Promise<WebSocket | Refused> =>
  new Promise((resolve, reject) => {
    const headers = {
      ...(options.token === undefined ? {} : { authorization: `Bearer ${options.token}` }),
      ...options.headers
    }
    const socket = new WebSocket(url, [...(options.protocols ?? ["sawt.v1"])], { headers })
    socket.once("open", () => {
      socket.on("error", () => {})
      resolve(socket)
    })
    socket.once("unexpected-response", (_, response) => {
      let text = ""
      response.setEncoding("utf8")
      response.on("data", (part: string) => (text += part))
      response.on("end", () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: JSON.parse(text) as Refused["body"]
        })
      )
    })
    socket.once("error", reject)
  })

export const connected = async (...args: Parameters<typeof connect>): Promise<WebSocket> => {
  const result = await connect(...args)
  if (result instanceof WebSocket) return result
  throw new Error(`refused with ${result.status} ${JSON.stringify(result.body)}`)
}

export const refused = async (...args: Parameters<typeof connect>): Promise<Refused> => {
  const result = await connect(...args)
  if (!(result instanceof WebSocket)) return result
  result.terminate()
  throw new Error("the upgrade was accepted")
}

export const closeOf = async (socket: WebSocket): Promise<{ readonly code: number; readonly reason: string }> => {
  const [code, reason] = (await once(socket, "close")) as [number, Buffer]
  return { code, reason: reason.toString() }
}

/** The security counts of `/admin/health`. */
export const securityOf = async (server: TestServer) => {
  const headers = { authorization: `Bearer ${server.adminSecret}` }
  const body = (await (await fetch(`${server.url}/admin/health`, { headers })).json()) as {
    readonly slots: { readonly open: number }
    readonly security: {
      readonly authentications_accepted: number
      readonly authentications_refused: Readonly<Record<string, number>>
      readonly sessions_ended_by_token: Readonly<Record<string, number>>
      readonly tokens_issued: number
      readonly tokens_revoked: number
      readonly admin_refused: number
      readonly rate_limit_refusals: number
      readonly session_limit_refusals: number
      readonly malformed_messages: number
      readonly oversize_frames: number
      readonly tracked_addresses: number
    }
  }
  return { ...body.security, slotsOpen: body.slots.open }
}

/** The next text message. */
export const nextMessage = async (socket: WebSocket): Promise<Record<string, unknown>> => {
  for (;;) {
    const [payload, isBinary] = (await once(socket, "message")) as [Buffer, boolean]
    if (!isBinary) return JSON.parse(payload.toString()) as Record<string, unknown>
  }
}

/** A handshake by hand on `/ws`, and the first bytes of its answer. */
export const rawUpgrade = async (
  target: TestServer,
  version = "Sec-WebSocket-Version: 13\r\n"
): Promise<{ readonly socket: Socket; readonly answer: string }> => {
  const socket = connectTcp(target.port, "127.0.0.1")
  socket.on("error", () => {})
  socket.write(
    `GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n${version}` +
      "Sec-WebSocket-Protocol: sawt.v1\r\n" +
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
  )
  const [bytes] = (await once(socket, "data")) as [Buffer]
  return { socket, answer: bytes.toString("latin1") }
}
