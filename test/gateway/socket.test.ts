import { once } from "node:events"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import type { WebSocket } from "ws"
import { limits } from "#src/limits.ts"
import {
  closeOf,
  connected,
  nextMessage,
  rawUpgrade,
  refused,
  startServer,
  type TestServer
} from "#test/support/server.ts"
import { echoLayers, newSeen } from "./echo-session.ts"

const seen = newSeen()
let server: TestServer
let token: string
const open = () => connected(`${server.wsUrl}/ws/secure`, { token })
const echoes = async (socket: WebSocket): Promise<void> => {
  socket.send('{"type":"ping","ref":"still-here"}')
  assert.deepStrictEqual(await nextMessage(socket), { type: "pong", ref: "still-here" })
}

beforeAll(async () => {
  server = await startServer(echoLayers(seen), { MAX_CONCURRENT_SESSIONS: "50" })
  token = await server.token()
})
afterAll(() => server.close())

describe("messages", () => {
  it("binary frames reach the session as they are", async () => {
    const socket = await open()
    const frame = Buffer.from([1, 2, 3, 255])
    socket.send(frame)
    const [payload, isBinary] = (await once(socket, "message")) as [Buffer, boolean]
    assert.isTrue(isBinary)
    assert.deepStrictEqual(payload, frame)
    socket.terminate()
  })

  it("what does not decode is refused with its ref, and the session goes on", async () => {
    const socket = await open()
    for (const [text, ref] of [
      ["{", undefined],
      ['{"type":"nonsense","ref":"a"}', "a"],
      ['{"type":"ping","extra":1,"ref":"b"}', "b"]
    ] as const) {
      socket.send(text)
      const answer = await nextMessage(socket)
      assert.strictEqual(answer.code, "invalid_message")
      assert.strictEqual(answer.ref, ref)
    }
    await echoes(socket)
    socket.terminate()
  })
})

describe("bounds", () => {
  it("a frame of 10 MB ends its own connection with 1009, and nobody else's", async () => {
    const [flood, other] = [await open(), await open()]
    flood.send(Buffer.alloc(10_000_000), () => {})
    assert.strictEqual((await closeOf(flood)).code, 1009)
    await echoes(other)
    other.terminate()
  })

  it("a text frame over 16 KiB is told message_too_large and closed with 1009; one of 16 KiB is read", async () => {
    const socket = await open()
    socket.send(" ".repeat(limits.textBytesMax - 15) + '{"type":"ping"}')
    assert.strictEqual((await nextMessage(socket)).type, "pong")
    const [told, closed] = [nextMessage(socket), closeOf(socket)]
    socket.send(" ".repeat(limits.textBytesMax - 14) + '{"type":"ping"}')
    assert.strictEqual((await told).code, "message_too_large")
    assert.strictEqual((await closed).code, 1009)
  })

  it("invalid UTF-8 closes with 1007", async () => {
    const socket = await open()
    const closed = closeOf(socket)
    socket.send(Buffer.from([0xff, 0xfe]), { binary: false })
    assert.strictEqual((await closed).code, 1007)
  })

  it("a client that reads nothing is dropped", async () => {
    const socket = await open()
    socket.pause()
    const before = seen.closed
    for (let i = 0; i < 8; i++) socket.send('{"type":"speech.say","text":"a"}')
    await until(() => seen.closed > before)
    socket.terminate()
  })
})

