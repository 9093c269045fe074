/** What Chromium's microphone hears in place of a person: real recordings, over and over. */
import { mkdtempSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { joined } from "#src/audio/pcm.ts"
import { writeWav } from "#src/audio/wav.ts"
import { clipOf, readSamples } from "#test/stt/recordings.ts"

const rateHz = 16_000

/** Each word, and so much silence after it. */
export const patientWav = (words: ReadonlyArray<string>, pauseMs: number): string => {
  const pause = new Int16Array((pauseMs * rateHz) / 1_000)
  const samples = joined(...words.flatMap((word) => [readSamples(clipOf(word).file), pause]))
  const file = join(mkdtempSync(join(tmpdir(), "sawt-microphone-")), "patient.wav")
  writeFileSync(file, writeWav([samples], rateHz))
  return file
}

export const microphoneOf = (file: string): ReadonlyArray<string> => [
  "--use-fake-device-for-media-stream",
  "--use-fake-ui-for-media-stream",
  `--use-file-for-fake-audio-capture=${file}`
]
