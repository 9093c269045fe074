import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { create } from "@alexanderolsen/libsamplerate-js"
import { Effect, Exit, Fiber, Layer, Logger, ManagedRuntime, Result, Stream } from "effect"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { loadSettings } from "#src/config.ts"
import { Stt } from "#src/stt/stt.ts"
import { floatsOf, fromFloats } from "#src/audio/pcm.ts"
import { speechRms } from "#src/tts/level.ts"
import { prompt } from "#src/tts/prompts.ts"
import { type SpeakOptions, type SpokenSentence, Tts, TtsError, type TtsOptions } from "#src/tts/tts.ts"

const voicePath = fileURLToPath(new URL("../fixtures/piper-tiny-ar/voice.onnx", import.meta.url))
const root = mkdtempSync(join(tmpdir(), "sawt-tts-"))
let homes = 0
const newHome = (): string => join(root, `home-${homes++}`)
const kept = (home: string): number =>
  (statSync(home, { throwIfNoEntry: false }) === undefined
    ? []
    : readdirSync(home, { recursive: true, encoding: "utf8" })
  ).filter((name) => name.endsWith(".wav")).length

const quiet = Logger.layer([])
const engine = (options: Partial<TtsOptions> & { readonly ttsHome: string }) =>
  ManagedRuntime.make(Tts.layer({ cacheBytesMax: 1e8, ...options }).pipe(Layer.provide(quiet)))
type Runtime = ReturnType<typeof engine>

const arabic: SpeakOptions = { language: "ar", keep: true }
const spoken = (text: string, options: SpeakOptions = arabic) =>
  Effect.flatMap(Tts, (tts) => Stream.runCollect(tts.speak(text, options)))
const say = (runtime: Runtime, text: string, options?: SpeakOptions): Promise<ReadonlyArray<SpokenSentence>> =>
  runtime.runPromise(spoken(text, options))
const fails = (runtime: Runtime, text: string, options?: SpeakOptions): Promise<TtsError> =>
  runtime.runPromise(Effect.flip(spoken(text, options)))
const health = (runtime: Runtime) => runtime.runPromise(Effect.map(Tts, (tts) => tts.health()))

const espeakHome = newHome()
const piperHome = newHome()
const espeak = engine({ ttsHome: espeakHome })
const piper = engine({ ttsHome: piperHome, voice: voicePath })
beforeAll(async () => {
  await Promise.all([say(espeak, "نَعَمْ", { ...arabic, keep: false }), say(piper, "نَعَمْ", { ...arabic, keep: false })])
})
afterAll(async () => {
  await Promise.all([espeak.dispose(), piper.dispose()])
  rmSync(root, { recursive: true, force: true })
})

const sound = ({ source, degraded, sampleRateHz }: SpokenSentence) => [source, degraded, sampleRateHz]

