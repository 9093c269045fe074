/**
 * The client SDK as modules for browsers: its TypeScript with the types taken out by Node itself, every file under its own
 * name beside the others, `./x.js`. No bundler, so that `npm ci && npm start` is all there is to do.
 */
import { readFileSync } from "node:fs"
import { stripTypeScriptTypes } from "node:module"
import { basename, dirname, join } from "node:path"
import { fileURLToPath } from "node:url"

const root = fileURLToPath(new URL("../../", import.meta.url))
const entries = ["client/sawt-client.ts", "client/voice.ts"]

/** An import of another file, or the URL of a worklet. */
const relative = /"(\.{1,2}\/[\w./-]+)\.ts"/g

/** Node calls it experimental on the console each time; its version is pinned, and a test runs what comes out. */
const strip = (source: string): string => {
  const { emitWarning } = process
  process.emitWarning = () => {}
  try {
    return stripTypeScriptTypes(source)
  } finally {
    process.emitWarning = emitWarning
  }
}

/** Types leave blanks behind. */
const compact = (code: string): string => code.replace(/[ \t]+$/gm, "").replace(/\n{2,}/g, "\n")

/** A module of a page, whose imports stand beside it or are the client's, as `/client/sawt-client.js`. */
export const pageModule = (file: URL): string => compact(strip(readFileSync(file, "utf8"))).replace(relative, '"$1.js"')

/** By name, such as `sawt-client.js`. */
export const clientModules = (): ReadonlyMap<string, string> => {
  const modules = new Map<string, string>()
  const add = (path: string): void => {
    const name = `${basename(path, ".ts")}.js`
    if (modules.has(name)) return
    const code = compact(strip(readFileSync(join(root, path), "utf8")))
    modules.set(
      name,
      code.replace(relative, (_, specifier: string) => `"./${basename(specifier)}.js"`)
    )
    for (const [, specifier = ""] of code.matchAll(relative)) add(join(dirname(path), `${specifier}.ts`))
  }
  for (const entry of entries) add(entry)
  return modules
}
