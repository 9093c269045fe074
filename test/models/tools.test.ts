/** `models:list`, `models:verify`, `models:download` and `doctor` as an operator runs them. */
import { spawnSync } from "node:child_process"
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { once } from "node:events"
import { createServer, type AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Result } from "effect"
import { afterEach, assert, beforeEach, describe, it } from "vitest"
import { loadSettings } from "#src/config.ts"
import { configuredModels } from "#src/models/configured.ts"
import { findModel, readManifest } from "#src/models/manifest.ts"
import { smallEnvironment, smallOptions } from "#src/models/program.ts"
import packageJson from "../../package.json" with { type: "json" }
import { clockFinding, memoryFinding, nodeFinding, portFinding } from "../../scripts/doctor/machine.ts"
import { otlpFinding, storageKeyFinding } from "../../scripts/doctor/settings.ts"
import { startMisbehaving } from "./misbehaving-server.ts"

let dataDir: string
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), "sawt-tools-"))
})
afterEach(() => rmSync(dataDir, { recursive: true, force: true }))

const run = (script: "models" | "doctor", args: ReadonlyArray<string>, env: Readonly<Record<string, string>> = {}) => {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [join(import.meta.dirname, `../../scripts/${script}.ts`), ...args],
    { env: { PATH: process.env["PATH"] ?? "", DATA_DIR: dataDir, ...env }, encoding: "utf8" }
  )
  return { status, stdout, stderr }
}
const manifest = Result.getOrThrow(readManifest())
const settingsOf = (env: Readonly<Record<string, string>>) =>
  Result.getOrThrow(loadSettings({ DATA_DIR: dataDir, ...env }))

describe("models:list", () => {
  it("shows each model with size, memory, licence and state, and what an alias means", () => {
    const { status, stdout } = run("models", ["list"])
    assert.strictEqual(status, 0)
    assert.match(stdout, /^vosk-model-ar-mgb2-0.4 +stt +absent +334 MB +2,363 MB +Apache-2.0 +yes$/m)
    assert.match(stdout, /^xtts-v2 +tts +server, unused .* CPML +no$/m)
    assert.match(stdout, /^vosk-model-tiny-ar +stt +embedded/m)
    assert.match(stdout, /^vosk-model-ar-0.22 means vosk-model-ar-0.22-linto-1.1.0$/m)
  })
})

describe("models:download", () => {
  it("is started as small by npm as by the service", () => {
    const { scripts } = packageJson
    const environment = Object.entries(smallEnvironment).map(([name, value]) => `${name}=${value}`)
    const command = [...environment, "node", ...smallOptions, "scripts/models.ts", "download"].join(" ")
    assert.strictEqual(scripts["models:download"], command)
  })

  it("says with --dry-run what it would fetch, also without the service's secrets, and fetches nothing", () => {
    const { status, stdout } = run("models", ["download", "--dry-run", "--json"], { VOICE_SERVICE_ENV: "production" })
    assert.strictEqual(status, 0)
    const events = stdout.trim().split("\n").map((line) => JSON.parse(line) as object)
    const planned = { event: "planned", model: "vosk-model-ar-mgb2-0.4", bytes: 333_241_610 }
    assert.deepInclude(events.at(-1), planned)
  })

  it("fetches what is configured, else the manifest's default", () => {
    const voice = join(dataDir, "models/ar_JO-kareem-low/ar_JO-kareem-low.onnx")
    const { stderr } = run("models", ["download", "--dry-run"], { TTS_VOICE: voice })
    assert.match(stderr, /ar_JO-kareem-low: would fetch/)
    assert.notMatch(stderr, /mgb2/)
  })

  it.each([
    [["download", "--only", "nothing"], 2, /has no model nothing; it has vosk-model-ar-mgb2/],
    [["download", "--fast"], 2, /Unknown option '--fast'/],
    [["frobnicate"], 2, /Usage: npm run models:download/],
    [["download", "--only", "xtts-v2"], 1, /xtts-v2 is not downloaded/],
    [["verify", "--only", "vosk-model-ar-0.22"], 1, /is not here/]
  ] as const)("%j ends with %i", (args, code, why) => {
    const { status, stdout, stderr } = run("models", args)
    assert.strictEqual(status, code)
    assert.match(stdout + stderr, why)
    assert.notMatch(stdout + stderr, /\bat .*:\d+:\d+/)
  })

  it("tells of a bad variable as the start does", () => {
    const { status, stderr } = run("models", ["list"], { MODELS_BASE_URL: "ftp://models.example" })
    assert.strictEqual(status, 1)
    assert.match(stderr, /^MODELS_BASE_URL="ftp:\/\/models.example": not allowed; allowed is an http/)
  })
})

