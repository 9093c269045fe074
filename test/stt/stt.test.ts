import { cpSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Context, Effect, Exit, Layer, References, Scope } from "effect"
import fc from "fast-check"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import type { Host } from "#src/host/host.ts"
import { hostPolicy, startHost, whenReady } from "#src/host/start.ts"
import { embeddedSttModelPath, Stt, type Transcript, type UtteranceOptions } from "#src/stt/stt.ts"
import { clipOf, clips, readSamples } from "./recordings.ts"

const options = { modelPath: embeddedSttModelPath, idleRecognizersMax: 2 }
const quiet = Effect.provideService(References.MinimumLogLevel, "None")
const run = <A, E>(effect: Effect.Effect<A, E, Scope.Scope>): Promise<A> =>
  Effect.runPromise(Effect.scoped(effect).pipe(quiet))

const scope = Effect.runSync(Scope.make())
let host: Host
let stt: Stt["Service"]
beforeAll(async () => {
  host = await Effect.runPromise(
    Scope.provide(startHost("stt", options, { ...hostPolicy, backoffMs: 1 }), scope).pipe(quiet)
  )
  await Effect.runPromise(whenReady(host))
  stt = Stt.overHost(host, "tiny")
})
afterAll(() => Effect.runPromise(Scope.close(scope, Exit.void)))

const hear = (samples: Int16Array, utterance: Partial<UtteranceOptions> = {}): Promise<Transcript> => {
  const { push, finish } = bound({ alternatives: 0, ...utterance })
  push(samples)
  return finish()
}
const bound = (utteranceOptions: UtteranceOptions) => {
  const utterance = stt.open(utteranceOptions)
  return {
    push: (samples: Int16Array) => utterance.push(samples),
    finish: () => Effect.runPromise(utterance.finish),
    failure: () => Effect.runPromise(Effect.flip(utterance.finish)),
    cancel: () => utterance.cancel()
  }
}
const pid = (): number => {
  const status = host.status()
  return status._tag === "Ready" ? status.pid : 0
}
const failureOf = (stt: Parameters<typeof startHost>[1]) =>
  run(
    Effect.gen(function* () {
      const broken = yield* startHost("stt", { ...options, ...stt }, { ...hostPolicy, backoffMs: 1 })
      return yield* Effect.flip(whenReady(broken))
    })
  )

