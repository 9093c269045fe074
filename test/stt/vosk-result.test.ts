import { assert, describe, it } from "vitest"
import { parseFinal, withoutUnknown } from "#src/stt/vosk-result.ts"

describe("libvosk's result", () => {
  it("loses [unk], and its times count from the utterance's start", () => {
    const json = JSON.stringify({
      text: "[unk] لا أعرف",
      result: [
        { word: "[unk]", start: 100.03, end: 100.33, conf: 0.4 },
        { word: "لا", start: 100.600_394, end: 100.9, conf: 1 },
        { word: "أعرف", start: 100.9, end: 101.4, conf: 0.5 }
      ]
    })
    assert.deepStrictEqual(parseFinal(json, 100, 0), {
      type: "final",
      text: "لا أعرف",
      unknownWords: 1,
      confidence: 0.75,
      words: [
        { word: "لا", startMs: 600, endMs: 900, confidence: 1 },
        { word: "أعرف", startMs: 900, endMs: 1_400, confidence: 0.5 }
      ],
      alternatives: []
    })
    assert.deepStrictEqual(withoutUnknown("[unk] نعم [unk]"), { text: "نعم", unknownWords: 2 })
  })

  it("has no confidence without words", () => {
    const { text, unknownWords, confidence } = parseFinal(
      '{"text":"[unk]","result":[{"word":"[unk]","start":0,"end":1,"conf":1}]}',
      0,
      0
    )
    assert.strictEqual(text, "")
    assert.strictEqual(unknownWords, 1)
    assert.strictEqual(parseFinal('{"text":""}', 0, 0).unknownWords, 0)
    assert.isNull(confidence)
    assert.isNull(parseFinal('{"text":""}', 0, 0).confidence)
  })

  it("makes probabilities of the scores of alternatives, and of them the confidence of each word", () => {
    const word = (text: string, start: number) => ({ word: text, start, end: start + 0.5 })
    const json = JSON.stringify({
      alternatives: [
        { text: "واحد لا", confidence: 70, result: [word("واحد", 0), word("لا", 1)] },
        { text: "واحد", confidence: 70, result: [word("واحد", 0.1)] },
        { text: "واحد [unk]", confidence: 70 + Math.log(2), result: [word("واحد", 0), word("[unk]", 1)] }
      ]
    })
    const { words, alternatives, confidence } = parseFinal(json, 0, 2)
    assert.deepStrictEqual(
      words.map(({ word, confidence }) => [word, Number(confidence.toFixed(6))]),
      [
        ["واحد", 1],
        ["لا", 0.25]
      ]
    )
    assert.closeTo(confidence ?? 0, 0.625, 1e-6)
    assert.deepStrictEqual(
      alternatives.map(({ text, confidence }) => [text, Number(confidence.toFixed(6))]),
      [
        ["واحد لا", 0.25],
        ["واحد", 0.75]
      ]
    )
    assert.strictEqual(parseFinal(json, 0, 1).alternatives.length, 1)
  })
})