describe("models:verify", () => {
  it("lets each model that is here do for real what it is for", () => {
    const { status, stdout } = run("models", ["verify"])
    assert.strictEqual(status, 0, stdout)
    assert.match(stdout, /^vosk-model-tiny-ar: works \(vosk vosk-model-tiny-ar, ready in \d+ ms, [1-9]\d* MB of memory\)$/m)
    assert.match(stdout, /^silero-vad: works/m)
  })

  it("says why one does not work", () => {
    mkdirSync(join(dataDir, "models/vosk-model-small-ar-0.3"), { recursive: true })
    const { status, stdout } = run("models", ["verify", "--only", "vosk-model-small-ar-0.3", "--json"])
    assert.strictEqual(status, 1)
    assert.deepInclude(JSON.parse(stdout) as object, { ok: false, reason: "not_proved" })
  })
})

describe("configured models", () => {
  it("are missing in production, unless their download is switched off, or memory does not hold them", () => {
    const secrets = { VOICE_SERVICE_SECRET: "Zk3pQ9vX1sLm8RtY6uWb2NcD5fGh7JaE", VOICE_SERVICE_TOKEN: "aB7cD2eF9gH4iJ1kL6mN3oP8qR5sT0uV" }
    const production = { VOICE_SERVICE_ENV: "production", ...secrets }
    const large = 2 ** 40
    const found = configuredModels(settingsOf(production), manifest, large)
    assert.deepStrictEqual(found.missing.map(({ name }) => name), ["vosk-model-ar-mgb2-0.4"])
    assert.strictEqual(found.sttWithheld?.reason, "missing")
    assert.isEmpty(configuredModels(settingsOf({ ...production, MODELS_DOWNLOAD: "off" }), manifest, large).missing)
    const linto = { ...production, VOSK_MODEL_PATH: join(dataDir, "models/vosk-model-ar-0.22") }
    const small = configuredModels(settingsOf(linto), manifest, 4_000_000_000)
    assert.isEmpty(small.missing)
    assert.match(small.sttWithheld?.message ?? "", /linto-1.1.0 needs about 11.8 GB of memory, and there are 4.0/)
    assert.isEmpty(configuredModels(settingsOf({}), manifest, large).missing)
  })
})

describe("doctor", () => {
  it("finds a sound machine sound, loads both libraries, and ends with 0", () => {
    const { status, stdout } = run("doctor", ["--json"], { PORT: "0", MODELS_BASE_URL: "http://127.0.0.1:1" })
    const findings = JSON.parse(stdout) as ReadonlyArray<{ readonly check: string; readonly status: string }>
    const states = Object.fromEntries(findings.map((finding) => [finding.check, finding.status]))
    assert.deepInclude(states, { node: "ok", libvosk: "ok", onnx: "ok", disk: "ok", memory: "ok", port: "ok", clock: "warn" })
    assert.strictEqual(status, 0)
  })

  it("says what is wrong with a configuration and how to repair it, never a secret, and ends with 1", () => {
    const env = { VOICE_SERVICE_ENV: "production", VOICE_SERVICE_SECRET: "short-secret", PORT: "0" }
    const { status, stdout } = run("doctor", [], { ...env, MODELS_BASE_URL: "http://127.0.0.1:1" })
    assert.strictEqual(status, 1)
    assert.match(stdout, /^fail {2}secrets +VOICE_SERVICE_SECRET: must have at least 32 bytes/m)
    assert.match(stdout, /^warn {2}models +vosk-model-ar-mgb2-0.4 is not here.* — npm run models:download/m)
    assert.notInclude(stdout, "short-secret")
  })

  it("knows an old Node, a machine too small, a port in use, a clock that is off, a key that others may read", async () => {
    assert.strictEqual(nodeFinding("20.1.0").status, "fail")
    const linto = findModel(manifest, "vosk-model-ar-0.22")
    assert.strictEqual(memoryFinding(linto, 1, 4_000_000_000).status, "fail")
    const mgb2 = findModel(manifest, "vosk-model-ar-mgb2-0.4")
    assert.strictEqual(memoryFinding(mgb2, 2, 4_000_000_000).status, "warn")
    assert.strictEqual(memoryFinding(mgb2, 1, 4_000_000_000).status, "ok")
    const blocker = createServer().listen(0, "127.0.0.1")
    await once(blocker, "listening")
    const { port } = blocker.address() as AddressInfo
    assert.strictEqual((await portFinding(settingsOf({ PORT: String(port) }))).status, "fail")
    blocker.close()
    const server = await startMisbehaving({})
    assert.strictEqual((await clockFinding(server.url)).status, "ok")
    assert.strictEqual((await clockFinding(server.url, () => Date.now() + 60_000)).status, "fail")
    assert.strictEqual((await otlpFinding(server.url)).status, "ok")
    await server.close()
    assert.strictEqual((await otlpFinding(server.url)).status, "fail")
    assert.strictEqual((await otlpFinding(undefined)).status, "ok")
    writeFileSync(join(dataDir, "storage.key"), "")
    chmodSync(join(dataDir, "storage.key"), 0o644)
    assert.strictEqual(storageKeyFinding(settingsOf({})).status, "fail")
    chmodSync(join(dataDir, "storage.key"), 0o600)
    assert.strictEqual(storageKeyFinding(settingsOf({})).status, "ok")
  })
})
