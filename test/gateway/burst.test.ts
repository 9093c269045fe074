/**
 * The cap on sessions under a burst (R3.5): many clients at once, far fewer slots, and every way in which a session can end.
 * `BURST_ROUNDS=50` is the long form.
 */
import { connect as connectTcp, type Socket } from "node:net"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { Effect } from "effect"
import { WebSocket } from "ws"
import { BucketStore } from "#src/gateway/bucket-store.ts"
import type { MakeLimitStore } from "#src/gateway/limiter.ts"
import { closeOf, connect, type Refused, startServer, type TestServer } from "#test/support/server.ts"
import { echoLayers, newSeen } from "./echo-session.ts"
import { exchange } from "./raw-http.ts"

const slots = 10
const clients = 200
const rounds = Number(process.env["BURST_ROUNDS"] ?? 1)
const timeoutMs = 30_000 + rounds * 10_000

const rawOf = (socket: WebSocket): Socket => (socket as unknown as { readonly _socket: Socket })._socket
const send = (socket: WebSocket, type: string) => socket.send(JSON.stringify({ type }))
const soon = () => new Promise((resolve) => setTimeout(resolve, 5))

/** Each leaves its slot to the next; none of them is told how. */
const endings: Readonly<Record<string, (socket: WebSocket) => void>> = {
  "a clean close": (socket) => socket.close(1000),
  "a polite end": (socket) => send(socket, "session.end"),
  "a TCP reset": (socket) => void rawOf(socket).resetAndDestroy(),
  "a closed TCP connection": (socket) => socket.terminate(),
  "half a close": (socket) => void rawOf(socket).end(),
  "a client that reads nothing any more, and so answers no ping": (socket) => void rawOf(socket).pause(),
  "a fault of the session": (socket) => send(socket, "help.request"),
  "a frame that is too large": (socket) => socket.send(new Uint8Array(70_000), () => {})
}

describe(`${clients} clients at once for ${slots} slots`, () => {
  const seen = newSeen()
  let server: TestServer
  let token: string
  beforeAll(async () => {
    const env = { MAX_CONCURRENT_SESSIONS: String(slots), RATE_LIMIT_PER_MINUTE: "100000" }
    server = await startServer(echoLayers(seen), env, { heartbeatMs: 40, closeTimeoutMs: 100 })
    token = await server.token()
  })
  afterAll(() => server.close())

  const openSlots = async () =>
    ((await (await fetch(`${server.url}/health`)).json()) as { sessions: { open: number } }).sessions.open
  const allFree = async () => {
    while ((await openSlots()) > 0) await soon()
    while (seen.closed < seen.admissions.length) await soon()
    assert.strictEqual(seen.closed, seen.admissions.length)
  }

  /** Ten are let in and no more, and their slots come back however they end. */
  const round = async (end: (socket: WebSocket, at: number) => void) => {
    const outcomes = await Promise.all(
      Array.from({ length: clients }, () => connect(`${server.wsUrl}/ws/secure`, { token }))
    )
    const open = outcomes.filter((outcome) => outcome instanceof WebSocket)
    const refused = outcomes.filter((outcome): outcome is Refused => !(outcome instanceof WebSocket))
    assert.deepStrictEqual([open.length, refused.length], [slots, clients - slots])
    for (const { status, body, headers } of refused) {
      assert.deepStrictEqual([status, body.error.code, headers["retry-after"]], [503, "sessions_full", "5"])
    }
    assert.strictEqual(await openSlots(), slots)
    const closed = open.map((socket) => (socket.readyState === WebSocket.CLOSED ? undefined : closeOf(socket)))
    open.forEach(end)
    await allFree()
    // A paused client does not see its own end before it reads on.
    for (const socket of open) rawOf(socket)?.resume()
    await Promise.all(closed)
  }
  const repeated = async (end: (socket: WebSocket, at: number) => void) => {
    for (let i = 0; i < rounds; i++) await round(end)
  }

  for (const [name, end] of Object.entries(endings)) {
    it(`lets exactly ${slots} in, and again after ${name}`, () => repeated(end), timeoutMs)
  }

  it(
    `lets exactly ${slots} in after each of them ended in another way`,
    () => repeated((socket, at) => Object.values(endings)[at % Object.keys(endings).length]?.(socket)),
    timeoutMs
  )

  it(
    "holds no slot for a session that fails before it is there",
    async () => {
      for (let i = 0; i < rounds; i++) {
        seen.failing = slots
        const failed = await Promise.all(
          Array.from({ length: slots }, async () => {
            const socket = await connect(`${server.wsUrl}/ws/secure`, { token })
            return socket instanceof WebSocket ? (await closeOf(socket)).code : socket.status
          })
        )
        assert.deepStrictEqual([...new Set(failed)], [1011])
        seen.admissions.length = seen.closed
        await allFree()
      }
      await round((socket) => socket.close())
    },
    timeoutMs
  )
})

/** Between the request and the slot the server waits: for the token to be verified, for the limiter's store. */
const slowStore: MakeLimitStore = () =>
  Effect.map(BucketStore.make(1_000), (store) => ({
    ...store,
    tokenBucket: (options) => Effect.delay(store.tokenBucket(options), "20 millis")
  }))

describe("clients that leave in the middle of the handshake", () => {
  it(
    "hold no slot",
    async () => {
      const seen = newSeen()
      const env = { MAX_CONCURRENT_SESSIONS: String(slots), RATE_LIMIT_PER_MINUTE: "100000" }
      const server = await startServer(echoLayers(seen), env, { limitStore: slowStore })
      const request = [
        "GET /ws/secure HTTP/1.1",
        "Host: a",
        `Authorization: Bearer ${await server.token()}`,
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        "\r\n"
      ].join("\r\n")
      try {
        for (let i = 0; i < rounds; i++) {
          const leaving = Array.from({ length: clients }, (_, at) => {
            const socket = connectTcp(server.port, "127.0.0.1", () => {
              socket.write(request.slice(0, at % 3 === 0 ? -10 : request.length), () =>
                at % 2 === 0 ? socket.resetAndDestroy() : socket.destroy()
              )
            })
            socket.on("error", () => {})
            return new Promise((resolve) => socket.once("close", resolve))
          })
          await Promise.all(leaving)
          do await soon()
          while ((await server.connections()) > 0)
          await new Promise((resolve) => setTimeout(resolve, 100))
          const health = await exchange(server.port, "GET /health HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
          assert.include(health, '"sessions":{"open":0,')
        }
        assert.strictEqual(seen.closed, seen.admissions.length)
      } finally {
        await server.close()
      }
    },
    timeoutMs
  )
})
