/**
 * Numbers 0 to 999,999,999 as vowelled Arabic words, in the nominative and with a pause at the end, as one reads a
 * number out. Scale nouns (ألف، مليون) are counted in their own, masculine gender; `gender` is that of what is counted.
 * Classical forms: "مئة ألف وألف" for 101,000. Anything outside the range is the caller's to read digit by digit.
 */

export type Gender = "masculine" | "feminine"

export const numberMax = 999_999_999

const masculine = [
  "صِفْرٌ",
  "وَاحِدٌ",
  "اِثْنَانِ",
  "ثَلَاثَةٌ",
  "أَرْبَعَةٌ",
  "خَمْسَةٌ",
  "سِتَّةٌ",
  "سَبْعَةٌ",
  "ثَمَانِيَةٌ",
  "تِسْعَةٌ",
  "عَشَرَةٌ",
  "أَحَدَ عَشَرَ",
  "اِثْنَا عَشَرَ",
  "ثَلَاثَةَ عَشَرَ",
  "أَرْبَعَةَ عَشَرَ",
  "خَمْسَةَ عَشَرَ",
  "سِتَّةَ عَشَرَ",
  "سَبْعَةَ عَشَرَ",
  "ثَمَانِيَةَ عَشَرَ",
  "تِسْعَةَ عَشَرَ"
]
const feminine = [
  "صِفْرٌ",
  "وَاحِدَةٌ",
  "اِثْنَتَانِ",
  "ثَلَاثٌ",
  "أَرْبَعٌ",
  "خَمْسٌ",
  "سِتٌّ",
  "سَبْعٌ",
  "ثَمَانٍ",
  "تِسْعٌ",
  "عَشْرٌ",
  "إِحْدَى عَشْرَةَ",
  "اِثْنَتَا عَشْرَةَ",
  "ثَلَاثَ عَشْرَةَ",
  "أَرْبَعَ عَشْرَةَ",
  "خَمْسَ عَشْرَةَ",
  "سِتَّ عَشْرَةَ",
  "سَبْعَ عَشْرَةَ",
  "ثَمَانِيَ عَشْرَةَ",
  "تِسْعَ عَشْرَةَ"
]
const tens = ["", "", "عِشْرُونَ", "ثَلَاثُونَ", "أَرْبَعُونَ", "خَمْسُونَ", "سِتُّونَ", "سَبْعُونَ", "ثَمَانُونَ", "تِسْعُونَ"]
const hundreds = ["", "مِئَةٌ", "مِئَتَانِ", "ثَلَاثُمِئَةٍ", "أَرْبَعُمِئَةٍ", "خَمْسُمِئَةٍ", "سِتُّمِئَةٍ", "سَبْعُمِئَةٍ", "ثَمَانِمِئَةٍ", "تِسْعُمِئَةٍ"]

interface Scale {
  readonly value: number
  readonly one: string
  readonly two: string
  /** After 3 to 10. */
  readonly few: string
  /** After 11 to 99. */
  readonly many: string
  /** After whole hundreds. */
  readonly construct: string
}
const scales: ReadonlyArray<Scale> = [
  { value: 1_000_000, one: "مِلْيُونٌ", two: "مِلْيُونَانِ", few: "مَلَايِينَ", many: "مِلْيُونًا", construct: "مِلْيُونٍ" },
  { value: 1_000, one: "أَلْفٌ", two: "أَلْفَانِ", few: "آلَافٍ", many: "أَلْفًا", construct: "أَلْفٍ" }
]

const at = (table: ReadonlyArray<string>, index: number): string => table[index] ?? ""

const joined = (parts: ReadonlyArray<string>): string => parts.filter((part) => part !== "").join(" وَ")

const belowHundred = (n: number, gender: Gender): string => {
  const ones = gender === "feminine" ? feminine : masculine
  if (n < 20) return n === 0 ? "" : at(ones, n)
  const one = n % 10
  // إحدى وعشرون: beside tens the feminine "one" is the noun, not the adjective.
  return joined([
    one === 0 ? "" : one === 1 && gender === "feminine" ? "إِحْدَى" : at(ones, one),
    at(tens, Math.trunc(n / 10))
  ])
}

