/** What one connection may do (R3.7), on real sockets and in real sessions: sizes, pace, patience, and what is sent back. */
import { once } from "node:events"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { WebSocket } from "ws"
import { limits } from "#src/limits.ts"
import {
  closeOf,
  connected,
  nextMessage,
  rawUpgrade,
  refused,
  securityOf,
  startServer,
  type TestServer
} from "#test/support/server.ts"
import { signed } from "#test/support/tokens.ts"
import { deafLayers } from "./deaf-session.ts"
import { echoLayers, newSeen } from "./echo-session.ts"

type Message = Record<string, unknown>

/** All messages that come, and how the connection ended. */
const record = (socket: WebSocket) => {
  const messages: Array<Message> = []
  socket.on("message", (payload: Buffer, isBinary: boolean) => {
    if (!isBinary) messages.push(JSON.parse(payload.toString()) as Message)
  })
  return { messages, closed: closeOf(socket) }
}
const send = (socket: WebSocket, message: Message) => socket.send(JSON.stringify(message))
/** As many at once, again and again, for as long as the server takes them: a busy machine is not quick enough for fewer. */
const floodUntil = async (closed: Promise<unknown>, count: number, sendOne: () => void): Promise<void> => {
  const wait = () => new Promise<"more">((resolve) => setTimeout(() => resolve("more"), 20))
  do for (let i = 0; i < count; i++) sendOne()
  while ((await Promise.race([closed, wait()])) === "more")
}
const errorsOf = (messages: ReadonlyArray<Message>) =>
  messages.filter(({ type }) => type === "error").map(({ code }) => code)

