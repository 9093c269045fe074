import { spawnSync } from "node:child_process"
import { createRequire } from "node:module"
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { Effect, Exit, Logger, Schema, Scope } from "effect"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import type { HostError } from "#schemas/host.ts"
import type { Host } from "#src/host/host.ts"
import { startHost, whenReady } from "#src/host/start.ts"
import { espeakPackage, espeakVersion } from "#src/tts/espeak-engine.ts"
import { floatsOf } from "#src/audio/pcm.ts"
import { speechRms } from "#src/tts/level.ts"
import { PhonemesReply, type Rendered } from "#src/tts/rendering.ts"

const voicePath = fileURLToPath(new URL("../fixtures/piper-tiny-ar/voice.onnx", import.meta.url))

let scope: Scope.Closeable
let espeak: Host
let piper: Host
const start = async (kind: "espeak" | "piper", options: object): Promise<Host> =>
  startHost(kind, options).pipe(Scope.provide(scope), Effect.provide(Logger.layer([])), Effect.runPromise)
beforeAll(async () => {
  scope = await Effect.runPromise(Scope.make())
  espeak = await start("espeak", {})
  piper = await start("piper", { voicePath })
  await Effect.runPromise(Effect.all([whenReady(espeak), whenReady(piper)]))
})
afterAll(() => Effect.runPromise(Scope.close(scope, Exit.void)))

interface Said {
  readonly pcm: Int16Array
  readonly rendered: Rendered | undefined
  readonly error: HostError | undefined
}

const say = (host: Host, params: object): Promise<Said> =>
  new Promise((resolve) => {
    let pcm = new Int16Array(0)
    let rendered: Rendered | undefined
    host.open(params, {
      message: (message) => {
        rendered = message as Rendered
      },
      binary: (bytes) => {
        pcm = new Int16Array(new Uint8Array(bytes).buffer)
      },
      closed: (error) => resolve({ pcm, rendered, error })
    })
  })

const phonemes = async (text: string, voice = "ar") =>
  Schema.decodeUnknownSync(PhonemesReply)(await Effect.runPromise(espeak.request({ phonemes: text, voice }))).words
const sounds = async (text: string): Promise<string> => (await phonemes(text)).map((word) => word.phonemes).join(" ")
/** Stress is left out: it moves with the sentence. */
const consonantsAndVowels = async (text: string): Promise<string> => (await sounds(text)).replace(/[ˈˌ.,]/gu, "")

const text = "تَقْرِيبًا كُلَّ يَوْم، أَوْ عِدَّةَ أَيَّام؟"
const peak = (pcm: Int16Array): number => pcm.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0)

const heardWell = ({ pcm, rendered, error }: Said): void => {
  assert.isUndefined(error)
  const rateHz = rendered?.sampleRateHz ?? 1
  const ms = (pcm.length / rateHz) * 1_000
  assert.isTrue(ms > 2_000 && ms < 6_000, `${ms} ms`)
  assert.closeTo(20 * Math.log10(speechRms(floatsOf(pcm), rateHz)), -18, 1.5)
  assert.isAtMost(peak(pcm), 32_768 * 10 ** (-1 / 20) + 1)
  const words = rendered?.words ?? []
  assert.deepStrictEqual(
    words.map(({ word }) => word),
    text.split(" ")
  )
  words.forEach(({ startMs, endMs }, i) => {
    assert.isAtLeast(startMs, words[i - 1]?.endMs ?? 0)
    assert.isAbove(endMs, startMs + 50)
    assert.isAtMost(endMs, ms)
  })
}

describe("eSpeak NG in a host", () => {
  it("speaks Arabic at the common level, with marks for every word as it was written", async () => {
    heardWell(await say(espeak, { text, voice: "ar", speed: 1 }))
  })

  it("speaks faster when asked", async () => {
    const [slow, fast] = [
      await say(espeak, { text, voice: "ar", speed: 0.8 }),
      await say(espeak, { text, voice: "ar", speed: 1.6 })
    ]
    assert.isAbove(slow.pcm.length, fast.pcm.length * 1.4)
  })

  it.each([
    ["مَرَّة", "marra", "a vowel behind a doubled letter is kept in either order"],
    ["الشُّعُورُ بِالحُزْنِ", "ʔaʃʃuʕuːru bilħuzni", "the article behind a preposition is seen"],
    ["بِالشَّمْسِ", "biʃʃamsi", "and before a sun letter"],
    ["سَبْعَة", "sabʕa", "a pause takes the t of ta marbuta away"],
    ["سَبْعَةُ أَيَّام", "sabʕatu ʔaijaːm", "but a vowel keeps it"],
    ["الأَوَّل", "ʔalʔauwal", "a doubled w is not a long u"],
    ["مَلَايِين", "malaːjiːn", "millions are no verb"]
  ])("reads %s as %s", async (written, read) => {
    for (const form of ["NFC", "NFD"]) assert.strictEqual(await consonantsAndVowels(written.normalize(form)), read)
  })

  it("gives phonemes word by word, with the pauses that a Piper voice knows", async () => {
    const words = await phonemes("نَعَمْ، أَوْ لَا؟")
    assert.deepStrictEqual(
      words.map(({ word }) => word),
      ["نَعَمْ،", "أَوْ", "لَا؟"]
    )
    assert.deepStrictEqual(
      words.map((word) => word.phonemes.at(-1)),
      [",", "u", "?"]
    )
  })

  it("does not begin a sentence whose stream has closed, and goes on", async () => {
    const said: Array<string> = []
    const open = (name: string): Promise<void> & { close: () => void } => {
      let close = (): void => {}
      const ended = new Promise<void>((resolve) => {
        const stream = espeak.open(
          { text: text.repeat(4), voice: "ar", speed: 1 },
          { message: () => {}, binary: () => said.push(name), closed: () => resolve() }
        )
        close = () => {
          stream.close()
          resolve()
        }
      })
      return Object.assign(ended, { close })
    }
    const [first, second, third] = [open("first"), open("second"), open("third")]
    second.close()
    await Promise.all([first, second, third])
    assert.deepStrictEqual(said, ["first", "third"])
  })

  it("refuses an unknown voice and an empty or endless text, and goes on", async () => {
    for (const bad of [
      { text, voice: "xx", speed: 1 },
      { text, voice: "../ar", speed: 1 },
      { text: "", voice: "ar", speed: 1 },
      { text: "لا".repeat(2_000), voice: "ar", speed: 1 },
      {}
    ]) {
      const { error, pcm } = await say(espeak, bad)
      assert.strictEqual(error?.reason, "refused")
      assert.strictEqual(pcm.length, 0)
    }
    assert.isUndefined((await say(espeak, { text, voice: "ar", speed: 1 })).error)
  })

  it("says that it is missing where the optional package is not installed", () => {
    const hook = `import { registerHooks } from "node:module"
      registerHooks({ resolve: (name, context, next) => next(name === "${espeakPackage}" ? "./absent.mjs" : name, context) })`
    const program = `const { backend } = await import(${JSON.stringify(new URL("../../src/tts/espeak.ts", import.meta.url).href)})
      await backend.load({}).catch((fault) => console.log(fault.reason, fault.message))`
    const { stdout } = spawnSync(
      process.execPath,
      ["--import", `data:text/javascript,${encodeURIComponent(hook)}`, "--input-type=module", "-e", program],
      { encoding: "utf8" }
    )
    assert.match(stdout, /^missing .*npm install --include=optional/u)
  })

  it("is the version that the cache keys name", () => {
    const path = createRequire(import.meta.url).resolve(`${espeakPackage}/package.json`)
    assert.strictEqual((createRequire(import.meta.url)(path) as { version: string }).version, espeakVersion)
  })
})

