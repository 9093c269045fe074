/** Whoever sounds in danger is noticed; who denies it, or only speaks in figures, is not. */
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "vitest"
import { soundsDistressed } from "#src/questionnaire/understanding/distress.ts"

const rowsOf = (language: "ar" | "en") =>
  readFileSync(join(import.meta.dirname, "phrases", `distress-${language}.tsv`), "utf8")
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => line.split("\t") as [expected: string, phrase: string])

describe("words of distress", () => {
  for (const language of ["ar", "en"] as const) {
    it(`are told from others, row by row (${language})`, () => {
      const rows = rowsOf(language)
      assert.isAbove(rows.length, 60)
      for (const [expected, phrase] of rows) {
        assert.equal(soundsDistressed(phrase, language)?.kind ?? "none", expected, phrase)
      }
    })
  }

  it("are found among others, with vowel marks, stretched and misheard", () => {
    for (const phrase of [
      "تعبت كتير هالفترة ويعني صرت فكر انتحر مرات",
      "أُرِيدُ أَنْ أَمُوت",
      "بدي مووووت",
      "عم فكر بالانتهار"
    ]) {
      assert.equal(soundsDistressed(phrase, "ar")?.kind, "self-harm", phrase)
    }
  })

  it("are taken back by a denial of the same thought only", () => {
    assert.isUndefined(soundsDistressed("I do not want to kill myself", "en"))
    assert.equal(soundsDistressed("I am not well, I want to kill myself", "en")?.kind, "self-harm")
    assert.equal(soundsDistressed("I am not sad but I want to die", "en")?.kind, "self-harm")
    assert.equal(soundsDistressed("مو زعلان، بدي موت", "ar")?.kind, "self-harm")
  })

  it("weigh more than an emergency beside them", () => {
    assert.equal(soundsDistressed("I am bleeding, I cut myself", "en")?.kind, "self-harm")
  })

  it("are not heard in answers to a questionnaire", () => {
    for (const phrase of ["ولا مرة", "كل يوم", "نعم", "لا", "خمسة وثلاثين", "أكثر من نصف الأيام", "مساعدة", "توقف"]) {
      assert.isUndefined(soundsDistressed(phrase, "ar"), phrase)
    }
  })
})
