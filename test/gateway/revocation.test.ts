/** Tokens taken back, through the real server over a real store: at the next upgrade, in a session, and after a restart. */
import { once } from "node:events"
import { mkdirSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, afterEach, assert, beforeAll, describe, it } from "vitest"
import { Layer, Redacted } from "effect"
import { decodeJwt } from "jose"
import type { WebSocket } from "ws"
import { layerStore } from "#src/store/keeping.ts"
import {
  closeOf,
  connected,
  nextMessage,
  refused,
  securityOf,
  startServer,
  type TestServer
} from "#test/support/server.ts"
import { signed } from "#test/support/tokens.ts"
import { echoLayers, newSeen } from "./echo-session.ts"

const env = {
  VOICE_SERVICE_SECRET: "admin-6f1c4b0e9d2a7c35e8f4",
  VOICE_SERVICE_TOKEN: "token-6f1c4b0e9d2a7c35e8f4",
  MAX_CONCURRENT_SESSIONS: "3"
}
const folders: Array<string> = []
const newFolder = () => {
  const folder = mkdtempSync(join(tmpdir(), "sawt-revocation-"))
  folders.push(folder)
  return folder
}
const serve = (folder: string): Promise<TestServer> => {
  const storageKey = Redacted.make("0f".repeat(32))
  const store = layerStore({ folder, storageKey, resumeWindowSeconds: 600, retentionDays: 30, production: false })
  return startServer(Layer.mergeAll(echoLayers(newSeen()), store), env)
}
const admin = { authorization: `Bearer ${env.VOICE_SERVICE_SECRET}` }
const revoke = (server: TestServer, what: object) =>
  fetch(`${server.url}/admin/tokens/revoke`, {
    method: "POST",
    headers: { ...admin, "content-type": "application/json" },
    body: JSON.stringify(what)
  })
const revokeId = (server: TestServer, id: string) =>
  fetch(`${server.url}/admin/tokens/${encodeURIComponent(id)}`, { method: "DELETE", headers: admin })
const idOf = (token: string): string => decodeJwt(token).jti ?? ""
const secure = (server: TestServer) => `${server.wsUrl}/ws/secure`
const open = (server: TestServer, token: string): Promise<WebSocket> => connected(secure(server), { token })

const opensAndLeaves = async (server: TestServer, token: string): Promise<void> => {
  const socket = await open(server, token)
  socket.close()
  await closeOf(socket)
}
const refusedAs = async (server: TestServer, token: string) => {
  const { status, body } = await refused(secure(server), { token })
  return [status, body.error.code]
}
const revoked = [401, "unauthorized"]
/** What the client is told, and how its socket closes. */
const endOf = async (socket: WebSocket) => {
  const closing = closeOf(socket)
  const message = await nextMessage(socket)
  const { code, reason } = await closing
  return { error: message["code"], code, reason }
}
const refresh = async (socket: WebSocket, token: string) => {
  socket.send(JSON.stringify({ type: "session.refresh", token }))
  return nextMessage(socket)
}
const lives = async (socket: WebSocket): Promise<void> => {
  socket.send('{"type":"ping"}')
  assert.strictEqual((await nextMessage(socket))["type"], "pong")
}

let server: TestServer
beforeAll(async () => (server = await serve(newFolder())))
afterAll(async () => {
  await server.close()
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})

