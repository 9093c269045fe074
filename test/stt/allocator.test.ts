import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { basename, join } from "node:path"
import { Effect, References } from "effect"
import { assert, describe, it } from "vitest"
import { allocatorOf, findAllocator } from "#src/host/allocator.ts"
import { whenReady } from "#src/host/start.ts"
import { Stt, type SttOptions } from "#src/stt/stt.ts"
import type { Host } from "#src/host/host.ts"

/** Files of other allocators that a recognition process has loaded. */
const loadedBy = (options: SttOptions): Promise<ReadonlyArray<string>> =>
  Effect.gen(function* () {
    const [host] = (yield* Stt).hosts
    const { pid } = yield* whenReady(host as Host)
    const maps = readFileSync(`/proc/${pid}/maps`, "utf8")
    return [
      ...new Set([...maps.matchAll(/\S*lib(?:je|mi|tc)malloc\S*/g)].map(([path]) => basename(path).split(".")[0] ?? ""))
    ]
  }).pipe(
    Effect.provide(Stt.layer(options)),
    Effect.provideService(References.MinimumLogLevel, "None"),
    Effect.runPromise
  )

describe.runIf(process.platform === "linux")("the allocator of recognition", () => {
  it("is the system's jemalloc where there is one", async () => {
    const expected = findAllocator() === undefined ? [] : ["libjemalloc"]
    assert.deepStrictEqual(await loadedBy({}), expected)
  })

  it("is there on the machine that checks every change", () => {
    if (process.env.CI !== undefined) assert.isDefined(findAllocator())
  })

  it("is the C library's if that is wanted, or if the one named is not there", async () => {
    assert.deepStrictEqual(await loadedBy({ allocator: "system" }), [])
    assert.deepStrictEqual(await loadedBy({ allocator: "/nowhere/libjemalloc.so.2" }), [])
  })

  it("is looked for in the loader's folders, the first first", () => {
    const folder = mkdtempSync(join(tmpdir(), "sawt-"))
    const places = ["none", "first", "second"].map((name) => join(folder, name))
    for (const place of places.slice(1)) {
      mkdirSync(place)
      writeFileSync(join(place, "libjemalloc.so.2"), "")
    }
    assert.strictEqual(findAllocator(places), join(folder, "first", "libjemalloc.so.2"))
    assert.isUndefined(findAllocator(places.slice(0, 1)))
    rmSync(folder, { recursive: true })
  })

  it("is the one that is named", () => {
    assert.strictEqual(allocatorOf("/opt/libmimalloc.so"), "/opt/libmimalloc.so")
    assert.isUndefined(allocatorOf("system"))
  })
})
