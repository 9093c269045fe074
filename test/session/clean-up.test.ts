/** Sessions that nobody ends: idle, half-open, over-long, left for good. Each ends by itself and leaves its slot (R4.8). */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Layer } from "effect"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import type { AdminSession } from "#schemas/http.ts"
import { Audit } from "#src/audit/audit.ts"
import { Questionnaires } from "#src/questionnaire/questionnaires.ts"
import { sessionsLayer } from "#src/session/sessions.ts"
import { layerStore } from "#src/store/keeping.ts"
import { type Models, startModels } from "#test/crash/in-process.ts"
import { startServer, type TestServer } from "#test/support/server.ts"
import { Client } from "../../scripts/client.ts"

const folder = mkdtempSync(join(tmpdir(), "sawt-clean-up-"))
let models: Models
beforeAll(async () => (models = await startModels()))
afterAll(async () => {
  await models.close()
  rmSync(folder, { recursive: true })
})

let folders = 0
/** The gateway with real sessions, models and store, which are as patient as the test has time. */
const withServer = async (
  patience: { readonly idleSeconds?: number; readonly maxMinutes?: number; readonly resumeWindowSeconds?: number },
  use: (server: TestServer) => Promise<void>
) => {
  const data = join(folder, String(++folders))
  const { idleSeconds = 60, maxMinutes = 60, resumeWindowSeconds = 600 } = patience
  const layers = sessionsLayer({ idleSeconds, maxMinutes }).pipe(
    Layer.provide(Questionnaires.layer(join(import.meta.dirname, "../../questionnaires"))),
    Layer.provide(Audit.layer({ folder: data, retentionDays: 1 })),
    Layer.provideMerge(layerStore({ folder: data, resumeWindowSeconds, retentionDays: 1, production: false })),
    Layer.provideMerge(Layer.succeedContext(models.context))
  )
  const server = await startServer(layers, {}, { heartbeatMs: 400, closeTimeoutMs: 100 })
  try {
    await use(server)
  } finally {
    await server.close()
  }
}

const admin = async (server: TestServer) => {
  const headers = { authorization: `Bearer ${server.adminSecret}` }
  const listed = await fetch(`${server.url}/admin/sessions`, { headers })
  const { sessions } = (await listed.json()) as { readonly sessions: ReadonlyArray<AdminSession> }
  const health = await (await fetch(`${server.url}/health`)).json()
  return { sessions, open: (health as { sessions: { open: number } }).sessions.open }
}
/** Polls, since the end of a socket is seen by the other side a few turns later. */
const until = async (server: TestServer, wanted: (seen: Awaited<ReturnType<typeof admin>>) => boolean) => {
  for (;;) {
    const seen = await admin(server)
    if (wanted(seen)) return seen
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}
const started = async (server: TestServer) => {
  const client = await Client.open({ server: server.url, path: "/ws/secure", token: await server.token() })
  client.send({ type: "session.start" })
  const { session_id } = await client.next("session.ready")
  return { client, id: session_id }
}
const ends = (client: Client) =>
  client.messages.flatMap((message): ReadonlyArray<ReadonlyArray<unknown>> =>
    message.type === "session.ended"
      ? [[message.reason, message.resumable]]
      : message.type === "error"
        ? [[message.code]]
        : message.type === "session.expiring"
          ? [[message.reason, message.in_ms]]
          : []
  )

describe("a session that nobody ends", () => {
  it("is warned and ended when it is idle; its client may come back", () =>
    withServer({ idleSeconds: 0.3 }, async (server) => {
      const { client, id } = await started(server)
      assert.deepStrictEqual(await client.ended(), { code: 4408, reason: "idle_timeout" })
      assert.deepStrictEqual(ends(client), [["idle", 300], ["idle_timeout"], ["idle_timeout", true]])
      const { sessions } = await until(server, ({ open }) => open === 0)
      assert.deepStrictEqual(
        sessions.map((row) => [row.id, row.connected]),
        [[id, false]]
      )
    }))

  it("lives on while its client does anything but ping", () =>
    withServer({ idleSeconds: 1 }, async (server) => {
      const { client } = await started(server)
      const talking = setInterval(() => client.send({ type: "audio.clear" }), 50)
      await new Promise((resolve) => setTimeout(resolve, 1_500))
      assert.isUndefined(client.closed)
      clearInterval(talking)
      assert.strictEqual((await client.ended()).code, 4408)
    }))

  it("is warned and ended when it lasts too long, also in the middle of talk, and for good", () =>
    withServer({ maxMinutes: 0.01 }, async (server) => {
      const { client } = await started(server)
      const talking = setInterval(() => client.send({ type: "ping" }), 50)
      assert.deepStrictEqual(await client.ended(), { code: 4408, reason: "duration_exceeded" })
      clearInterval(talking)
      assert.deepStrictEqual(ends(client), [["duration", 600], ["duration_exceeded"], ["duration_exceeded", false]])
      assert.deepStrictEqual((await until(server, ({ open }) => open === 0)).sessions, [])
    }))

  it("is dropped when its socket is half-open: it answers no ping; whoever does stays", () =>
    withServer({}, async (server) => {
      const healthy = await started(server)
      const deaf = await started(server)
      // It reads nothing any more, and so answers no ping.
      deaf.client.socket.pause()
      const { sessions } = await until(server, ({ sessions }) => sessions.some(({ connected }) => !connected))
      assert.isTrue(sessions.find(({ id }) => id === healthy.id)?.connected)
      assert.deepStrictEqual(
        sessions.filter(({ connected }) => !connected).map(({ id, state }) => [id, state]),
        [[deaf.id, "listening"]]
      )
      assert.isUndefined(healthy.client.closed)
      deaf.client.socket.terminate()
      healthy.client.socket.terminate()
    }))

  it("is given up when nobody takes it up within the window", () =>
    withServer({ resumeWindowSeconds: 1 }, async (server) => {
      const { client, id } = await started(server)
      client.socket.terminate()
      const { sessions } = await until(server, ({ open, sessions }) => open === 0 && sessions.length === 1)
      assert.strictEqual(sessions[0]?.id, id)
      await until(server, ({ sessions }) => sessions.length === 0)
    }))
})
