/**
 * A Vosk model folder, looked at before libvosk sees it: libvosk answers every fault with one null pointer, or with an
 * abort of the process. Files are named relative to the model, never with the path that leads there.
 */
import { statSync } from "node:fs"
import { basename, join, resolve } from "node:path"
import { BackendFault } from "#src/host/backend.ts"

export interface VoskModelFolder {
  readonly path: string
  /** The folder's name, which is the model's. */
  readonly name: string
  /** Whether the model takes a grammar per question: its graph is in two parts (HCLr + Gr) and not one (HCLG). */
  readonly runtimeGrammar: boolean
}

const sizeOf = (path: string): number | undefined => {
  const stat = statSync(path, { throwIfNoEntry: false })
  return stat?.isFile() ? stat.size : undefined
}

/** Throws `missing` when no model is there, and `corrupt` when a part of it is absent or empty. */
export const inspectModel = (modelPath: string): VoskModelFolder => {
  const path = resolve(modelPath)
  const name = basename(path)
  if (!statSync(path, { throwIfNoEntry: false })?.isDirectory()) {
    throw new BackendFault(
      "missing",
      `The model folder ${name} is not there: set VOSK_MODEL_PATH to an unpacked Vosk model, or download it.`
    )
  }
  // Models of the older kind have everything in one folder.
  const flat = sizeOf(join(path, "final.mdl")) !== undefined
  const [am, conf, graph] = flat ? ["", "", ""] : ["am/", "conf/", "graph/"]
  const runtimeGrammar = sizeOf(join(path, `${graph}HCLG.fst`)) === undefined
  const graphFiles = runtimeGrammar ? ["HCLr.fst", "Gr.fst", "disambig_tid.int"] : ["HCLG.fst"]
  const required = [
    `${am}final.mdl`,
    `${conf}mfcc.conf`,
    ...graphFiles.map((file) => graph + file),
    `${graph}words.txt`
  ]
  const absent = required.filter((file) => sizeOf(join(path, file)) === undefined)
  if (absent.length === required.length) {
    throw new BackendFault("missing", `The folder ${name} holds no Vosk model: set VOSK_MODEL_PATH to an unpacked one.`)
  }
  const broken = absent[0] ?? required.find((file) => sizeOf(join(path, file)) === 0)
  if (broken === undefined) return { path, name, runtimeGrammar }
  const how = absent.length > 0 ? "lacks" : "has an empty"
  throw new BackendFault("corrupt", `The model ${name} ${how} ${broken}: unpack or download it again.`)
}