describe("a token taken back by its id", () => {
  it("is refused from then on, at the socket and at /admission, and counts as revoked", async () => {
    const [token, other] = [await server.token(), await server.token()]
    await opensAndLeaves(server, token)
    const before = await securityOf(server)
    assert.strictEqual((await revokeId(server, idOf(token))).status, 204)
    assert.deepStrictEqual(await refusedAs(server, token), revoked)
    const headers = { authorization: `Bearer ${token}` }
    const admission = await fetch(`${server.url}/admission?path=/ws/secure`, { headers })
    assert.strictEqual(admission.status, 401)
    assert.strictEqual(admission.headers.get("www-authenticate"), 'Bearer realm="sawt", error="invalid_token"')
    const after = await securityOf(server)
    assert.strictEqual(after.authentications_refused["revoked"], (before.authentications_refused["revoked"] ?? 0) + 2)
    assert.strictEqual(after.tokens_revoked, before.tokens_revoked + 1)
    await opensAndLeaves(server, other)
  })

  it("whatever its id looks like", async () => {
    for (const jti of ["a/b", "%2e%2e", "x?y#z", "revoke"]) {
      const token = await signed(env.VOICE_SERVICE_TOKEN, { jti })
      await opensAndLeaves(server, token)
      assert.strictEqual((await revokeId(server, jti)).status, 204)
      assert.deepStrictEqual(await refusedAs(server, token), revoked)
    }
    const token = await signed(env.VOICE_SERVICE_TOKEN, { jti: "in-a-body" })
    assert.strictEqual((await revoke(server, { jti: "in-a-body" })).status, 204)
    assert.deepStrictEqual(await refusedAs(server, token), revoked)
  })

  it("ends its session at once with 4401, no other one, and gives the slot back", async () => {
    const [token, other] = [await server.token(), await server.token()]
    const [socket, bystander] = [await open(server, token), await open(server, other)]
    const before = await securityOf(server)
    const [end] = await Promise.all([endOf(socket), revokeId(server, idOf(token))])
    assert.deepStrictEqual(end, { error: "unauthorized", code: 4401, reason: "unauthorized" })
    await lives(bystander)
    bystander.close()
    await closeOf(bystander)
    const after = await securityOf(server)
    assert.strictEqual(after.slotsOpen, 0)
    const count = (counts: typeof after) => counts.sessions_ended_by_token["unauthorized"] ?? 0
    assert.strictEqual(count(after), count(before) + 1)
  })
})

describe("the tokens of a subject", () => {
  it("are all refused, in sessions and after; a new one is good at once", async () => {
    const [one, two, others] = [
      await server.token(["voice"], "patient-1"),
      await server.token(["healthcare"], "patient-1"),
      await server.token(["voice"], "patient-2")
    ]
    const [socket, bystander] = [await open(server, one), await open(server, others)]
    const [end] = await Promise.all([endOf(socket), revoke(server, { subject: "patient-1" })])
    assert.strictEqual(end.code, 4401)
    assert.deepStrictEqual(await refusedAs(server, one), revoked)
    assert.deepStrictEqual(await refusedAs(server, two), revoked)
    await lives(bystander)
    bystander.terminate()
    await opensAndLeaves(server, others)
    await opensAndLeaves(server, await server.token(["voice"], "patient-1"))
  })
})

describe("a fresh token in a session", () => {
  const fresh = (change: Record<string, unknown>) =>
    signed(env.VOICE_SERVICE_TOKEN, { sub: "patient-5", scope: "voice", jti: "fresh", ...change })

  it.each<[string, string, string, () => Promise<string>]>([
    ["of another subject", "forbidden", "subject", () => server.token(["voice"], "patient-6")],
    ["of no subject", "forbidden", "subject", () => fresh({ sub: undefined })],
    ["with a wider scope", "forbidden", "scope", () => server.token(["voice", "healthcare"], "patient-5")],
    ["whose scope does not allow the endpoint", "forbidden", "scope", () => fresh({ scope: "clinician" })],
    ["that has expired", "token_expired", "expired", () => fresh({ exp: Math.floor(Date.now() / 1_000) - 60 })],
    [
      "that is not valid yet",
      "unauthorized",
      "not_yet_valid",
      () => fresh({ nbf: Math.floor(Date.now() / 1_000) + 60 })
    ],
    ["signed with another secret", "unauthorized", "signature", () => signed("other")],
    ["for another audience", "unauthorized", "audience", () => fresh({ aud: "other" })],
    ["that is no token", "unauthorized", "malformed", () => Promise.resolve("x y\n")],
    [
      "that has been revoked",
      "unauthorized",
      "revoked",
      async () => {
        const token = await server.token(["voice"], "patient-5")
        await revokeId(server, idOf(token))
        return token
      }
    ]
  ])(
    "%s is refused as %s, counts as %s, and the session goes on with the one before",
    async (_, code, reason, make) => {
      const token = await server.token(["voice", "clinician"], "patient-5")
      const socket = await open(server, token)
      const next = await make()
      const before = (await securityOf(server)).authentications_refused[reason] ?? 0
      const answer = await refresh(socket, next)
      assert.deepStrictEqual([answer["type"], answer["code"]], ["error", code])
      assert.strictEqual((await securityOf(server)).authentications_refused[reason], before + 1)
      await lives(socket)
      // It is still the first that counts.
      const [end] = await Promise.all([endOf(socket), revokeId(server, idOf(token))])
      assert.strictEqual(end.code, 4401)
    }
  )

  it("takes the place of the first: that one may be revoked, and the fresh one ends the session", async () => {
    const [first, second] = [
      await server.token(["voice", "healthcare"], "patient-3"),
      await server.token(["voice"], "patient-3")
    ]
    const socket = await open(server, first)
    const answer = await refresh(socket, second)
    assert.deepInclude(answer, { type: "session.refreshed", scope: "voice" })
    await revokeId(server, idOf(first))
    await lives(socket)
    const [end] = await Promise.all([endOf(socket), revokeId(server, idOf(second))])
    assert.strictEqual(end.code, 4401)
  })

  it("may allow as much again as the first did, after one that allowed less", async () => {
    const make = (...scopes: ReadonlyArray<"voice" | "healthcare">) => server.token(scopes, "patient-4")
    const socket = await open(server, await make("voice", "healthcare"))
    assert.deepInclude(await refresh(socket, await make("voice")), { scope: "voice" })
    assert.deepInclude(await refresh(socket, await make("healthcare", "voice")), { scope: "healthcare voice" })
    socket.terminate()
  })
})

