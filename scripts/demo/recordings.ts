/** The recordings of test/fixtures/ar-commands by word: real people, 16 kHz mono. */
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { readWav } from "#src/audio/wav.ts"

const folder = join(import.meta.dirname, "../../test/fixtures/ar-commands")

interface Clip {
  readonly file: string
  readonly text: string
  readonly speaker: string
}

export const loadRecordings = (): ReadonlyMap<string, ReadonlyArray<Int16Array>> => {
  const clips = JSON.parse(readFileSync(join(folder, "manifest.json"), "utf8")) as ReadonlyArray<Clip>
  const byWord = new Map<string, Array<Int16Array>>()
  for (const { file, text } of clips) {
    const { samples } = readWav(readFileSync(join(folder, file)))
    byWord.set(text, [...(byWord.get(text) ?? []), samples])
  }
  return byWord
}
