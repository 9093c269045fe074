/** Whether the log shows that somebody laid hands on it, and takes what a crash leaves for no such thing. */
import { execFileSync, spawnSync } from "node:child_process"
import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, assert, describe, it } from "@effect/vitest"
import { Context, Effect, Exit, Layer, Logger, Scope } from "effect"
import * as fc from "fast-check"
import { Audit } from "#src/audit/audit.ts"
import { genesis, type Link, linked, verify } from "#src/audit/chain.ts"
import { AuditFiles } from "#src/audit/files.ts"
import { layerStore } from "#src/store/keeping.ts"

const base = mkdtempSync(join(tmpdir(), "sawt-chain-"))
afterAll(() => rmSync(base, { recursive: true }))
let folders = 0
const newFolder = () => join(base, String(++folders))
const day = Date.parse("2026-08-01T12:00:00Z")
const jsonOf = (n: number) => JSON.stringify({ at: "2026-08-01T12:00:00Z", event: "admin.refused", nth: n })

/** A log of so many lines in files of two, by a new writer for each batch, as after restarts. */
const written = async (folder: string, lines: number): Promise<Link> => {
  let link = genesis
  for (let n = 1; n <= lines; n++) {
    link = await new AuditFiles({ folder, fileBytesMax: 450, bytesMax: 1e9, retentionDays: 30 }).append(
      [jsonOf(n)],
      day
    )
  }
  return link
}
const read = (folder: string) => new AuditFiles({ folder, fileBytesMax: 0, bytesMax: 0, retentionDays: 0 }).read()
const faultsIn = async (folder: string, anchor?: Link) => verify(await read(folder), anchor).faults

