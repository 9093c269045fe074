/** Text that is meant to harm, at the real socket and over HTTP: what is refused, and what is made plain (R3.7). */
import { once } from "node:events"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import type { WebSocket } from "ws"
import { limits } from "#src/limits.ts"
import { connected, nextMessage, startServer, type TestServer } from "#test/support/server.ts"
import { deafLayers } from "./deaf-session.ts"

let server: TestServer
let token: string
beforeAll(async () => {
  server = await startServer(deafLayers({ idleSeconds: 600, maxMinutes: 60 }), { MAX_CONCURRENT_SESSIONS: "50" })
  token = await server.token(["voice", "healthcare"])
})
afterAll(() => server.close())

const started = async (path = "/ws/secure", start = {}): Promise<WebSocket> => {
  const socket = await connected(server.wsUrl + path, { token })
  socket.send(JSON.stringify({ type: "session.start", ...start }))
  assert.strictEqual((await nextMessage(socket))["type"], "session.ready")
  return socket
}
/** The answer to this text, and that the session lives on. */
const ask = async (socket: WebSocket, text: string) => {
  socket.send(text)
  const answer = await nextMessage(socket)
  socket.send('{"type":"ping","id":"alive"}')
  for (;;) if ((await nextMessage(socket))["type"] === "pong") return answer
}
const deep = (levels: number) => `${'{"a":'.repeat(levels)}1${"}".repeat(levels)}`

describe("a message is refused, and the session goes on, when it is", () => {
  it.each([
    ["16 KiB of [", "[".repeat(limits.textBytesMax)],
    ["16 KiB of [ and ]", "[".repeat(limits.textBytesMax / 2) + "]".repeat(limits.textBytesMax / 2)],
    ["16 KiB of {", '{"a":'.repeat(limits.textBytesMax / 5)],
    ["an object 2,500 deep", deep(2_500)],
    ["a field 2,500 deep", `{"type":"ping","id":${deep(2_500)}}`],
    ["a value 2,500 deep", `{"type":"answer.select","link_id":"a","value":${"[".repeat(2_500)}${"]".repeat(2_500)}}`],
    ["1,000 fields", `{"type":"ping",${Array.from({ length: 1_000 }, (_, n) => `"f${n}":1`).join(",")}}`],
    ["__proto__", '{"type":"ping","__proto__":{"id":"x"}}'],
    ["constructor", '{"type":"ping","constructor":{"prototype":{"id":"x"}}}'],
    ["a type of the prototype", '{"type":"constructor"}'],
    ["a type that is __proto__", '{"type":"__proto__"}'],
    ["a __proto__ that would be the type", '{"__proto__":{"type":"ping"}}'],
    ["NaN", '{"type":"ack","seq":NaN}'],
    ["a number beyond all numbers", '{"type":"speech.played","id":"p1","played_ms":1e999}'],
    ["less than all numbers", '{"type":"speech.played","id":"p1","played_ms":-1e999}'],
    ["an infinite answer", '{"type":"answer.select","link_id":"a","value":1e999}'],
    ["a count that is no whole number", '{"type":"ack","seq":1.5}'],
    ["a count that no number holds", '{"type":"ack","seq":9007199254740993}'],
    ["a negative count", '{"type":"ack","seq":-1}'],
    ["an id with a blank", '{"type":"question.goto","link_id":"a b"}'],
    ["an id with a line", '{"type":"question.goto","link_id":"a\\nb"}'],
    ["an id that leaves its folder, in Arabic", '{"type":"question.goto","link_id":"سؤال/../.."}'],
    ["an id with a NUL", '{"type":"ping","id":"a\\u0000"}'],
    ["an id of 129 characters", `{"type":"ping","id":"${"a".repeat(129)}"}`],
    ["an empty id", '{"type":"ping","id":""}'],
    ["a ref with a control character", '{"type":"ping","ref":"a\\u001b[2J"}'],
    ["a ref that turns the line", '{"type":"ping","ref":"a\\u202etxt"}'],
    ["a ref with half a character", '{"type":"ping","ref":"\\ud800"}'],
    ["keys on a pad that has none such", '{"type":"dtmf","digits":"١"}'],
    ["text over 4,000 characters", `{"type":"text.input","text":"${"a".repeat(4_001)}"}`],
    ["two messages", '{"type":"ping"}{"type":"ping"}'],
    ["a message with a comment", '{"type":"ping"/**/}'],
    ["behind a byte order mark", '\uFEFF{"type":"ping"}'],
    ["a NUL", "\0"],
    ["nothing", ""]
  ])("%s", async (_, text) => {
    const socket = await started()
    const answer = await ask(socket, text)
    assert.deepInclude(answer, { type: "error", code: "invalid_message", retryable: false })
    assert.notProperty(answer, "ref")
    assert.notMatch(String(answer["message"]), / at .*:\d|\.ts|node:|[\p{Cc}\u202a-\u202e]/u)
    assert.isUndefined(({} as Record<string, unknown>)["id"])
    socket.terminate()
  })
})

