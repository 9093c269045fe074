/**
 * Arabic letters and their vowel marks (tashkeel). eSpeak does not guess short vowels: unmarked text comes out as bare
 * consonants, so the density of marks decides whether a prompt can be understood (`npm run lint:tashkeel`).
 */

/** Tanwin, fatha, damma, kasra, shadda, sukun, and the dagger alif of هٰذا. */
const marks = /[\u064B-\u0652\u0670]/gu
const letters = /[\u0621-\u063A\u0641-\u064A\u0671]/gu

/** The least density that speech can be made of: one mark for every three letters. */
export const tashkeelDensityMin = 1 / 3

export const stripMarks = (text: string): string => text.normalize("NFC").replace(marks, "")

/** Marks for each Arabic letter; 1 for a text without Arabic letters, which needs none. */
export const tashkeelDensity = (text: string): number => {
  const letterCount = text.normalize("NFC").match(letters)?.length ?? 0
  return letterCount === 0 ? 1 : (text.match(marks)?.length ?? 0) / letterCount
}
