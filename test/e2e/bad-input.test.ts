/** What no client should send, at every boundary: a typed error says what is wrong, and the same server goes on serving. */
import OpusScript from "opusscript"
import { afterAll, afterEach, assert, beforeAll, describe, it } from "vitest"
import { limits } from "#src/limits.ts"
import { bytesOf, joined } from "#src/audio/pcm.ts"
import { clipOf, readSamples } from "#test/stt/recordings.ts"
import { startServer, type ServerProcess } from "../../scripts/server-process.ts"
import { Caller, hears, noPrompts, silence, spoken, tokenOf } from "./caller.ts"

let server: ServerProcess
/** Says nothing from the beginning to the end. */
let mute: Caller
beforeAll(async () => {
  server = await startServer(noPrompts)
  mute = await Caller.open(server.url, { path: "/ws/secure", token: await tokenOf(server, "voice") })
})
afterAll(() => server.stop())
afterEach(async () => assert.deepStrictEqual(await hears(server.url), [clipOf("yes").text]))

/** The next error, by what a client decides on. */
const error = async (caller: Caller) => {
  const { code, message, retryable, ref } = await caller.client.next("error")
  return { code, message, retryable, ref }
}
/** The session goes on: a word is understood in it. */
const goesOn = async (caller: Caller) => {
  const finals = caller.finals.length
  await caller.play(spoken("three"))
  await caller.count("transcript.final", finals + 1)
  assert.strictEqual(caller.finals.at(-1), clipOf("three").text)
  await caller.end()
}