describe("speech recognition", () => {
  it("understands 59 of the 60 recorded commands", async () => {
    const heard = await Promise.all(clips.map(({ file }) => hear(readSamples(file))))
    assert.strictEqual(heard.filter(({ text }, i) => text === clips[i]?.text).length, 59)
  })

  it("hears freely what a grammar leaves out, and nothing that it fits", async () => {
    const grammar = ["نعم", "لا"]
    const [open, yes] = await Promise.all(
      ["open", "yes"].map((word) => hear(readSamples(clipOf(word).file), { grammar }))
    )
    assert.deepInclude(open, { text: "", unknownWords: 1, freeText: "فتح" })
    assert.strictEqual(yes?.text, "نعم")
    assert.notProperty(yes, "freeText")
    assert.notProperty(await hear(readSamples(clipOf("open").file)), "freeText", "it was heard freely")
  })

  it("tells the words with their times and confidence", async () => {
    const { text, words, confidence, model, degraded, replayed } = await hear(readSamples("long-1-00000004.wav"))
    assert.strictEqual(text, "نعم اثنان ثلاثة لا توقف")
    const startsSeconds = [0.8, 2.33, 4.31, 5.66, 7.59]
    words.forEach(({ word, startMs, endMs, confidence }, i) => {
      assert.strictEqual(word, text.split(" ")[i])
      assert.closeTo(startMs, (startsSeconds[i] ?? 0) * 1_000, 150)
      assert.isAbove(endMs, startMs)
      assert.isTrue(confidence > 0 && confidence <= 1)
    })
    assert.closeTo(confidence ?? 0, words.reduce((sum, word) => sum + word.confidence, 0) / words.length, 1e-9)
    assert.deepStrictEqual({ model, degraded, replayed }, { model: "tiny", degraded: false, replayed: false })
  })

  it("gives the same transcript, times included, for any split of the samples and any recogniser's past", async () => {
    const recordings = ["long-2-00000010.wav", clipOf("four").file, clipOf("next").file].map(readSamples)
    const expected = await Promise.all(recordings.map((samples) => hear(samples)))
    await fc.assert(
      fc.asyncProperty(
        fc.nat(recordings.length - 1),
        fc.array(fc.integer({ min: 1, max: 9_000 }), { minLength: 1, maxLength: 12 }),
        async (which, sizes) => {
          const samples = recordings[which] ?? new Int16Array(0)
          const { push, finish } = bound({ alternatives: 0 })
          for (let at = 0, i = 0; at < samples.length; i++) {
            const end = at + (sizes[i % sizes.length] ?? 1)
            push(samples.slice(at, end))
            if (i % 4 === 3) await new Promise((resolve) => setImmediate(resolve))
            at = end
          }
          assert.deepStrictEqual(await finish(), expected[which])
        }
      ),
      { numRuns: 8 }
    )
  })

  it("hears only the phrases of a grammar, and nothing in other speech", async () => {
    const grammar = ["نعم", "لا", "لا أعرف", "ليس في النموذج"]
    assert.strictEqual((await hear(readSamples(clipOf("yes").file), { grammar })).text, "نعم")
    assert.strictEqual((await hear(readSamples(clipOf("no").file), { grammar })).text, "لا")
    const other = await hear(readSamples(clipOf("record").file), { grammar })
    assert.deepStrictEqual([other.text, other.confidence], ["", null])
    // What is left of a phrase with an unknown word would mean something else.
    const half = await hear(readSamples(clipOf("yes").file), { grammar: ["نعم كلمات", "لا"] })
    assert.notInclude(half.text, "نعم")
    const unhearable = await hear(readSamples(clipOf("yes").file), { grammar: ["كلمات مجهولة"] })
    assert.strictEqual(unhearable.text, "")
  })

  it("names the words that the model cannot hear", async () => {
    const missing = await Effect.runPromise(stt.missingWords(["نعم", "سرطان", "عشرة", "hello"]))
    assert.deepStrictEqual(missing, ["سرطان", "hello"])
  })

  it("gives alternatives with probabilities, and keeps the words' confidence", async () => {
    const samples = readSamples("eight-00000003_NO_02.wav")
    const { text, words, alternatives } = await hear(samples, { alternatives: 3 })
    assert.isAtMost(alternatives.length, 3)
    assert.strictEqual(alternatives[0]?.text, text)
    assert.include(
      alternatives.map((alternative) => alternative.text),
      "ثمانية"
    )
    const sum = alternatives.reduce((total, alternative) => total + alternative.confidence, 0)
    assert.isTrue(sum > 0.5 && sum <= 1 + 1e-9)
    assert.isTrue(words.every(({ confidence }) => confidence > 0 && confidence <= 1))
    assert.deepStrictEqual((await hear(samples)).alternatives, [])
  })

  it("tells partial text when it changes, and how much is decoded: blocks of one size, whatever came", async () => {
    const samples = readSamples("long-1-00000004.wav")
    const partials: Array<string> = []
    const decoded: Array<number> = []
    const { push, finish } = bound({
      alternatives: 0,
      onPartial: (partial) => partials.push(partial),
      onProgress: (samples) => decoded.push(samples)
    })
    for (let at = 0; at < samples.length; at += 777) push(samples.subarray(at, at + 777))
    const { text } = await finish()
    assert.strictEqual(partials.at(-1), text)
    assert.isAtLeast(partials.length, 5)
    partials.forEach((partial, i) => assert.notStrictEqual(partial, partials[i - 1]))
    // Whole blocks of 200 ms; what waits is decoded together, up to a second.
    decoded.slice(0, -1).forEach((count) => assert.strictEqual(count % 3_200, 0))
    decoded.forEach((count, i) => {
      const step = count - (decoded[i - 1] ?? 0)
      assert.isTrue(step > 0 && step <= 16_000)
    })
    assert.strictEqual(decoded.at(-1), samples.length)
  })

  it("keeps utterances that run at the same time apart", async () => {
    const chosen = clips.slice(0, 12)
    const alone: Array<Transcript> = []
    for (const { file } of chosen) alone.push(await hear(readSamples(file)))
    const utterances = chosen.map(({ file }) => ({ samples: readSamples(file), ...bound({ alternatives: 0 }) }))
    for (let at = 0; at < 20_000; at += 1_000) {
      for (const { push, samples } of utterances) push(samples.subarray(at, at + 1_000))
      await new Promise((resolve) => setImmediate(resolve))
    }
    for (const { push, samples } of utterances) push(samples.subarray(20_000))
    assert.deepStrictEqual(await Promise.all(utterances.map(({ finish }) => finish())), alone)
  })

  it("makes an empty transcript of no samples", async () => {
    const { text, words, confidence } = await hear(new Int16Array(0))
    assert.deepStrictEqual({ text, words, confidence }, { text: "", words: [], confidence: null })
  })

  it("forgets a cancelled utterance, also while it is decoded, and hears the next as ever", async () => {
    const samples = readSamples("long-3-00000014.wav")
    const expected = await hear(samples)
    for (let i = 0; i < 4; i++) {
      const progress = Promise.withResolvers<number>()
      const cancelled = bound({ alternatives: 0, onProgress: progress.resolve })
      cancelled.push(samples)
      if (i % 2 === 0) await progress.promise
      cancelled.cancel()
      assert.strictEqual((await cancelled.failure()).reason, "refused")
    }
    assert.deepStrictEqual(await hear(samples), expected)
  })

  it("refuses more than a minute that nobody waits for, and the others go on", async () => {
    const flood = bound({ alternatives: 0 })
    flood.push(new Int16Array(16_000 * 120))
    assert.strictEqual((await flood.failure()).reason, "refused")
    assert.strictEqual((await hear(readSamples(clipOf("yes").file))).text, "نعم")
  })

  it("is recovering while its host is, and ready with the next one", async () => {
    process.kill(pid(), "SIGKILL")
    await new Promise<void>((resolve) => host.onStatus(() => resolve()))
    assert.strictEqual(stt.health().status, "recovering")
    await Effect.runPromise(whenReady(host))
    assert.strictEqual(stt.health().status, "ready")
  })
})

