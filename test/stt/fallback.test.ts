import { cpSync, mkdtempSync, rmSync, truncateSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Context, Effect, Exit, Layer, References, Scope } from "effect"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { embeddedSttModelPath, Stt } from "#src/stt/stt.ts"
import { clipOf, readSamples } from "./recordings.ts"

const folder = mkdtempSync(join(tmpdir(), "sawt-"))
const modelPath = join(folder, "vosk-model-cut")
const scope = Effect.runSync(Scope.make())
let stt: Stt["Service"]

beforeAll(async () => {
  cpSync(embeddedSttModelPath, modelPath, { recursive: true })
  truncateSync(join(modelPath, "graph/HCLr.fst"), 700)
  const quiet = Effect.provideService(References.MinimumLogLevel, "None")
  const context = await Effect.runPromise(Layer.buildWithScope(Stt.layer({ modelPath }), scope).pipe(quiet))
  stt = Context.get(context, Stt)
})
afterAll(async () => {
  await Effect.runPromise(Scope.close(scope, Exit.void))
  rmSync(folder, { recursive: true })
})

/** The embedded model is ready, and the configured one is known to be corrupt. */
const ready = async (): Promise<void> => {
  while (stt.health().status !== "ready" || stt.health().reason?.includes("vosk-model-cut") !== true)
    await new Promise((resolve) => setTimeout(resolve, 5))
}

describe("a configured model that is corrupt", () => {
  it("is stood in for by the embedded one, which says that it is degraded and why", async () => {
    await ready()
    const { backend, degraded, reason } = stt.health()
    assert.deepStrictEqual([backend, degraded], ["vosk vosk-model-tiny-ar", true])
    assert.include(reason, "vosk-model-cut")
    assert.notInclude(reason, folder)
  })

  it("costs no transcript: they are those of the embedded model, degraded", async () => {
    await ready()
    const utterance = stt.open({ alternatives: 0 })
    utterance.push(readSamples(clipOf("yes").file))
    const { text, degraded, model } = await Effect.runPromise(utterance.finish)
    assert.deepStrictEqual([text, degraded, model], ["نعم", true, "vosk-model-tiny-ar"])
  })

  it("is not asked for its vocabulary: the one that serves is", async () => {
    await ready()
    assert.deepStrictEqual(await Effect.runPromise(stt.missingWords(["نعم", "سرطان"])), ["سرطان"])
  })
})
