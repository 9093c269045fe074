import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Effect, Fiber, Layer, Logger, ManagedRuntime, Result, Stream } from "effect"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { decodeConfig } from "#schemas/config.ts"
import { xttsDialects } from "#schemas/config-variables.ts"
import type { ModelHealth } from "#src/models.ts"
import { floatsOf } from "#src/audio/pcm.ts"
import { speechRms } from "#src/tts/level.ts"
import { Tts } from "#src/tts/tts.ts"
import { sampleRateHz, speaker, spokenSamples, startXttsServer, type XttsServer } from "./xtts-servers.ts"

const root = mkdtempSync(join(tmpdir(), "sawt-xtts-"))
afterAll(() => rmSync(root, { recursive: true, force: true }))

const until = (what: () => boolean): Effect.Effect<void> =>
  Effect.suspend(() => (what() ? Effect.void : Effect.andThen(Effect.sleep(5), until(what))))

describe.each(xttsDialects)("a voice on %s", (dialect) => {
  let server: XttsServer
  let runtime: ManagedRuntime.ManagedRuntime<Tts, never>
  const speech = (text: string, keep = false) =>
    Effect.flatMap(Tts, (tts) => Stream.runCollect(tts.speak(text, { language: "ar", keep })))
  const say = (text: string, keep = false) => runtime.runPromise(speech(text, keep))
  const health = () => runtime.runPromise(Effect.map(Tts, (tts) => tts.health()))
  const told: Array<ModelHealth> = []
  const spokenRequests = () => server.asked.filter((path) => /tts/u.test(path)).length
  beforeAll(async () => {
    server = await startXttsServer(dialect)
    const xtts = { url: server.url, dialect, speaker }
    const layer = Tts.layer({ ttsHome: join(root, dialect), cacheBytesMax: 1e8, xtts })
    runtime = ManagedRuntime.make(Layer.provide(layer, Logger.layer([])))
    await runtime.runPromise(Effect.map(Tts, (tts) => tts.onHealth((state) => told.push(state))))
    await say("نَعَمْ.")
    // The next voice has loaded.
    await runtime.runPromise(
      Effect.flatMap(Tts, (tts) => Stream.runDrain(tts.speak("نَعَمْ.", { language: "ar", keep: false, voice: "espeak" })))
    )
  })
  afterAll(async () => {
    await runtime.dispose()
    await server.close()
  })

  it("speaks all that the server sends, at the common level, and is kept like any other", async () => {
    const [said] = await say("أَهْلًا وَسَهْلًا.", true)
    assert.isDefined(said)
    assert.deepInclude(said, { source: "xtts", degraded: false, sampleRateHz })
    assert.strictEqual(said.pcm.length, spokenSamples)
    assert.closeTo(20 * Math.log10(speechRms(floatsOf(said.pcm), sampleRateHz)), -18, 1.5)
    const again = await runtime.runPromise(
      speech("أَهْلًا وَسَهْلًا.", true).pipe(Effect.repeat({ until: ([one]) => one?.source === "cache", times: 200 }))
    )
    assert.deepStrictEqual(again[0]?.pcm, said.pcm)
    assert.deepInclude(await health(), { status: "ready", degraded: false, backend: `xtts ${speaker}` })
  })

  it("asks for a speaker's latents once", async () => {
    await say("نَعَمْ. لَا.")
    const times = server.asked.filter((path) => path === "GET /studio_speakers").length
    assert.strictEqual(times, dialect === "xtts-streaming-server" ? 1 : 0)
  })

  it("leaves the connection when its speech is stopped", async () => {
    if (dialect === "tts-server") return
    server.mood = "silent"
    const before = server.asked.length
    const speaking = runtime.runFork(speech("اِنْتَهَى."))
    await Effect.runPromise(until(() => server.asked.length > before))
    await Effect.runPromise(Fiber.interrupt(speaking))
    await Effect.runPromise(until(() => server.left() > 0))
    server.mood = "well"
    assert.strictEqual((await say("لَا."))[0]?.source, "xtts")
  })

  it("that breaks off, is silent or goes leaves degraded speech by the next voice, and comes back", async () => {
    const moods =
      dialect === "xtts-streaming-server" ? (["breaks-off", "silent", "down"] as const) : (["down"] as const)
    for (const mood of moods) {
      server.mood = mood
      told.length = 0
      const [said] = await say("مَعَ السَّلَامَة.")
      assert.deepInclude(said, { source: "espeak", degraded: true }, mood)
      assert.deepInclude(told[0], { status: "ready", degraded: true, backend: "espeak-ng 0.3.5" })
      assert.include(told[0]?.reason ?? "", "XTTS server")
      if (mood === "down") {
        const before = spokenRequests()
        assert.strictEqual((await say("لَا."))[0]?.source, "espeak")
        assert.strictEqual(spokenRequests(), before, "a voice that fell is not asked for the next sentence")
      }
      server.mood = "well"
      await Effect.runPromise(until(() => told.at(-1)?.degraded === false))
      assert.strictEqual((await say("نَعَمْ."))[0]?.source, "xtts")
    }
  }, 60_000)
})

it.each(xttsDialects)("a speaker that %s has not is told by health", async (dialect) => {
  const server = await startXttsServer(dialect)
  const xtts = { url: server.url, dialect, speaker: "Nobody" }
  const layer = Tts.layer({ ttsHome: join(root, "nobody"), cacheBytesMax: 1e8, xtts })
  await Effect.gen(function* () {
    const tts = yield* Tts
    while (!tts.health().reason?.includes("XTTS_SPEAKER")) yield* Effect.sleep(5)
  }).pipe(Effect.provide(Layer.provide(layer, Logger.layer([]))), Effect.runPromise)
  await server.close()
})

it("is not used before its licence is accepted", () => {
  const given = { XTTS_URL: "http://xtts:80/", XTTS_SPEAKER: speaker }
  const refused = decodeConfig(given)
  assert.isTrue(Result.isFailure(refused))
  if (Result.isFailure(refused))
    assert.match(refused.failure[0]?.line ?? "", /^XTTS_LICENCE_ACCEPTED: .*no commercial use/)
  const accepted = decodeConfig({ ...given, XTTS_LICENCE_ACCEPTED: "CPML" })
  assert.deepStrictEqual(Result.getOrThrow(accepted).xtts, {
    url: "http://xtts:80",
    dialect: "xtts-streaming-server",
    speaker
  })
})
