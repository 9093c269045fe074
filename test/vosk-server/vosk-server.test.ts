/**
 * Clients of alphacep's vosk-server against the running service. The exchanges are those of its own test clients: what each
 * sends is written as there, and every reply is held against what libvosk answers when it is driven directly.
 */
import { WebSocket } from "ws"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { bytesOf, joined, samplesOf } from "#src/audio/pcm.ts"
import { Resampler } from "#src/audio/resample.ts"
import { writeWav } from "#src/audio/wav.ts"
import { tokenOf } from "#test/e2e/caller.ts"
import { servingPid } from "#test/faults/hosts.ts"
import { readSamples } from "#test/stt/recordings.ts"
import { startServer, type ServerProcess } from "../../scripts/server-process.ts"
import { textOf, VoskClient } from "../../scripts/vosk-client.ts"
import { type DirectLibvosk, type Exchange, startLibvosk } from "./libvosk.ts"

let server: ServerProcess
let libvosk: DirectLibvosk
beforeAll(async () => {
  ;[server, libvosk] = await Promise.all([startServer({ MAX_CONCURRENT_SESSIONS: "20" }), startLibvosk()])
})
afterAll(async () => {
  libvosk.stop()
  await server.stop()
})

const spoken = readSamples("long-1-00000004.wav")
const said = "نعم اثنان ثلاثة لا توقف"
const resampled = (samples: Int16Array, fromHz: number, toHz: number): Int16Array =>
  new Resampler(fromHz, toHz).push(samples)

/** As `wf.readframes(int(rate * 0.2))` gives them. */
const piecesOf = (samples: Int16Array, sampleRateHz: number): ReadonlyArray<Uint8Array> => {
  const bytes = bytesOf(samples)
  const pieceBytes = Math.floor(sampleRateHz * 0.2) * 2
  return Array.from({ length: Math.ceil(bytes.length / pieceBytes) }, (_, i) =>
    bytes.subarray(i * pieceBytes, (i + 1) * pieceBytes)
  )
}

const wsUrl = (path: string): string => server.url.replace("http", "ws") + path
/** `config`, then each piece answered before the next is sent, then the end. */
const strictly = async (client: VoskClient, config: string | undefined, pieces: ReadonlyArray<Uint8Array>) => {
  if (config !== undefined) await client.send(config)
  const replies: Array<string> = []
  for (const piece of pieces) replies.push(await client.ask(piece))
  replies.push(await client.ask('{"eof" : 1}'))
  return { replies, close: await client.ended() }
}
const direct = (exchange: Partial<Exchange> & Pick<Exchange, "pieces">) =>
  libvosk.replies({ sampleRateHz: 16_000, words: true, alternatives: 0, ...exchange })

