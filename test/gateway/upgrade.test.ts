import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { WebSocket } from "ws"
import {
  closeOf,
  connect,
  connected,
  nextMessage,
  rawUpgrade,
  refused,
  startServer,
  type TestServer
} from "#test/support/server.ts"
import { signed } from "#test/support/tokens.ts"
import { echoLayers, newSeen } from "./echo-session.ts"

const seen = newSeen()
let server: TestServer
const previousSecret = "the-former-signing-secret-of-32-bytes!"

beforeAll(async () => {
  server = await startServer(echoLayers(seen), {
    VOICE_SERVICE_TOKEN_PREVIOUS: previousSecret,
    ALLOWED_ORIGINS: "https://clinic.example"
  })
})
afterAll(() => server.close())

const forged = (change: Record<string, unknown> = {}, secret = server.tokenSecret) => signed(secret, change)

describe("paths and endpoints", () => {
  it.each([
    ["/ws", "basic"],
    ["/", "basic"],
    ["/ws/secure", "secure"],
    ["/secure", "secure"],
    ["/ws/secure/healthcare", "healthcare"],
    ["/secure/healthcare", "healthcare"]
  ])("%s opens a %s session, with the subject of its token", async (path, endpoint) => {
    const token = endpoint === "basic" ? {} : { token: await server.token(["healthcare"], "patient-9") }
    const socket = await connected(server.wsUrl + path, token)
    assert.strictEqual(socket.protocol, "sawt.v1")
    const admission = seen.admissions.at(-1)
    assert.strictEqual(admission?.endpoint, endpoint)
    assert.strictEqual(admission?.subject, endpoint === "basic" ? undefined : "patient-9")
    assert.match(admission?.traceId ?? "", /^[0-9a-f]{32}$/)
    socket.close()
    await closeOf(socket)
  })

  it("an unknown path is 404 before the upgrade", async () => {
    const { status, body, headers } = await refused(`${server.wsUrl}/elsewhere`)
    assert.strictEqual(status, 404)
    assert.strictEqual(body.error.code, "not_found")
    assert.isString(headers["x-request-id"])
  })

  it("an unknown subprotocol is 400 and told the right one; none at all means sawt.v1", async () => {
    const { status, body } = await refused(`${server.wsUrl}/ws`, { protocols: ["graphql-ws"] })
    assert.strictEqual(status, 400)
    assert.include(body.error.message, "sawt.v1")
    const socket = await connected(`${server.wsUrl}/ws`, { protocols: [] })
    socket.send('{"type":"ping"}')
    assert.strictEqual((await nextMessage(socket)).type, "pong")
    socket.terminate()
  })

  it("a handshake of another WebSocket version gets a typed 400", async () => {
    const { answer } = await rawUpgrade(server, "Sec-WebSocket-Version: 99\r\n")
    assert.match(answer, /^HTTP\/1\.1 400 /)
    assert.match(answer, /"code":"invalid_message"/)
  })

  it("BASIC_SOCKET=off closes the basic socket and leaves the secure one", async () => {
    const closed = await startServer(echoLayers(newSeen()), { BASIC_SOCKET: "off" })
    try {
      assert.strictEqual((await refused(`${closed.wsUrl}/ws`)).status, 404)
      ;(await connected(`${closed.wsUrl}/ws/secure`, { token: await closed.token() })).terminate()
    } finally {
      await closed.close()
    }
  })
})

describe("tokens", () => {
  it("a missing token is 401 with WWW-Authenticate", async () => {
    const { status, headers, body } = await refused(`${server.wsUrl}/ws/secure`)
    assert.strictEqual(status, 401)
    assert.match(String(headers["www-authenticate"]), /^Bearer/)
    assert.strictEqual(body.error.code, "unauthorized")
  })

  it("a browser's token comes as subprotocol, and only sawt.v1 is selected", async () => {
    const token = await server.token()
    const socket = await connected(`${server.wsUrl}/ws/secure`, { protocols: [`bearer.${token}`, "sawt.v1"] })
    assert.strictEqual(socket.protocol, "sawt.v1")
    socket.terminate()
  })

  it.each(["token", "access_token"])("a token in the query (%s) is refused, also beside a valid one", async (name) => {
    const token = await server.token()
    const { status } = await refused(`${server.wsUrl}/ws/secure?${name}=${token}`, { token })
    assert.strictEqual(status, 401)
  })

  it("a token signed with the former secret is accepted", async () => {
    ;(await connected(`${server.wsUrl}/ws/secure`, { token: await forged({}, previousSecret) })).terminate()
  })

  it("the clock may be off by five seconds, not by ten", async () => {
    const now = Math.floor(Date.now() / 1_000)
    ;(await connected(`${server.wsUrl}/ws/secure`, { token: await forged({ exp: now - 3 }) })).terminate()
    const { status } = await refused(`${server.wsUrl}/ws/secure`, { token: await forged({ exp: now - 10 }) })
    assert.strictEqual(status, 401)
  })

  it.each([
    ["/ws/secure/healthcare", "voice"],
    ["/ws/secure", "clinician"],
    ["/ws/secure", "unknown"],
    ["/ws/secure/healthcare", ""]
  ])("%s with scope %j is 403 insufficient_scope", async (path, scope) => {
    const { status, body, headers } = await refused(server.wsUrl + path, { token: await forged({ scope }) })
    assert.strictEqual(status, 403)
    assert.strictEqual(body.error.code, "forbidden")
    assert.match(String(headers["www-authenticate"]), /error="insufficient_scope"/)
  })
})

