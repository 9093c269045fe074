/** What the gateway writes into the audit log, through the real server. */
import { assert, describe, it } from "vitest"
import { decodeJwt } from "jose"
import type { AuditEventName, AuditLine } from "#schemas/audit.ts"
import { connected, refused, startServer, type TestServer } from "#test/support/server.ts"
import { echoLayers, newSeen } from "./echo-session.ts"

type Of<Event extends AuditEventName> = Extract<AuditLine, { event: Event }>

/** The first line of this event; the writer follows the answer. */
const lineOf = async <Event extends AuditEventName>(server: TestServer, event: Event): Promise<Of<Event>> => {
  for (;;) {
    const line = server.auditLines().find((line): line is Of<Event> => line.event === event)
    if (line !== undefined) return line
    await new Promise((resolve) => setImmediate(resolve))
  }
}
const withServer = async (env: Record<string, string>, use: (server: TestServer) => Promise<void>) => {
  const server = await startServer(echoLayers(newSeen()), env)
  try {
    await use(server)
  } finally {
    await server.close()
  }
}
const admin = (server: TestServer) => ({ authorization: `Bearer ${server.adminSecret}` })
const json = { "content-type": "application/json" }

describe("the audit log of the gateway", () => {
  it("tells which token was issued, to whom by hash, and nothing of the token or the subject", () =>
    withServer({}, async (server) => {
      const body = JSON.stringify({ subject: "Patient/canary", scope: "voice healthcare" })
      const init = { method: "POST", body, headers: { ...json, ...admin(server) } }
      const { token } = (await (await fetch(`${server.url}/auth/token`, init)).json()) as { token: string }
      const { jti = "", exp = 0 } = decodeJwt(token)
      const line = await lineOf(server, "token.issued")
      assert.deepInclude(line, {
        by: "admin",
        token_id: jti,
        scope: "voice healthcare",
        expires_at: new Date(exp * 1_000).toISOString(),
        client_address: "127.0.0.1"
      })
      assert.match(line.subject_hash ?? "", /^[0-9a-f]{16}$/)
      const text = JSON.stringify(server.auditLines())
      for (const secret of ["canary", token.split(".")[2] ?? "", server.adminSecret]) assert.notInclude(text, secret)
    }))

  it("tells a refused token with its reason, and a refused admin", () =>
    withServer({}, async (server) => {
      await refused(`${server.wsUrl}/ws/secure`, { token: "a.b.c" })
      assert.deepInclude(await lineOf(server, "token.refused"), { reason: "malformed", endpoint: "secure" })
      await refused(`${server.wsUrl}/ws/secure/healthcare`, { token: await server.token(["voice"], "Patient/canary") })
      await fetch(`${server.url}/admin/health`, { headers: { authorization: "Bearer wrong" } })
      await lineOf(server, "admin.refused")
      const [, scope] = server.auditLines().filter(({ event }) => event === "token.refused")
      assert.deepInclude(scope, { reason: "scope", endpoint: "healthcare" })
      assert.property(scope, "subject_hash")
    }))

  it("tells which tokens were taken back: one by its id, a subject by its hash", () =>
    withServer({}, async (server) => {
      const token = await server.token(["voice"], "Patient/canary")
      const id = decodeJwt(token).jti ?? ""
      await fetch(`${server.url}/admin/tokens/${id}`, { method: "DELETE", headers: admin(server) })
      assert.deepInclude(await lineOf(server, "token.revoked"), { by: "admin", token_id: id })
      const init = { method: "POST", headers: { ...json, ...admin(server) } }
      const body = JSON.stringify({ subject: "Patient/canary" })
      await fetch(`${server.url}/admin/tokens/revoke`, { ...init, body })
      await refused(`${server.wsUrl}/ws/secure`, { token })
      assert.deepInclude(await lineOf(server, "token.refused"), { reason: "revoked" })
      const [, line] = server.auditLines().filter(({ event }) => event === "token.revoked")
      assert.notProperty(line, "token_id")
      assert.property(line, "subject_hash")
      assert.notInclude(JSON.stringify(server.auditLines()), "canary")
    }))

  it("tells a fresh token that a session refused", () =>
    withServer({}, async (server) => {
      const token = await server.token(["voice"], "Patient/canary")
      const socket = await connected(`${server.wsUrl}/ws/secure`, { token })
      const other = await server.token(["voice"], "Patient/another")
      socket.send(JSON.stringify({ type: "session.refresh", token: other }))
      const line = await lineOf(server, "token.refused")
      assert.deepInclude(line, { reason: "subject", endpoint: "secure", client_address: "127.0.0.1" })
      assert.property(line, "subject_hash")
      socket.terminate()
    }))

  it("tells when a limit was met: the rate of an address or of a subject, the slots", () =>
    withServer({ RATE_LIMIT_PER_MINUTE: "3", MAX_CONCURRENT_SESSIONS: "1" }, async (server) => {
      const token = await server.token(["voice"], "Patient/canary")
      const open = await connected(`${server.wsUrl}/ws/secure`, { token })
      for (let n = 0; n < 3; n++) await refused(`${server.wsUrl}/ws/secure`, { token })
      for (let n = 0; n < 4; n++) await fetch(`${server.url}/`)
      const limits = () => server.auditLines().flatMap((line) => (line.event === "limit.refused" ? [line.limit] : []))
      while (limits().length < 4) await new Promise((resolve) => setImmediate(resolve))
      assert.deepStrictEqual(limits(), ["sessions", "sessions", "rate_of_subject", "rate_of_address"])
      open.terminate()
    }))

  it("tells what an administrator did", () =>
    withServer({}, async (server) => {
      const socket = await connected(`${server.wsUrl}/ws`)
      const listed = await fetch(`${server.url}/admin/sessions`, { headers: admin(server) })
      const { sessions } = (await listed.json()) as { sessions: ReadonlyArray<{ id: string }> }
      const id = sessions[0]?.id ?? ""
      await fetch(`${server.url}/admin/sessions/${id}`, { method: "DELETE", headers: admin(server) })
      assert.deepInclude(await lineOf(server, "admin.acted"), { by: "admin", action: "session.end", target: id })
      socket.terminate()
    }))
})
