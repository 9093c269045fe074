import { assert, describe, it } from "vitest"
import { activityOf, type Clip, clips, longClips, mixed, noises } from "../../bench/recordings.ts"
import { turnsOf } from "../../bench/turns.ts"
import { open } from "./listening.ts"

/** As `npm run bench:accuracy` mixes them. */
const inNoise = ({ samples }: Clip, noise: Int16Array, snrDb: number, index: number): Int16Array =>
  mixed(samples, noise, activityOf(samples).rms / 10 ** (snrDb / 20), (clips.length + index) * 7_919)

describe("a listener in noise", () => {
  const conditions = noises.flatMap((noise) => [20, 10].map((snrDb) => ({ noise, snrDb })))
  for (const { noise, snrDb } of conditions) {
    it(`hears every word as an utterance of its own, none merged, lost or invented: ${noise.name}, ${snrDb} dB`, async () => {
      await Promise.all(
        longClips.map(async (clip, index) => {
          const { listener, finals, settled } = open()
          listener.push(inNoise(clip, noise.samples, snrDb, index))
          await settled()
          listener.close()
          const expected = { utterances: clip.words.length, merged: 0, lost: 0, invented: 0, split: 0 }
          assert.deepEqual(turnsOf(clip.words, finals()), expected, clip.file)
        })
      )
    })
  }
})