describe("speech", () => {
  it("comes sentence by sentence, levelled, with the words and the numbers spoken", async () => {
    const said = await say(espeak, "عِنْدِي 3 أَسْئِلَة. هَلْ نَبْدَأ؟", { ...arabic, keep: false })
    assert.deepStrictEqual(
      said.map(({ text }) => text),
      ["عِنْدِي ثَلَاثَة أَسْئِلَة.".normalize("NFC"), "هَلْ نَبْدَأ؟"]
    )
    for (const sentence of said) {
      assert.deepStrictEqual(sound(sentence), ["espeak", false, 22_050])
      assert.closeTo(20 * Math.log10(speechRms(floatsOf(sentence.pcm), sentence.sampleRateHz)), -18, 1.5)
      assert.deepStrictEqual(
        sentence.words.map(({ word }) => word),
        sentence.text.split(" ")
      )
    }
  })

  it("is nothing where nothing can be said", async () => {
    assert.deepStrictEqual(await say(espeak, " … \u202E"), [])
  })

  it("comes from the cache the second time, sample for sample", async () => {
    const text = "شُكْرًا جَزِيلًا."
    const [first] = await say(espeak, text)
    const again = await espeak.runPromise(
      spoken(text).pipe(Effect.repeat({ until: (said) => said[0]?.source === "cache", times: 200 }))
    )
    assert.deepStrictEqual(again, [{ ...first, source: "cache" }])
  })

  it("that holds a person's answer is never kept", async () => {
    const before = kept(espeakHome)
    const readBack = prompt("confirm", "ar", { text: "أبدا", spoken: "أَبَدًا" }).spoken
    for (let i = 0; i < 2; i++) {
      for (const { source } of await say(espeak, readBack, { ...arabic, keep: false }))
        assert.strictEqual(source, "espeak")
    }
    assert.strictEqual(kept(espeakHome), before)
  })

  it("is prepared ahead, each sentence once under its two names, and found by another instance", async () => {
    const before = kept(espeakHome)
    const texts = ["أَهْلًا. أَهْلًا.", "وَسَهْلًا."]
    await espeak.runPromise(Effect.flatMap(Tts, (tts) => tts.prepare(texts, { language: "ar" })))
    assert.strictEqual(kept(espeakHome), before + 2 * 2)
    const later = engine({ ttsHome: espeakHome })
    assert.deepStrictEqual(
      (await say(later, "أَهْلًا. وَسَهْلًا.")).map(({ source }) => source),
      ["cache", "cache"]
    )
    await later.dispose()
  })

  it("goes before what is being prepared", async () => {
    const texts = Array.from({ length: 40 }, (_, i) => `الجُمْلَةُ رَقْم ${i}.`)
    const preparing = espeak.runFork(Effect.flatMap(Tts, (tts) => tts.prepare(texts, { language: "ar" })))
    const [live] = await say(espeak, "اِنْتَهَى.", { ...arabic, keep: false })
    assert.strictEqual(live?.source, "espeak")
    assert.isUndefined(preparing.pollUnsafe())
    await Effect.runPromise(Fiber.interrupt(preparing))
  })

  it("stops when it is interrupted, and the engine speaks on", async () => {
    const before = kept(espeakHome)
    const long = Array.from({ length: 30 }, (_, i) => `هٰذِهِ هِيَ الجُمْلَةُ رَقْم ${i} مِنَ الكَلَام.`).join(" ")
    const first = await espeak.runPromise(
      Effect.flatMap(Tts, (tts) => tts.speak(long, arabic).pipe(Stream.take(1), Stream.runCollect))
    )
    assert.strictEqual(first.length, 1)
    await say(espeak, "نَعَمْ.", { ...arabic, keep: false })
    assert.isBelow(kept(espeakHome) - before, 4)
  })
})

describe("a configured Piper voice", () => {
  it("speaks Arabic with exact marks, and leaves English to eSpeak", async () => {
    const [said] = await say(piper, "تَقْرِيبًا كُلَّ يَوْم.")
    assert.isDefined(said)
    assert.deepStrictEqual(sound(said), ["piper", false, 16_000])
    assert.deepStrictEqual(
      said.words.map(({ word }) => word),
      said.text.split(" ")
    )
    const [english] = await say(piper, "Thank you.", { language: "en", keep: false })
    assert.deepStrictEqual(english && sound(english), ["espeak", false, 22_050])
    assert.deepInclude(await health(piper), { status: "ready", degraded: false, backend: "piper ar 16000 Hz" })
  })

  it("may be named as it was downloaded", async () => {
    const name = "ar_XX-tiny-low"
    const folder = join(root, "data", "models", name)
    mkdirSync(folder, { recursive: true })
    for (const ending of [".onnx", ".onnx.json"]) {
      copyFileSync(voicePath.replace(".onnx", ending), join(folder, `${name}${ending}`))
    }
    const { ttsVoice } = Result.getOrThrow(loadSettings({ DATA_DIR: join(root, "data"), TTS_VOICE: name }))
    assert.strictEqual(ttsVoice, join(folder, `${name}.onnx`))
    const named = engine({ ttsHome: newHome(), voice: ttsVoice ?? "" })
    assert.strictEqual((await say(named, "نَعَمْ."))[0]?.source, "piper")
    await named.dispose()
    for (const voice of ["ar", "ar+f3"]) {
      assert.strictEqual(Result.getOrThrow(loadSettings({ TTS_VOICE: voice })).ttsVoice, voice)
    }
  })

  it("speaks faster where it is told to, which the cache tells apart, and so does eSpeak behind it", async () => {
    const speed = Result.getOrThrow(loadSettings({ TTS_RATE_PERCENT: "160" })).ttsSpeed
    const fast = engine({ ttsHome: piperHome, voice: voicePath, speed })
    for (const voice of ["piper", "espeak"]) {
      const [slow] = await say(piper, "تَقْرِيبًا كُلَّ يَوْم.", { ...arabic, keep: false, voice })
      const [said] = await say(fast, "تَقْرِيبًا كُلَّ يَوْم.", { ...arabic, keep: false, voice })
      assert.isBelow(said?.pcm.length ?? Infinity, (slow?.pcm.length ?? 0) / 1.3, voice)
    }
    await fast.dispose()
  })

  it("stands back for eSpeak where the caller asks for it; other names are refused with the known ones", async () => {
    const [said] = await say(piper, "نَعَمْ.", { ...arabic, keep: false, voice: "espeak" })
    assert.strictEqual(said?.source, "espeak")
    const error = await fails(piper, "نَعَمْ.", { ...arabic, voice: "nobody" })
    assert.strictEqual(error.reason, "refused")
    assert.include(error.message, "piper, espeak")
  })

  it("that is damaged leaves degraded speech by eSpeak, and health says why", async () => {
    const voice = join(root, "voice.onnx")
    writeFileSync(voice, "not a model")
    writeFileSync(`${voice}.json`, JSON.stringify({ audio: { sample_rate: 16_000 }, phoneme_id_map: {} }))
    const broken = engine({ ttsHome: newHome(), voice })
    const [said] = await say(broken, "نَعَمْ.")
    assert.deepStrictEqual(said && sound(said), ["espeak", true, 22_050])
    const state = await health(broken)
    assert.deepInclude(state, { status: "ready", degraded: true, backend: "espeak-ng 0.3.5" })
    assert.include(state.reason ?? "", "Piper voice")
    assert.notInclude(state.reason ?? "", root)
    await broken.dispose()
  })
})

