import { assert, describe, it } from "vitest"
import { cuesOf, type Segment, srtOf, vttOf } from "../../cli/subtitles.ts"

const word = (text: string, start_ms: number, end_ms: number) => ({ word: text, start_ms, end_ms })
const segment = (...words: ReadonlyArray<ReturnType<typeof word>>): Segment => ({
  text: words.map(({ word }) => word).join(" "),
  start_ms: (words[0]?.start_ms ?? 0) - 20,
  end_ms: (words.at(-1)?.end_ms ?? 0) + 20,
  words
})

describe("subtitles", () => {
  it("number their cues, with the times at which the voice was heard", () => {
    const text = srtOf([segment(word("نعم", 862, 1_072)), segment(word("اثنان", 3_725_430, 3_725_999))])
    assert.strictEqual(text, "1\n00:00:00,842 --> 00:00:01,092\nنعم\n\n2\n01:02:05,410 --> 01:02:06,019\nاثنان\n")
  })

  it("divide what is too long to read between its words, and lose none", () => {
    const words = Array.from({ length: 60 }, (_, index) => word(`word${index}`, index * 400, index * 400 + 300))
    const cues = cuesOf([segment(...words)])
    assert.isAbove(cues.length, 3)
    assert.strictEqual(cues.map(({ text }) => text).join(" "), words.map(({ word }) => word).join(" "))
    for (const [index, { text, startMs, endMs }] of cues.entries()) {
      assert.isAtMost(text.length, 84)
      assert.isAtMost(endMs - startMs, 6_040)
      assert.isAtLeast(startMs, cues[index - 1]?.endMs ?? -20)
    }
  })

  it("leave out where nothing was understood", () => {
    assert.deepEqual(cuesOf([{ text: "", start_ms: 0, end_ms: 500, words: [] }]), [])
  })

  it("as WebVTT have its header, its points, and nothing that is markup", () => {
    assert.strictEqual(
      vttOf([segment(word("<b>&", 1_000, 2_000))]),
      "WEBVTT\n\n00:00:00.980 --> 00:00:02.020\n&lt;b&gt;&amp;\n"
    )
  })
})