const belowThousand = (n: number, gender: Gender): string =>
  joined([at(hundreds, Math.trunc(n / 100)), belowHundred(n % 100, gender)])

/** The last word loses its nunation, or its final nun, before the noun that it counts. */
const construct = (words: string): string => words.replace(/ٌ$/u, "ُ").replace(/ٍ$/u, "ِ").replace(/انِ$/u, "ا")

const counted = (n: number, scale: Scale): string => {
  const rest = n % 100
  if (n === 1) return scale.one
  if (n === 2) return scale.two
  if (rest >= 3 && rest <= 10) return `${construct(belowThousand(n, "masculine"))} ${scale.few}`
  if (rest > 10) return `${belowThousand(n, "masculine")} ${scale.many}`
  const whole = `${construct(at(hundreds, Math.trunc(n / 100)))} ${scale.construct}`
  return joined([whole, rest === 0 ? "" : rest === 1 ? scale.one : scale.two])
}

/** A pause takes the last short vowel away, but not the ā of tanwin fath. */
export const pausal = (words: string): string => words.replace(/[\u064C-\u0650](?=\u0651?$)/u, "")

/** Whole `n` from 0 to `numberMax`. */
export const cardinal = (n: number, gender: Gender = "masculine"): string => {
  if (n === 0) return pausal(at(masculine, 0))
  let rest = n
  const parts: Array<string> = []
  for (const scale of scales) {
    const count = Math.trunc(rest / scale.value)
    if (count > 0) parts.push(counted(count, scale))
    rest %= scale.value
  }
  parts.push(belowThousand(rest, gender))
  return pausal(joined(parts))
}

/** The same words after a preposition or in a construct (إلى عشرين، عام ألفين). */
export const oblique = (words: string): string =>
  words
    .replace(/ُون(?=َ?(?: |$))/gu, (ending, offset: number) => (words.slice(0, offset).endsWith("مِلْي") ? ending : "ِين"))
    .replace(/(اِثْن|اِثْنَت|مِئَت|أَلْف|مِلْيُون)َان/gu, "$1َيْن")
    .replace(/(اِثْن|اِثْنَت)َا(?= )/gu, "$1َيْ")
    .replaceAll("ٌ", "ٍ")

/** Digits one by one, for telephone numbers and the like. */
export const digitByDigit = (digits: string): string =>
  [...digits].map((digit) => pausal(at(masculine, Number(digit)))).join(" ")

const ordinals = ["", "الأَوَّل", "الثَّانِي", "الثَّالِث", "الرَّابِع", "الخَامِس", "السَّادِس", "السَّابِع", "الثَّامِن", "التَّاسِع", "العَاشِر"]

/** Definite, of a masculine noun, 1 to 39, for days of the month; the tens are oblique, as always in a date. */
export const ordinal = (n: number): string => {
  if (n <= 10) return at(ordinals, n)
  const one = n % 10
  const unit = one === 1 ? "الحَادِي" : at(ordinals, one)
  if (n < 20) return `${unit}َ عَشَر`
  const ten = `ال${pausal(oblique(at(tens, Math.trunc(n / 10))))}`
  return one === 0 ? ten : `${unit} وَ${ten}`
}

const hours = [
  "",
  "الوَاحِدَة",
  "الثَّانِيَة",
  "الثَّالِثَة",
  "الرَّابِعَة",
  "الخَامِسَة",
  "السَّادِسَة",
  "السَّابِعَة",
  "الثَّامِنَة",
  "التَّاسِعَة",
  "العَاشِرَة",
  "الحَادِيَةَ عَشْرَة",
  "الثَّانِيَةَ عَشْرَة"
]

/** Definite and feminine, 1 to 12: the hours of a clock. */
export const hour = (n: number): string => at(hours, n)
