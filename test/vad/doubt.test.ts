import { assert, describe, it } from "vitest"
import { Doubt } from "#src/vad/doubt.ts"

/** One letter a frame: W surely a voice, h a sound, . silence. */
const probability: Readonly<Record<string, number>> = { W: 0.99, h: 0.6, ".": 0.1 }

/** The frames, with ? for each that is to be heard again. */
const doubted = (frames: string): string => {
  const doubt = new Doubt()
  return Array.from(frames, (frame) => (doubt.isDue(probability[frame] ?? 0) ? "?" : frame)).join("")
}

describe("doubt about what sounds like speech", () => {
  const table: ReadonlyArray<readonly [string, string, string]> = [
    ["the first sound of a stream is not doubted", "....hhhh", "....hhhh"],
    ["nor a word, and the way it dies away", "..hhWWWhhhhhh...", "..hhWWWhhhhhh..."],
    ["a sound that goes on after it is", "WWWhhhhhhhhh", "WWWhhhhhh???"],
    ["a sound in the pause after it is", "WWW.........hhh", "WWW.........???"],
    ["until it is surely a voice", "WWW.........hhWhhhhhhh", "WWW.........??Whhhhhh?"],
    ["silence is not: nobody takes it for speech", "WWW............", "WWW............"]
  ]
  for (const [name, frames, marked] of table) it(name, () => assert.equal(doubted(frames), marked))

  it("ends a second and a half after the last sure frame", () => {
    const marked = doubted(`W${"h".repeat(60)}`)
    assert.equal(marked, `W${"h".repeat(6)}${"?".repeat(40)}${"h".repeat(14)}`)
  })
})