describe("text that is no message", () => {
  it.each([
    ["an unknown type", '{"type":"session.sing","ref":"a"}', "Allowed: session.start, "],
    ["no type", '{"ref":"a"}', "`type` is missing"],
    ["a field of a wrong type", '{"type":"speech.say","text":7,"ref":"a"}', "`text`"],
    ["a value that is not allowed", '{"type":"session.start","mode":"slow","ref":"a"}', "`mode`"],
    [
      "an unsupported rate",
      '{"type":"session.start","audio":{"encoding":"pcm_s16le","sample_rate":4000},"ref":"a"}',
      "sample_rate"
    ],
    [
      "an unknown encoding",
      '{"type":"session.start","audio":{"encoding":"mp3","sample_rate":16000},"ref":"a"}',
      "encoding"
    ],
    ["a field too many", '{"type":"ping","please":true,"ref":"a"}', "`please` is not a field of it"],
    ["a field that is missing", '{"type":"ack","ref":"a"}', "`seq` is missing"]
  ])("%s is invalid_message, with its ref and with what is wrong", async (_, text, told) => {
    const caller = await Caller.open(server.url)
    caller.sendRaw(text)
    const { code, message, retryable, ref } = await error(caller)
    assert.deepStrictEqual({ code, retryable, ref }, { code: "invalid_message", retryable: false, ref: "a" })
    assert.include(message, told)
    assert.notMatch(message, /\n| at |\//)
    await caller.start()
    await goesOn(caller)
  })

  it("is answered twice; the third time in ten seconds ends the session with 1008", async () => {
    const caller = await Caller.started(server.url)
    for (const text of ["{", "[]", "null"]) caller.sendRaw(text)
    assert.deepStrictEqual(await caller.client.ended(), { code: 1008, reason: "invalid_message" })
    assert.deepStrictEqual(
      caller.messages.slice(1).map((message) => (message.type === "error" ? message.code : message.type)),
      ["invalid_message", "invalid_message", "invalid_message", "session.ended"]
    )
  })

  it("over 16 KiB is message_too_large, and ends with 1009", async () => {
    const caller = await Caller.started(server.url)
    caller.send({ type: "speech.say", text: "ا".repeat(limits.textBytesMax / 2) })
    assert.strictEqual((await error(caller)).code, "message_too_large")
    assert.strictEqual((await caller.client.ended()).code, 1009)
  })
})

describe("messages at the wrong time", () => {
  it("before session.ready are not_ready, audio included, and the session still starts", async () => {
    const caller = await Caller.open(server.url)
    await caller.play(silence(20))
    assert.include(await error(caller), { code: "not_ready", retryable: false })
    assert.include(await caller.ask({ type: "speech.say", text: "أهلا" }), { type: "error", code: "not_ready" })
    await caller.start()
    await goesOn(caller)
  })

  it("a second session.start is not_ready, and changes nothing", async () => {
    const caller = await Caller.open(server.url)
    caller.send({ type: "session.start", mode: "file", ref: "first" })
    const second = caller.ask({ type: "session.start", audio: { encoding: "mulaw", sample_rate: 8_000 } })
    assert.include(await second, { type: "error", code: "not_ready" })
    assert.strictEqual((await caller.client.next("session.ready")).ref, "first")
    assert.include(await caller.ask({ type: "session.start" }), { type: "error", code: "not_ready" })
    assert.lengthOf(caller.of("session.ready"), 1)
    await goesOn(caller)
  })

  it("an unknown questionnaire is told with those that there are; one that exists starts on the same socket", async () => {
    const token = await tokenOf(server, "voice healthcare")
    const caller = await Caller.open(server.url, { path: "/ws/secure/healthcare", token })
    for (const start of [{ questionnaire: "phq-99" }, {}]) {
      const refused = await caller.ask({ type: "session.start", mode: "file", ...start })
      assert.include(refused, { type: "error", code: "unknown_questionnaire" })
      assert.include(refused.type === "error" ? refused.message : "", "phq-9")
    }
    assert.strictEqual((await caller.start({ questionnaire: "phq-9" })).questionnaire?.total, 10)
    assert.include(await caller.ask({ type: "speech.say", text: "أهلا" }), { type: "error", code: "forbidden" })
    await caller.end()
  })

  it("a questionnaire on the basic socket is forbidden", async () => {
    const caller = await Caller.open(server.url)
    const refused = await caller.ask({ type: "session.start", questionnaire: "phq-9" })
    assert.include(refused, { type: "error", code: "forbidden" })
    assert.include(await caller.client.ended(), { code: 4403 })
  })

  it("a resume of what is not there is resume_failed", async () => {
    const caller = await Caller.open(server.url)
    const refused = await caller.ask({ type: "session.start", resume_token: "abc", last_seq: 3 })
    assert.include(refused, { type: "error", code: "resume_failed" })
    assert.include(await caller.client.ended(), { code: 4404 })
  })
})

describe("sound that is none", () => {
  it("of an odd length or none at all is invalid_audio, and the next frames are heard", async () => {
    const caller = await Caller.started(server.url)
    for (const bytes of [new Uint8Array(641), new Uint8Array(0)]) {
      await caller.client.sendAudio(bytes)
      assert.include(await error(caller), { code: "invalid_audio", retryable: false })
    }
    await goesOn(caller)
  })

  it("as a broken Opus packet is invalid_audio, and the good ones around it are understood", async () => {
    const opus = new OpusScript(16_000, 1, OpusScript.Application.VOIP)
    const caller = await Caller.started(server.url, { audio: { encoding: "opus", sample_rate: 16_000 } })
    const sound = joined(silence(200), readSamples(clipOf("three").file), silence(900))
    for (let at = 0; at + 320 <= sound.length; at += 320) {
      if (at === 320 * 5) await caller.client.sendAudio(Uint8Array.of(0b0000_0011, 0xff, 0xff))
      await caller.client.sendAudio(opus.encode(Buffer.from(bytesOf(sound.slice(at, at + 320))), 320))
    }
    await caller.count("transcript.final", 1)
    await caller.end()
    assert.deepStrictEqual(
      caller.of("error").map(({ code }) => code),
      ["invalid_audio"]
    )
    assert.deepStrictEqual(caller.finals, [clipOf("three").text])
  })

  it("at a rate that Opus does not have is unsupported_encoding, with those that it has", async () => {
    const caller = await Caller.open(server.url)
    const refused = await caller.ask({ type: "session.start", audio: { encoding: "opus", sample_rate: 44_100 } })
    assert.include(refused, { type: "error", code: "unsupported_encoding" })
    assert.include(refused.type === "error" ? refused.message : "", "8000, 12000, 16000, 24000, 48000")
    assert.include(await caller.client.ended(), { code: 1003 })
  })

  it("in a frame of 10 MB ends its own session with 1009, and nobody else's", async () => {
    const [flood, other] = [await Caller.started(server.url), await Caller.started(server.url)]
    flood.client.socket.send(Buffer.alloc(10_000_000), () => {})
    assert.strictEqual((await flood.client.ended()).code, 1009)
    await goesOn(other)
  })
})

describe("too much of a good thing", () => {
  it("of control messages is rate_limited, and ends with 4429", async () => {
    const caller = await Caller.started(server.url)
    for (let i = 0; i < limits.messagesPerSecondMax; i++) caller.send({ type: "ping" })
    assert.deepStrictEqual(await caller.client.ended(), { code: 4429, reason: "rate_limited" })
    assert.include(await error(caller), { code: "rate_limited", retryable: true })
    assert.isAtMost(caller.of("pong").length, limits.messagesPerSecondMax)
  })

  it("of live audio is audio_too_fast, and ends with 1008", async () => {
    const caller = await Caller.started(server.url, { mode: "live" })
    for (let ms = 0; ms <= limits.audioAheadMsMax + 4_000; ms += 2_000) {
      caller.client.socket.send(bytesOf(silence(2_000)), { binary: true }, () => {})
    }
    assert.deepStrictEqual(await caller.client.ended(), { code: 1008, reason: "audio_too_fast" })
    assert.include(await error(caller), { code: "audio_too_fast", retryable: true })
  })

  it("of text to be spoken on the basic socket is rate_limited, and the session goes on", async () => {
    const caller = await Caller.started(server.url)
    const text = "أهلا ".repeat(300).trim()
    caller.send({ type: "speech.say", text })
    assert.include(await caller.ask({ type: "speech.say", text }), { type: "error", code: "rate_limited" })
    caller.send({ type: "speech.cancel" })
    await goesOn(caller)
  })

  it("of patience: a client that never starts is ended with idle_timeout and 4408 after five seconds", async () => {
    assert.deepStrictEqual(await mute.client.ended(), { code: 4408, reason: "idle_timeout" })
    assert.deepStrictEqual(
      mute.messages.map((message) => (message.type === "error" ? message.code : message.type)),
      ["idle_timeout", "session.ended"]
    )
  })
})
