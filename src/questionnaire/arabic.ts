/**
 * Arabic as people write and recognisers print it, brought to one form, so that phrases can be compared. Pure.
 * Folded: vowel marks, tatweel, hamza seats (أإآٱ→ا, ؤ→و, ئ→ي), taa marbuta→ه, alif maqsura→ي, Arabic-Indic digits.
 */

/** Vowel marks (U+064B–065F, U+0670), tatweel, Quranic signs, and invisible direction marks. */
const droppedMarks = /[\u064B-\u065F\u0670\u06D6-\u06ED\u200B-\u200F\u202A-\u202E\u2066-\u2069\uFEFF\u0640]/g
const folded: Readonly<Record<string, string>> = {
  أ: "ا",
  إ: "ا",
  آ: "ا",
  ٱ: "ا",
  ؤ: "و",
  ئ: "ي",
  ء: "",
  ة: "ه",
  ى: "ي"
}

export const withoutMarks = (text: string): string => text.normalize("NFC").replace(droppedMarks, "")

/** A word or phrase in the form in which it is compared; words are separated by one space. */
export const comparable = (text: string): string =>
  withoutMarks(text.toLowerCase())
    .replace(/[أإآٱؤئءةى]/g, (letter) => folded[letter] ?? letter)
    .replace(/[٠-٩]/g, (digit) => String(digit.charCodeAt(0) - 0x0660))
    .replace(/[۰-۹]/g, (digit) => String(digit.charCodeAt(0) - 0x06f0))
    .replace(/[^\p{L}\p{N}]+/gu, " ")
    .trim()

/** How the numbers of a scale are said; the first is what a grammar offers. */
export const numberWords: Readonly<Record<"ar" | "en", ReadonlyArray<ReadonlyArray<string>>>> = {
  ar: [
    ["صفر"],
    ["واحد", "واحدة"],
    ["اثنان", "اثنين", "اتنين"],
    ["ثلاثة", "تلاتة"],
    ["أربعة"],
    ["خمسة"],
    ["ستة"],
    ["سبعة"],
    ["ثمانية", "تمانية"],
    ["تسعة"],
    ["عشرة"]
  ],
  en: [["zero"], ["one"], ["two"], ["three"], ["four"], ["five"], ["six"], ["seven"], ["eight"], ["nine"], ["ten"]]
}