describe("a Piper voice in a host", () => {
  it("speaks Arabic at the common level, with exact marks from the frames of each sound", async () => {
    heardWell(await say(piper, { words: await phonemes(text), speed: 1 }))
  })

  it("says the same samples again without noise, and others with it", async () => {
    const words = await phonemes(text)
    const [one, again, other] = [
      await say(piper, { words, speed: 1, noiseScale: 0 }),
      await say(piper, { words, speed: 1, noiseScale: 0 }),
      await say(piper, { words, speed: 1 })
    ]
    assert.deepStrictEqual(one.pcm, again.pcm)
    assert.notDeepEqual(one.pcm, other.pcm)
  })

  it("speaks faster when asked", async () => {
    const words = await phonemes(text)
    const [slow, fast] = [await say(piper, { words, speed: 0.5 }), await say(piper, { words, speed: 1.5 })]
    assert.isAbove(slow.pcm.length, fast.pcm.length * 2)
  })

  it("leaves out and counts what it cannot say", async () => {
    const { rendered, error } = await say(piper, { words: [{ word: "x", phonemes: "pa漢v" }], speed: 1 })
    assert.isUndefined(error)
    assert.strictEqual(rendered?.skippedPhonemes, 3)
  })

  it("refuses silence, nonsense and endless sentences, and goes on", async () => {
    for (const bad of [
      { words: [], speed: 1 },
      { words: [{ word: "x", phonemes: "漢" }], speed: 1 },
      { words: [{ word: "x", phonemes: "a".repeat(3_000) }], speed: 1 },
      { words: 5 }
    ]) {
      assert.strictEqual((await say(piper, bad)).error?.reason, "refused")
    }
    assert.isUndefined((await say(piper, { words: await phonemes("نَعَمْ"), speed: 1 })).error)
  })

  it("survives ids that the model does not have", async () => {
    const folder = mkdtempSync(join(tmpdir(), "sawt-voice-"))
    try {
      symlinkSync(voicePath, join(folder, "voice.onnx"))
      const map = { "^": [1], _: [0], $: [2], a: [11], b: [9_999] }
      const text = {
        audio: { sample_rate: 16_000 },
        phoneme_type: "text",
        language: { family: "ar" },
        phoneme_id_map: map
      }
      writeFileSync(join(folder, "voice.onnx.json"), JSON.stringify(text))
      const host = await start("piper", { voicePath: join(folder, "voice.onnx") })
      await Effect.runPromise(whenReady(host))
      assert.strictEqual(
        (await say(host, { words: [{ word: "b", phonemes: "b" }], speed: 1 })).error?.reason,
        "refused"
      )
      assert.isAbove((await say(host, { words: [{ word: "a", phonemes: "aaa" }], speed: 1 })).pcm.length, 0)
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  it("says what is wrong with a voice that is missing or damaged, and never where it lies", async () => {
    const folder = mkdtempSync(join(tmpdir(), "sawt-voice-"))
    try {
      const broken = join(folder, "voice.onnx")
      writeFileSync(broken, "not a model")
      writeFileSync(`${broken}.json`, JSON.stringify({ audio: { sample_rate: 16_000 }, phoneme_id_map: {} }))
      const hosts = [
        await start("piper", { voicePath: join(folder, "absent.onnx") }),
        await start("piper", { voicePath: broken })
      ]
      const errors = await Promise.all(hosts.map((host) => Effect.runPromise(Effect.flip(whenReady(host)))))
      assert.deepStrictEqual(
        errors.map(({ reason }) => reason),
        ["missing", "corrupt"]
      )
      for (const { message } of errors) assert.notInclude(message, folder)
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})
