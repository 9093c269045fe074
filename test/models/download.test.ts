/** Downloads from a server that misbehaves: whatever it does, the model's folder is the old one or the new one, whole. */
import { afterEach, assert, beforeEach, describe, it } from "vitest"
import type { ModelError } from "#schemas/models.ts"
import { contentOf, entryOf, Folder, hashesOf, impatient, sha256, zipOfContent } from "./installing.ts"
import { type MisbehavingServer, startMisbehaving } from "./misbehaving-server.ts"

const [oldContent, newContent] = [contentOf("old"), contentOf("new")]
const [oldZip, newZip] = [zipOfContent(oldContent), zipOfContent(newContent)]
const [before, after] = [hashesOf(oldContent), hashesOf(newContent)]
const wanted = entryOf({ sha256: sha256(newZip), bytes: newZip.length })

let server: MisbehavingServer
let folder: Folder
beforeEach(async () => {
  server = await startMisbehaving({ "toy.zip": oldZip })
  folder = new Folder()
  assert.isUndefined(await folder.install(entryOf({ sha256: sha256(oldZip) }), server.url))
  assert.deepStrictEqual(folder.tree(), before)
  server.files.set("toy.zip", newZip)
  server.requests.length = 0
  folder.events.length = 0
})
afterEach(async () => {
  folder.remove()
  await server.close()
})

/** Fails for this reason, leaves the old model whole, and the next run brings the new one. */
const failsOnce = async (reason: ModelError["reason"], entry = wanted): Promise<ModelError> => {
  const error = await folder.install(entry, server.url)
  assert.strictEqual(error?.reason, reason)
  assert.deepStrictEqual(folder.tree(), before)
  server.plan.length = 0
  server.otherwise = undefined
  server.files.set("toy.zip", newZip)
  assert.isUndefined(await folder.install(wanted, server.url))
  assert.deepStrictEqual(folder.tree(), after)
  assert.isEmpty(folder.leftovers())
  return error ?? assert.fail()
}

