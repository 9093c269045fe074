/** The recorded Arabic commands: 16 kHz mono clips with what was said. */
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

const folder = fileURLToPath(new URL("../fixtures/ar-commands", import.meta.url))

interface Clip {
  readonly file: string
  readonly text: string
  readonly english: string
}

export const clips: ReadonlyArray<Clip> = JSON.parse(readFileSync(join(folder, "manifest.json"), "utf8"))

export const clipOf = (english: string): Clip => {
  const clip = clips.find((candidate) => candidate.english === english)
  if (clip === undefined) throw new Error(`no clip of ${english}`)
  return clip
}

/** Samples of a recording of `test/fixtures/ar-commands`. */
export const readSamples = (file: string): Int16Array => {
  const bytes = readFileSync(join(folder, file))
  const start = bytes.indexOf("data") + 8
  const length = (bytes.length - start) & ~1
  return new Int16Array(bytes.buffer.slice(bytes.byteOffset + start, bytes.byteOffset + start + length))
}
