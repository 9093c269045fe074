import { spawn } from "node:child_process"
import { readFileSync } from "node:fs"
import { text } from "node:stream/consumers"
import { assert, describe, it } from "vitest"

/** Fills the young generation many times over, with little of it alive at once; prints its bytes. */
const program = `
  let alive = []
  for (let i = 0; i < 2_000_000; i++) {
    alive.push({ i })
    if (alive.length > 100_000) alive = []
  }
  const { getHeapSpaceStatistics } = await import("node:v8")
  console.log(getHeapSpaceStatistics().find(({ space_name }) => space_name === "new_space").space_size)`

const bytesAfter = async (imports: string): Promise<number> => {
  const child = spawn(process.execPath, ["--input-type=module", "--eval", imports + program], {
    cwd: new URL("../..", import.meta.url),
    stdio: ["ignore", "pipe", "inherit"]
  })
  return Number(await text(child.stdout))
}

describe("the young generation", () => {
  it("stays as small as it begins, where V8 by itself lets it grow", async () => {
    assert.isAtMost(await bytesAfter('import "#src/young-generation.ts"\n'), 4 * 1024 * 1024)
    assert.isAbove(await bytesAfter(""), 4 * 1024 * 1024)
  })

  it.each(["src/main.ts", "src/host/child.ts"])(
    "is told so before any other module of %s but the check of Node",
    (path) => {
      const source = readFileSync(new URL(`../../${path}`, import.meta.url), "utf8")
      const imports = [...source.matchAll(/^import .*"([^"]+)"$/gm)].map(([, name]) => name)
      assert.strictEqual(
        imports.find((name) => name !== "#src/node-version.ts"),
        "#src/young-generation.ts"
      )
    }
  )
})
