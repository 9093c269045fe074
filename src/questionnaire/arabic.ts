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

export const yesPhrases: Readonly<Record<"ar" | "en", ReadonlyArray<string>>> = {
  ar: ["نعم", "موافق", "أجل", "أيوه", "بلى", "صحيح"],
  en: ["yes", "yeah", "correct"]
}
export const noPhrases: Readonly<Record<"ar" | "en", ReadonlyArray<string>>> = {
  ar: ["لا", "كلا", "غير موافق", "غير صحيح"],
  en: ["no", "nope"]
}

export type SpokenCommand = "question.repeat" | "question.back" | "question.skip" | "stop.request" | "help.request"

/** What a person may say instead of an answer. */
export const commandPhrases: Readonly<Record<"ar" | "en", Readonly<Record<SpokenCommand, ReadonlyArray<string>>>>> = {
  ar: {
    "question.repeat": ["أعد السؤال", "أعد", "كرر"],
    "question.back": ["السابق", "تراجع", "ارجع"],
    "question.skip": ["التالي", "تخطي"],
    "stop.request": ["توقف", "أوقف"],
    "help.request": ["مساعدة", "لا أعرف"]
  },
  en: {
    "question.repeat": ["repeat", "say again"],
    "question.back": ["back", "go back", "previous"],
    "question.skip": ["skip", "next"],
    "stop.request": ["stop"],
    "help.request": ["help", "i do not know"]
  }
}