describe("without a working engine", () => {
  it("the layer starts, prompts rendered earlier are spoken, and anything else fails with a reason", async () => {
    await espeak.runPromise(Effect.flatMap(Tts, (tts) => tts.prepare(["أَهْلًا وَسَهْلًا."], { language: "ar" })))
    // An interpreter that does not exist: no host can start.
    const { execPath } = process
    process.execPath = join(root, "no-node")
    try {
      const mute = engine({ ttsHome: espeakHome })
      assert.strictEqual((await say(mute, "أَهْلًا وَسَهْلًا."))[0]?.source, "cache")
      const error = await fails(mute, "لَمْ يُقَلْ هٰذَا مِنْ قَبْل.")
      assert.instanceOf(error, TtsError)
      assert.oneOf(error.reason, ["unavailable", "crash"])
      assert.strictEqual((await health(mute)).status, "failed")
      await mute.dispose()
    } finally {
      process.execPath = execPath
    }
  })

  it("what was prepared in a voice that is gone is spoken, and says degraded", async () => {
    await piper.runPromise(Effect.flatMap(Tts, (tts) => tts.prepare(["مَعَ السَّلَامَة."], { language: "ar" })))
    const { execPath } = process
    process.execPath = join(root, "no-node")
    try {
      const mute = engine({ ttsHome: piperHome })
      const [said] = await say(mute, "مَعَ السَّلَامَة.")
      assert.deepStrictEqual(said && sound(said), ["cache", true, 16_000])
      await mute.dispose()
    } finally {
      process.execPath = execPath
    }
  })

  it("a disk that keeps nothing costs no speech", async () => {
    const file = join(root, "a-file")
    writeFileSync(file, "")
    const unkept = engine({ ttsHome: join(file, "inside") })
    assert.strictEqual((await say(unkept, "نَعَمْ."))[0]?.source, "espeak")
    assert.strictEqual((await say(unkept, "نَعَمْ."))[0]?.source, "espeak")
    const exit = await unkept.runPromiseExit(Effect.flatMap(Tts, (tts) => tts.prepare(["لَا."], { language: "ar" })))
    assert.isTrue(Exit.isSuccess(exit))
    await unkept.dispose()
  })
})

describe("what is spoken", () => {
  it.each(["espeak", "piper"] as const)("by %s is recognised again by the embedded model", async (voice) => {
    const answers = ["أبدا", "عدة أيام", "أكثر من نصف الأيام", "تقريبا كل يوم"]
    const written = ["أَبَدًا", "عِدَّةَ أَيَّام", "أَكْثَرُ مِنْ نِصْفِ الأَيَّام", "تَقْرِيبًا كُلَّ يَوْم"]
    const heard = await Effect.gen(function* () {
      const stt = yield* Stt
      while (stt.health().status === "loading") yield* Effect.sleep(20)
      const transcripts: Array<string> = []
      for (const answer of written) {
        const [said] = yield* Effect.promise(() => say(piper, answer, { ...arabic, keep: false, voice }))
        if (said === undefined) continue
        const utterance = stt.open({ grammar: answers, alternatives: 0 })
        const resampler = yield* Effect.promise(() => create(1, said.sampleRateHz, 16_000))
        utterance.push(fromFloats(resampler.simple(floatsOf(said.pcm))))
        resampler.destroy()
        utterance.push(new Int16Array(8_000))
        transcripts.push((yield* utterance.finish).text)
      }
      return transcripts
    }).pipe(Effect.provide(Layer.provide(Stt.layer(), quiet)), Effect.runPromise)
    assert.deepStrictEqual(heard, answers)
  })
})
