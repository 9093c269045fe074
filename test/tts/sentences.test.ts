import fc from "fast-check"
import { assert, describe, it } from "vitest"
import { speakable } from "#src/tts/arabic-text.ts"
import { sentences } from "#src/tts/sentences.ts"

describe("sentences", () => {
  it("end at a full stop, a question mark, an exclamation mark and a line", () => {
    assert.deepStrictEqual(sentences(speakable("نعم. هل؟ لا! سطر…\nآخر", "ar")), ["نعم.", "هل؟", "لا!", "سطر.", "آخر"])
    assert.deepStrictEqual(sentences("It is 3.5 now. Yes?"), ["It is 3.5 now.", "Yes?"])
  })

  it("are none where nothing can be said", () => {
    assert.deepStrictEqual(sentences(speakable(" ،. !\n", "ar")), [])
  })

  it("are cut at a comma when they are long, so that the first is heard soon", () => {
    const clause = "وَيُمْكِنُ سَحْبُ المُوَافَقَةِ فَتُحْذَفُ الإِجَابَات،"
    const parts = sentences([clause, clause, clause, clause, clause].join(" "))
    assert.isAbove(parts.length, 1)
    for (const part of parts) assert.isTrue(part.endsWith("،") && part.length <= 160, part)
  })

  it("lose nothing but spaces, stay short and keep numbers whole", () => {
    const word = fc.constantFrom("نَعَمْ", "وَلٰكِنَّ،", "1,234,567.89", "أَيَّام", "a".repeat(300), "لَا", "أ😀")
    fc.assert(
      fc.property(fc.array(word, { minLength: 1, maxLength: 60 }), (words) => {
        const text = words.join(" ")
        const parts = sentences(text)
        assert.strictEqual(parts.join("").replace(/\s/gu, ""), text.replace(/\s/gu, ""))
        for (const part of parts) {
          assert.isAtMost(part.length, 160)
          assert.strictEqual(part.split("1,234,567.89").length, part.split("567").length)
        }
      })
    )
  })
})
