import { connect as connectTcp } from "node:net"
import { once } from "node:events"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { decodeJwt } from "jose"
import { startServer, type TestServer } from "#test/support/server.ts"
import { echoLayers, newSeen } from "./echo-session.ts"

interface ErrorBody {
  readonly error: { readonly code: string; readonly message: string }
}
const seen = newSeen()
let server: TestServer
const admin = () => ({ authorization: `Bearer ${server.adminSecret}` })
const get = (path: string, init: RequestInit = {}) => fetch(server.url + path, { redirect: "manual", ...init })
const post = (path: string, body: string, headers: Record<string, string> = {}) =>
  get(path, { method: "POST", body, headers: { "content-type": "application/json", ...headers } })
const errorOf = async (response: Response) => ((await response.json()) as ErrorBody).error

beforeAll(async () => {
  server = await startServer(echoLayers(seen))
})
afterAll(() => server.close())

describe("what the service says of itself", () => {
  it("GET / tells name, version, environment, uptime, endpoints and protocols", async () => {
    const response = await get("/", { headers: { accept: "*/*" } })
    assert.strictEqual(response.status, 200)
    assert.match(response.headers.get("content-type") ?? "", /^application\/json/)
    const body = (await response.json()) as Record<string, unknown>
    assert.hasAllKeys(body, ["name", "version", "environment", "uptime_seconds", "endpoints", "protocols"])
    assert.deepStrictEqual(body.protocols, ["sawt.v1"])
  })

  it("/health is healthy, degraded or unhealthy by what the models can do, and shows no path", async () => {
    const statusWhen = async (models: typeof seen.models) => {
      seen.models = models
      const response = await get("/health")
      return [response.status, ((await response.json()) as { status: string }).status]
    }
    assert.deepStrictEqual(await statusWhen({ stt: "ready", vad: "ready", tts: "ready" }), [200, "healthy"])
    assert.deepStrictEqual(await statusWhen({ stt: "ready", vad: "ready", tts: "failed" }), [200, "degraded"])
    assert.deepStrictEqual(await statusWhen({ stt: "failed", vad: "ready", tts: "ready" }), [200, "degraded"])
    assert.deepStrictEqual(await statusWhen({ stt: "loading", vad: "ready", tts: "loading" }), [503, "unhealthy"])
    seen.storage = { status: "failed", reason: "full", message: "The disk is full." }
    assert.deepStrictEqual(await statusWhen(newSeen().models), [200, "degraded"])
    const { storage } = (await (await get("/health")).json()) as { storage: object }
    assert.deepInclude(storage, { status: "failed", cause: "full", reason: "The disk is full." })
    seen.storage = newSeen().storage
    const text = await (await get("/health")).text()
    assert.notInclude(text, "/")
    assert.notInclude(text, "127.0.0.1")
  })

  it("/readyz is 503 until recognition and detection are ready, and stays ready while one recovers", async () => {
    const fresh = newSeen()
    fresh.models = { stt: "loading", vad: "ready", tts: "ready" }
    const loading = await startServer(echoLayers(fresh))
    try {
      const readiness = async () => (await fetch(`${loading.url}/readyz`)).status
      assert.strictEqual(await readiness(), 503)
      assert.strictEqual((await fetch(`${loading.url}/livez`)).status, 200)
      fresh.models.stt = "ready"
      assert.strictEqual(await readiness(), 200)
      fresh.models.stt = "recovering"
      assert.strictEqual(await readiness(), 200)
    } finally {
      await loading.close()
    }
  })
})

describe("typed refusals", () => {
  it("an unknown path is 404 not_found, with a request id of its own", async () => {
    const [first, second] = [await get("/nothing"), await get("/nothing")]
    assert.strictEqual(first.status, 404)
    assert.strictEqual((await errorOf(first)).code, "not_found")
    assert.isNotEmpty(first.headers.get("x-request-id"))
    assert.notStrictEqual(first.headers.get("x-request-id"), second.headers.get("x-request-id"))
  })

  it("a wrong method is 405 with what is allowed", async () => {
    const response = await post("/health", "{}")
    assert.strictEqual(response.status, 405)
    assert.strictEqual(response.headers.get("allow"), "GET, HEAD")
    assert.strictEqual((await errorOf(response)).code, "method_not_allowed")
    assert.strictEqual((await get("/auth/token", { method: "DELETE" })).headers.get("allow"), "GET, POST, HEAD")
    assert.strictEqual((await get("/admin/sessions/x")).headers.get("allow"), "DELETE")
  })

  it("a plain GET of a socket's path is 426 and names WebSocket", async () => {
    for (const path of ["/ws", "/ws/secure", "/secure", "/ws/secure/healthcare", "/secure/healthcare"]) {
      const response = await get(path)
      assert.strictEqual(response.status, 426, path)
      assert.strictEqual(response.headers.get("upgrade"), "websocket")
      assert.strictEqual((await errorOf(response)).code, "upgrade_required")
    }
  })

  it("a route that fails is 500 internal, with a request id, and tells nothing of why", async () => {
    const whole = seen.storage
    Object.defineProperty(seen, "storage", {
      configurable: true,
      get: () => {
        throw new Error("DATA_DIR/secret-place")
      }
    })
    try {
      const response = await get("/health")
      assert.strictEqual(response.status, 500)
      assert.isNotEmpty(response.headers.get("x-request-id"))
      const { code, message } = await errorOf(response)
      assert.strictEqual(code, "internal")
      assert.notMatch(message, /secret-place|\n|\.ts/)
    } finally {
      Object.defineProperty(seen, "storage", { value: whole, writable: true })
    }
    assert.strictEqual((await get("/health")).status, 200)
  })

  it("bytes that are no HTTP get a typed 400", async () => {
    const socket = connectTcp(server.port, "127.0.0.1")
    socket.write("NOT HTTP AT ALL\r\n\r\n")
    let answer = ""
    socket.on("data", (bytes) => (answer += bytes.toString()))
    await once(socket, "close")
    assert.match(answer, /^HTTP\/1\.1 400 /)
    assert.match(answer, /"code":"invalid_message"/)
    assert.match(answer, /x-request-id: /)
  })

  it("a request for another protocol is answered as it stands, not dropped", async () => {
    const socket = connectTcp(server.port, "127.0.0.1")
    socket.write("GET /livez HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, close\r\nUpgrade: h2c\r\n\r\n")
    let answer = ""
    socket.on("data", (bytes) => (answer += bytes.toString()))
    await once(socket, "close")
    assert.match(answer, /^HTTP\/1\.1 200 /)
  })
})