describe("a session", () => {
  let server: TestServer
  let token: string
  beforeAll(async () => {
    server = await startServer(deafLayers({ idleSeconds: 600, maxMinutes: 60 }), { MAX_CONCURRENT_SESSIONS: "50" })
    token = await server.token()
  })
  afterAll(() => server.close())

  const started = async (start: Message = {}) => {
    const socket = await connected(`${server.wsUrl}/ws/secure`, { token })
    const recorded = record(socket)
    send(socket, { type: "session.start", ...start })
    while (recorded.messages.length === 0) await once(socket, "message")
    assert.strictEqual(recorded.messages[0]?.["type"], "session.ready")
    return { socket, ...recorded }
  }
  /** Everything sent before has been dealt with. */
  const settled = async (socket: WebSocket, messages: ReadonlyArray<Message>) => {
    const id = `s${messages.length}`
    send(socket, { type: "ping", id })
    while (!messages.some((message) => message["type"] === "pong" && message["id"] === id))
      await once(socket, "message")
  }

  it("tells its limits when it is ready", async () => {
    const { socket, messages } = await started()
    const { limits: told } = messages[0] as { limits: object }
    assert.deepInclude(told, { frame_bytes_max: 65_536, text_bytes_max: 16_384, utterance_ms_max: 30_000 })
    socket.terminate()
  })

  it("lasts ten minutes at most on the basic socket, and is told so", async () => {
    const socket = await connected(`${server.wsUrl}/ws`)
    send(socket, { type: "session.start" })
    const told = (await nextMessage(socket)) as { limits: Message }
    assert.strictEqual(told.limits["session_minutes_max"], 10)
    socket.terminate()
    const { socket: secure, messages } = await started()
    assert.deepInclude(messages[0], { limits: { ...told.limits, session_minutes_max: 60 } })
    secure.terminate()
  })

  it("takes an audio frame of 64 KiB, and not a byte more: 1009", async () => {
    const { socket, messages, closed } = await started()
    socket.send(new Uint8Array(limits.frameBytesMax))
    await settled(socket, messages)
    assert.deepStrictEqual(errorsOf(messages), [])
    socket.send(new Uint8Array(limits.frameBytesMax + 1))
    assert.strictEqual((await closed).code, 1009)
  })

  it("counts a message that comes in pieces as one: sound over 64 KiB is 1009, text over 16 KiB is told", async () => {
    const sound = await started()
    for (let i = 0; i < 70; i++) sound.socket.send(new Uint8Array(1_000), { binary: true, fin: false })
    assert.strictEqual((await sound.closed).code, 1009)
    const text = await started()
    for (let i = 0; i < 18; i++) text.socket.send(" ".repeat(1_000), { binary: false, fin: i === 17 })
    assert.strictEqual((await text.closed).code, 1009)
    assert.deepStrictEqual(errorsOf(text.messages), ["message_too_large"])
  })

  it("answers fifty control messages in a second and ends at more, with 4429", async () => {
    const { socket, messages, closed } = await started()
    await floodUntil(closed, limits.messagesPerSecondMax, () => send(socket, { type: "ping" }))
    assert.deepStrictEqual(await closed, { code: 4429, reason: "rate_limited" })
    // One of the second may have been `session.start`.
    const answered = messages.filter(({ type }) => type === "pong").length
    assert.isAtLeast(answered, limits.messagesPerSecondMax - 1)
    assert.deepStrictEqual(errorsOf(messages), ["rate_limited"])
  })

  it.each(["ping", "pong"] as const)(
    "ends at more than fifty %ss of the WebSocket in a second, with 4429",
    async (kind) => {
      const { socket, messages, closed } = await started()
      for (let i = 0; i < limits.messagesPerSecondMax - 1; i++) socket[kind]()
      await settled(socket, messages)
      assert.deepStrictEqual(errorsOf(messages), [])
      await floodUntil(closed, limits.messagesPerSecondMax, () => socket[kind](undefined, undefined, () => {}))
      assert.deepStrictEqual(await closed, { code: 4429, reason: "rate_limited" })
      assert.deepStrictEqual(errorsOf(messages), ["rate_limited"])
    }
  )

  it("takes half a minute of live audio at once, and ends at more with audio_too_fast, 1008", async () => {
    const { socket, messages, closed } = await started({ mode: "live" })
    const second = new Uint8Array(32_000)
    for (let i = 0; i < 30; i++) socket.send(second)
    await settled(socket, messages)
    assert.deepStrictEqual(errorsOf(messages), [])
    for (let i = 0; i < 30; i++) socket.send(second, () => {})
    assert.deepStrictEqual(await closed, { code: 1008, reason: "audio_too_fast" })
    assert.deepStrictEqual(errorsOf(messages), ["audio_too_fast"])
  })

  it("counts a flood of single samples as more than their sound", async () => {
    const { socket, closed } = await started({ mode: "live" })
    await floodUntil(closed, 2_000, () => socket.send(new Uint8Array(2), () => {}))
    assert.strictEqual((await closed).reason, "audio_too_fast")
  })

  it("takes a recording as fast as it comes in mode file", async () => {
    const { socket, messages } = await started({ mode: "file" })
    for (let i = 0; i < 120; i++) socket.send(new Uint8Array(32_000))
    await settled(socket, messages)
    assert.deepStrictEqual(errorsOf(messages), [])
    socket.terminate()
  })

  it.each([
    ["that is none", { started: true, frame: new Uint8Array(3), code: "invalid_audio" }],
    ["that comes too early", { started: false, frame: new Uint8Array(640), code: "not_ready" }]
  ])("answers audio %s, but not without end", async (_, { started: isStarted, frame, code }) => {
    const socket = await connected(`${server.wsUrl}/ws/secure`, { token })
    const { messages, closed } = record(socket)
    if (isStarted) {
      send(socket, { type: "session.start" })
      await once(socket, "message")
    }
    for (let i = 0; i <= limits.refusedFramesMax; i++) socket.send(frame, () => {})
    assert.deepStrictEqual(await closed, { code: 4429, reason: "rate_limited" })
    const errors = errorsOf(messages)
    assert.deepStrictEqual(errors, [...Array<string>(limits.refusedFramesMax).fill(code), "rate_limited"])
  })

  it("never compresses, also when it is asked to", async () => {
    const socket = new WebSocket(`${server.wsUrl}/ws/secure`, ["sawt.v1", `bearer.${token}`], {
      perMessageDeflate: { serverMaxWindowBits: 15 }
    })
    const [[response]] = await Promise.all([once(socket, "upgrade"), once(socket, "open")])
    assert.notProperty((response as { headers: object }).headers, "sec-websocket-extensions")
    assert.strictEqual(socket.extensions, "")
    socket.terminate()
  })

  it("a frame that claims to be compressed is a protocol error, 1002: nothing is inflated", async () => {
    const { socket: raw, answer } = await rawUpgrade(server)
    assert.match(answer, /101 Switching/)
    // FIN and RSV1, binary; masked; one byte.
    raw.write(Buffer.from([0xc2, 0x81, 1, 2, 3, 4, 0]))
    const [bytes] = (await once(raw, "data")) as [Buffer]
    assert.deepStrictEqual([bytes[0], bytes.readUInt16BE(2)], [0x88, 1002])
    raw.destroy()
  })
})

