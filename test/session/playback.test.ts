import { Effect, Fiber, Stream } from "effect"
import { TestClock } from "effect/testing"
import { assert, describe, it } from "vitest"
import type { Prompt } from "#machines/session-events.ts"
import { defaultSpeech, type ServerMessageOf } from "#schemas/wire.ts"
import { limits } from "#src/limits.ts"
import { Playback } from "#src/session/playback.ts"
import { Played } from "#src/session/played.ts"
import { type SpokenSentence, type Tts, TtsError } from "#src/tts/tts.ts"
import { recordedConnection } from "./connection.ts"

const prompt: Prompt = { id: "p1", text: "shown", spokenText: "spoken", interruptible: true, keep: true }
const sampleRateHz = defaultSpeech.sample_rate
const sentence = (durationMs: number): SpokenSentence => ({
  text: "spoken",
  pcm: new Int16Array((durationMs * sampleRateHz) / 1_000).fill(1_000),
  sampleRateHz,
  words: [],
  source: "espeak",
  degraded: false
})

/** A voice that has these sentences ready. Real voices are under test in test/e2e. */
const voice = (speech: Stream.Stream<SpokenSentence, TtsError>): Tts["Service"] => ({
  health: () => ({ status: "ready", backend: "voice", sinceMs: 0, degraded: false }),
  onHealth: () => () => {},
  hosts: [],
  speak: () => speech,
  prepare: () => Effect.void
})

const open = (mode: "live" | "file", speech: Stream.Stream<SpokenSentence, TtsError>) => {
  const connection = recordedConnection()
  const played = new Played({ positionMs: () => 0 })
  const playback = new Playback({
    connection,
    send: connection.send,
    tts: voice(speech),
    speech: defaultSpeech,
    mode,
    language: "ar",
    played
  })
  const sentMs = () => connection.frames.length * limits.playbackFrameMs
  const end = () => connection.sent.find((message) => message.type === "audio.end") as ServerMessageOf<"audio.end">
  return { connection, playback, played, sentMs, end }
}
const run = <A, E>(effect: Effect.Effect<A, E>) => Effect.runPromise(Effect.provide(effect, TestClock.layer()))

describe("a prompt in live mode", () => {
  it("is sent a little ahead of its playback, and completed when it has been played", () =>
    run(
      Effect.gen(function* () {
        const { connection, playback, sentMs, end } = open("live", Stream.make(sentence(1_000), sentence(1_000)))
        const speaking = yield* Effect.forkChild(playback.speak(prompt))
        yield* TestClock.adjust(0)
        assert.deepInclude(connection.sent[0], { type: "audio.begin", id: "p1", text: "shown", ...defaultSpeech })
        for (let nowMs = 0; nowMs < 1_500; nowMs += 100) {
          assert.isAtLeast(sentMs(), nowMs + limits.playbackLeadMs)
          assert.isAtMost(sentMs(), nowMs + limits.playbackLeadMs + limits.playbackFrameMs)
          yield* TestClock.adjust(100)
        }
        yield* TestClock.adjust(499)
        assert.isUndefined(end())
        yield* TestClock.adjust(1)
        assert.deepStrictEqual(end(), { type: "audio.end", id: "p1", reason: "completed", duration_ms: 2_000 })
        yield* Fiber.join(speaking)
      })
    ))

  it("is completed as soon as the client says that it has played all", () =>
    run(
      Effect.gen(function* () {
        const { playback, end } = open("live", Stream.make(sentence(300)))
        yield* Effect.forkChild(playback.speak(prompt))
        yield* TestClock.adjust(0)
        playback.played("another", 300)
        playback.played("p1", 200)
        yield* TestClock.adjust(0)
        assert.isUndefined(end())
        playback.played("p1", 280)
        yield* TestClock.adjust(0)
        assert.strictEqual(end().reason, "completed")
      })
    ))

  it("is placed where the client says that its microphone was", () =>
    run(
      Effect.gen(function* () {
        const { playback, played } = open("live", Stream.make(sentence(300)))
        const reports: Array<ReadonlyArray<number | undefined>> = []
        played.reported = (playedMs, atMs) => void reports.push([playedMs, atMs])
        yield* Effect.forkChild(playback.speak(prompt))
        yield* TestClock.adjust(0)
        playback.played("p1", 0, 640)
        playback.played("p1", 100)
        assert.deepStrictEqual(reports, [
          [0, 640],
          [100, undefined]
        ])
      })
    ))

  it("that is interrupted sends nothing more, and tells how much was heard: by the clock, or as the client says", () =>
    run(
      Effect.gen(function* () {
        for (const playedMs of [undefined, 180]) {
          const { connection, playback, end } = open("live", Stream.make(sentence(5_000)))
          const speaking = yield* Effect.forkChild(playback.speak(prompt))
          yield* TestClock.adjust(250)
          if (playedMs !== undefined) playback.played("p1", playedMs)
          yield* Fiber.interrupt(speaking)
          const frames = connection.frames.length
          assert.deepStrictEqual(end(), {
            type: "audio.end",
            id: "p1",
            reason: "interrupted",
            duration_ms: 5_000,
            heard_ms: playedMs ?? 250,
            heard_text: ""
          })
          yield* TestClock.adjust(5_000)
          assert.strictEqual(connection.frames.length, frames)
        }
      })
    ))

  it("that was interrupted was played as far as the client says afterwards, not as far as it was sent", () =>
    run(
      Effect.gen(function* () {
        const { playback, played, sentMs } = open("live", Stream.make(sentence(5_000)))
        const cuts: Array<number> = []
        played.cut = (endMs) => void cuts.push(endMs)
        let reports = 0
        played.reports = () => void reports++
        const speaking = yield* Effect.forkChild(playback.speak(prompt))
        yield* TestClock.adjust(250)
        yield* Fiber.interrupt(speaking)
        playback.played("another", 40)
        assert.strictEqual(reports, 0)
        playback.played("another", 40, 300)
        assert.strictEqual(reports, 1, "and so it is known for one that says where its microphone was")
        playback.played("p1", 260)
        assert.deepStrictEqual(cuts, [sentMs(), 260])
        yield* Effect.forkChild(playback.speak({ ...prompt, id: "p2" }))
        yield* TestClock.adjust(0)
        const ends: Array<number> = []
        played.endedBefore = (atMs) => void ends.push(atMs)
        playback.played("p1", 270)
        playback.played("another", 270, 310)
        playback.played("p1", 280, 320)
        assert.lengthOf(cuts, 2)
        assert.deepStrictEqual(ends, [320], "of the prompt before, where the client says where its microphone was")
      })
    ))
})