describe("vosk-server's own clients", () => {
  it("test.py gets of each message what libvosk says of it", async () => {
    const pieces = piecesOf(spoken, 16_000)
    const client = await VoskClient.open(wsUrl("/"))
    const { replies, close } = await strictly(client, '{ "config" : { "sample_rate" : 16000 } }', pieces)
    assert.deepStrictEqual(replies, await direct({ pieces: [...pieces, "final"] }))
    assert.strictEqual(textOf(replies), said)
    assert.strictEqual(close.code, 1000)
  })

  it("test_words.py gets only what its phrases allow, without words and times", async () => {
    const phrases = ["نعم لا", "اثنان ثلاثة zero", "six seven eight nine oh"]
    const config = `{"config" :
                    { "phrase_list" : ${JSON.stringify(phrases)},
                      "sample_rate" : 16000,
                      "words" : 0}}`
    const pieces = piecesOf(spoken, 16_000)
    const { replies } = await strictly(await VoskClient.open(wsUrl("/ws")), config, pieces)
    assert.deepStrictEqual(replies, await direct({ phrases, words: false, pieces: [...pieces, "final"] }))
    assert.notInclude(replies.join(), '"result"')
    assert.include(textOf(replies), "نعم")
  })

  it("test_alternatives.py gets up to twenty readings", async () => {
    const pieces = piecesOf(spoken, 16_000)
    const config = '{"config" : { "max_alternatives" : 20, "sample_rate" : 16000 } }'
    const { replies } = await strictly(await VoskClient.open(wsUrl("/")), config, pieces)
    assert.deepStrictEqual(replies, await direct({ alternatives: 20, pieces: [...pieces, "final"] }))
    assert.include(replies.join(), '"alternatives"')
  })

  it("the Node sample streams a file of 8 kHz, header and all, without a word before it and without waiting", async () => {
    const file = writeWav([resampled(joined(...Array(9).fill(spoken)), 16_000, 8_000)], 8_000)
    const chunks = Array.from({ length: Math.ceil(file.length / 65_536) }, (_, i) =>
      file.subarray(i * 65_536, (i + 1) * 65_536)
    )
    const client = await VoskClient.open(wsUrl("/ws"))
    for (const chunk of chunks) void client.send(chunk)
    void client.send('{"eof" : 1}')
    const replies: Array<string> = []
    for (let i = 0; i <= chunks.length; i++) replies.push(await client.next())
    assert.strictEqual((await client.ended()).code, 1000)
    // The model's rate is 16 kHz, and libvosk makes less of more, never more of less.
    const resampler = new Resampler(8_000, 16_000)
    const pieces = chunks.map((chunk) => bytesOf(resampler.push(samplesOf(chunk))))
    assert.deepStrictEqual(replies, await direct({ pieces: [...pieces, "final"] }))
  })
})

describe("the protocol", () => {
  it("reset gives a final, and the times of words go on", async () => {
    const pieces = piecesOf(spoken, 16_000)
    const half = pieces.length / 2
    const client = await VoskClient.open(wsUrl("/ws"))
    await client.send('{"config": {"sample_rate": 16000}}')
    const replies: Array<string> = []
    for (const message of [...pieces.slice(0, half), '{"reset": 1}', ...pieces.slice(half), '{"eof": 1}']) {
      replies.push(await client.ask(message))
    }
    const expected = await direct({ pieces: [...pieces.slice(0, half), "final", ...pieces.slice(half), "final"] })
    // libvosk counts seconds in 32 bits, so a sum of ours may differ from its own in the last digits.
    const rounded = (reply: string) => reply.replaceAll(/\d+\.\d{6}/g, (seconds) => Number(seconds).toFixed(3))
    assert.deepStrictEqual(replies.map(rounded), expected.map(rounded))
  })

  it("takes numbers as text, and no settings after the first audio; what means nothing here is told to the operator", async () => {
    const pieces = piecesOf(spoken, 16_000)
    const client = await VoskClient.open(wsUrl("/ws"))
    await client.send('{"config": {"sample_rate": "16000", "words": "", "spk_model": "/etc/passwd"}}')
    await client.ask(pieces[0] ?? "")
    await client.send('{"config": {"max_alternatives": 3}}')
    const replies: Array<string> = []
    for (const piece of pieces.slice(1)) replies.push(await client.ask(piece))
    assert.strictEqual(textOf([...replies, await client.ask('{"eof":true}')]), said)
    assert.notMatch(replies.join(), /"alternatives"|"result"/)
    await server.logged("settings that mean nothing here: spk_model")
    assert.notInclude(server.log(), "/etc/passwd")
  })

  it("eof without audio is answered by an empty text; half a sample is passed over", async () => {
    const client = await VoskClient.open(wsUrl("/ws"))
    assert.deepStrictEqual(JSON.parse(await client.ask('{"eof":1}')), { text: "" })
    const odd = await VoskClient.open(wsUrl("/ws"))
    assert.deepStrictEqual(JSON.parse(await odd.ask(new Uint8Array(3))), { partial: "" })
    odd.socket.terminate()
  })

  it.each([
    ["a rate that nobody records", '{"config": {"sample_rate": 4000}}', /sample_rate/],
    ["phrases that are no texts", '{"config": {"phrase_list": [1]}}', /phrase_list/],
    ["an object that says nothing", '{"config": 3}', /Expected/]
  ])("%s is an error that says what is allowed, and ends the connection", async (_, message, told) => {
    const client = await VoskClient.open(wsUrl("/ws"))
    const { error } = JSON.parse(await client.ask(message)) as { error: { code: string; message: string } }
    assert.strictEqual(error.code, "invalid_message")
    assert.match(error.message, told)
    assert.strictEqual((await client.ended()).code, 1008)
  })

  it("the first message decides: session.start is the native protocol", async () => {
    const client = await VoskClient.open(wsUrl("/ws"))
    const { type } = JSON.parse(await client.ask('{"type": "session.start"}')) as { type: string }
    assert.strictEqual(type, "session.ready")
    client.socket.close()
  })

  it("a token opens the secure socket to it; a questionnaire's is not for it; a browser names the protocol", async () => {
    const token = await tokenOf(server, "voice healthcare")
    const secure = await VoskClient.open(wsUrl("/ws/secure"), token)
    assert.deepStrictEqual(JSON.parse(await secure.ask(new Uint8Array(320))), { partial: "" })
    secure.socket.close()
    const healthcare = await VoskClient.open(wsUrl("/ws/secure/healthcare"), token)
    assert.include(await healthcare.ask(new Uint8Array(320)), "invalid_message")
    assert.strictEqual((await healthcare.ended()).code, 1008)
    const browser = new WebSocket(wsUrl("/ws/secure"), ["vosk-server", `bearer.${token}`])
    await new Promise((resolve) => browser.once("open", resolve))
    assert.strictEqual(browser.protocol, "vosk-server")
    browser.terminate()
  })

  it("a host that dies in the middle costs no word and no reply", async () => {
    const pieces = piecesOf(spoken, 16_000)
    const stt = await servingPid(server, "stt")
    const client = await VoskClient.open(wsUrl("/ws"))
    await client.send('{"config": {"sample_rate": 16000}}')
    const replies: Array<string> = []
    for (const [at, piece] of pieces.entries()) {
      if (at === Math.floor(pieces.length / 2)) process.kill(stt, "SIGKILL")
      replies.push(await client.ask(piece))
    }
    replies.push(await client.ask('{"eof" : 1}'))
    assert.strictEqual(replies.length, pieces.length + 1)
    assert.strictEqual(textOf(replies), said)
  })
})