describe("/admin/health", () => {
  it("counts what each guard has refused, and what it let in", async () => {
    const server = await startServer(deafLayers({ idleSeconds: 600, maxMinutes: 60 }), {
      MAX_CONCURRENT_SESSIONS: "2",
      RATE_LIMIT_PER_MINUTE: "1000"
    })
    try {
      const secure = `${server.wsUrl}/ws/secure`
      const token = await server.token()
      const before = await securityOf(server)
      const open = [await connected(secure, { token }), await connected(secure, { token })] as const
      assert.strictEqual((await refused(secure, { token })).status, 503)
      open[0].send("{")
      assert.strictEqual((await nextMessage(open[0]))["code"], "invalid_message")
      for (const [socket, frame] of [
        [open[0], " ".repeat(limits.textBytesMax + 1)],
        [open[1], new Uint8Array(limits.frameBytesMax + 1)]
      ] as const) {
        socket.send(frame)
        assert.strictEqual((await closeOf(socket)).code, 1009)
      }
      assert.strictEqual((await fetch(`${server.url}/admin/sessions`)).status, 401)
      // A slot comes back when the server has seen the socket's end.
      while ((await securityOf(server)).slotsOpen > 0);
      const shortLived = await signed(server.tokenSecret, { exp: Date.now() / 1_000 + 0.5 })
      assert.strictEqual((await closeOf(await connected(secure, { token: shortLived }))).reason, "token_expired")
      const after = await securityOf(server)
      const { sessions_ended_by_token, ...counts } = after
      assert.deepInclude(counts, {
        tokens_issued: before.tokens_issued,
        authentications_accepted: before.authentications_accepted + 4,
        session_limit_refusals: before.session_limit_refusals + 1,
        malformed_messages: before.malformed_messages + 1,
        oversize_frames: before.oversize_frames + 2,
        admin_refused: before.admin_refused + 1,
        rate_limit_refusals: before.rate_limit_refusals,
        tracked_addresses: 1
      })
      assert.deepStrictEqual(sessions_ended_by_token, { token_expired: 1 })
    } finally {
      await server.close()
    }
  })
})

