/**
 * Written text → text that can be read aloud: numbers, dates, times, percentages, telephone numbers and Latin acronyms
 * become vowelled Arabic words, punctuation becomes the few marks at which a voice pauses. Pure and total: any string
 * gives a speakable one (perhaps empty), and a speakable one gives itself. English keeps its numbers; eSpeak reads them.
 */
import { dateWords, timeWords } from "./arabic-calendar.ts"
import { cardinal, digitByDigit, numberMax, oblique } from "./arabic-numbers.ts"
import { spelt, unitWord } from "./latin-letters.ts"

export type Language = "ar" | "en"

const arabicIndicZero = 0x0660
const persianZero = 0x06f0

/** NFKC (also opens presentation forms such as ﻻ), ASCII digits, no tatweel, no control and no bidirectional marks. */
const plain = (text: string): string =>
  text
    .normalize("NFKC")
    .replaceAll("\u2044", "/")
    .replace(/\r\n?|[\u0085\u2028\u2029]/gu, "\n")
    .replace(/[\u0640\p{Cf}]|(?!\n)\p{Cc}|\p{Cs}|\p{Co}|\p{Cn}/gu, (mark) => (mark === "\t" ? " " : ""))
    .replace(/[\u0660-\u0669]/gu, (digit) => String(digit.charCodeAt(0) - arabicIndicZero))
    .replace(/[\u06F0-\u06F9]/gu, (digit) => String(digit.charCodeAt(0) - persianZero))
    .normalize("NFC")

/** One space between words, none before a pause, one after it; only the strongest of several pauses. */
const tidy = (text: string): string =>
  text
    .replace(/[^\S\n]+/gu, " ")
    .replace(/ ?([،.؟!])(?:[ ،.؟!]*)/gu, (run, first: string) => `${/[؟!.]/u.exec(run)?.[0] ?? first} `)
    .replace(/[،.؟!\s]*\n[\s،.؟!]*/gu, (run) => `${/[؟!.]/u.exec(run)?.[0] ?? ""}\n`)
    .replace(/^[\s،.؟!]+|\s+$/gu, "")

const spaced = (words: string): string => ` ${words} `

const integerWords = (digits: string): string =>
  (digits.length > 1 && digits.startsWith("0")) || Number(digits) > numberMax
    ? digitByDigit(digits)
    : cardinal(Number(digits))

/** Zeros behind the separator are read one by one; so is a fraction of more than three digits. */
const fractionWords = (digits: string): string => {
  const zeros = /^0*/u.exec(digits)?.[0].length ?? 0
  return digits.length > 3 || zeros === digits.length
    ? digitByDigit(digits)
    : [digitByDigit(digits.slice(0, zeros)), cardinal(Number(digits))].filter((words) => words !== "").join(" ")
}

const percent = "بِالمِئَة"

const number = (sign: string, whole: string, fraction: string | undefined, unit: string | undefined): string =>
  spaced(
    [
      sign === "" ? "" : sign === "+" ? "زَائِد" : "سَالِب",
      integerWords(whole),
      fraction === undefined ? "" : `فَاصِلَة ${fractionWords(fraction)}`,
      unit === undefined ? "" : /[%٪]/u.test(unit) ? percent : (unitWord(unit) ?? unit)
    ]
      .filter((words) => words !== "")
      .join(" ")
  )

/** Groups as they were written, or of three digits; a pause between them. */
const telephone = (written: string): string => {
  const groups = written.replace(/^\+/u, "").split(/[\s-]+/u)
  const parts = groups.length > 1 ? groups : ((groups[0] ?? "").match(/\d{1,3}/gu) ?? [])
  return spaced(`${written.startsWith("+") ? "زَائِد " : ""}${parts.map(digitByDigit).join("، ")}`)
}

const withDates = (text: string): string =>
  text
    .replace(/(?<![\d-])(\d{4})-(\d{1,2})-(\d{1,2})(?:T(?=\d))?(?![\d-])/gu, (written, year, month, day) => {
      const words = dateWords(Number(year), Number(month), Number(day))
      return words === undefined ? written : spaced(words)
    })
    .replace(/(?<![\d/])(\d{1,2})\/(\d{1,2})\/(\d{4})(?![\d/])/gu, (written, day, month, year) => {
      const words = dateWords(Number(year), Number(month), Number(day))
      return words === undefined ? written : spaced(words)
    })
    .replace(/(?<![\d:.])(\d{1,2}):(\d{2})(?::\d{2})?(?![\d:])/gu, (written, hours, minutes) => {
      const words = timeWords(Number(hours), Number(minutes))
      return words === undefined ? written : spaced(words)
    })

const withNumbers = (text: string): string =>
  text
    // A telephone number begins with + or 0, or is too long for anything that is counted.
    .replace(/(?<![\d.,])(?:\+\d(?:[ -]?\d){6,14}|0\d(?:[ -]?\d){5,13}|\d{10,15})(?![\d])/gu, telephone)
    .replace(/(?<!\d)\d{1,3}(?:[,٬]\d{3})+(?!\d)/gu, (written) => written.replace(/[,٬]/gu, ""))
    // A range, and a ratio as blood pressure is read: 120/80 is "120 over 80".
    .replace(/(?<![\d.])(\d+) ?([-–—/]) ?(\d+)(?![\d.])/gu, (_, from: string, mark: string, to: string) =>
      spaced(`${integerWords(from)} ${mark === "/" ? "عَلَى" : "إِلَى"} ${oblique(integerWords(to))}`)
    )
    .replace(
      /((?<![\p{L}\p{N}])[-−+])?(\d+)(?:[.٫](\d+))?(?: ?([%٪]|(?:mg|kg|g|ml|cm|mmHg)(?![A-Za-z])))?/giu,
      (_, sign: string | undefined, whole: string, fraction: string | undefined, unit: string | undefined) =>
        number(sign ?? "", whole, fraction, unit)
    )

const arabic = (text: string): string =>
  tidy(
    withNumbers(withDates(text))
      .replace(/[%٪]/gu, spaced(percent))
      .replaceAll("&", " وَ")
      .replaceAll("+", spaced("زَائِد"))
      .replaceAll("=", spaced("يُسَاوِي"))
      .replaceAll("°", spaced("دَرَجَة"))
      .replace(/(?<![\p{L}\p{M}])د\.(?=\s*\p{L})/gu, "دُكْتُور ")
      .replace(/[A-Za-z]+/gu, (word) => spaced(spelt(word) ?? word))
      .replace(/\.{2,}|[…۔]/gu, ".")
      .replace(/[:;؛,—–]/gu, "،")
      .replaceAll("?", "؟")
      .replace(/[^\p{L}\p{M}\s.،؟!]/gu, " ")
  )

/** Brackets and the like mean markup to eSpeak, so they never reach it. */
const english = (text: string): string =>
  text
    .replace(/…/gu, ".")
    .replace(/،|؛/gu, ",")
    .replaceAll("؟", "?")
    .replace(/[^\p{L}\p{M}\p{Nd}\s.,;:!?'"’%&+=@/$€£()-]/gu, " ")
    .replace(/[^\S\n]+/gu, " ")
    .replace(/\s*\n\s*/gu, "\n")
    .trim()

export const speakable = (text: string, language: Language): string =>
  language === "ar" ? arabic(plain(text)).normalize("NFC") : english(plain(text)).normalize("NFC")
