/**
 * `npm run models:download` as processes: killed at random moments, two at once, on a disk that is full. `KILLS` sets how
 * often it is killed.
 */
import { type ChildProcess, execFileSync, spawn } from "node:child_process"
import { once } from "node:events"
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { afterEach, assert, beforeEach, describe, it } from "vitest"
import type { DownloadEntry } from "#schemas/models.ts"
import { layoutOf, otherVersions, removeVersion } from "#src/models/layout.ts"
import { contentOf, entryOf, hashesOf, sha256, treeOf, zipOfContent } from "./installing.ts"
import { type MisbehavingServer, startMisbehaving } from "./misbehaving-server.ts"

const script = join(import.meta.dirname, "../../scripts/models.ts")
const kills = Number(process.env["KILLS"] ?? 5)
const mebibyte = 1024 * 1024
const [oldContent, newContent] = [contentOf("old", 4 * mebibyte), contentOf("new", 4 * mebibyte)]
const [oldZip, newZip] = [zipOfContent(oldContent), zipOfContent(newContent)]
const [before, after] = [hashesOf(oldContent), hashesOf(newContent)]

let server: MisbehavingServer
let dataDir: string
beforeEach(async () => {
  server = await startMisbehaving({ "toy.zip": oldZip })
  dataDir = mkdtempSync(join(tmpdir(), "sawt-models-"))
})
afterEach(async () => {
  rmSync(dataDir, { recursive: true, force: true })
  await server.close()
})

const manifestFor = (zip: Buffer): string => {
  const path = join(dataDir, `manifest-${sha256(zip).slice(0, 8)}.json`)
  const models: ReadonlyArray<DownloadEntry> = [entryOf({ sha256: sha256(zip), bytes: zip.length })]
  writeFileSync(path, JSON.stringify({ version: 1, default: ["toy"], models }))
  return path
}
interface Ran {
  readonly child: ChildProcess
  readonly ended: Promise<{ readonly code: number | null; readonly output: string }>
}
const download = (zip: Buffer, ...args: ReadonlyArray<string>): Ran => {
  const child = spawn(process.execPath, [script, "download", ...args], {
    env: { PATH: process.env["PATH"] ?? "", DATA_DIR: dataDir, MODELS_BASE_URL: server.url, MODELS_MANIFEST: manifestFor(zip) }
  })
  let output = ""
  child.stdout.on("data", (bytes: Buffer) => (output += bytes.toString()))
  child.stderr.on("data", (bytes: Buffer) => (output += bytes.toString()))
  return { child, ended: once(child, "close").then(([code]) => ({ code: code as number | null, output })) }
}
const layout = () => layoutOf(join(dataDir, "models"))
const tree = () => treeOf(join(dataDir, "models"))

describe("models:download", () => {
  it("killed at random moments leaves the old model or the new one, whole, and the next run ends well", async () => {
    assert.strictEqual((await download(oldZip).ended).code, 0)
    assert.deepStrictEqual(tree(), before)
    server.files.set("toy.zip", newZip)
    const startedMs = performance.now()
    assert.strictEqual((await download(newZip).ended).code, 0)
    const wholeMs = performance.now() - startedMs
    // There and back: each round's new model is the old one of the next.
    const turns = [
      { zip: oldZip, from: after, to: before },
      { zip: newZip, from: before, to: after }
    ]
    for (let round = 0; round < kills; round++) {
      const { zip, from, to } = turns[round % 2] ?? assert.fail()
      // A version that is still here would only be pointed to.
      for (const version of otherVersions(layout(), "toy")) await removeVersion(layout(), "toy", version)
      server.files.set("toy.zip", zip)
      const { child, ended } = download(zip)
      // Mostly in its second half: before that it only starts.
      await sleep(wholeMs * (0.3 + 0.7 * Math.random()))
      child.kill("SIGKILL")
      await ended
      const found = JSON.stringify(tree())
      assert.oneOf(found, [JSON.stringify(from), JSON.stringify(to)], `kill ${round} left neither`)
      const next = await download(zip).ended
      assert.strictEqual(next.code, 0, next.output)
      assert.deepStrictEqual(tree(), to)
      assert.isEmpty(readdirSync(layout().staging))
    }
  }, 300_000)

  it("twice at once downloads once: the second waits, and finds it done", async () => {
    const both = await Promise.all([download(oldZip, "--json").ended, download(oldZip, "--json").ended])
    assert.deepStrictEqual(both.map(({ code }) => code), [0, 0])
    assert.strictEqual(server.requests.length, 1)
    const ends = both.map(({ output }) => /"event":"(installed|unchanged)"/.exec(output)?.[1])
    assert.sameMembers(ends, ["installed", "unchanged"])
    assert.deepStrictEqual(tree(), before)
  }, 60_000)

  it("that is told to stop keeps its part for the next run", async () => {
    server.plan.push({ type: "cut", afterBytes: 2 * mebibyte }, { type: "drip" })
    const { child, ended } = download(oldZip, "--json")
    while (server.requests.length < 2) await sleep(20)
    child.kill("SIGTERM")
    assert.strictEqual((await ended).code, 1)
    assert.strictEqual((await download(oldZip).ended).code, 0)
    assert.match(server.requests.at(-1)?.range ?? "", /^bytes=[1-9]/)
    assert.deepStrictEqual(tree(), before)
  }, 60_000)
})

/** Mounting takes rights that not everybody has. */
const mounted = (): string | undefined => {
  const folder = mkdtempSync(join(tmpdir(), "sawt-full-"))
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=12m", "tmpfs", folder], { stdio: "ignore" })
    return folder
  } catch {
    rmSync(folder, { recursive: true })
    console.warn("SKIPPED: a full disk is not tried, since this user may not mount a tmpfs (run as root)")
    return undefined
  }
}
const disk = mounted()
describe.skipIf(disk === undefined)("a disk that is full", () => {
  const full = disk ?? ""
  afterEach(() => {
    execFileSync("umount", [full])
    rmSync(full, { recursive: true })
  })

  it("in mid-download or in mid-unpacking leaves the old model whole, says so, and keeps nothing of the new one", async () => {
    const { Folder } = await import("./installing.ts")
    mkdirSync(join(full, "models"))
    const folder = new Folder(join(full, "models"))
    const small = contentOf("small", mebibyte)
    server.files.set("toy.zip", zipOfContent(small))
    assert.isUndefined(await folder.install(entryOf(), server.url, { reserve: 0 }))
    rmSync(folder.layout.pins)
    // The check beforehand is told to see room that is not there.
    for (const fillerMiB of [7, 4]) {
      writeFileSync(join(full, "filler"), Buffer.alloc(fillerMiB * mebibyte))
      server.files.set("toy.zip", newZip)
      const error = await folder.install(entryOf({ sha256: sha256(newZip) }), server.url, { reserve: -1e9 })
      assert.strictEqual(error?.reason, "no_space", error?.message)
      assert.deepStrictEqual(folder.tree(), hashesOf(small))
      assert.isEmpty(folder.leftovers())
    }
    writeFileSync(join(full, "filler"), "")
    assert.isUndefined(await folder.install(entryOf({ sha256: sha256(newZip) }), server.url, { reserve: -1e9 }))
    assert.deepStrictEqual(folder.tree(), after)
  })
})