describe("ends", () => {
  it("closing ends the session's scope and tells it once", async () => {
    const [closed, disconnected] = [seen.closed, seen.disconnected]
    const socket = await open()
    socket.close()
    await until(() => seen.closed > closed)
    assert.strictEqual(seen.disconnected, disconnected + 1)
  })

  it("a session that fails ends with internal 1011 and without a stack; others go on", async () => {
    const [failing, other] = [await open(), await open()]
    const [told, closed] = [nextMessage(failing), closeOf(failing)]
    failing.send('{"type":"help.request"}')
    const error = await told
    assert.deepStrictEqual([error.code, error.message], ["internal", "The session failed."])
    assert.strictEqual((await closed).code, 1011)
    await echoes(other)
    other.terminate()
  })

  it("a session that has paused reading still closes at once", async () => {
    const pausing = newSeen()
    const small = await startServer(echoLayers(pausing), {}, { heartbeatMs: 20_000, closeTimeoutMs: 60_000 })
    try {
      const socket = await connected(`${small.wsUrl}/ws`)
      socket.send('{"type":"session.pause"}')
      await until(() => pausing.paused)
      const headers = { authorization: `Bearer ${small.adminSecret}` }
      const listed = await fetch(`${small.url}/admin/sessions`, { headers })
      const { sessions } = (await listed.json()) as { sessions: ReadonlyArray<{ id: string }> }
      await fetch(`${small.url}/admin/sessions/${sessions[0]?.id}`, { method: "DELETE", headers })
      await until(() => pausing.closed === 1)
    } finally {
      await small.close()
    }
  })

  it("an administrator sees who is connected, with the subject hashed, and may end a session", async () => {
    const headers = { authorization: `Bearer ${server.adminSecret}` }
    const socket = await connected(`${server.wsUrl}/ws/secure`, { token: await server.token(["voice"], "Patient/77") })
    await echoes(socket)
    const text = await (await fetch(`${server.url}/admin/sessions`, { headers })).text()
    assert.notInclude(text, "Patient/77")
    const { sessions } = JSON.parse(text) as { sessions: ReadonlyArray<Record<string, string>> }
    const mine = sessions.at(-1)
    assert.strictEqual(mine?.endpoint, "secure")
    const closed = closeOf(socket)
    assert.strictEqual(
      (await fetch(`${server.url}/admin/sessions/${mine?.id}`, { method: "DELETE", headers })).status,
      204
    )
    assert.strictEqual((await closed).code, 1000)
    assert.strictEqual(
      (await fetch(`${server.url}/admin/sessions/${mine?.id}`, { method: "DELETE", headers })).status,
      404
    )
  })

  it("stopping the server closes sockets with 1012 and cuts those that do not answer", async () => {
    const stopping = newSeen()
    const small = await startServer(echoLayers(stopping), {}, { heartbeatMs: 20_000, closeTimeoutMs: 50 })
    const polite = await connected(`${small.wsUrl}/ws`)
    const silent = await rawSocket(small)
    const closed = closeOf(polite)
    await small.close()
    assert.strictEqual((await closed).code, 1012)
    assert.strictEqual(stopping.closed, 2)
    silent.destroy()
  })
})

describe("draining", () => {
  it("answers new upgrades with 503 draining, and is not ready, while live clients leave", async () => {
    const small = await startServer(echoLayers(newSeen()), {}, { heartbeatMs: 20_000, closeTimeoutMs: 300 })
    const silent = await rawSocket(small)
    const stopped = small.close()
    while ((await fetch(`${small.url}/readyz`)).status !== 503);
    const { status, body, headers } = await refused(`${small.wsUrl}/ws`)
    assert.deepStrictEqual([status, body.error.code], [503, "draining"])
    assert.isString(headers["retry-after"])
    await stopped
    silent.destroy()
  })
})

describe("heartbeat", () => {
  it("a half-open socket is dropped after two missed pings; one that answers is not", async () => {
    const beating = newSeen()
    const small = await startServer(echoLayers(beating), {}, { heartbeatMs: 20, closeTimeoutMs: 500 })
    try {
      const healthy = await connected(`${small.wsUrl}/ws`)
      const halfOpen = await rawSocket(small)
      await once(halfOpen, "close")
      await until(() => beating.closed === 1)
      await echoes(healthy)
    } finally {
      await small.close()
    }
  })
})

/** Upgraded, and deaf from then on: it answers neither ping nor close. */
const rawSocket = async (target: TestServer) => {
  const { socket, answer } = await rawUpgrade(target)
  assert.match(answer, /^HTTP\/1\.1 101 /)
  socket.on("data", () => {})
  return socket
}

/** The server's side follows the client's by a few turns of the event loop. */
const until = async (condition: () => boolean): Promise<void> => {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve))
}