describe("what a person wrote comes back", () => {
  it.each([
    ["composed", "cafe\u0301", "café"],
    ["without controls", "نعم\u0000\u001b[31m", "نعم  [31m"],
    ["without marks that turn the line", "abc\u202edcba\u202c \u2066x\u2069\u200f", "abcdcba x"],
    ["without half characters", "\ud83d نعم \udc00", "\ufffd نعم \ufffd"],
    ["with its joiners", "می\u200cخواهم", "می\u200cخواهم"],
    ["empty, where nothing of it can be shown", "\u0007\u202e\u0000", ""],
    ["whole, as one word of 4,000 letters", "ب".repeat(4_000), "ب".repeat(4_000)]
  ])("%s", async (_, written, plain) => {
    const socket = await started()
    socket.send(JSON.stringify({ type: "text.input", text: written }))
    assert.deepInclude(await nextMessage(socket), { type: "transcript.final", text: plain })
    socket.terminate()
  })

  it("not at all, where it should be spoken and holds nothing that could be", async () => {
    const socket = await started()
    const answer = await ask(socket, '{"type":"speech.say","text":"\\u0000\\u202e","ref":"r"}')
    assert.deepInclude(answer, { type: "error", code: "invalid_message", ref: "r" })
    socket.terminate()
  })
})

describe("names of the prototype", () => {
  it.each(["__proto__", "constructor", "toString", "hasOwnProperty"])(
    "%s is no questionnaire",
    async (questionnaire) => {
      const socket = await connected(`${server.wsUrl}/ws/secure/healthcare`, { token })
      socket.send(JSON.stringify({ type: "session.start", questionnaire }))
      assert.deepInclude(await nextMessage(socket), { type: "error", code: "unknown_questionnaire" })
      socket.terminate()
    }
  )

  it("are no voice, and no prompt to cancel", async () => {
    const socket = await started()
    for (const id of ["__proto__", "constructor"]) {
      socket.send(JSON.stringify({ type: "speech.cancel", id }))
      socket.send(JSON.stringify({ type: "speech.played", id, played_ms: 1e308 }))
    }
    socket.send('{"type":"ping","id":"alive"}')
    assert.deepStrictEqual(await nextMessage(socket), { type: "pong", id: "alive" })
    socket.terminate()
  })
})

describe("over HTTP", () => {
  const post = async (body: string) => {
    const headers = { authorization: `Bearer ${server.adminSecret}`, "content-type": "application/json" }
    const response = await fetch(`${server.url}/auth/token`, { method: "POST", headers, body })
    return [response.status, (await response.json()) as { error?: { code: string }; scope?: string }] as const
  }
  it.each([
    ["a body 600 deep", deep(600)],
    ["4 KiB of [", "[".repeat(4_000)],
    ["__proto__", '{"__proto__":{"scope":"clinician"}}'],
    ["constructor", '{"constructor":1}'],
    ["a lifetime beyond all numbers", '{"ttl_seconds":1e999}'],
    ["a subject that turns the line", '{"subject":"a\\u202eb"}'],
    ["a subject with half a character", '{"subject":"a\\ud800b"}'],
    ["a subject with a NUL", '{"subject":"a\\u0000b"}'],
    ["a subject of blanks", '{"subject":"  "}'],
    ["an empty subject", '{"subject":""}'],
    ["a subject of 201 characters", `{"subject":"${"a".repeat(201)}"}`]
  ])("%s is 400", async (_, body) => {
    const [status, { error }] = await post(body)
    assert.deepStrictEqual([status, error?.code], [400, "invalid_message"])
  })

  it("a parameter named __proto__ is refused, not taken for a scope", async () => {
    const headers = { authorization: `Bearer ${server.adminSecret}` }
    const response = await fetch(`${server.url}/auth/token?__proto__=clinician`, { headers })
    assert.strictEqual(response.status, 400)
  })

  it("a subject with blanks and Arabic letters within is as it was written", async () =>
    assert.strictEqual((await post('{"subject":"مريض رقم 7"}'))[0], 200))
})

/** Frames that are no text at all. */
describe("bytes", () => {
  it.each([
    ["an overlong slash", [0xc0, 0xaf]],
    ["half a pair of surrogates", [0xed, 0xa0, 0x80]],
    ["a character beyond the last", [0xf4, 0x90, 0x80, 0x80]],
    ["a character that breaks off", [0xe2, 0x82]]
  ])("%s in a text frame closes with 1007", async (_, bytes) => {
    const socket = await started()
    socket.send(Buffer.from(bytes), { binary: false })
    const [code] = (await once(socket, "close")) as [number]
    assert.strictEqual(code, 1007)
  })
})
