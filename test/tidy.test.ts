/** The import rules of the repository (docs/architecture.md). Each failure names the file and what it may use instead. */
import { globSync, readFileSync } from "node:fs"
import { dirname, join, relative } from "node:path"
import { assert, describe, it } from "vitest"

const root = join(import.meta.dirname, "..")
const files = globSync("{schemas,machines,src,client,cli,scripts,bench,test}/**/*.ts", { cwd: root }).toSorted()
const aliases: Readonly<Record<string, string>> = {
  "#schemas/": "schemas/",
  "#machines/": "machines/",
  "#src/": "src/",
  "#test/": "test/"
}

interface Import {
  readonly file: string
  /** Repository path for our own files, the package's name otherwise. */
  readonly target: string
  readonly typeOnly: boolean
}

const resolve = (file: string, specifier: string): string => {
  if (specifier.startsWith(".")) return relative(root, join(root, dirname(file), specifier))
  const alias = Object.keys(aliases).find((prefix) => specifier.startsWith(prefix))
  return alias === undefined ? specifier : `${aliases[alias]}${specifier.slice(alias.length)}`
}

const statement =
  /^(?:import|export)\s+(type\s)?[^"'`;]*?from\s+"([^"]+)"|^import\s+"([^"]+)"|\bimport\(\s*"([^"]+)"\s*\)/gm

const imports: ReadonlyArray<Import> = files.flatMap((file) =>
  [...readFileSync(join(root, file), "utf8").matchAll(statement)].map((match) => ({
    file,
    target: resolve(file, match[2] ?? match[3] ?? match[4] ?? ""),
    typeOnly: match[1] !== undefined
  }))
)

const under = (folder: string) => imports.filter(({ file }) => file.startsWith(folder))
const show = ({ file, target }: Import) => `${file} imports ${target}`
const none = (found: ReadonlyArray<Import>, instead: string) =>
  assert.deepEqual(found.map(show), [], `allowed instead: ${instead}`)

/** Packages with native code or a licence that keeps them in a process of their own, and where they may load. */
const hostOnly: Readonly<Record<string, ReadonlyArray<string>>> = {
  koffi: ["src/stt/libvosk.ts"],
  "vosk-koffi": ["src/stt/libvosk.ts"],
  "onnxruntime-node": ["src/vad/silero.ts", "src/tts/piper.ts"],
  "@echogarden/espeak-ng-emscripten": ["src/tts/espeak.ts"]
}

describe("imports", () => {
  it("are found at all", () => assert.isAbove(imports.length, 100))

  it("schemas/ uses effect's data modules only", () =>
    none(
      under("schemas/").filter(({ target }) => !/^(effect|effect\/Schema|schemas\/.*)$/.test(target)),
      "effect, effect/Schema, schemas/"
    ))

  it("hosts that every start waits for load no more of effect than its schemas", () =>
    none(
      ["schemas/host.ts", "src/tts/espeak.ts", "src/tts/rendering.ts"]
        .flatMap(under)
        .filter(({ target, typeOnly }) => target === "effect" && !typeOnly),
      "effect/Schema"
    ))

  it("machines/ is pure: xstate, and types of schemas", () =>
    none(
      under("machines/").filter(
        ({ target, typeOnly }) =>
          target !== "xstate" && !target.startsWith("machines/") && !(typeOnly && target.startsWith("schemas/"))
      ),
      "xstate, machines/, import type from schemas/"
    ))

  it("machines/ has no clock and no randomness of its own", () => {
    const sinful = /\bDate\b|Math\.random|performance\.|crypto|setTimeout|setInterval|\basync\b|\bawait\b/
    const found = files
      .filter((file) => file.startsWith("machines/"))
      .filter((file) => sinful.test(readFileSync(join(root, file), "utf8").replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, "")))
    assert.deepEqual(found, [])
  })

  it("native and GPL packages load in model hosts only", () => {
    const found = under("src/").filter(
      ({ file, target, typeOnly }) => !typeOnly && hostOnly[target] !== undefined && !hostOnly[target].includes(file)
    )
    none(found, "the model's own file under src/stt, src/vad or src/tts, which only a child process loads")
  })

  it("nothing in the server imports a model's own file", () => {
    const backends = new Set(Object.values(hostOnly).flat())
    none(
      under("src/").filter(
        ({ file, target, typeOnly }) =>
          !typeOnly && backends.has(target) && file !== "src/host/child.ts" && dirname(file) !== dirname(target)
      ),
      "the contract (src/stt/stt.ts, src/vad/vad.ts, src/tts/tts.ts)"
    )
  })

  it("client/ runs in a browser: plain data, plain functions on samples, and types", () =>
    none(
      under("client/").filter(
        ({ target, typeOnly }) =>
          !target.startsWith("client/") &&
          !(typeOnly && target.startsWith("schemas/")) &&
          !["schemas/error-table.ts", "src/audio/pcm.ts", "src/audio/resample.ts"].includes(target)
      ),
      "client/, schemas/error-table.ts, src/audio/{pcm,resample}.ts, import type from schemas/"
    ))

  it("take of @effect/platform-node its modules: its index loads hundreds more, a redis client among them", () =>
    none(
      imports.filter(({ target, typeOnly }) => target === "@effect/platform-node" && !typeOnly),
      "@effect/platform-node/NodeHttpServer and its like"
    ))

  it("one file knows FHIRPath", () =>
    none(
      imports.filter(
        ({ file, target }) => target.startsWith("fhirpath") && file !== "src/questionnaire/expressions.ts"
      ),
      "src/questionnaire/expressions.ts"
    ))

  it("src/gateway/ knows no model and no machine", () =>
    none(
      under("src/gateway/").filter(
        ({ target }) =>
          /^(machines|src\/(audio|host|questionnaire))\//.test(target) ||
          /^src\/(stt|tts|vad)\/(?!(stt|tts|vad)\.ts)/.test(target)
      ),
      "src/session/contract.ts, the contracts of the models"
    ))

  it("shipped code never reaches into tests", () =>
    none(
      imports.filter(
        ({ file, target }) => /^(schemas|machines|src|client|cli)\//.test(file) && target.startsWith("test/")
      ),
      "nothing"
    ))

  it("are whole files with their suffix, not folders or barrels", () =>
    none(
      imports.filter(({ target }) => /^(schemas|machines|src|test)\//.test(target) && !target.endsWith(".ts")),
      "the file itself"
    ))
})

describe("files", () => {
  it("read the environment in one place only", () => {
    const found = files
      .filter((file) => file.startsWith("src/") || file.startsWith("schemas/") || file.startsWith("machines/"))
      .filter((file) => /process\.env/.test(readFileSync(join(root, file), "utf8")) && file !== "src/service.ts")
    assert.deepEqual(found, [], "schemas/config.ts decodes the environment that src/service.ts hands to it")
  })

  it("stay small", () => {
    const lines = (file: string) => readFileSync(join(root, file), "utf8").split("\n").length
    assert.deepEqual(
      files.filter((file) => !file.startsWith("test/") && lines(file) > 350),
      []
    )
  })
})