describe("a prompt in file mode", () => {
  it("is sent without waiting for its playback", () =>
    run(
      Effect.gen(function* () {
        const { playback, sentMs, end } = open("file", Stream.make(sentence(4_000), sentence(4_000)))
        yield* playback.speak({ ...prompt, ref: "r1" })
        assert.strictEqual(sentMs(), 8_000)
        assert.deepInclude(end(), { reason: "completed", duration_ms: 8_000 })
      })
    ))

  it("waits for a client that does not read", () =>
    run(
      Effect.gen(function* () {
        const { connection, playback, end } = open("file", Stream.make(sentence(1_000)))
        connection.buffered = limits.socketBufferBytesMax + 1
        const speaking = yield* Effect.forkChild(playback.speak(prompt))
        yield* TestClock.adjust(10_000)
        assert.isEmpty(connection.frames)
        connection.buffered = limits.socketBufferBytesMax
        yield* TestClock.adjust(100)
        yield* Fiber.join(speaking)
        assert.strictEqual(end().reason, "completed")
      })
    ))
})

describe("a prompt that cannot be spoken", () => {
  const failure = new TtsError({ reason: "crash", message: "the host died" })

  it("is lowered from its beginning where somebody spoke before, and never after its end", () =>
    run(
      Effect.gen(function* () {
        const { connection, playback } = open("file", Stream.make(sentence(100)))
        playback.duck("p1", true)
        yield* playback.speak(prompt)
        playback.duck("p1", false)
        const order = connection.sent.map((message) =>
          message.type === "audio.duck" ? `${message.type} ${message.ducked}` : message.type
        )
        assert.deepStrictEqual(order, ["audio.begin", "audio.duck true", "audio.end"])
      })
    ))

  it("fails without a word on the wire where nothing was spoken yet", () =>
    run(
      Effect.gen(function* () {
        const { connection, playback } = open("file", Stream.fail(failure))
        assert.strictEqual(yield* Effect.flip(playback.speak(prompt)), failure)
        assert.isEmpty(connection.sent)
      })
    ))

  it("ends as failed where it had begun", () =>
    run(
      Effect.gen(function* () {
        const { playback, end } = open("file", Stream.concat(Stream.make(sentence(400)), Stream.fail(failure)))
        yield* Effect.flip(playback.speak(prompt))
        assert.deepInclude(end(), { reason: "failed", duration_ms: 400, heard_ms: 400 })
      })
    ))

  it("begins and ends where there is nothing to be said aloud, and answers its ref", () =>
    run(
      Effect.gen(function* () {
        const { connection, playback } = open("live", Stream.empty)
        yield* playback.speak({ ...prompt, ref: "r1" })
        const [begin, end] = connection.sent
        assert.include(begin, { type: "audio.begin", ref: "r1" })
        assert.include(end, { type: "audio.end", reason: "completed", duration_ms: 0 })
      })
    ))
})
