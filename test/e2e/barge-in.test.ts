/**
 * People without headphones, live: what the service plays comes back into their microphone. Nobody speaks: nothing is
 * heard. Somebody does: the prompt gives way. The caller's loudspeaker and microphone go in lock step, whatever the load.
 */
import { afterAll, assert, beforeAll, describe, it, type TestContext } from "vitest"
import type { ServerMessageOf } from "#schemas/wire.ts"
import { clipOf, readSamples } from "#test/stt/recordings.ts"
import { EchoingCaller, type EchoingOptions } from "../../bench/echoing-caller.ts"
import { trimmed } from "../../bench/recordings.ts"
import { startServer, type ServerProcess } from "../../scripts/server-process.ts"
import { noPrompts, tokenOf } from "./caller.ts"
import { safetyItem } from "./questionnaire-file.ts"

let server: ServerProcess
let token: string
beforeAll(async () => {
  server = await startServer(noPrompts)
  token = await tokenOf(server, "voice healthcare", "patient-7")
})
afterAll(() => server.stop())

/** About six seconds, with the words that a person might answer. */
const long = "هل المقصود عدة أيام؟ يرجى قول نعم أو لا. ويمكن دائما لمس الجواب على الشاشة، أو كتابته، أو قول أعد."
const word = (english: string) => trimmed(readSamples(clipOf(english).file), 60)

/** Of a test that fails, what came is told, and where the microphone was then. */
const over = async ({ onTestFailed }: TestContext, options: Partial<EchoingOptions>): Promise<EchoingCaller> => {
  const caller = await EchoingCaller.open({
    server: server.url,
    path: "/ws/secure",
    token,
    delayMs: 120,
    isRoom: true,
    reports: true,
    ...options
  })
  onTestFailed(() => {
    const came = caller.arrivals.map(({ message, atMs }) => `${atMs} ms: ${JSON.stringify(message)}`)
    console.error([...came, `${caller.positionMs} ms: failed`].join("\n"))
  })
  return caller
}

const spoken = async (caller: EchoingCaller, text = long): Promise<string> => {
  const since = caller.arrivals.length
  caller.send({ type: "speech.say", text })
  const { message } = await caller.until(({ type }) => type === "audio.begin", since)
  return (message as ServerMessageOf<"audio.begin">).id
}
const ended = async (caller: EchoingCaller, id: string): Promise<ServerMessageOf<"audio.end">> =>
  (await caller.until((message) => message.type === "audio.end" && message.id === id))
    .message as ServerMessageOf<"audio.end">
const types = (caller: EchoingCaller) => caller.arrivals.map(({ message }) => message.type)

describe.concurrent("a prompt that comes back into the microphone", { timeout: 120_000 }, () => {
  it("is not taken for a person, and gives way to one who speaks over it", async (context) => {
    const caller = await over(context, { echoDb: -20 })
    assert.strictEqual((await ended(caller, await spoken(caller))).reason, "completed")
    assert.notInclude(types(caller), "speech.started")
    assert.notInclude(types(caller), "audio.duck")
    await caller.reached(caller.positionMs + 800)
    const id = await spoken(caller)
    await caller.reached(caller.positionMs + 1_500)
    const saidAtMs = caller.say(word("stop"))
    const end = await ended(caller, id)
    assert.strictEqual(end.reason, "interrupted")
    const heardMs = end.heard_ms ?? 0
    assert.isAbove(heardMs, 1_000)
    assert.isBelow(heardMs, end.duration_ms)
    assert.isTrue(long.replaceAll(/[،؟.]/g, "").startsWith((end.heard_text ?? "").replaceAll(/[،؟.]/g, "")))
    assert.isNotEmpty(end.heard_text)
    const { message } = await caller.until(({ type }) => type === "speech.started")
    assert.isAtLeast((message as ServerMessageOf<"speech.started">).at_ms, saidAtMs - 64)
    assert.isAtMost((message as ServerMessageOf<"speech.started">).at_ms, saidAtMs + 500)
    // How much of the echo is left in it depends on how soon the client hears that it should stop.
    await caller.until(({ type }) => type === "transcript.final")
    await caller.end()
  })

  it("holds nobody back who hears it in headphones, from its first second on", async (context) => {
    const caller = await over(context, {})
    const id = await spoken(caller)
    await caller.reached(caller.positionMs + 320)
    const saidAtMs = caller.say(word("stop"))
    assert.strictEqual((await ended(caller, id)).reason, "interrupted")
    const { message } = await caller.until(({ type }) => type === "speech.started")
    assert.isAtMost((message as ServerMessageOf<"speech.started">).at_ms, saidAtMs + 200)
    const { message: final } = await caller.until(({ type }) => type === "transcript.final")
    assert.strictEqual((final as ServerMessageOf<"transcript.final">).text, clipOf("stop").text)
    await caller.end()
  })
})

describe.concurrent("a read-back that says «yes or no»", { timeout: 120_000 }, () => {
  it("is not confirmed by a yes within 600 ms of its own, but by one after it", async (context) => {
    const caller = await over(context, {
      path: "/ws/secure/healthcare",
      start: { questionnaire: "phq-9", mode: "live" }
    })
    const prompt = async (about: string, since: number): Promise<{ readonly id: string; readonly atMs: number }> => {
      const { message, atMs } = await caller.until(
        (arrived) => arrived.type === "audio.begin" && arrived.text.includes(about),
        since
      )
      return { id: (message as ServerMessageOf<"audio.begin">).id, atMs }
    }
    await caller.until(({ type }) => type === "consent.requested")
    caller.send({ type: "consent.give", version: "1" })
    await caller.until(({ type }) => type === "question.asked")
    caller.send({ type: "question.goto", link_id: safetyItem })
    await caller.until((message) => message.type === "question.asked" && message.link_id === safetyItem)
    await caller.reached(caller.positionMs + 900)
    caller.say(word("one"))
    await caller.until(({ type }) => type === "answer.confirm")
    const first = await prompt("المقصود", 0)
    const { duration_ms: lengthMs } = await ended(caller, first.id)
    await caller.reached(caller.positionMs + 300)
    let since = caller.arrivals.length
    // Nothing that is asked for: the read-back is said once more.
    caller.say(word("open"))
    const second = await prompt("المقصود", since)
    // Its own yes ends half a second before it does.
    await caller.played(second.id, lengthMs - 300)
    since = caller.arrivals.length
    caller.say(word("yes"))
    const final = await caller.until(({ type }) => type === "transcript.final", since)
    assert.strictEqual(final.message.type === "transcript.final" && final.message.text, clipOf("yes").text)
    const third = await prompt("المقصود", since)
    assert.notInclude(types(caller), "answer.recorded")
    await ended(caller, third.id)
    await caller.reached(caller.positionMs + 1_000)
    caller.say(word("yes"))
    await caller.until(({ type }) => type === "answer.recorded")
    await caller.end()
  })
})
