import fc from "fast-check"
import { toCardinal } from "n2words/ar-SA"
import { assert, describe, it } from "vitest"
import { stripMarks, tashkeelDensity, tashkeelDensityMin } from "#src/tts/arabic-marks.ts"
import { cardinal, type Gender, hour, numberMax, oblique, ordinal } from "#src/tts/arabic-numbers.ts"

/** Spelling only: مائة is مئة, and the case ending of a counted noun (ألفا, ثمان) is written or not. */
const oneSpelling = (words: string): string =>
  stripMarks(words)
    .replaceAll("مائة", "مئة")
    .replaceAll("ألفا ", "ألف ")
    .replace(/ألفا$/u, "ألف")
    .replace(/(مليون|ألف)ا(?= |$)/gu, "$1")

/**
 * Where n2words leaves the grammar: it says "مئتان ألف" for مئتا ألف, and repeats or miscounts the noun in groups of more
 * than 100 that end in 1 to 10 (101,000 is "مائة وألف ألف" there). In these the group's noun differs, not the digits.
 */
const oracleIsRight = (n: number): boolean =>
  [Math.trunc(n / 1_000) % 1_000, Math.trunc(n / 1_000_000)].every(
    (group) => group < 100 || ((group % 100 > 10 || group % 100 === 0) && group !== 200)
  )

const feminineTens = (words: string): string => words.replaceAll("واحدة و", "إحدى و")

describe("numbers in words", () => {
  it("agree with n2words below 1,000 in both genders", () => {
    for (const gender of ["masculine", "feminine"] satisfies Array<Gender>) {
      for (let n = 0; n < 1_000; n++) {
        assert.strictEqual(
          oneSpelling(cardinal(n, gender)),
          oneSpelling(feminineTens(toCardinal(n, { gender }))),
          `${n}`
        )
      }
    }
  })

  it("agree with n2words up to 999,999,999 where its grammar holds", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: numberMax }).filter(oracleIsRight), (n) => {
        assert.strictEqual(oneSpelling(cardinal(n)), oneSpelling(toCardinal(n)))
      }),
      { numRuns: 2_000 }
    )
  })

  it("count thousands and millions by the rules of their noun", () => {
    const table: ReadonlyArray<readonly [number, string]> = [
      [1_000, "ألف"],
      [2_000, "ألفان"],
      [3_000, "ثلاثة آلاف"],
      [11_000, "أحد عشر ألفا"],
      [100_000, "مئة ألف"],
      [101_000, "مئة ألف وألف"],
      [102_000, "مئة ألف وألفان"],
      [103_000, "مئة وثلاثة آلاف"],
      [200_000, "مئتا ألف"],
      [300_000, "ثلاثمئة ألف"],
      [2_000_000, "مليونان"],
      [5_000_000, "خمسة ملايين"],
      [200_000_001, "مئتا مليون وواحد"]
    ]
    for (const [n, words] of table) assert.strictEqual(stripMarks(cardinal(n)), words)
  })

  it("carry vowel marks, a vowel on every junction and none at the end", () => {
    assert.strictEqual(cardinal(21), "وَاحِدٌ وَعِشْرُون")
    assert.strictEqual(cardinal(1_234), "أَلْفٌ وَمِئَتَانِ وَأَرْبَعَةٌ وَثَلَاثُون")
    assert.strictEqual(cardinal(3, "feminine"), "ثَلَاث")
    fc.assert(
      fc.property(fc.integer({ min: 0, max: numberMax }), (n) => {
        assert.isAbove(tashkeelDensity(cardinal(n)), tashkeelDensityMin)
        assert.notMatch(cardinal(n), /[\u064C-\u0650]$/u)
      })
    )
  })

  it("never sound alike for different numbers", () => {
    const heard = new Map<string, number>()
    for (let n = 0; n <= 20_000; n++) {
      const words = stripMarks(cardinal(n))
      assert.isUndefined(heard.get(words), words)
      heard.set(words, n)
    }
  })

  it("bend after a preposition, but a million keeps its ending", () => {
    assert.strictEqual(stripMarks(oblique(cardinal(82))), "اثنين وثمانين")
    assert.strictEqual(stripMarks(oblique(cardinal(2_026))), "ألفين وستة وعشرين")
    assert.strictEqual(stripMarks(oblique(cardinal(1_000_000))), "مليون")
    assert.strictEqual(stripMarks(oblique(cardinal(12))), "اثني عشر")
  })

  it("name the days of a month and the hours of a clock", () => {
    assert.deepStrictEqual(
      [1, 10, 11, 12, 19, 20, 21, 30, 31].map((day) => stripMarks(ordinal(day))),
      [
        "الأول",
        "العاشر",
        "الحادي عشر",
        "الثاني عشر",
        "التاسع عشر",
        "العشرين",
        "الحادي والعشرين",
        "الثلاثين",
        "الحادي والثلاثين"
      ]
    )
    assert.deepStrictEqual(
      [1, 11, 12].map((n) => stripMarks(hour(n))),
      ["الواحدة", "الحادية عشرة", "الثانية عشرة"]
    )
  })
})
