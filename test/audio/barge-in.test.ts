/**
 * Prompts whose sound comes back into the microphone, in audio time: real detector, recogniser and voice, simulated rooms.
 * The long form, on rooms, words and prompts that this never saw, is `npm run bench:barge-in`.
 */
import { Context, Effect, Exit, Layer, Scope, Stream } from "effect"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { assert, beforeAll, describe, it } from "vitest"
import { type SpokenSentence, Tts } from "#src/tts/tts.ts"
import { emptyTally, first, later, type Tally, tuningRooms } from "../../bench/barge-in-trials.ts"
import { EchoScene, type Room, type SceneOptions } from "../../bench/echo-scene.ts"
import { clips, noises, silence } from "../../bench/recordings.ts"
import { stt, vad } from "./listening.ts"

const texts = ["لم أفهم بعد. يرجى قول نعم أو لا.", "قلة الاهتمام أو قلة الاستمتاع.", "شكرا. كم عدد الأيام؟"]
const words = ["stop-00000004", "yes-00000014", "seven-00000004"].flatMap((name) =>
  clips.filter(({ file }) => file.startsWith(name))
)
const [plain, small] = tuningRooms as [Room, Room]

const prompts: Array<SpokenSentence> = []
beforeAll(async () => {
  const ttsHome = mkdtempSync(join(tmpdir(), "sawt-barge-in-"))
  const scope = Scope.makeUnsafe()
  try {
    const layer = Tts.layer({ ttsHome, cacheBytesMax: 10_000_000 })
    const tts = Context.get(await Effect.runPromise(Layer.buildWithScope(layer, scope)), Tts)
    for (const text of texts) {
      const parts = [...(await Effect.runPromise(Stream.runCollect(tts.speak(text, { language: "ar", keep: true }))))]
      const pcm = Int16Array.from(parts.flatMap((part) => [...part.pcm]))
      prompts.push({ ...(parts[0] as SpokenSentence), text, pcm, words: [] })
    }
  } finally {
    await Effect.runPromise(Scope.close(scope, Exit.void))
    rmSync(ttsHome, { recursive: true, force: true })
  }
}, 60_000)

const scene = (room: Room, echoDb: number | undefined, hasGate = true): SceneOptions => ({
  vad,
  stt,
  room,
  noise: noises[0] ?? { name: "none", samples: silence(1_000) },
  noiseRms: 20,
  reports: true,
  hasGate,
  ...(echoDb === undefined ? {} : { echoDb })
})
const short = (tally: Tally) => {
  const { quiet, falseStarts, falseStops, words: said, missed, right, coughs, coughsStopped } = tally
  const { firstQuiet, firstStopped } = tally
  return { quiet, falseStarts, falseStops, firstQuiet, firstStopped, said, missed, right, coughs, coughsStopped }
}

describe("barge-in", { timeout: 120_000 }, () => {
  it("stops for a word over an echo, and neither for the echo nor for a cough over it", async () => {
    const soft = emptyTally()
    const loud = emptyTally()
    await Promise.all(
      [plain, small].flatMap((room) => [
        later(scene(room, -20), { prompts, words, coughs: 1 }, soft),
        later(scene(room, -12), { prompts, words, coughs: 1 }, loud),
        first(scene(room, -20), { prompts, words: [], coughs: 0 }, soft),
        first(scene(room, -12), { prompts, words: [], coughs: 0 }, loud)
      ])
    )
    const none = {
      quiet: 6,
      falseStarts: 0,
      falseStops: 0,
      firstQuiet: 6,
      firstStopped: 0,
      said: 6,
      coughs: 2,
      coughsStopped: 0
    }
    assert.deepInclude(short(soft), { ...none, missed: 0 })
    assert.isAtLeast(soft.right, 5)
    assert.deepInclude(short(loud), none)
    assert.isAtMost(loud.missed, 1)
  })

  it("holds nobody back where nothing comes back, from the first prompt's first word on", async () => {
    const tally = emptyTally()
    await first(scene(plain, undefined), { prompts, words, coughs: 0 }, tally)
    assert.include(tally, { firstWords: 3, firstMissed: 0, firstRight: 3, early: 0 })
    for (const stopMs of tally.firstStopMs) assert.isAtMost(stopMs, 450)
  })

  it("would stop for the echo itself without the gate", async () => {
    const echoing = new EchoScene(scene(plain, -20, false))
    await echoing.rest(512)
    const { stoppedMs } = await echoing.play(prompts[0] as SpokenSentence, 60)
    echoing.close()
    assert.isDefined(stoppedMs)
  })
})
