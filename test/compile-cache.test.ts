import { execFileSync } from "node:child_process"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "vitest"

const root = join(import.meta.dirname, "..")

describe("compiled modules", () => {
  it("are kept in the service's own folder, where nobody else writes", () => {
    const program = 'await import("./src/compile-cache.ts"); console.log(module.getCompileCacheDir())'
    const { NODE_COMPILE_CACHE: _, NODE_DISABLE_COMPILE_CACHE: __, ...env } = process.env
    const folder = execFileSync(process.execPath, ["-e", program], { cwd: root, env, encoding: "utf8" })
    assert.isTrue(folder.startsWith(join(root, "node_modules/.cache/compiled")), folder)
  })

  it("are looked for before anything of the service is imported", () => {
    const source = readFileSync(join(root, "src/main.ts"), "utf8")
    const imported = [...source.matchAll(/^import .*"(.+)"$/gm)].map(([, name]) => name)
    assert.deepStrictEqual(imported, ["#src/node-version.ts", "#src/young-generation.ts", "#src/compile-cache.ts"])
  })
})