describe("origins", () => {
  it("its own origin and a named one may connect, another may not", async () => {
    for (const origin of [`http://127.0.0.1:${server.port}`, "https://clinic.example"]) {
      ;(await connected(`${server.wsUrl}/ws`, { headers: { origin } })).terminate()
    }
    for (const origin of ["https://evil.example", "null", "https://clinic.example.evil.example"]) {
      const { status, body } = await refused(`${server.wsUrl}/ws`, { headers: { origin } })
      assert.strictEqual(status, 403, origin)
      assert.strictEqual(body.error.code, "forbidden")
    }
  })

  it("CORS lets a named origin read an answer, and no other", async () => {
    const headerFor = async (origin: string) =>
      (await fetch(`${server.url}/health`, { headers: { origin } })).headers.get("access-control-allow-origin")
    assert.strictEqual(await headerFor("https://clinic.example"), "https://clinic.example")
    assert.isNull(await headerFor("https://evil.example"))
  })
})

describe("/admission", () => {
  it("answers what the upgrade would, and takes no slot", async () => {
    const ask = async (path: string, headers: Record<string, string> = {}) =>
      (await fetch(`${server.url}/admission?path=${path}`, { headers })).status
    assert.strictEqual(await ask("/ws"), 200)
    assert.strictEqual(await ask("/nothing"), 404)
    assert.strictEqual(await ask("/ws/secure"), 401)
    const voice = { authorization: `Bearer ${await server.token(["voice"])}` }
    assert.strictEqual(await ask("/ws/secure", voice), 200)
    assert.strictEqual(await ask("/ws/secure/healthcare", voice), 403)
  })
})

describe("slots", () => {
  const withServer = async (env: Record<string, string>, run: (small: TestServer) => Promise<void>) => {
    const small = await startServer(echoLayers(newSeen()), env)
    try {
      await run(small)
    } finally {
      await small.close()
    }
  }
  const isSocket = (result: unknown): result is WebSocket => result instanceof WebSocket

  it("an address holds two basic sessions, whose share of the slots is bounded", () =>
    withServer({ TRUSTED_PROXY_HOPS: "1", BASIC_SESSIONS_MAX: "3" }, async (small) => {
      const from = (address: string) => connect(`${small.wsUrl}/ws`, { headers: { "x-forwarded-for": address } })
      const results = [await from("192.0.2.1"), await from("192.0.2.1"), await from("192.0.2.1")]
      assert.deepStrictEqual(results.map(isSocket), [true, true, false])
      assert.strictEqual(
        (await refused(`${small.wsUrl}/ws`, { headers: { "x-forwarded-for": "192.0.2.1" } })).status,
        429
      )
      assert.isTrue(isSocket(await from("192.0.2.2")))
      const over = await refused(`${small.wsUrl}/ws`, { headers: { "x-forwarded-for": "192.0.2.3" } })
      assert.strictEqual(over.body.error.code, "sessions_full")
    }))

  it("a whole IPv6 /64 holds two basic sessions", () =>
    withServer({ TRUSTED_PROXY_HOPS: "1" }, async (small) => {
      const from = (address: string) => connect(`${small.wsUrl}/ws`, { headers: { "x-forwarded-for": address } })
      const results = [await from("2001:db8::1"), await from("2001:db8::2"), await from("2001:db8::3")]
      assert.deepStrictEqual(results.map(isSocket), [true, true, false])
      assert.isTrue(isSocket(await from("2001:db8:0:1::1")))
    }))

  it("a basic session gives way to a secure one when every slot is taken; a secure one does not", () =>
    withServer({ MAX_CONCURRENT_SESSIONS: "2" }, async (small) => {
      const basic = await connected(`${small.wsUrl}/ws`)
      const token = await small.token()
      await connected(`${small.wsUrl}/ws/secure`, { token })
      const [told, closed] = [nextMessage(basic), closeOf(basic)]
      await connected(`${small.wsUrl}/ws/secure`, { token })
      assert.strictEqual((await told).code, "sessions_full")
      assert.strictEqual((await closed).code, 1013)
      assert.strictEqual((await refused(`${small.wsUrl}/ws/secure`, { token })).status, 503)
    }))

  it("a refused handshake takes no slot", () =>
    withServer({ MAX_CONCURRENT_SESSIONS: "1" }, async (small) => {
      await rawUpgrade(small, "Sec-WebSocket-Version: 99\r\n")
      await settled(small, 0)
      ;(await connected(`${small.wsUrl}/ws`)).terminate()
    }))
})

/** Resolves when the server counts `open` slots: a socket's end reaches it a moment after the client has seen it. */
const settled = async (small: TestServer, open: number): Promise<void> => {
  for (;;) {
    const body = (await (await fetch(`${small.url}/health`)).json()) as { sessions: { open: number } }
    if (body.sessions.open === open) return
  }
}
