/** The manifest that is shipped, and what is made of names and paths. */
import { existsSync } from "node:fs"
import { join } from "node:path"
import { Result } from "effect"
import { assert, describe, it } from "vitest"
import {
  embeddedModels,
  findModel,
  isDownload,
  modelAt,
  parseManifest,
  readManifest,
  resolveModelPath
} from "#src/models/manifest.ts"
import { backoffMs, patience } from "#src/models/patience.ts"
import { Pace } from "#src/models/progress.ts"

const shipped = Result.getOrThrow(readManifest())

describe("the shipped manifest", () => {
  it("names the models of production, their licences and what they need", () => {
    const mgb2 = findModel(shipped, "vosk-model-ar-mgb2-0.4")
    assert.deepInclude(mgb2, { kind: "stt", licence: { name: "Apache-2.0", commercialUse: true } })
    assert.closeTo((mgb2?.memoryBytes ?? 0) / 1024 ** 3, 2.2, 0.05)
    assert.deepStrictEqual(shipped.default, ["vosk-model-ar-mgb2-0.4"])
    const linto = findModel(shipped, "vosk-model-ar-0.22")
    assert.strictEqual(linto?.name, "vosk-model-ar-0.22-linto-1.1.0")
    assert.match(`${linto?.licence.name} ${linto?.licence.note}`, /AGPL.*11 GB/)
    assert.isFalse(findModel(shipped, "xtts-v2")?.licence.commercialUse)
  })

  it("says for each download how large it is, about, and how large it may become", () => {
    for (const model of shipped.models.filter(isDownload)) {
      for (const file of model.source.files) assert.isAbove(file.bytes ?? file.approximateBytes ?? 0, 0, file.name)
      const { unpack } = model.source
      if (unpack !== undefined) assert.isAbove(unpack.bytesMax, (model.source.files[0].bytes ?? 0) * 2)
    }
  })

  it("has every embedded model where it says", () => {
    for (const { source } of shipped.models) {
      if (source.type === "embedded") assert.isTrue(existsSync(join(embeddedModels, source.folder)))
    }
  })
})

describe("a configured path", () => {
  it("by an alias is that of the published model", () => {
    const path = resolveModelPath(shipped, "/data/models/vosk-model-ar-0.22")
    assert.strictEqual(path, "/data/models/vosk-model-ar-0.22-linto-1.1.0")
    assert.strictEqual(resolveModelPath(shipped, "/srv/mine"), "/srv/mine")
  })

  it("is a download only in the folder of models", () => {
    const root = "/data/models"
    assert.strictEqual(modelAt(shipped, root, `${root}/vosk-model-ar-mgb2-0.4`)?.name, "vosk-model-ar-mgb2-0.4")
    const voice = `${root}/ar_JO-kareem-low/ar_JO-kareem-low.onnx`
    assert.strictEqual(modelAt(shipped, root, voice)?.name, "ar_JO-kareem-low")
    for (const other of ["/srv/vosk-model-ar-mgb2-0.4", `${root}/mine`, "/app/models/vosk-model-tiny-ar", "ar"]) {
      assert.isUndefined(modelAt(shipped, root, other), other)
    }
  })
})

describe("a manifest of one's own", () => {
  const model = {
    name: "a",
    kind: "stt",
    languages: [],
    about: "",
    source: { type: "embedded", folder: "a" },
    licence: { name: "MIT", commercialUse: true },
    memoryBytes: 1
  }
  const messageOf = (manifest: unknown): string => {
    const parsed = parseManifest(JSON.stringify(manifest))
    return Result.isFailure(parsed) ? parsed.failure.message : "valid"
  }
  it.each([
    ["is no JSON", "{", /not valid/],
    ["has a name that is a path", { version: 1, default: [], models: [{ ...model, name: "../a" }] }, /not valid/],
    ["has a field that nobody knows", { version: 1, default: [], models: [{ ...model, sha: 1 }] }, /not valid/],
    ["names a model twice", { version: 1, default: [], models: [model, { ...model, aliases: ["b"] }] }, /named twice/],
    ["has a default that is not in it", { version: 1, default: ["b"], models: [model] }, /not among/]
  ])("that %s is refused", (_, manifest, why) => {
    assert.match(messageOf(manifest), why)
  })
  it("that cannot be read is refused", () => {
    const read = readManifest("/nowhere/mine.json")
    assert.match(Result.isFailure(read) ? read.failure.message : "", /mine.json cannot be read: set MODELS_MANIFEST/)
  })
})

describe("a wait", () => {
  it("doubles from a second to a minute, spread by half", () => {
    assert.deepStrictEqual(
      [2, 3, 4, 8, 20].map((attempt) => backoffMs(patience, attempt, 0.5)),
      [1_000, 2_000, 4_000, 60_000, 60_000]
    )
    assert.deepStrictEqual([backoffMs(patience, 2, 0), backoffMs(patience, 2, 1)], [750, 1_250])
  })
})

describe("progress", () => {
  const MiB = 1024 * 1024
  const progress = (bytesDone: number, bytesTotal?: number) =>
    ({ event: "progress", model: "a", step: "download", bytesDone, ...(bytesTotal && { bytesTotal }) }) as const
  it("shows share, rate and what is left", () => {
    const pace = new Pace()
    pace.line(progress(0, 100 * MiB), 0)
    const line = pace.line(progress(25 * MiB, 100 * MiB), 10_000)
    assert.strictEqual(line, "a: download [######..................] 25 % 25.0 of 100.0 MiB, 2.5 MiB/s, 0:30 left")
  })
  it("says in a log the first, one each ten seconds, and the last", () => {
    const pace = new Pace()
    const said = Array.from({ length: 101 }, (_, at) => pace.logLine(progress(at * MiB, 100 * MiB), at * 250))
    assert.deepStrictEqual(
      said.flatMap((line, at) => (line === undefined ? [] : [at])),
      [0, 40, 80, 100]
    )
  })
})
