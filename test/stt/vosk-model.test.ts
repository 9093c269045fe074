import { cpSync, mkdtempSync, rmSync, truncateSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { assert, beforeEach, describe, it } from "vitest"
import { BackendFault } from "#src/host/backend.ts"
import { embeddedSttModelPath } from "#src/stt/stt.ts"
import { inspectModel } from "#src/stt/vosk-model.ts"

let model: string
beforeEach(() => {
  const folder = mkdtempSync(join(tmpdir(), "sawt-"))
  model = join(folder, "some-model")
  cpSync(embeddedSttModelPath, model, { recursive: true })
  return () => rmSync(folder, { recursive: true })
})

const faultOf = (path: string): BackendFault => {
  try {
    inspectModel(path)
  } catch (thrown) {
    if (thrown instanceof BackendFault) return thrown
  }
  throw new Error("it was accepted")
}

describe("a Vosk model folder", () => {
  it("is named by its folder and takes grammars when its graph is in two parts", () => {
    assert.deepInclude(inspectModel(`${model}/`), { name: "some-model", runtimeGrammar: true })
    cpSync(join(model, "graph/HCLr.fst"), join(model, "graph/HCLG.fst"))
    assert.isFalse(inspectModel(model).runtimeGrammar)
  })

  it("may have all its files in one place, as older models do", () => {
    for (const folder of ["am", "conf", "graph"]) cpSync(join(model, folder), model, { recursive: true })
    for (const folder of ["am", "conf", "graph"]) rmSync(join(model, folder), { recursive: true })
    assert.strictEqual(inspectModel(model).name, "some-model")
  })

  it("is missing when the folder is not there, or holds nothing of a model", () => {
    const absent = faultOf(join(model, "nothing-here"))
    assert.strictEqual(absent.reason, "missing")
    assert.include(absent.message, "nothing-here")
    assert.notInclude(absent.message, "/")
    assert.strictEqual(faultOf(join(model, "graph", "phones")).reason, "missing")
  })

  it.each(["am/final.mdl", "conf/mfcc.conf", "graph/HCLr.fst", "graph/Gr.fst", "graph/words.txt"])(
    "is corrupt without %s, and with it empty, and says so",
    (file) => {
      truncateSync(join(model, file))
      const empty = faultOf(model)
      assert.strictEqual(empty.reason, "corrupt")
      assert.include(empty.message, `empty ${file}`)
      rmSync(join(model, file))
      const absent = faultOf(model)
      assert.strictEqual(absent.reason, "corrupt")
      assert.include(absent.message, file.split("/")[1] ?? file)
    }
  )
})
