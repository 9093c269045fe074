/**
 * Correct vowelled Arabic → the spelling that eSpeak NG's Arabic rules read correctly. Each rule was found by reading its
 * IPA (package 0.3.5); none adds or removes a space, so word marks still count the words of the original text.
 */

const vowels = "\u064B-\u0650"
const wordStart = "(?<![\\p{L}\\p{M}])"
const sun = "تثدذرزسشصضطظلن"
/** Where a clause ends, after optional spaces. */
const clauseEnd = "(?=\\s*(?:[.،؛؟!?,:;…]|$))"

const rules: ReadonlyArray<readonly [RegExp, string]> = [
  // NFC puts the vowel before the shadda; read so, the vowel is lost (مَرَّة → marrt).
  [new RegExp(`([${vowels}])\u0651`, "gu"), "\u0651$1"],
  // Tanwin belongs before its alif: اً is read as a long a.
  [/ا\u064B/gu, "\u064Bا"],
  // بِالحُزْن is read bi-āl-ḥuzn: behind a preposition the article is written as it sounds, بِلْحُزْن and بِشَّمْس.
  [new RegExp(`(${wordStart}(?:[وف]\u064E?)?)ب\u0650ال\u0652?([${sun}])\u0651?`, "gu"), "$1ب\u0650$2\u0651"],
  [new RegExp(`(${wordStart}(?:[وف]\u064E?)?)ب\u0650ال\u0652?(?=\\p{L})`, "gu"), "$1ب\u0650ل\u0652"],
  // Sun letters are doubled by the article, and again by a written shadda; not behind و, ف and ك.
  [new RegExp(`(${wordStart}ال[${sun}])\u0651`, "gu"), "$1"],
  // يَّ and وَّ are read as long vowels (ʔaiːaːm): write both halves of the doubled letter.
  [/(?<=\u064E)ي\u0651\u064E/gu, "ي\u0652ي\u064E"],
  [/(?<=[\u064E\u064F])و\u0651\u064E/gu, "و\u0652و\u064E"],
  // مَلَايِين is read malāyiyīna.
  [/ايِين\u0652?(?![\p{L}\p{M}])/gu, "ايِن\u0652"],
  // A pause takes the t of ة away: sabʕa, ḥayāh.
  [new RegExp(`اة[\u064B-\u0652]*${clauseEnd}`, "gu"), "اه"],
  [new RegExp(`\u064E?ة[\u064C-\u0650\u0652]*${clauseEnd}`, "gu"), "\u064E"]
]

export const espeakSpelling = (text: string): string =>
  rules.reduce((spelt, [pattern, replacement]) => spelt.replace(pattern, replacement), text.normalize("NFC"))