describe("patience", () => {
  const withServer = async (
    options: { readonly idleSeconds: number; readonly maxMinutes: number },
    run: (socket: WebSocket) => Promise<void>
  ) => {
    const server = await startServer(deafLayers(options))
    try {
      const socket = await connected(`${server.wsUrl}/ws/secure`, { token: await server.token() })
      await run(socket)
    } finally {
      await server.close()
    }
  }

  it("a client that sends nothing is warned and ended with idle_timeout, 4408; one that does is not", () =>
    withServer({ idleSeconds: 2, maxMinutes: 60 }, async (socket) => {
      const { messages, closed } = record(socket)
      send(socket, { type: "session.start" })
      const startedAtMs = performance.now()
      const busyMs = 2_600
      while (performance.now() - startedAtMs < busyMs) {
        send(socket, { type: "audio.clear" })
        await new Promise((resolve) => setTimeout(resolve, 50))
      }
      assert.deepStrictEqual(await closed, { code: 4408, reason: "idle_timeout" })
      assert.isAbove(performance.now() - startedAtMs, busyMs)
      const told = messages.filter(({ type }) => type === "session.expiring").map(({ reason }) => reason)
      assert.include(told, "idle")
      assert.deepStrictEqual(errorsOf(messages), ["idle_timeout"])
    }))

  it.each([
    ["names no protocol", undefined],
    ["names vosk-server's", "vosk-server"]
  ])("a client that %s has its slot only for the time that a first message may take", async (_, protocol) => {
    const server = await startServer(
      deafLayers({ idleSeconds: 600, maxMinutes: 60 }),
      { MAX_CONCURRENT_SESSIONS: "1", SESSION_IDLE_SECONDS: "600" },
      { firstMessageMs: 50 }
    )
    try {
      for (const path of ["/", "/ws"]) {
        const socket = new WebSocket(`${server.wsUrl}${path}`, protocol)
        const { messages, closed } = record(socket)
        assert.deepStrictEqual(await closed, { code: 4408, reason: "idle_timeout" })
        assert.deepStrictEqual(errorsOf(messages), ["idle_timeout"])
        // The only slot is free for the next one as soon as the server has seen the end of this one.
        while ((await securityOf(server)).slotsOpen > 0);
      }
    } finally {
      await server.close()
    }
  })

  it("a client that only pings, in either way, or acknowledges is ended with idle_timeout all the same", () =>
    withServer({ idleSeconds: 0.5, maxMinutes: 60 }, async (socket) => {
      const { messages, closed } = record(socket)
      send(socket, { type: "session.start" })
      const busy = setInterval(() => {
        send(socket, { type: "ping" })
        send(socket, { type: "ack", seq: 0 })
        socket.ping()
      }, 100)
      assert.deepStrictEqual(await closed, { code: 4408, reason: "idle_timeout" })
      clearInterval(busy)
      assert.include(
        messages.map(({ type }) => type),
        "pong"
      )
    }))

  it("the busiest client is ended at the longest duration, with 4408", () =>
    withServer({ idleSeconds: 600, maxMinutes: 0.01 }, async (socket) => {
      const { messages, closed } = record(socket)
      send(socket, { type: "session.start" })
      const busy = setInterval(() => send(socket, { type: "ping" }), 50)
      assert.deepStrictEqual(await closed, { code: 4408, reason: "duration_exceeded" })
      clearInterval(busy)
      assert.deepStrictEqual(errorsOf(messages), ["duration_exceeded"])
      assert.deepInclude(messages.at(-1), { type: "session.ended", resumable: false })
    }))
})

describe("one client's flood", () => {
  it("keeps another waiting for a few of its frames, not for all of them", async () => {
    const seen = newSeen()
    const server = await startServer(echoLayers(seen))
    try {
      const token = await server.token()
      const [flood, other] = [
        await connected(`${server.wsUrl}/ws/secure`, { token }),
        await connected(`${server.wsUrl}/ws/secure`, { token })
      ]
      const frames = 8_000
      const echoed: Array<unknown> = []
      const allEchoed = new Promise<void>((resolve) =>
        flood.on("message", (frame) => echoed.push(frame) === frames && resolve())
      )
      for (let i = 0; i < frames; i++) flood.send(new Uint8Array(2))
      send(other, { type: "ping" })
      assert.strictEqual((await nextMessage(other))["type"], "pong")
      assert.isBelow(echoed.length, frames / 2)
      await allEchoed
      flood.terminate()
      other.terminate()
    } finally {
      await server.close()
    }
  })
})
