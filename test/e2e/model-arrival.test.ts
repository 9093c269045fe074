/**
 * A first production start on an empty disk, with a mirror: the embedded model serves while the configured one comes, and
 * hands over while people talk; a new version that does not work is taken back. The model that comes is the embedded one
 * under another name, so that the same is heard by either.
 */
import { createHash } from "node:crypto"
import { existsSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { afterAll, afterEach, assert, beforeAll, describe, it } from "vitest"
import { joined } from "#src/audio/pcm.ts"
import { embeddedModels } from "#src/models/manifest.ts"
import { reported } from "#test/faults/hosts.ts"
import { zipOf } from "#test/models/archives.ts"
import { noise } from "#test/models/installing.ts"
import { type MisbehavingServer, startMisbehaving } from "#test/models/misbehaving-server.ts"
import { clipOf, readSamples } from "#test/stt/recordings.ts"
import { startServer, type ServerProcess } from "../../scripts/server-process.ts"
import { Caller, noPrompts, silence, tokenOf } from "./caller.ts"

const name = "vosk-model-of-test"
const source = join(embeddedModels, "vosk-model-tiny-ar")
const sha256 = (bytes: Buffer) => createHash("sha256").update(bytes).digest("hex")

const zipped = (spoil: (path: string, content: Buffer) => Buffer = (_, content) => content): Buffer =>
  zipOf(
    readdirSync(source, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(source.length + 1))
      .map((path) => ({ name: `${name}/${path}`, content: spoil(path, readFileSync(join(source, path))) }))
  )
const good = zipped()
const newer = zipped((path, content) => (path === "README.md" ? Buffer.concat([content, Buffer.from("2\n")]) : content))
/** It unpacks, and its size is right; libvosk reads it and cannot decode with it. */
const broken = zipped((path, content) => (path.endsWith("final.mdl") ? noise("broken", content.length) : content))

let mirror: MisbehavingServer
let dataDir: string
let server: ServerProcess | undefined
beforeAll(async () => {
  mirror = await startMisbehaving({ [`${name}.zip`]: good })
  dataDir = mkdtempSync(join(tmpdir(), "sawt-arrival-"))
})
afterEach(async () => {
  await server?.stop()
  server = undefined
  mirror.otherwise = undefined
  mirror.requests.length = 0
})
afterAll(async () => {
  await mirror.close()
  rmSync(dataDir, { recursive: true, force: true })
})

const start = async (zip: Buffer, memoryBytes = 100_000_000): Promise<ServerProcess> => {
  const file = { name: `${name}.zip`, url: "http://127.0.0.1:1/none.zip", bytes: zip.length, sha256: sha256(zip) }
  const unpack = { archive: "zip", folder: name, bytesMax: 100_000_000 }
  const licence = { name: "Apache-2.0", commercialUse: true }
  const model = { name, aliases: ["of-test"], kind: "stt", languages: ["ar"], about: "", licence, memoryBytes }
  const models = [{ ...model, source: { type: "download", files: [file], unpack } }]
  const manifest = join(dataDir, "manifest.json")
  writeFileSync(manifest, JSON.stringify({ version: 1, default: [], models }))
  mirror.files.set(`${name}.zip`, zip)
  server = await startServer({
    ...noPrompts,
    VOICE_SERVICE_ENV: "production",
    VOICE_SERVICE_TOKEN: "aB7cD2eF9gH4iJ1kL6mN3oP8qR5sT0uVwX",
    DATA_DIR: dataDir,
    VOSK_MODEL_PATH: join(dataDir, "models/of-test"),
    MODELS_MANIFEST: manifest,
    MODELS_BASE_URL: mirror.url,
    DRAIN_SECONDS: "0"
  })
  return server
}

const version = () =>
  readlinkSync(join(dataDir, "models", name))
    .split("/")
    .at(-1)
const versions = () =>
  readdirSync(join(dataDir, "models/.versions", name)).filter((folder) => !folder.endsWith(".json"))

/** Says words until it was enough, each as soon as the one before was heard. */
class Talker {
  readonly #caller: Caller
  readonly said: Array<string> = []

  private constructor(caller: Caller) {
    this.#caller = caller
  }

  static async open(of: ServerProcess, subject: string): Promise<Talker> {
    const caller = await Caller.open(of.url, { path: "/ws/secure", token: await tokenOf(of, "voice", subject) })
    await caller.start({})
    return new Talker(caller)
  }

  get finals() {
    return this.#caller.of("transcript.final")
  }

  get errors() {
    return this.#caller.of("error")
  }

  async talk(enough: () => boolean): Promise<void> {
    const words = ["previous", "yes", "no"] as const
    while (!enough()) {
      const clip = clipOf(words[this.said.length % words.length] ?? "yes")
      const word = readSamples(clip.file)
      this.said.push(clip.text)
      await this.#caller.play(joined(silence(200), word.slice(0, 8_000)))
      // So that it is cut in the middle of a word, whenever that is.
      await sleep(100)
      await this.#caller.play(joined(word.slice(8_000), silence(900)))
      await this.#caller.count("transcript.final", this.said.length)
    }
  }

  end(): Promise<void> {
    return this.#caller.end()
  }
}

describe("a machine with too little memory", () => {
  it("says that the machine has too little memory, fetches nothing, and goes on with the embedded model", async () => {
    const running = await start(good, 2 ** 46)
    const report = await reported(running, ({ models }) => models.stt.status === "ready")
    assert.strictEqual(report.status, "degraded")
    assert.include(report.models.stt, { degraded: true, backend: "vosk vosk-model-tiny-ar" })
    assert.match(report.models.stt.reason ?? "", /^vosk-model-of-test needs about 70368.7 GB of memory/)
    assert.isEmpty(mirror.requests)
    assert.isFalse(existsSync(join(dataDir, "models")))
  }, 60_000)
})

/** One after the other on one disk. */
describe("a first start in production", () => {
  it("serves by the embedded model, tells how far the download is, and swaps while five people talk: nothing is lost", async () => {
    let open = false
    mirror.otherwise = () => (open ? undefined : { type: "cut", afterBytes: Math.floor(good.length / 2) })
    const running = await start(good)
    const during = await reported(running, ({ models }) => models.stt.downloading?.percent !== undefined)
    assert.strictEqual(during.status, "degraded")
    assert.include(during.models.stt, { status: "ready", backend: "vosk vosk-model-tiny-ar", degraded: true })
    assert.match(during.models.stt.reason ?? "", /^vosk-model-of-test: downloading \d+ %\.$/)
    assert.notInclude(JSON.stringify(during), dataDir)

    const talkers = await Promise.all(["a", "b", "c", "d", "e"].map((subject) => Talker.open(running, subject)))
    let over = false
    const lasting = new Map(talkers.map((talker) => [talker, 0]))
    const talking = talkers.map((talker) =>
      talker.talk(() => over && talker.said.length >= (lasting.get(talker) ?? 0) + 2)
    )
    while (talkers.some(({ finals }) => finals.length < 2)) await sleep(20)
    open = true
    await reported(running, ({ status }) => status === "healthy")
    for (const talker of talkers) lasting.set(talker, talker.said.length)
    over = true
    await Promise.all(talking)
    for (const talker of talkers) {
      assert.deepStrictEqual(
        talker.finals.map(({ text }) => text),
        talker.said
      )
      assert.isEmpty(talker.errors)
      assert.deepInclude([talker.finals[0]?.degraded, talker.finals.at(-1)?.degraded], true)
      assert.isFalse(talker.finals.at(-1)?.degraded)
      await talker.end()
    }
    const after = await reported(running, () => true)
    assert.include(after.models.stt, { backend: `vosk ${name}`, degraded: false })
    assert.isUndefined(after.models.stt.downloading)
    await running.logged("proved itself")
    assert.strictEqual(version(), versions()[0])
  }, 120_000)
})

describe("a new version of a model", () => {
  it("is swapped in while the old one serves, which is removed when the new one has recognised", async () => {
    const before = version()
    const running = await start(newer)
    await reported(running, ({ models }) => models.stt.status === "ready" && !models.stt.degraded)
    await running.logged("proved itself")
    assert.notStrictEqual(version(), before)
    assert.deepStrictEqual(versions(), [version()])
    assert.strictEqual((await reported(running, () => true)).status, "healthy")
  }, 60_000)

  it("that does not work is taken back, and the old one goes on", async () => {
    const before = version()
    const running = await start(broken)
    await reported(running, ({ models }) => models.stt.status === "ready" && !models.stt.degraded)
    const talker = await Talker.open(running, "f")
    await talker.talk(() => talker.said.length >= 1)
    await running.logged("back to the one before")
    await talker.talk(() => talker.said.length >= 2)
    assert.deepStrictEqual(
      talker.finals.map(({ text, degraded }) => [text, degraded]),
      talker.said.map((text) => [text, false])
    )
    await talker.end()
    assert.strictEqual(version(), before)
    assert.deepStrictEqual(versions(), [before])
    assert.strictEqual((await reported(running, () => true)).status, "healthy")
  }, 60_000)
})