describe("the chain of the audit log", () => {
  it("holds over files, restarts and nights, up to the last line", async () => {
    const folder = newFolder()
    const last = await written(folder, 10)
    await new AuditFiles({ folder, fileBytesMax: 450, bytesMax: 1e9, retentionDays: 30 }).append(
      [jsonOf(11), jsonOf(12)],
      day + 86_400_000
    )
    assert.isAbove(readdirSync(folder).length, 3)
    const verdict = verify(await read(folder), last)
    assert.deepInclude(verdict, { lines: 12, first: 1, unchained: 0, torn: [], faults: [] })
    assert.strictEqual(verdict.last.n, 12)
  })

  it("breaks at any line that is changed, taken out, doubled with changes or moved", () => {
    let link = genesis
    const lines = Array.from({ length: 8 }, (_, n) => {
      const next = linked(link, jsonOf(n), n % 4 === 0)
      link = next.link
      return next.line
    })
    const filesOf = (all: ReadonlyArray<string>) => [
      { name: "a", text: all.slice(0, 4).join("\n") },
      { name: "b", text: all.slice(4).join("\n") }
    ]
    assert.deepStrictEqual(verify(filesOf(lines), link).faults, [])
    const position = fc.nat(lines.length - 1)
    fc.assert(
      fc.property(position, position, fc.constantFrom("change", "take out", "swap", "renumber"), (at, other, how) => {
        const forged = [...lines]
        const [line = "", another = ""] = [forged[at], forged[other]]
        if (how === "change") forged[at] = line.replace("admin.refused", "admin.refuted")
        if (how === "take out") forged.splice(at, 1)
        if (how === "renumber") forged[at] = line.replace(/"n":\d+/, '"n":77')
        if (how === "swap") {
          if (at === other) return
          forged[at] = another
          forged[other] = line
        }
        assert.isNotEmpty(verify(filesOf(forged), link).faults, `${how} ${at} ${other}`)
      }),
      { numRuns: 300 }
    )
  })

  it("tells that its end was cut off, or all of it written anew, by what is sealed elsewhere", async () => {
    const folder = newFolder()
    const last = await written(folder, 4)
    const file = join(folder, readdirSync(folder).toSorted().at(-1) ?? "")
    const text = readFileSync(file, "utf8")
    writeFileSync(file, text.slice(0, text.trimEnd().lastIndexOf("\n") + 1))
    assert.deepStrictEqual(await faultsIn(folder), [], "by itself it cannot")
    assert.include((await faultsIn(folder, last))[0]?.what, "cut off")
    const anew = newFolder()
    await new AuditFiles({ folder: anew, fileBytesMax: 1e6, bytesMax: 1e9, retentionDays: 30 }).append(
      [1, 2, 3, 5].map(jsonOf),
      day
    )
    assert.include((await faultsIn(anew, last))[0]?.what, "written anew")
  })

  it("goes on behind a line that a crash tore, and tells of it without a fault", async () => {
    const folder = newFolder()
    await written(folder, 2)
    const file = join(folder, readdirSync(folder)[0] ?? "")
    appendFileSync(file, linked({ n: 2, chain: "f".repeat(64) }, jsonOf(3), false).line.slice(0, 40))
    await new AuditFiles({ folder, fileBytesMax: 1e6, bytesMax: 1e9, retentionDays: 30 }).append([jsonOf(3)], day)
    const verdict = verify(await read(folder))
    assert.deepInclude(verdict, { lines: 3, faults: [] })
    assert.deepStrictEqual(
      verdict.torn.map(({ line }) => line),
      [3]
    )
  })

  it("holds where the oldest files are gone, and says from where; a file out of the middle is a fault", async () => {
    const folder = newFolder()
    const last = await written(folder, 10)
    const names = readdirSync(folder).toSorted()
    rmSync(join(folder, names[0] ?? ""))
    assert.deepInclude(verify(await read(folder), last), { first: 3, faults: [] })
    rmSync(join(folder, names[2] ?? ""))
    assert.include((await faultsIn(folder, last))[0]?.what, "lacking")
  })

  it("counts lines of a version that had none", () => {
    const { line } = linked(genesis, jsonOf(1), false)
    const first = linked(genesis, jsonOf(1), true).line
    assert.deepInclude(verify([{ name: "a", text: `${jsonOf(0)}\n${first}\n` }]), {
      unchained: 1,
      lines: 1,
      faults: []
    })
    assert.isNotEmpty(verify([{ name: "a", text: `${line}\n` }]).faults, "no word of what went before")
    assert.isNotEmpty(verify([{ name: "a", text: `${first}\n${jsonOf(2)}\n` }]).faults, "a line that was put in")
  })
})

describe("npm run audit:verify", () => {
  it.live("says whether the log of a service stands, with the end that is sealed in the database", () =>
    Effect.gen(function* () {
      const folder = newFolder()
      const scope = yield* Scope.make()
      const store = layerStore({ folder, resumeWindowSeconds: 1, retentionDays: 1, production: false })
      const layer = Audit.layer({ folder, retentionDays: 30 }).pipe(
        Layer.provide(store),
        Layer.provide(Logger.layer([]))
      )
      const audit = Context.get(yield* Layer.buildWithScope(layer, scope), Audit)
      for (let n = 0; n < 5; n++) audit.record({ event: "admin.refused", client_address: `192.0.2.${n}` })
      yield* Scope.close(scope, Exit.void)

      const script = join(import.meta.dirname, "../../scripts/audit-verify.ts")
      const env = { PATH: process.env["PATH"], DATA_DIR: folder }
      const output = execFileSync(process.execPath, [script], { env, encoding: "utf8" })
      assert.include(output, "5 lines in 1 files, unbroken, up to line 5")
      assert.include(output, "line 5 is sealed in the database")
      const file = join(folder, "audit", readdirSync(join(folder, "audit"))[0] ?? "")
      writeFileSync(file, readFileSync(file, "utf8").replace("192.0.2.3", "192.0.2.9"))
      const forged = spawnSync(process.execPath, [script], { env, encoding: "utf8" })
      assert.strictEqual(forged.status, 1)
      assert.include(forged.stderr, ":4: it was changed")
    })
  )
})
