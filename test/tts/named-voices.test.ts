/** Voices and paces that a questionnaire may ask for, with the engines that are here. */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { Effect, Layer, Logger, ManagedRuntime, Stream } from "effect"
import { afterAll, assert, describe, it } from "vitest"
import { type Manner, type SpokenSentence, Tts } from "#src/tts/tts.ts"

const tiny = fileURLToPath(new URL("../fixtures/piper-tiny-ar/voice.onnx", import.meta.url))
const places: Readonly<Record<string, string>> = { tiny, gone: "/nowhere/gone.onnx" }
const home = mkdtempSync(join(tmpdir(), "sawt-voices-"))
const service = ManagedRuntime.make(
  Tts.layer({ ttsHome: home, cacheBytesMax: 1e8, placeOfVoice: (name) => places[name] ?? name }).pipe(
    Layer.provide(Logger.layer([]))
  )
)
afterAll(async () => {
  await service.dispose()
  rmSync(home, { recursive: true })
})

const speak = (text: string, manner: Manner, language: "ar" | "en" = "ar", keep = false) =>
  service.runPromise(
    Effect.flatMap(Tts, (tts) => Stream.runCollect(tts.speak(text, { language, keep, manner })))
  ) as Promise<ReadonlyArray<SpokenSentence>>
const one = async (...asked: Parameters<typeof speak>): Promise<SpokenSentence> => {
  const [sentence] = await speak(...asked)
  if (sentence === undefined) throw new Error("nothing was said")
  return sentence
}
const isSame = (a: SpokenSentence, b: SpokenSentence) => Buffer.from(a.pcm.buffer).equals(Buffer.from(b.pcm.buffer))
const secondsOf = ({ pcm, sampleRateHz }: SpokenSentence) => pcm.length / sampleRateHz
const text = "هَلْ نَبْدَأُ الآن؟"

describe("the voice that is named", () => {
  it("speaks, and where none is named the configured one does", async () => {
    const [named, variant, configured] = [
      await one(text, { voice: "tiny" }),
      await one(text, { voice: "ar+f3" }),
      await one(text, {})
    ]
    assert.deepStrictEqual(
      [named, variant, configured].map(({ source, degraded }) => [source, degraded]),
      [
        ["piper", false],
        ["espeak", false],
        ["espeak", false]
      ]
    )
    assert.isFalse(isSame(variant, configured))
  })

  it("is known to operators as a host of its own, once however often it speaks", async () => {
    await Promise.all([speak(text, { voice: "tiny" }), speak(text, { voice: "tiny" })])
    const kinds = await service.runPromise(Effect.map(Tts, ({ hosts }) => hosts.map(({ kind }) => kind)))
    assert.deepStrictEqual(kinds, ["espeak", "piper"])
  })

  it("does not speak another language than its own: the configured one does, and nothing is wrong with that", async () => {
    const { source, degraded } = await one("Shall we begin?", { voice: "tiny" }, "en")
    assert.deepStrictEqual([source, degraded], ["espeak", false])
  })

  it.each(["gone", "zz"])("is stood in for by the configured one where there is no %s, degraded", async (voice) => {
    const { source, degraded } = await one(text, { voice })
    assert.deepStrictEqual([source, degraded], ["espeak", true])
  })
})

it("a pace is the questionnaire's own", async () => {
  for (const voice of ["tiny", "ar+f3"]) {
    const [slow, quick] = [await one(text, { voice, speed: 0.8 }), await one(text, { voice, speed: 1.6 })]
    assert.isAbove(secondsOf(slow), secondsOf(quick) * 1.3)
  }
})

it("what is prepared for one voice or pace is found for it, and never for another", async () => {
  const manners: ReadonlyArray<Manner> = [{}, { voice: "tiny" }, { voice: "ar+f3" }, { speed: 1.5 }]
  const prepared = "مَرْحَبًا بِالجَمِيع."
  const sounds: Array<SpokenSentence> = []
  for (const manner of manners) {
    assert.notStrictEqual((await one(prepared, manner)).source, "cache")
    await service.runPromise(Effect.flatMap(Tts, (tts) => tts.prepare([prepared], { language: "ar", manner })))
    const found = await one(prepared, manner)
    assert.strictEqual(found.source, "cache")
    sounds.push(found)
  }
  for (const [at, sound] of sounds.entries()) {
    assert.isTrue(isSame(await one(prepared, manners[at] ?? {}), sound))
    for (const other of sounds.slice(at + 1)) assert.isFalse(isSame(sound, other))
  }
})
