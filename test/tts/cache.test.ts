import { spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import fc from "fast-check"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { keyOf, SpeechCache } from "#src/tts/cache.ts"
import { decode, encode, type Speech } from "#src/tts/speech-file.ts"

const speech = (samples: number, seed = 1): Speech => ({
  pcm: Int16Array.from({ length: samples }, (_, i) => ((i * 7919 * seed) % 65_536) - 32_768),
  sampleRateHz: 16_000,
  words: [{ word: "أَبَدًا", startMs: 0, endMs: 500.5 }]
})
const key = (text: string): string => keyOf({ text, voice: "ar", speed: 1, engine: "espeak-ng 0.3.5" })

let root = ""
let homes = 0
const home = (): string => join(root, `home-${homes++}`)
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "sawt-cache-"))
})
afterAll(() => rm(root, { recursive: true }))

const files = async (folder: string): Promise<ReadonlyArray<string>> =>
  (await readdir(folder, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))

describe("a file of rendered speech", () => {
  it("gives back what went in, and is a WAV that players open", () => {
    fc.assert(
      fc.property(fc.int16Array({ maxLength: 500 }), fc.string(), (pcm, word) => {
        const said: Speech = { pcm, sampleRateHz: 22_050, words: [{ word, startMs: 0, endMs: 1 }] }
        const file = encode(said)
        assert.deepStrictEqual(decode(file), said)
        assert.strictEqual(file.toString("latin1", 0, 4) + file.toString("latin1", 8, 16), "RIFFWAVEfmt ")
        assert.strictEqual(file.readUInt32LE(4), file.length - 8)
      })
    )
  })

  it("is refused when any byte of it is cut off, or a sample differs", () => {
    const file = encode(speech(50))
    for (let length = 0; length < file.length; length++)
      assert.isUndefined(decode(file.subarray(0, length)), `${length}`)
    const altered = Buffer.from(file)
    altered[file.length - 10] = (altered[file.length - 10] ?? 0) ^ 1
    assert.isUndefined(decode(altered))
  })
})

describe("the speech cache", () => {
  it("keeps speech across instances and knows nothing of other texts, voices, paces and engines", async () => {
    const folder = home()
    assert.isTrue(await new SpeechCache(folder, 1e6).put(key("نعم"), speech(100)))
    const cache = new SpeechCache(folder, 1e6)
    assert.deepStrictEqual(await cache.get(key("نعم")), speech(100))
    assert.isTrue(await cache.has(key("نعم")))
    const one = { text: "نعم", voice: "ar", speed: 1, engine: "espeak-ng 0.3.5" }
    for (const other of [{ text: "لا" }, { voice: "en" }, { speed: 1.5 }, { engine: "espeak-ng 0.3.6" }]) {
      assert.isUndefined(await cache.get(keyOf({ ...one, ...other })))
    }
  })

  it("deletes a damaged file, so that it is rendered again", async () => {
    const folder = home()
    const cache = new SpeechCache(folder, 1e6)
    await cache.put(key("نعم"), speech(100))
    const [path = ""] = await files(folder)
    const file = await readFile(path)
    file[file.length - 1] = (file[file.length - 1] ?? 0) ^ 0xff
    await writeFile(path, file)
    assert.isUndefined(await cache.get(key("نعم")))
    assert.isFalse(await cache.has(key("نعم")))
    assert.isTrue(await cache.put(key("نعم"), speech(100)))
    assert.deepStrictEqual(await cache.get(key("نعم")), speech(100))
  })

  it("stays under its bound by dropping what was heard longest ago", async () => {
    const folder = home()
    const bytes = encode(speech(1_000)).length
    const cache = new SpeechCache(folder, bytes * 10)
    for (let i = 0; i < 10; i++) await cache.put(key(`${i}`), speech(1_000, i + 1))
    for (const [i, path] of (await files(folder)).entries()) await utimes(path, i, i)
    const oldest = await Promise.all(
      Array.from({ length: 10 }, async (_, i) => ({
        i,
        at: (await stat(join(folder, key(`${i}`).slice(0, 2), `${key(`${i}`)}.wav`))).mtimeMs
      }))
    )
    const [first, second] = oldest.toSorted((a, b) => a.at - b.at).map(({ i }) => `${i}`)
    // Hearing the oldest again makes the second the oldest.
    assert.isDefined(await cache.get(key(first ?? "")))
    await cache.put(key("one more"), speech(1_000, 99))
    assert.isTrue(await cache.has(key(first ?? "")))
    assert.isFalse(await cache.has(key(second ?? "")))
    assert.isTrue(await cache.has(key("one more")))
    const sizes = await Promise.all((await files(folder)).map(async (path) => (await stat(path)).size))
    assert.isAtMost(
      sizes.reduce((sum, size) => sum + size, 0),
      bytes * 10
    )
  })

  it("bounds what it finds, keeps no speech larger than the bound, and clears what a dead writer left", async () => {
    const folder = home()
    const bytes = encode(speech(1_000)).length
    const wide = new SpeechCache(folder, bytes * 100)
    for (let i = 0; i < 8; i++) await wide.put(key(`${i}`), speech(1_000))
    const left = join(folder, "ab.wav.1.tmp")
    await writeFile(left, "half")
    await utimes(left, 0, 0)
    const narrow = new SpeechCache(folder, bytes * 4)
    assert.isFalse(await narrow.put(key("long"), speech(1_000_000)))
    assert.isTrue(await narrow.put(key("new"), speech(1_000)))
    const found = await files(folder)
    assert.isAtMost(found.length, 4)
    assert.isFalse(found.includes(left))
  })

  it("serves two processes that write the same sentences at once", async () => {
    const folder = home()
    const program = `
      const { SpeechCache, keyOf } = await import(${JSON.stringify(new URL("../../src/tts/cache.ts", import.meta.url).href)})
      const cache = new SpeechCache(process.argv[1], 400_000)
      let bad = 0
      for (let round = 0; round < 5; round++) for (let i = 0; i < 20; i++) {
        const key = keyOf({ text: String(i), voice: "ar", speed: 1, engine: "e" })
        const speech = { pcm: new Int16Array(8_000).fill(i), sampleRateHz: 16_000, words: [] }
        if (!(await cache.put(key, speech))) bad++
        const kept = await cache.get(key)
        if (kept !== undefined && !(kept.pcm.length === 8_000 && kept.pcm.every((sample) => sample === i))) bad++
      }
      process.exit(bad === 0 ? 0 : 1)`
    const codes = await Promise.all(
      [1, 2].map(
        async () =>
          (
            await once(
              spawn(process.execPath, ["--input-type=module", "-e", program, folder], { stdio: "inherit" }),
              "exit"
            )
          )[0]
      )
    )
    assert.deepStrictEqual(codes, [0, 0])
    const found = await files(folder)
    assert.isAbove(found.length, 0)
    for (const path of found) assert.isDefined(decode(await readFile(path)), path)
  })

  it("goes on without keeping anything where the disk does not let it", async () => {
    const folder = home()
    await writeFile(folder, "a file, not a folder")
    const cache = new SpeechCache(join(folder, "inside"), 1e6)
    assert.isFalse(await cache.put(key("نعم"), speech(100)))
    assert.isFalse(cache.writable)
    assert.isUndefined(await cache.get(key("نعم")))
    assert.isFalse(await cache.has(key("نعم")))
  })
})
