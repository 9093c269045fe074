import { assert, describe, it } from "vitest"
import { SoundMeter } from "#src/audio/sound.ts"

const soundOf = (...pieces: ReadonlyArray<Int16Array>) => {
  const meter = new SoundMeter()
  for (const piece of pieces) meter.add(piece)
  return meter.sound
}
const sine = (peak: number) =>
  Int16Array.from({ length: 1_600 }, (_, i) => Math.round(peak * Math.sin((i * Math.PI) / 8)))

describe("the sound of an utterance", () => {
  it("is as loud as all of it together", () => {
    assert.closeTo(soundOf(sine(32_767 / 10)).levelDbfs, -23, 0.1)
    assert.closeTo(soundOf(sine(32_767 / 10), new Int16Array(1_600)).levelDbfs, -26, 0.1)
    assert.strictEqual(soundOf(new Int16Array(512)).levelDbfs, -100)
    assert.strictEqual(soundOf().levelDbfs, -100)
  })

  it("tells the share that is clipped, at both ends", () => {
    assert.strictEqual(soundOf(sine(20_000)).clippedShare, 0)
    assert.strictEqual(soundOf(new Int16Array(300).fill(32_767), new Int16Array(100).fill(-32_768)).clippedShare, 1)
    assert.strictEqual(soundOf(new Int16Array(300), new Int16Array(100).fill(32_767)).clippedShare, 0.25)
  })
})
