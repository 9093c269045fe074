/** Archives that were made to do harm: refused whole, and nothing of them is written outside, or stays inside. */
import { existsSync } from "node:fs"
import { join } from "node:path"
import { gzipSync } from "node:zlib"
import { afterEach, assert, beforeEach, describe, it } from "vitest"
import { type ArchiveEntry, tarOf, zipOf } from "./archives.ts"
import { contentOf, entryOf, Folder, hashesOf, noise, zipOfContent } from "./installing.ts"
import { type MisbehavingServer, startMisbehaving } from "./misbehaving-server.ts"

const good: ArchiveEntry = { name: "toy/good", content: Buffer.from("good") }
const link = 0o120777
const device = 0o020666

let server: MisbehavingServer
let folder: Folder
beforeEach(async () => {
  server = await startMisbehaving({})
  folder = new Folder()
})
afterEach(async () => {
  folder.remove()
  await server.close()
})

const install = (archive: "zip" | "tar", bytes: Buffer, bytesMax = 1_000_000) => {
  server.files.set("toy.zip", bytes)
  return folder.install(entryOf({}, { archive, bytesMax }), server.url)
}
const refused = async (reason: string, archive: "zip" | "tar", bytes: Buffer, bytesMax?: number) => {
  const error = await install(archive, bytes, bytesMax)
  assert.strictEqual(error?.reason, reason, error?.message)
  assert.isUndefined(folder.tree())
  assert.isEmpty(folder.leftovers())
  for (const name of ["evil", "good"]) {
    for (const up of ["..", "../..", "../../.."]) assert.isFalse(existsSync(join(folder.layout.staging, up, name)))
    assert.isFalse(existsSync(`/${name}`))
  }
}

const content = Buffer.from("evil")
const names: ReadonlyArray<string> = [
  "../evil",
  "toy/../../evil",
  "toy/./../evil",
  "/evil",
  "toy\\..\\..\\evil",
  "C:\\evil",
  "C:/evil",
  "toy//evil",
  `toy/${"x".repeat(300)}`,
  `toy/${"x/".repeat(40)}evil`
]

describe("an archive", () => {
  it("gives its one folder, and nothing else that is in it", async () => {
    const model = contentOf("plain", 20_000)
    const entries = Object.entries(model).map(([path, bytes]) => ({ name: `toy/${path}`, content: bytes }))
    const other = { name: "__MACOSX/toy/._am", content }
    assert.isUndefined(await install("zip", zipOf([...entries, other])))
    assert.deepStrictEqual(folder.tree(), hashesOf(model))
    const tar = new Folder()
    const tarred = tarOf([{ name: "toy/", type: "5" }, ...entries, other])
    for (const bytes of [tarred, gzipSync(tarred)]) {
      server.files.set("toy.zip", bytes)
      assert.isUndefined(await tar.install(entryOf({}, { archive: "tar" }), server.url))
      assert.deepStrictEqual(tar.tree(), hashesOf(model))
      tar.remove()
    }
  })

  it.each(names)("zip with a name that leads elsewhere is refused: %j", async (name) => {
    await refused("archive_unsafe", "zip", zipOf([good, { name, content }]))
  })

  it.each(names.filter((name) => name.length <= 100))(
    "tar with a name that leads elsewhere is refused: %j",
    async (name) => {
      await refused("archive_unsafe", "tar", tarOf([good, { name, content }]))
    }
  )

  it.each([
    ["a symbolic link", link],
    ["a device", device]
  ])("zip with %s is refused", async (_, mode) => {
    const target = Buffer.from("/etc/passwd")
    await refused("archive_unsafe", "zip", zipOf([good, { name: "toy/evil", content: target, mode }]))
  })

  it.each([
    ["a hard link", "1", "/etc/passwd"],
    ["a symbolic link", "2", "/etc/passwd"],
    ["a character device", "3"],
    ["a block device", "4"],
    ["a pipe", "6"]
  ])("tar with %s is refused", async (_, type, linkTo = "") => {
    await refused("archive_unsafe", "tar", tarOf([good, { name: "toy/evil", type, linkTo }]))
  })

  it("with one name twice is refused", async () => {
    const twice = [good, { ...good, content }]
    await refused("archive_unsafe", "zip", zipOf(twice))
    await refused("archive_unsafe", "tar", tarOf(twice))
  })

  it("that is a bomb is refused by what it announces", async () => {
    const bomb = [{ name: "toy/evil", content: Buffer.alloc(50_000_000) }]
    const zip = zipOf(bomb)
    assert.isBelow(zip.length, 100_000)
    await refused("archive_too_large", "zip", zip)
    await refused("archive_too_large", "tar", gzipSync(tarOf(bomb)))
  })

  it("zip that announces less than it holds is refused when it goes on", async () => {
    const liar = { name: "toy/evil", content: Buffer.alloc(5_000_000), claimedBytes: 100 }
    await refused("archive_corrupt", "zip", zipOf([liar]))
  })

  it("zip whose entries share their bytes is refused", async () => {
    const zip = zipOf([{ name: "toy/a", content: noise("a", 50_000) }])
    // The central directory's one row, thirty times.
    const at = zip.indexOf(Buffer.from("PK\u0001\u0002", "latin1"))
    const row = zip.subarray(at, zip.length - 22)
    const end = Buffer.from(zip.subarray(zip.length - 22))
    end.writeUInt16LE(30, 8)
    end.writeUInt16LE(30, 10)
    end.writeUInt32LE(row.length * 30, 12)
    const rows = Array.from({ length: 30 }, () => row)
    await refused("archive_corrupt", "zip", Buffer.concat([zip.subarray(0, at), ...rows, end]), 10_000_000)
  })

  it("of too many files is refused", async () => {
    const many = Array.from({ length: 20_001 }, (_, at) => ({ name: `toy/${at}` }))
    await refused("archive_too_large", "zip", zipOf(many))
  })

  it("that is damaged, of another kind, or without its folder is refused", async () => {
    const whole = zipOfContent(contentOf("damaged", 50_000))
    await refused("archive_corrupt", "zip", whole.subarray(0, 30_000))
    await refused("archive_corrupt", "zip", Buffer.from("<html>not found</html>"))
    await refused("archive_corrupt", "tar", Buffer.concat([noise("tar", 5_000)]))
    const cutShort = tarOf([{ name: "toy/cut", content: noise("cut", 9_000) }]).subarray(0, 4_000)
    await refused("archive_corrupt", "tar", cutShort)
    await refused("archive_corrupt", "zip", zipOf([{ name: "elsewhere/good", content }]))
  })
})