describe("a download", () => {
  it("that is cut at fifty random bytes goes on where it was each time, and is whole", async () => {
    let seed = Math.floor(Math.random() * 2 ** 31)
    const printed = seed
    const random = () => (seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31) / 2 ** 31
    for (let cut = 0; cut < 50; cut++) {
      const afterBytes = 1 + Math.floor((random() * newZip.length) / 60)
      server.plan.push({ type: "cut", afterBytes })
    }
    assert.isUndefined(await folder.install(wanted, server.url), `seed ${printed}`)
    assert.deepStrictEqual(folder.tree(), after)
    const starts = server.requests.map(({ range }) => Number(/\d+/.exec(range ?? "0")?.[0]))
    assert.strictEqual(starts.length, 51)
    assert.deepStrictEqual(starts, starts.toSorted((a, b) => a - b))
    assert.isTrue(server.requests.slice(20).every(({ status }) => status === 206))
  })

  it("that another process broke off is gone on with", async () => {
    server.plan.push({ type: "cut", afterBytes: 100_000 })
    server.otherwise = () => ({ type: "status", status: 503 })
    assert.strictEqual((await folder.install(wanted, server.url))?.reason, "unreachable")
    server.otherwise = undefined
    server.requests.length = 0
    assert.isUndefined(await folder.install(wanted, server.url))
    assert.deepStrictEqual(folder.tree(), after)
    assert.deepStrictEqual(server.requests.map(({ range, status }) => [range, status]), [["bytes=100000-", 206]])
  })

  it("is not asked for again when it is here already", async () => {
    assert.isUndefined(await folder.install(wanted, server.url))
    server.requests.length = 0
    assert.isUndefined(await folder.install(wanted, server.url))
    assert.isEmpty(server.requests)
  })

  it("of a wrong size is refused before its bytes are fetched", async () => {
    const error = await failsOnce("wrong_size", entryOf({ bytes: 1_000 }))
    assert.match(error.message, /should have 1000/)
  })

  it("that never ends is broken off at the size of the manifest", async () => {
    server.plan.push({ type: "endless" })
    await failsOnce("wrong_size")
  })

  it("of a wrong checksum is thrown away", async () => {
    const damaged = Buffer.from(newZip)
    damaged[1_000] = (damaged[1_000] ?? 0) ^ 1
    server.files.set("toy.zip", damaged)
    await failsOnce("wrong_checksum")
  })

  it("of a wrong MD5 is thrown away", async () => {
    await failsOnce("wrong_checksum", entryOf({ md5: "0".repeat(32) }))
  })

  it("without a published checksum is pinned, and held against it the next time", async () => {
    const unpinned = { ...entryOf(), name: "other" }
    assert.isUndefined(await folder.install(unpinned, server.url))
    const changed = new Folder(folder.root)
    server.files.set("toy.zip", oldZip)
    const error = await changed.install(entryOf(), server.url)
    assert.strictEqual(error?.reason, "wrong_checksum")
    assert.match(error?.message ?? "", /downloaded first/)
    assert.deepStrictEqual(folder.tree(), before)
  })

  it("that is not there says so at once", async () => {
    server.otherwise = () => ({ type: "status", status: 404 })
    await failsOnce("not_found")
    assert.strictEqual(server.requests.filter(({ status }) => status === 404).length, 1)
  })

  it("that is forbidden says so at once", async () => {
    server.plan.push({ type: "status", status: 403 })
    await failsOnce("refused")
  })

  it("tries again after 500s, and gives up when they do not end", async () => {
    server.plan.push({ type: "status", status: 500 }, { type: "status", status: 502 }, { type: "status", status: 503 })
    assert.isUndefined(await folder.install(wanted, server.url))
    assert.deepStrictEqual(folder.tree(), after)
  })

  it("gives up after as many tries as it may", async () => {
    server.otherwise = () => ({ type: "status", status: 500 })
    await failsOnce("unreachable")
    assert.strictEqual(server.requests.filter(({ status }) => status === 500).length, impatient.attemptsMax)
  })

  it("waits as long as a 429 asks for", async () => {
    server.plan.push({ type: "status", status: 429, headers: { "retry-after": "1" } })
    const startedMs = performance.now()
    assert.isUndefined(await folder.install(wanted, server.url))
    assert.isAtLeast(performance.now() - startedMs, 999)
    assert.include(folder.notes.join(), "answered 429; trying again in 1.0 s")
  })

  it("does not wait for a server that asks for hours", async () => {
    server.plan.push({ type: "status", status: 429, headers: { "retry-after": "7200" } })
    const error = await failsOnce("unreachable")
    assert.match(error.message, /120 minutes/)
  })

  it("that drips is broken off and tried again", async () => {
    server.plan.push({ type: "drip" })
    assert.isUndefined(await folder.install(wanted, server.url))
    assert.deepStrictEqual(folder.tree(), after)
    assert.include(folder.notes.join(), "comes too slowly")
  })

  it("that only ever drips fails", async () => {
    server.otherwise = () => ({ type: "drip" })
    await failsOnce("unreachable")
  })

  it("follows redirects, five of them", async () => {
    const hop = { type: "redirect", to: "/toy.zip" } as const
    server.plan.push(hop, { ...hop, status: 307 }, { ...hop, status: 308 }, { ...hop, status: 301 }, hop)
    assert.isUndefined(await folder.install(wanted, server.url))
    assert.deepStrictEqual(folder.tree(), after)
  })

  it("follows no circle, and no redirect to anything but HTTP", async () => {
    server.otherwise = () => ({ type: "redirect", to: "/toy.zip" })
    await failsOnce("refused")
    server.files.set("toy.zip", oldZip)
    server.plan.push({ type: "redirect", to: "file:///etc/passwd" })
    assert.strictEqual((await folder.install(entryOf({ sha256: sha256(oldZip) }), server.url))?.reason, "refused")
  })

  it("begins anew where the server knows no ranges", async () => {
    server.ranges = false
    server.plan.push({ type: "cut", afterBytes: 200_000 }, { type: "cut", afterBytes: 150_000 })
    assert.isUndefined(await folder.install(wanted, server.url))
    assert.deepStrictEqual(folder.tree(), after)
  })

  it("begins anew where the server has no tag to tell that the file is the same", async () => {
    server.tags = false
    server.plan.push({ type: "cut", afterBytes: 200_000 })
    assert.isUndefined(await folder.install(wanted, server.url))
    assert.deepStrictEqual(server.requests.map(({ range }) => range), [undefined, undefined])
  })

  it.each([[[]], [[{ type: "ignoreIfRange" } as const]]])(
    "begins anew when the file has changed between two tries",
    async (then) => {
      server.files.set("toy.zip", oldZip)
      server.plan.push({ type: "cut", afterBytes: 200_000 })
      server.plan.push({ type: "change", to: newZip }, ...then)
      assert.isUndefined(await folder.install(entryOf({ sha256: sha256(newZip) }), server.url))
      assert.deepStrictEqual(folder.tree(), after)
    }
  )

  it("goes through a proxy that the environment names", async () => {
    const environment = { HTTP_PROXY: server.url, NO_PROXY: "" }
    server.otherwise = undefined
    server.files.set("http://models.invalid/toy.zip".slice(1), newZip)
    assert.isUndefined(await folder.install(wanted, "http://models.invalid", { environment }))
    assert.deepStrictEqual(folder.tree(), after)
  })

  it("comes from a folder, too", async () => {
    const { writeFileSync } = await import("node:fs")
    writeFileSync(`${folder.root}/toy.zip`, newZip)
    assert.isUndefined(await folder.install(wanted, folder.root))
    assert.deepStrictEqual(folder.tree(), after)
    assert.strictEqual((await folder.install(entryOf({ sha256: sha256(oldZip) }), "/nowhere"))?.reason, "not_found")
  })

  it("leaves a folder alone that somebody put there by hand", async () => {
    const { mkdirSync } = await import("node:fs")
    mkdirSync(`${folder.root}/mine`)
    const error = await folder.install({ ...wanted, name: "mine" }, server.url)
    assert.strictEqual(error?.reason, "in_the_way")
    assert.isEmpty(server.requests)
  })

  it("is refused before the first byte where the disk has no room", async () => {
    const error = await folder.install(wanted, server.url, { reserve: 2 ** 52 })
    assert.strictEqual(error?.reason, "no_space")
    assert.isEmpty(server.requests)
    assert.deepStrictEqual(folder.tree(), before)
  })

  it("replaces what is damaged on disk", async () => {
    assert.isUndefined(await folder.install(wanted, server.url))
    const { truncateSync } = await import("node:fs")
    truncateSync(`${folder.root}/toy/am/final.mdl`, 10)
    assert.isUndefined(await folder.install(wanted, server.url))
    assert.deepStrictEqual(folder.tree(), after)
  })
})
