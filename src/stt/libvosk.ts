/**
 * libvosk through the raw functions of `vosk-koffi` (decision 002). That package loads the library while it is imported,
 * from a folder that its install script fills and that is empty here; so `koffi.load` is replaced for that moment by one
 * that loads the library found below. Imported only in a host.
 */
import { existsSync } from "node:fs"
import { createRequire } from "node:module"
import { dirname, join } from "node:path"
import koffi, { type IKoffiLib } from "koffi"
import { BackendFault } from "#src/host/backend.ts"

/** An opaque pointer of libvosk. */
declare const pointer: unique symbol
export interface VoskModel {
  readonly [pointer]: "VoskModel"
}
export interface VoskRecognizer {
  readonly [pointer]: "VoskRecognizer"
}

/** libvosk as it is used here; a null pointer is a failure that its caller names. */
export interface Libvosk {
  readonly newModel: (path: string) => VoskModel | null
  readonly freeModel: (model: VoskModel) => void
  /** Negative: the model does not know the word. */
  readonly findWord: (model: VoskModel, word: string) => number
  readonly newRecognizer: (model: VoskModel, sampleRateHz: number) => VoskRecognizer | null
  /** `grammar` is a JSON array of phrases. */
  readonly newGrammarRecognizer: (model: VoskModel, sampleRateHz: number, grammar: string) => VoskRecognizer | null
  readonly freeRecognizer: (recognizer: VoskRecognizer) => void
  readonly setWords: (recognizer: VoskRecognizer, on: number) => void
  readonly setMaxAlternatives: (recognizer: VoskRecognizer, count: number) => void
  /** On a pool thread. One call at a time for a recogniser, which must not be freed before the call has settled. */
  readonly accept: (recognizer: VoskRecognizer, samples: Uint8Array) => Promise<number>
  /** The same on the caller's own thread, which does nothing else meanwhile. */
  readonly acceptHere: (recognizer: VoskRecognizer, samples: Uint8Array) => number
  /** Of what libvosk itself has just called the end of an utterance; decoding goes on after it. */
  readonly result: (recognizer: VoskRecognizer) => Promise<string>
  readonly finalResult: (recognizer: VoskRecognizer) => Promise<string>
  readonly partialResult: (recognizer: VoskRecognizer) => string
}

const require = createRequire(import.meta.url)

const npmFolders: Partial<Record<string, string>> = {
  "linux-x64": "linux-x86_64/libvosk.so",
  "darwin-x64": "osx-universal/libvosk.dylib",
  "darwin-arm64": "osx-universal/libvosk.dylib",
  "win32-x64": "win-x86_64/libvosk.dll"
}

const packageFolder = (name: string): string | undefined => {
  try {
    return dirname(require.resolve(`${name}/package.json`))
  } catch {
    return undefined
  }
}

/** Where the library may lie, best first. */
const candidates = (): ReadonlyArray<string> => {
  const platform = `${process.platform}-${process.arch}`
  const found: Array<string> = []
  // `vosk-koffi` exports no package.json, so by its entry: lib/index.js.
  const downloads = join(dirname(require.resolve("vosk-koffi")), "..", `bin-${platform}`)
  const extension = { win32: "dll", darwin: "dylib" }[process.platform as string] ?? "so"
  found.push(join(downloads, `libvosk.${extension}`))
  const vosk = packageFolder("vosk")
  const shipped = npmFolders[platform]
  if (vosk !== undefined && shipped !== undefined) found.push(join(vosk, "lib", shipped))
  return found
}

const findLibrary = (chosen: string | undefined): string => {
  if (chosen !== undefined) {
    if (existsSync(chosen)) return chosen
    throw new BackendFault("missing", "VOSK_LIBRARY names a file that is not there; unset it to use the one installed.")
  }
  const library = candidates().find((candidate) => existsSync(candidate))
  if (library !== undefined) return library
  throw new BackendFault(
    "missing",
    `No libvosk for ${process.platform}-${process.arch} is installed: set VOSK_LIBRARY to its file, ` +
      "or allow the install script of vosk-koffi and install again."
  )
}

/** Runs one call on a thread of libuv's pool. */
const callAsync = <A>(call: koffi.KoffiFunction, ...args: ReadonlyArray<unknown>): Promise<A> =>
  new Promise((resolve, reject) => {
    call.async(...args, (error: unknown, result: A) => (error ? reject(error) : resolve(result)))
  })

export const loadLibvosk = async (chosen: string | undefined): Promise<Libvosk> => {
  const path = findLibrary(chosen)
  let library: IKoffiLib
  try {
    library = koffi.load(path)
  } catch (thrown) {
    console.error(thrown)
    throw new BackendFault("corrupt", "libvosk is there but cannot be loaded: not a library for this machine.")
  }
  const load = koffi.load
  koffi.load = () => library
  const { libvosk } = await import("vosk-koffi").finally(() => {
    koffi.load = load
  })
  const accept: (recognizer: VoskRecognizer, samples: Uint8Array, bytes: number) => number =
    libvosk.vosk_recognizer_accept_waveform
  // Kaldi's log names phrases of grammars, and says nothing that a result does not.
  libvosk.vosk_set_log_level(-1)
  return {
    newModel: libvosk.vosk_model_new,
    freeModel: libvosk.vosk_model_free,
    findWord: library.func("int vosk_model_find_word(VoskModel *model, const char *word)"),
    newRecognizer: libvosk.vosk_recognizer_new,
    newGrammarRecognizer: libvosk.vosk_recognizer_new_grm,
    freeRecognizer: libvosk.vosk_recognizer_free,
    setWords: libvosk.vosk_recognizer_set_words,
    setMaxAlternatives: libvosk.vosk_recognizer_set_max_alternatives,
    accept: (recognizer, samples) =>
      callAsync(libvosk.vosk_recognizer_accept_waveform, recognizer, samples, samples.byteLength),
    acceptHere: (recognizer, samples) => accept(recognizer, samples, samples.byteLength),
    result: (recognizer) => callAsync(libvosk.vosk_recognizer_result, recognizer),
    finalResult: (recognizer) => callAsync(libvosk.vosk_recognizer_final_result, recognizer),
    partialResult: libvosk.vosk_recognizer_partial_result
  }
}
