/** What the engine says: its frames and formats, and how a person interrupts it. Live mode where time matters. */
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import type { ServerMessageOf, SpeechFormat } from "#schemas/wire.ts"
import { decodeMulaw } from "#src/audio/mulaw.ts"
import { joined, peak } from "#src/audio/pcm.ts"
import { clipOf, readSamples } from "#test/stt/recordings.ts"
import { startServer, type ServerProcess } from "../../scripts/server-process.ts"
import { Caller, noPrompts, silence } from "./caller.ts"
import { orderFaults } from "./order.ts"

let server: ServerProcess
beforeAll(async () => (server = await startServer(noPrompts)))
afterAll(() => server.stop())

const short = "أهلا وسهلا."
/** About two seconds: enough for a detector on a busy machine. */
const medium = "أهلا وسهلا. شكرا جزيلا على الوقت."
/** About eight seconds. */
const long =
  "هذا نص طويل يقرأ بصوت عال حتى يقاطعه من يسمعه. وبعده جملة أخرى طويلة لا يسمعها أحد لأن الكلام قد توقف قبلها."

const live = () => Caller.started(server.url, { mode: "live" })
const begun = async (caller: Caller, text: string): Promise<ServerMessageOf<"audio.begin">> => {
  const begin = await caller.ask({ type: "speech.say", text })
  assert.strictEqual(begin.type, "audio.begin", JSON.stringify(begin))
  return begin as ServerMessageOf<"audio.begin">
}
const ended = async (caller: Caller, id: string) =>
  (await caller.until((message) => message.type === "audio.end" && message.id === id)) as ServerMessageOf<"audio.end">

const samplesOf = (bytes: Buffer, { encoding }: SpeechFormat): Int16Array =>
  encoding === "mulaw" ? decodeMulaw(bytes) : new Int16Array(new Uint8Array(bytes).buffer)

describe("speech.say", () => {
  it.each<SpeechFormat>([
    { encoding: "pcm_s16le", sample_rate: 22_050 },
    { encoding: "pcm_s16le", sample_rate: 48_000 },
    { encoding: "mulaw", sample_rate: 8_000 }
  ])("streams frames of $encoding at $sample_rate Hz that last as long as audio.end says", async (speech) => {
    const caller = await Caller.started(server.url, { speech })
    const begin = await begun(caller, short)
    assert.include(begin, { text: short, interruptible: true, degraded: false, ...speech })
    const end = await ended(caller, begin.id)
    await caller.end()
    assert.strictEqual(end.reason, "completed")
    assert.notProperty(end, "heard_ms")
    const frames = caller.frames.map(({ bytes }) => samplesOf(bytes, speech))
    const lastMs = (frames.reduce((sum, { length }) => sum + length, 0) * 1_000) / speech.sample_rate
    assert.closeTo(lastMs, end.duration_ms, 1)
    assert.isAbove(lastMs, 500)
    assert.isAbove(Math.max(...frames.map(peak)), 3_000)
    const [first, last] = [caller.messages.indexOf(begin), caller.messages.indexOf(end)]
    assert.isTrue(caller.frames.every(({ after }) => first < after && after <= last))
  })

  it("speaks one prompt after the other, in the order in which they were asked for", async () => {
    const caller = await Caller.started(server.url)
    const [one, two] = await Promise.all([begun(caller, short), begun(caller, "شكرا.")])
    await ended(caller, two.id)
    await caller.end()
    assert.deepStrictEqual(
      caller.of("audio.end").map(({ id, reason }) => [id, reason]),
      [one, two].map(({ id }) => [id, "completed"])
    )
    assert.deepStrictEqual(orderFaults(caller.messages), [])
  })

  it("waits while the session is paused, and is spoken when it goes on", async () => {
    const caller = await Caller.started(server.url)
    await caller.ask({ type: "session.pause" })
    const begin = begun(caller, short)
    await caller.ask({ type: "ping" })
    assert.isEmpty(caller.of("audio.begin"))
    await caller.ask({ type: "session.continue" })
    await ended(caller, (await begin).id)
    await caller.end()
  })

  it("begins and ends where nothing can be said aloud, and refuses a voice that is not there", async () => {
    const caller = await Caller.started(server.url)
    const begin = await begun(caller, "🙂")
    assert.include(await ended(caller, begin.id), { reason: "completed", duration_ms: 0 })
    const refused = await caller.ask({ type: "speech.say", text: short, voice: "caruso" })
    assert.strictEqual(refused.type === "error" && refused.code, "not_found")
    const known = await caller.ask({ type: "speech.say", text: short, voice: "espeak" })
    assert.strictEqual(known.type, "audio.begin")
    await caller.end()
  })
})

describe("interrupting, live", () => {
  it("speech.cancel stops the prompt at once and tells how much of it was heard", async () => {
    const caller = await live()
    const { id } = await begun(caller, long)
    caller.send({ type: "speech.cancel", id: "another" })
    await caller.hear(1)
    caller.send({ type: "speech.played", id, played_ms: 120 })
    caller.send({ type: "speech.cancel", id })
    const end = await ended(caller, id)
    assert.include(end, { reason: "interrupted", heard_ms: 120 })
    assert.isAbove(end.duration_ms, 1_000)
    const sent = caller.frames.length
    const next = await begun(caller, short)
    assert.isTrue(caller.frames.slice(sent).every(({ after }) => after > caller.messages.indexOf(next)))
    await caller.end()
    assert.deepStrictEqual(orderFaults(caller.messages), [])
  })

  it("a person who speaks ducks the prompt and then ends it; what was said is understood", async () => {
    const caller = await live()
    const { id } = await begun(caller, long)
    await caller.play(joined(readSamples(clipOf("stop").file), silence(900)))
    const end = await ended(caller, id)
    assert.strictEqual(end.reason, "interrupted")
    assert.isBelow(end.heard_ms ?? end.duration_ms, end.duration_ms)
    await caller.count("transcript.final", 1)
    await caller.end()
    assert.deepStrictEqual(
      caller.of("audio.duck").map((duck) => [duck.id, duck.ducked]),
      [[id, true]]
    )
    const types = caller.messages.map(({ type }) => type)
    assert.isBelow(types.indexOf("speech.started"), types.indexOf("audio.duck"))
    assert.isBelow(types.indexOf("audio.duck"), types.indexOf("audio.end"))
    assert.deepStrictEqual(caller.finals, [clipOf("stop").text])
    assert.deepStrictEqual(orderFaults(caller.messages), [])
  })

  it("a cough only ducks: the prompt comes back and is spoken to its end", async () => {
    const caller = await live()
    const { id } = await begun(caller, medium)
    // Three frames of voice, two fewer than confirm that somebody means it.
    const cough = readSamples(clipOf("three").file).slice(9_600, 12_000)
    await caller.play(joined(silence(100), cough, silence(900)))
    assert.strictEqual((await ended(caller, id)).reason, "completed")
    await caller.end()
    assert.deepStrictEqual(
      caller.of("audio.duck").map(({ ducked }) => ducked),
      [true, false]
    )
  })

  it("a prompt that is not interruptible is neither ducked nor ended", async () => {
    const caller = await live()
    const begin = await caller.ask({ type: "speech.say", text: short, interruptible: false })
    assert.include(begin, { type: "audio.begin", interruptible: false })
    await caller.play(joined(readSamples(clipOf("stop").file), silence(900)))
    await caller.count("transcript.final", 1)
    await caller.until(({ type }) => type === "audio.end")
    await caller.end()
    assert.strictEqual(caller.of("audio.end")[0]?.reason, "completed")
    assert.isEmpty(caller.of("audio.duck"))
  })
})