describe("/auth/token", () => {
  it("GET with the admin secret gives a token as R1.3 prints it, not to be stored", async () => {
    const response = await get("/auth/token?scope=voice%20healthcare&ttl_seconds=120", { headers: admin() })
    assert.strictEqual(response.status, 200)
    assert.strictEqual(response.headers.get("cache-control"), "no-store")
    const body = (await response.json()) as { token: string; expires_at: string } & Record<string, unknown>
    const claims = decodeJwt(body.token)
    assert.deepInclude(body, { token_type: "Bearer", expires_in: 120, scope: "voice healthcare" })
    assert.strictEqual(Date.parse(body.expires_at), (claims.exp ?? 0) * 1_000)
    assert.deepInclude(claims, { iss: "sawt", aud: "sawt", scope: "voice healthcare" })
    assert.strictEqual((claims.exp ?? 0) - (claims.iat ?? 0), 120)
    assert.isString(claims.jti)
    assert.isUndefined(claims.sub)
  })

  it("defaults to scope voice and one hour", async () => {
    const body = await (await get("/auth/token", { headers: admin() })).json()
    assert.deepInclude(body, { expires_in: 3_600, scope: "voice" })
  })

  it("POST takes the subject in its body", async () => {
    const response = await post("/auth/token", '{"subject":"Patient/7","scope":"healthcare"}', admin())
    const body = (await response.json()) as { token: string }
    const { sub, scope } = decodeJwt(body.token)
    assert.deepStrictEqual([sub, scope], ["Patient/7", "healthcare"])
  })

  it.each([
    ["a subject in the URL", "/auth/token?subject=p"],
    ["a lifetime below a minute", "/auth/token?ttl_seconds=59"],
    ["a lifetime above a day", "/auth/token?ttl_seconds=86401"],
    ["a lifetime that is no number", "/auth/token?ttl_seconds=1e3"],
    ["an unknown scope", "/auth/token?scope=admin"],
    ["an empty scope", "/auth/token?scope="],
    ["a parameter given twice", "/auth/token?scope=voice&scope=healthcare"]
  ])("refuses %s with 400", async (_, path) => {
    const response = await get(path, { headers: admin() })
    assert.strictEqual(response.status, 400)
    assert.strictEqual((await errorOf(response)).code, "invalid_message")
  })

  it.each([
    ["an unknown field", '{"scopes":"voice"}', 400],
    ["a body that is no JSON", "{", 400],
    ["a body that is no object", "[]", 400],
    ["a subject with control characters", '{"subject":"a\\u0000b"}', 400],
    ["a body over 4 KiB", JSON.stringify({ subject: "x".repeat(5_000) }), 413]
  ])("POST refuses %s", async (_, body, status) => {
    const response = await post("/auth/token", body, admin())
    assert.strictEqual(response.status, status)
    assert.include(["invalid_message", "message_too_large"], (await errorOf(response)).code)
  })

  it("POST refuses a body that streams past 4 KiB without saying its length", async () => {
    const body = new ReadableStream({
      start(controller) {
        for (let i = 0; i < 8; i++) controller.enqueue(new TextEncoder().encode("x".repeat(1_024)))
        controller.close()
      }
    })
    const init = { method: "POST", body, duplex: "half", headers: { "content-type": "application/json", ...admin() } }
    assert.strictEqual((await get("/auth/token", init as RequestInit)).status, 413)
  })

  it("POST refuses another content type with 415", async () => {
    assert.strictEqual((await post("/auth/token", "{}", { ...admin(), "content-type": "text/plain" })).status, 415)
  })

  it("without the admin secret, or with a client's token, it is 401", async () => {
    const headers = [{}, { authorization: "Bearer wrong" }, { authorization: `Bearer ${await server.token()}` }]
    for (const header of headers) {
      const response = await get("/auth/token", { headers: header })
      assert.strictEqual(response.status, 401)
      assert.match(response.headers.get("www-authenticate") ?? "", /^Bearer /)
      assert.strictEqual((await errorOf(response)).code, "unauthorized")
    }
  })
})

describe("/admin", () => {
  it("is closed to a client's token", async () => {
    const authorization = `Bearer ${await server.token(["voice", "clinician"])}`
    for (const path of ["/admin/health", "/admin/sessions"]) {
      assert.strictEqual((await get(path, { headers: { authorization } })).status, 401)
    }
  })

  it("/admin/health adds process, slots and security counts to /health", async () => {
    const body = (await (await get("/admin/health", { headers: admin() })).json()) as Record<string, object>
    assert.containsAllKeys(body, ["status", "models", "process", "slots", "security"])
    assert.containsAllKeys(body.security ?? {}, ["tokens_issued", "authentications_refused", "tracked_addresses"])
  })
})