describe("?gate=vad", () => {
  interface Result {
    readonly text: string
    readonly result?: ReadonlyArray<{ readonly word: string; readonly start: number }>
  }
  const wordsOf = (replies: ReadonlyArray<string>) =>
    replies.flatMap((reply) => (JSON.parse(reply) as Result).result ?? [])

  it.each([
    ["strictly, in pieces of 0.2 s", 16_000, 6_400],
    ["in frames of 20 ms, of half a rate", 8_000, 320],
    ["in pieces of several words", 16_000, 65_536]
  ])("decodes speech alone, and hears the same words at the same times: %s", async (_, sampleRateHz, pieceBytes) => {
    const bytes = bytesOf(resampled(spoken, 16_000, sampleRateHz))
    const pieces = Array.from({ length: Math.ceil(bytes.length / pieceBytes) }, (_, i) =>
      bytes.subarray(i * pieceBytes, (i + 1) * pieceBytes)
    )
    const client = await VoskClient.open(wsUrl("/ws?gate=vad"))
    const { replies, close } = await strictly(client, `{"config": {"sample_rate": ${sampleRateHz}}}`, pieces)
    assert.strictEqual(close.code, 1000)
    assert.strictEqual(replies.length, pieces.length + 1)
    assert.strictEqual(textOf(replies), said)
    const expected = wordsOf(await direct({ pieces: [bytesOf(spoken), "final"] }))
    for (const [i, { word, start }] of wordsOf(replies).entries()) {
      assert.strictEqual(word, expected[i]?.word)
      assert.approximately(start, expected[i]?.start ?? NaN, 0.1)
    }
  })

  it("is the only gate there is", async () => {
    const refusal = await VoskClient.open(wsUrl("/ws?gate=energy")).catch((error: Error) => error.message)
    assert.match(String(refusal), /400/)
  })
})
