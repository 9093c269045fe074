import fc from "fast-check"
import { assert, describe, it } from "vitest"
import { stripMarks, tashkeelDensity } from "#src/tts/arabic-marks.ts"
import { speakable } from "#src/tts/arabic-text.ts"

const bare = (text: string): string => stripMarks(speakable(text, "ar"))

const examples: ReadonlyArray<readonly [string, string]> = [
  ["PHQ-9", "بي إتش كيو تسعة"],
  ["٥٠٪ من الوقت", "خمسون بالمئة من الوقت"],
  ["100%", "مئة بالمئة"],
  ["3.5", "ثلاثة فاصلة خمسة"],
  ["٣٫٠٥", "ثلاثة فاصلة صفر خمسة"],
  ["۱۲", "اثنا عشر"],
  ["2026-11-23", "الثالث والعشرين من نوفمبر عام ألفين وستة وعشرين"],
  ["1/2/2026", "الأول من فبراير عام ألفين وستة وعشرين"],
  ["10:30", "العاشرة والنصف"],
  ["14:05", "الثانية وخمس دقائق مساء"],
  ["00:15", "الثانية عشرة والربع ليلا"],
  ["0501234567", "صفر خمسة صفر، واحد اثنان ثلاثة، أربعة خمسة ستة، سبعة"],
  ["+966 50 123", "زائد تسعة ستة ستة، خمسة صفر، واحد اثنان ثلاثة"],
  ["ضغط الدم 120/80", "ضغط الدم مئة وعشرون على ثمانين"],
  ["3-5 أيام", "ثلاثة إلى خمسة أيام"],
  ["-5", "سالب خمسة"],
  ["1,234", "ألف ومئتان وأربعة وثلاثون"],
  ["٧٠ kg", "سبعون كيلوغرام"],
  ["007", "صفر صفر سبعة"],
  ["½", "واحد على اثنين"],
  ["31/2/2026", "واحد وثلاثون على اثنين ألفان وستة وعشرون"],
  ["99:99", "تسعة وتسعون، تسعة وتسعون"],
  ["د. أحمد: أهلا؛ نعم?", "دكتور أحمد، أهلا، نعم؟"],
  ["أهـــلا\u202E\u200F ﻻ", "أهلا لا"],
  ["نعم ... لا", "نعم. لا"],
  ["<b>[[x]]</b>", "بي إكس بي"],
  ["\u0007", ""]
]

describe("speakable Arabic", () => {
  it.each(examples)("reads %s", (written, spoken) => {
    assert.strictEqual(bare(written), spoken)
  })

  it("keeps the vowel marks of what was written and adds them to what it writes", () => {
    assert.strictEqual(speakable("نَعَمْ", "ar"), "نَعَمْ")
    assert.isAbove(tashkeelDensity(speakable("2026-11-23 14:05 50% 120/80", "ar")), 0.5)
  })

  const anyText = fc.oneof(
    fc.string({ unit: "binary", maxLength: 60 }),
    fc.string({ unit: fc.constantFrom(..."0123456789٠٣٩۴٫٬٪%.:/-+ \n،؟!؛أبتةًَّ PHQkg\u0640\u202E"), maxLength: 40 })
  )

  it("leaves no digit, percent sign, control mark or markup, whatever comes", () => {
    fc.assert(
      fc.property(anyText, (text) => {
        assert.notMatch(speakable(text, "ar"), /[\p{N}%٪\p{Cf}\u0640<>[\]{}&]|(?!\n)\p{Cc}/u)
      }),
      { numRuns: 1_000 }
    )
  })

  it("reads a speakable text as it is", () => {
    fc.assert(
      fc.property(anyText, fc.constantFrom("ar" as const, "en" as const), (text, language) => {
        const once = speakable(text, language)
        assert.strictEqual(speakable(once, language), once)
      }),
      { numRuns: 1_000 }
    )
  })

  it("reads every whole number as words and nothing else", () => {
    fc.assert(
      fc.property(fc.nat(), (n) => {
        assert.match(speakable(String(n), "ar"), /^[\p{L}\p{M} ،]+$/u)
      })
    )
  })
})

describe("speakable English", () => {
  it("keeps its numbers, in ASCII digits, and loses markup", () => {
    assert.strictEqual(speakable("I paid ٣.50 <b>today</b>\u202E, 50%", "en"), "I paid 3.50 b today /b , 50%")
  })
})

describe("density of marks", () => {
  it("is marks for each Arabic letter, and enough where there are none", () => {
    assert.strictEqual(tashkeelDensity("صَبَاح"), 0.5)
    assert.strictEqual(tashkeelDensity("صباح"), 0)
    assert.strictEqual(tashkeelDensity("PHQ-9"), 1)
  })
})