describe("the layer of speech recognition", () => {
  it("does not wait for the model; what is said until then waits for it", () =>
    run(
      Effect.gen(function* () {
        const context = yield* Layer.build(Stt.layer())
        const early = Context.get(context, Stt)
        assert.deepInclude(early.health(), { status: "loading", backend: "vosk vosk-model-tiny-ar" })
        const utterance = early.open({ alternatives: 0 })
        utterance.push(readSamples(clipOf("yes").file))
        assert.include(yield* utterance.finish, { text: "نعم", replayed: false })
      })
    ))
})

describe("a speech model that does not load", () => {
  it("is missing when its folder is", async () => {
    const { reason, message } = await failureOf({ modelPath: "/nowhere/vosk-model-ar" })
    assert.strictEqual(reason, "missing")
    assert.include(message, "vosk-model-ar")
    assert.notInclude(message, "/nowhere")
  })

  it.each(["am/final.mdl", "graph/HCLr.fst"])("is corrupt when %s is cut short", async (file) => {
    const folder = mkdtempSync(join(tmpdir(), "sawt-"))
    cpSync(embeddedSttModelPath, folder, { recursive: true })
    truncateSync(join(folder, file), 700)
    const { reason } = await failureOf({ modelPath: folder })
    rmSync(folder, { recursive: true })
    assert.strictEqual(reason, "corrupt")
  })

  it("says that VOSK_LIBRARY names nothing, or no library", async () => {
    const nothing = await failureOf({ libraryPath: "/nowhere/libvosk.so" })
    assert.strictEqual(nothing.reason, "missing")
    assert.include(nothing.message, "VOSK_LIBRARY")
    assert.notInclude(nothing.message, "/nowhere")
    const folder = mkdtempSync(join(tmpdir(), "sawt-"))
    const libraryPath = join(folder, "libvosk.so")
    writeFileSync(libraryPath, "not a library")
    const wrong = await failureOf({ libraryPath })
    rmSync(folder, { recursive: true })
    assert.strictEqual(wrong.reason, "corrupt")
  })
})
