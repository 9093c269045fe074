/**
 * People without headphones, live: what the service plays comes back into their microphone. Nobody speaks: nothing is
 * heard. Somebody does: the prompt gives way.
 */
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import type { ServerMessageOf } from "#schemas/wire.ts"
import { clipOf, readSamples } from "#test/stt/recordings.ts"
import { EchoingCaller, type EchoingOptions } from "../../bench/echoing-caller.ts"
import { joined } from "#src/audio/pcm.ts"
import { activityOf, trimmed } from "../../bench/recordings.ts"
import { startServer, type ServerProcess } from "../../scripts/server-process.ts"
import { noPrompts, silence, tokenOf } from "./caller.ts"
import { safetyItem } from "./questionnaire-file.ts"

/** A machine that stands still for half a second makes an echo that no loudspeaker makes: then once more. */
const realTime = { timeout: 60_000, retry: 2 }

let server: ServerProcess
let token: string
beforeAll(async () => {
  server = await startServer(noPrompts)
  token = await tokenOf(server, "voice healthcare", "patient-7")
})
afterAll(() => server.stop())

/** About six seconds, with the words that a person might answer. */
const long = "هل المقصود عدة أيام؟ يرجى قول نعم أو لا. ويمكن دائما لمس الجواب على الشاشة، أو كتابته، أو قول أعد."

const over = (options: Partial<EchoingOptions>) =>
  EchoingCaller.open({
    server: server.url,
    path: "/ws/secure",
    token,
    delayMs: 120,
    isRoom: true,
    reports: true,
    ...options
  })

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

describe("a prompt that comes back into the microphone", realTime, () => {
  it.concurrent.each([
    { echoDb: -12, isRoom: true, reports: true },
    { echoDb: -20, isRoom: false, reports: false }
  ])("is not taken for a person: $echoDb dB, room $isRoom, reports $reports", async (options) => {
    const caller = await over(options)
    for (let prompt = 0; prompt < 2; prompt++) {
      assert.strictEqual((await ended(caller, await spoken(caller))).reason, "completed")
    }
    await caller.reached(caller.positionMs + 1_500)
    assert.notInclude(types(caller), "speech.started")
    assert.notInclude(types(caller), "audio.duck")
    assert.notInclude(types(caller), "transcript.final")
    await caller.end()
  })

  it.concurrent("gives way to a person who speaks over it", async () => {
    const caller = await over({ echoDb: -12 })
    await ended(caller, await spoken(caller))
    const id = await spoken(caller)
    await caller.reached(caller.positionMs + 1_500)
    // Whoever is not heard says it again.
    const word = joined(readSamples(clipOf("stop").file), silence(100), readSamples(clipOf("stop").file))
    const fromMs = caller.say(word) + activityOf(word).start / 16
    const end = await ended(caller, id)
    assert.strictEqual(end.reason, "interrupted")
    const heardMs = end.heard_ms ?? 0
    assert.isAbove(heardMs, 1_000)
    assert.isBelow(heardMs, end.duration_ms)
    assert.isTrue(long.replaceAll(/[،؟.]/g, "").startsWith((end.heard_text ?? "").replaceAll(/[،؟.]/g, "")))
    assert.isNotEmpty(end.heard_text)
    const duck = caller.arrivals.find(({ message }) => message.type === "audio.duck")
    const started = caller.arrivals.find(({ message }) => message.type === "speech.started")
    assert.isTrue(started !== undefined && duck !== undefined)
    assert.isBelow((duck?.atMs ?? 0) - (started?.atMs ?? 0), 100)
    assert.isAbove(started?.atMs ?? 0, fromMs)
    await caller.until(({ type }) => type === "transcript.final")
    await caller.end()
  })
})

describe("a read-back that says «yes or no»", realTime, () => {
  it.concurrent("is not confirmed by a yes within 600 ms of its own, but by one after it", async () => {
    const caller = await over({
      path: "/ws/secure/healthcare",
      start: { questionnaire: "phq-9", mode: "live" }
    })
    const word = (english: string) => trimmed(readSamples(clipOf(english).file), 60)
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
    const first = await ended(caller, (await prompt("المقصود", 0)).id)
    await caller.reached(caller.positionMs + 300)
    let since = caller.arrivals.length
    // Nothing that is asked for: the read-back is said once more.
    caller.say(word("open"))
    const second = await prompt("المقصود", since)
    // Its own yes ends half a second before it does, and the client plays it a little later than it comes.
    await caller.reached(second.atMs + first.duration_ms - 300)
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
