/**
 * The cap on sessions under a burst (R3.5): many clients at once, far fewer slots, and every way in which a session can end.
 * `BURST_ROUNDS=50` is the long form.
 */
import type { Socket } from "node:net"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { WebSocket } from "ws"
import { closeOf, connect, type Refused, startServer, type TestServer } from "#test/support/server.ts"
import { echoLayers, newSeen } from "./echo-session.ts"

const slots = 10
const clients = 200
const rounds = Number(process.env["BURST_ROUNDS"] ?? 4)

const rawOf = (socket: WebSocket): Socket => (socket as unknown as { readonly _socket: Socket })._socket
const send = (socket: WebSocket, type: string) => socket.send(JSON.stringify({ type }))

/** Each leaves its slot to the next; none of them is told how. */
const endings: ReadonlyArray<(socket: WebSocket) => void> = [
  (socket) => socket.close(1000),
  (socket) => send(socket, "session.end"),
  (socket) => void rawOf(socket).resetAndDestroy(),
  (socket) => socket.terminate(),
  /** Half-open: it reads nothing any more, and so answers no ping. */
  (socket) => void rawOf(socket).pause(),
  /** The session fails on this. */
  (socket) => send(socket, "help.request")
]

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

  const burst = () =>
    Promise.all(Array.from({ length: clients }, () => connect(`${server.wsUrl}/ws/secure`, { token })))

  it(`lets exactly ${slots} in, ${rounds} times, however those before have ended`, async () => {
    let begun = 0
    for (let round = 0; round < rounds; round++) {
      const outcomes = await burst()
      const open = outcomes.filter((outcome) => outcome instanceof WebSocket)
      const refused = outcomes.filter((outcome): outcome is Refused => !(outcome instanceof WebSocket))
      assert.strictEqual(open.length, slots, `round ${round}`)
      assert.deepStrictEqual(
        [...new Set(refused.map(({ status, body }) => `${status} ${body.error.code}`))],
        ["503 sessions_full"]
      )
      for (const { headers } of refused) assert.property(headers, "retry-after")
      begun += open.length
      const health = async () => (await (await fetch(`${server.url}/health`)).json()) as { sessions: { open: number } }
      assert.strictEqual((await health()).sessions.open, slots)

      const closed = open.map((socket) => (socket.readyState === WebSocket.CLOSED ? undefined : closeOf(socket)))
      open.forEach((socket, at) => endings[(round + at) % endings.length]?.(socket))
      while ((await health()).sessions.open > 0) await new Promise((resolve) => setTimeout(resolve, 5))
      // A paused client does not see its own end before it reads on.
      for (const socket of open) rawOf(socket)?.resume()
      await Promise.all(closed)
    }
    while (seen.closed < begun) await new Promise((resolve) => setTimeout(resolve, 5))
    assert.deepStrictEqual([seen.admissions.length, seen.closed], [begun, begun])
  })
})
