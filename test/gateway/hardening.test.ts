/** What reaches the port as bytes: smuggling, absurd requests, slow ones and endless ones (R1.10, R3.9). */
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import type { ServerBounds } from "#src/gateway/node-server.ts"
import { securityHeaders } from "#src/gateway/security-headers.ts"
import { limits } from "#src/limits.ts"
import { connected, startServer, type TestServer } from "#test/support/server.ts"
import { echoLayers, newSeen } from "./echo-session.ts"
import { exchange, open, parseAnswer, type RawAnswer } from "./raw-http.ts"

let server: TestServer
beforeAll(async () => {
  server = await startServer(echoLayers(newSeen()), { ALLOWED_ORIGINS: "https://clinic.example" })
})
afterAll(() => server.close())

const ask = async (bytes: string): Promise<RawAnswer> => {
  const answer = parseAnswer(await exchange(server.port, bytes))
  assert.isDefined(answer, "there was no answer")
  return answer
}
const request = (line: string, ...headers: ReadonlyArray<string>): string =>
  [`${line} HTTP/1.1`, "Host: a", ...headers, "Connection: close", "", ""].join("\r\n")
const upgradeOf = (...headers: ReadonlyArray<string>): string =>
  ["Upgrade: websocket", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", ...headers]
    .map((header) => `${header}\r\n`)
    .join("")
/** Whatever it is, its refusal is whole: status, typed body, id, nothing to sniff. */
const isTyped = ({ status, headers, body }: RawAnswer, expected: number, code = "invalid_message") => {
  assert.strictEqual(status, expected)
  assert.strictEqual(headers["content-type"], "application/json")
  assert.match(headers["x-request-id"] ?? "", /^[0-9a-f-]{36}$/)
  assert.strictEqual(headers["x-content-type-options"], "nosniff")
  const { error } = JSON.parse(body) as { error: { code: string; message: string } }
  assert.strictEqual(error.code, code)
  assert.notMatch(error.message, /\n| at |node_modules|\.ts/)
}

describe("a request that two readers may read differently is 400, and the connection ends", () => {
  const post = "POST /auth/token HTTP/1.1\r\n"
  it.each([
    ["two Hosts", "GET /livez HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"],
    ["twice the same Host", "GET /livez HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n"],
    ["no Host", "GET /livez HTTP/1.1\r\nX: a\r\n\r\n"],
    ["two Content-Lengths", `${post}Host: a\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}`],
    ["twice the same Content-Length", `${post}Host: a\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\n{}`],
    ["a list of Content-Lengths", `${post}Host: a\r\nContent-Length: 2, 2\r\n\r\n{}`],
    ["a length and chunks", `${post}Host: a\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`],
    ["chunks and a length", `${post}Host: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n0\r\n\r\n`],
    ["two Transfer-Encodings", `${post}Host: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n`],
    ["an unknown Transfer-Encoding", `${post}Host: a\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n`],
    ["chunks that are packed", `${post}Host: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`],
    ["chunks in HTTP/1.0", "POST /auth/token HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"],
    ["a blank before the colon", `${post}Host: a\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n`],
    ["a length with a sign", `${post}Host: a\r\nContent-Length: +2\r\n\r\n{}`],
    ["a negative length", `${post}Host: a\r\nContent-Length: -2\r\n\r\n{}`],
    ["a length beyond all numbers", `${post}Host: a\r\nContent-Length: 99999999999999999999999\r\n\r\n{}`],
    ["a folded header", "GET /livez HTTP/1.1\r\nHost: a\r\nX-A: b\r\n c\r\n\r\n"],
    ["lines that end without CR", "GET /livez HTTP/1.1\nHost: a\n\n"],
    ["a NUL in a header", "GET /livez HTTP/1.1\r\nHost: a\r\nX-A: b\0c\r\n\r\n"],
    ["HTTP/0.9", "GET /livez\r\n\r\n"],
    ["TLS on the plain port", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"],
    ["HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"],
    [
      "an upgrade with two Hosts",
      `GET /ws HTTP/1.1\r\nHost: evil.example\r\nHost: a\r\nOrigin: http://evil.example\r\nConnection: Upgrade\r\n${upgradeOf()}\r\n`
    ],
    [
      "an upgrade with a body",
      `GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\n${upgradeOf("Content-Length: 5")}\r\nhello`
    ],
    [
      "an upgrade with chunks",
      `GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\n${upgradeOf("Transfer-Encoding: chunked")}\r\n0\r\n\r\n`
    ]
  ])("%s", async (_, bytes) => {
    const answer = await ask(bytes)
    isTyped(answer, 400)
    assert.strictEqual(answer.headers["connection"], "close")
  })

  it("a body that breaks off in bad chunks hides no request, and nothing is answered twice", async () => {
    const chunked = ["Content-Type: application/json", "Transfer-Encoding: chunked"]
    const broken = "ZZ\r\nGET /livez HTTP/1.1\r\nHost: a\r\n\r\n"
    const authorization = `Authorization: Bearer ${server.adminSecret}`
    for (const [status, ...headers] of [[400, authorization], [401]] as const) {
      const head = request("POST /auth/token", ...headers, ...chunked)
      const text = await exchange(server.port, head + broken)
      assert.lengthOf(text.match(/HTTP\/1\.1/g) ?? [], 1, text)
      assert.strictEqual(parseAnswer(text)?.status, status)
    }
  })
})

describe("an absurd request", () => {
  it.each<[string, number, string?]>([
    ["GET /../../etc/passwd", 404],
    ["GET /%2e%2e/%2e%2e/etc/passwd", 404],
    ["GET /%00", 404],
    ["GET /%zz%e0%a4%a", 404],
    ["GET /livez/", 404],
    ["GET /LIVEZ", 404],
    ["GET //livez", 404],
    ["GET //evil.example/livez", 404],
    ["GET /livez/..;/admin/health", 404],
    ["GET /a/a/a… (10,000 bytes)", 404, `GET /${"a/".repeat(5_000)}`],
    ["GET /livez?__proto__[a]=1&constructor=2&a=%zz", 200],
    ["GET http://evil.example/livez", 200],
    ["GET http://evil.example/nothing", 404],
    ["OPTIONS *", 404],
    ["OPTIONS /livez", 405],
    ["TRACE /", 405],
    ["PUT /livez", 405],
    ["CONNECT evil.example:443", 405],
    ["BREW /livez", 400],
    ["GET /aaa… (16 KiB)", 431, `GET /${"a".repeat(limits.http.headerBytesMax)}`]
  ])("%s is %d", async (name, status, line = name) => {
    const answer = await ask(request(line))
    if (status === 200) assert.strictEqual(answer.status, 200)
    else
      isTyped(answer, status, status === 404 ? "not_found" : status === 405 ? "method_not_allowed" : "invalid_message")
    if (status === 405) assert.match(answer.headers["allow"] ?? "", /GET/)
  })

  it("a path that is no text is 404 for an administrator too, not 405", async () => {
    for (const id of ["%e0%a4%a", "a".repeat(500)]) {
      const authorization = `Authorization: Bearer ${server.adminSecret}`
      isTyped(await ask(request(`DELETE /admin/sessions/${id}`, authorization)), 404, "not_found")
    }
  })

  it("headers over 16 KiB in one or in many are 431", async () => {
    isTyped(await ask(request("GET /livez", `X-A: ${"a".repeat(limits.http.headerBytesMax)}`)), 431)
    isTyped(await ask(request("GET /livez", ...Array<string>(3_000).fill("A: bcd"))), 431)
  })

  it("an expectation other than 100-continue is 417", async () =>
    isTyped(await ask(request("POST /auth/token", "Expect: a miracle", "Content-Length: 0")), 417))

  it("HEAD is answered as GET, without the body", async () => {
    for (const [path, status] of [
      ["/", 200],
      ["/livez", 200],
      ["/nothing", 404],
      ["/auth/token", 401]
    ] as const) {
      const [head, get] = [await ask(request(`HEAD ${path}`)), await ask(request(`GET ${path}`))]
      assert.deepStrictEqual([head.status, head.body], [status, ""])
      assert.strictEqual(head.headers["content-type"], get.headers["content-type"])
      assert.isAbove(Number(head.headers["content-length"]), 0)
    }
  })

  it("two requests in one packet get two answers, in order", async () => {
    const text = await exchange(server.port, `GET /livez HTTP/1.1\r\nHost: a\r\n\r\n${request("GET /nothing")}`)
    assert.deepStrictEqual(text.match(/HTTP\/1\.1 \d+/g), ["HTTP/1.1 200", "HTTP/1.1 404"])
  })
})

describe("slow and endless clients", () => {
  const quick: ServerBounds = {
    headersTimeoutMs: 60,
    requestTimeoutMs: 60_000,
    keepAliveMs: 60,
    socketIdleMs: 150,
    checkEveryMs: 10,
    headerBytesMax: limits.http.headerBytesMax,
    connectionsMax: 100
  }
  let small: TestServer
  beforeAll(async () => {
    small = await startServer(echoLayers(newSeen()), {}, { server: quick })
  })
  afterAll(() => small.close())
  /** A byte now and then, for as long as the server listens. */
  const drip = async (first: string, more: string, port = small.port): Promise<string> => {
    const { socket, closed } = open(port)
    socket.write(first)
    const dripping = setInterval(() => socket.write(more), 5)
    try {
      return await closed
    } finally {
      clearInterval(dripping)
    }
  }

  it("headers that never end are 408", async () =>
    isTyped(parseAnswer(await drip("GET / HTTP/1.1\r\nHost: a\r\n", "X-a: b\r\n")) as RawAnswer, 408))

  it("a request line that never ends is 408", async () =>
    isTyped(parseAnswer(await drip("GET /", "a")) as RawAnswer, 408))

  it("a body that never ends is 408", async () => {
    const hasty = await startServer(echoLayers(newSeen()), {}, { server: { ...quick, requestTimeoutMs: 90 } })
    try {
      const authorization = `Authorization: Bearer ${hasty.adminSecret}`
      const head = request("POST /auth/token", authorization, "Content-Type: application/json", "Content-Length: 4000")
      isTyped(parseAnswer(await drip(head, " ", hasty.port)) as RawAnswer, 408)
    } finally {
      await hasty.close()
    }
  })

  it("a connection without a word is ended, and one that has nothing more to say", async () => {
    await open(small.port).closed
    const kept = open(small.port)
    kept.socket.write("GET /livez HTTP/1.1\r\nHost: a\r\n\r\n")
    assert.match(await kept.closed, /alive/)
  })

  it("a client that reads no answer is cut", async () => {
    const deaf = open(small.port)
    deaf.socket.pause()
    const requests = "GET / HTTP/1.1\r\nHost: a\r\n\r\n".repeat(500)
    const flood = setInterval(() => deaf.socket.write(requests), 1)
    // It reads nothing, so it hears of its end by an error only.
    await new Promise((resolve) => deaf.socket.once("error", resolve))
    clearInterval(flood)
    deaf.socket.destroy()
  })

  it("a WebSocket may be silent for longer", async () => {
    const bounds: ServerBounds = { ...limits.http, socketIdleMs: 500 }
    const hasty = await startServer(echoLayers(newSeen()), {}, { server: bounds })
    try {
      const socket = await connected(`${hasty.wsUrl}/ws`)
      await new Promise((resolve) => setTimeout(resolve, 2 * bounds.socketIdleMs))
      socket.send('{"type":"ping"}')
      await new Promise((resolve) => socket.once("message", resolve))
      socket.terminate()
    } finally {
      await hasty.close()
    }
  })

  it("connections beyond their number are dropped, and let in again when others have gone", async () => {
    const patient: ServerBounds = { ...limits.http, connectionsMax: 8 }
    const narrow = await startServer(echoLayers(newSeen()), {}, { server: patient })
    try {
      const idle = Array.from({ length: patient.connectionsMax }, () => open(narrow.port))
      await Promise.all(idle.map(({ socket }) => new Promise((resolve) => socket.once("connect", resolve))))
      assert.strictEqual(await exchange(narrow.port, request("GET /livez")), "")
      for (const { socket } of idle) socket.destroy()
      let answer = ""
      while (!answer.includes("alive")) answer = await exchange(narrow.port, request("GET /livez"))
    } finally {
      await narrow.close()
    }
  })
})

describe("headers for browsers", () => {
  const policies = {
    "content-security-policy": "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "microphone=(self), camera=(), geolocation=()"
  }
  it("stand on every answer: one that is found, one that is not, one that is no HTTP, one to an upgrade", async () => {
    for (const bytes of [
      request("GET /"),
      request("GET /nothing"),
      request("GET /livez"),
      "NONSENSE\r\n\r\n",
      `GET /elsewhere HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\n${upgradeOf()}\r\n`
    ]) {
      assert.deepInclude((await ask(bytes)).headers, policies, bytes)
    }
  })

  it("let a page load from this service alone, run nothing that stands in it, and hear through the microphone", async () => {
    const page = securityHeaders("text/html; charset=utf-8", false)
    const policy = page["content-security-policy"] ?? ""
    assert.notMatch(policy, /unsafe|\*|https?:/)
    for (const directive of ["default-src 'none'", "script-src 'self'", "frame-ancestors 'none'"]) {
      assert.include(policy, directive)
    }
    assert.match(page["permissions-policy"] ?? "", /microphone=\(self\)/)
    const docs = await ask(request("GET /docs"))
    assert.match(docs.headers["content-type"] ?? "", /^text\/html/)
    assert.notInclude(docs.headers["content-security-policy"], "unsafe")
    assert.deepInclude(docs.headers, { "x-content-type-options": "nosniff", "referrer-policy": "no-referrer" })
  })

  it("ask for TLS in production only", async () => {
    assert.notProperty((await ask(request("GET /"))).headers, "strict-transport-security")
    const secrets = {
      VOICE_SERVICE_SECRET: "Zk3pQ9vX1sLm8RtY6uWb2NcD5fGh7JaE",
      VOICE_SERVICE_TOKEN: "aB7cD2eF9gH4iJ1kL6mN3oP8qR5sT0uV"
    }
    const env = { ...secrets, VOICE_SERVICE_ENV: "production", HOST: "127.0.0.1" }
    const production = await startServer(echoLayers(newSeen()), env)
    try {
      const answer = parseAnswer(await exchange(production.port, request("GET /")))
      assert.strictEqual(answer?.headers["strict-transport-security"], "max-age=31536000")
    } finally {
      await production.close()
    }
  })
})

describe("CORS", () => {
  const preflight = (origin: string, path = "/auth/token") =>
    ask(
      request(
        `OPTIONS ${path}`,
        `Origin: ${origin}`,
        "Access-Control-Request-Method: POST",
        "Access-Control-Request-Headers: authorization, content-type"
      )
    )

  it("a preflight of a named origin is told what it may do; of another one, nothing that lets it", async () => {
    const { status, headers } = await preflight("https://clinic.example")
    assert.strictEqual(status, 204)
    assert.deepInclude(headers, {
      "access-control-allow-origin": "https://clinic.example",
      "access-control-allow-methods": "GET, POST, DELETE",
      "access-control-allow-headers": "authorization,content-type",
      "access-control-max-age": "600",
      vary: "Origin"
    })
    for (const origin of ["https://evil.example", "http://clinic.example", "https://clinic.example:8443", "null"]) {
      assert.notProperty((await preflight(origin)).headers, "access-control-allow-origin", origin)
    }
  })

  it("a preflight is counted like any request", async () =>
    assert.match((await preflight("https://clinic.example")).headers["ratelimit"] ?? "", /^"ip";r=/))

  it("a refusal can be read by a named origin, and cookies are never asked for", async () => {
    const { headers } = await ask(request("GET /nothing", "Origin: https://clinic.example"))
    assert.strictEqual(headers["access-control-allow-origin"], "https://clinic.example")
    assert.match(headers["access-control-expose-headers"] ?? "", /Retry-After/)
    assert.notProperty(headers, "access-control-allow-credentials")
  })

  it("with no origin named there is none: a preflight is an unknown method", async () => {
    const closed = await startServer(echoLayers(newSeen()))
    try {
      const bytes = request(
        "OPTIONS /auth/token",
        "Origin: https://clinic.example",
        "Access-Control-Request-Method: GET"
      )
      const answer = parseAnswer(await exchange(closed.port, bytes)) as RawAnswer
      isTyped(answer, 405, "method_not_allowed")
      assert.notProperty(answer.headers, "access-control-allow-origin")
    } finally {
      await closed.close()
    }
  })
})