describe("a restart", () => {
  it("forgets no revocation, and lets every other token in", async () => {
    const folder = newFolder()
    const first = await serve(folder)
    const tokens = await Promise.all([
      first.token(["voice"], "patient-1"),
      first.token(["voice"], "patient-2"),
      first.token(["voice"], "patient-3")
    ])
    await revokeId(first, idOf(tokens[0]))
    await revoke(first, { subject: "patient-2" })
    await first.close()
    const second = await serve(folder)
    try {
      assert.deepStrictEqual(await refusedAs(second, tokens[0]), revoked)
      assert.deepStrictEqual(await refusedAs(second, tokens[1]), revoked)
      await opensAndLeaves(second, tokens[2])
    } finally {
      await second.close()
    }
  })
})

describe("while what earlier runs revoked cannot be read", () => {
  let blocked: TestServer
  afterEach(() => blocked.close())

  it("a token from before is refused with 503, a new one is accepted, and a revocation is in force", async () => {
    const folder = newFolder()
    mkdirSync(join(folder, "sawt.db"))
    blocked = await serve(folder)
    const before = await signed(env.VOICE_SERVICE_TOKEN, { iat: Math.floor(Date.now() / 1_000) - 60, jti: "before" })
    const { status, body, headers } = await refused(secure(blocked), { token: before })
    assert.deepStrictEqual([status, body.error.code, headers["retry-after"]], [503, "storage_unavailable", "5"])
    assert.strictEqual((await securityOf(blocked)).authentications_refused["unverifiable"], 1)

    const token = await blocked.token()
    const socket = await open(blocked, token)
    assert.strictEqual((await refresh(socket, before))["code"], "storage_unavailable")
    const closed = once(socket, "close")
    const response = await revokeId(blocked, idOf(token))
    assert.strictEqual(response.status, 503)
    assert.match(((await response.json()) as { error: { message: string } }).error.message, /^Revoked, but/)
    assert.strictEqual((await closed)[0], 4401)
    assert.deepStrictEqual(await refusedAs(blocked, token), revoked)
  })
})

describe("taking tokens back", () => {
  const statusOf = async (response: Promise<Response>) => (await response).status

  it.each<[string, object]>([
    ["a body with neither", {}],
    ["a body with both", { jti: "1", subject: "patient-1" }],
    ["a field that it does not know", { jti: "1", all: true }],
    ["what is no id", { jti: "a b" }],
    ["an empty subject", { subject: "" }]
  ])("refuses %s with 400", async (_, body) => {
    const response = await revoke(server, body)
    assert.strictEqual(response.status, 400)
    const { error } = (await response.json()) as { error: { code: string; message: string } }
    assert.strictEqual(error.code, "invalid_message")
  })

  it("never takes a subject in a URL", async () => {
    const init = { method: "DELETE", headers: admin }
    assert.strictEqual(await statusOf(fetch(`${server.url}/admin/tokens?subject=patient-1`, init)), 404)
    assert.strictEqual(
      await statusOf(fetch(`${server.url}/admin/tokens/revoke?subject=patient-1`, { ...init, method: "POST" })),
      400
    )
  })

  it("is the admin's alone", async () => {
    const headers = { authorization: `Bearer ${await server.token(["clinician"])}` }
    assert.strictEqual(await statusOf(fetch(`${server.url}/admin/tokens/x`, { method: "DELETE", headers })), 401)
    assert.strictEqual(await statusOf(fetch(`${server.url}/admin/tokens/revoke`, { method: "POST", headers })), 401)
    assert.strictEqual(await statusOf(fetch(`${server.url}/admin/tokens/revoke`, { method: "POST" })), 401)
  })
})
