/** Names of the Latin letters in vowelled Arabic, so that PHQ or BMI is spelt by the Arabic voice and not by an English one. */

const names: Readonly<Record<string, string>> = {
  A: "إِيه",
  B: "بِي",
  C: "سِي",
  D: "دِي",
  E: "إِي",
  F: "إِفْ",
  G: "جِي",
  H: "إِتْش",
  I: "آي",
  J: "جِيه",
  K: "كِيه",
  L: "إِلْ",
  M: "إِمْ",
  N: "إِنْ",
  O: "أُو",
  P: "بِي",
  Q: "كْيُو",
  R: "آرْ",
  S: "إِسْ",
  T: "تِي",
  U: "يُو",
  V: "فِي",
  W: "دَبِلْيُو",
  X: "إِكْس",
  Y: "وَايْ",
  Z: "زِدْ"
}

/** Longer capitals are taken for a shouted word, which the engine reads better than a row of letters. */
const acronymLettersMax = 6

/** Units that follow a number in health answers. */
const units: Readonly<Record<string, string>> = {
  mg: "مِلِّيغْرَام",
  g: "غْرَام",
  kg: "كِيلُوغْرَام",
  ml: "مِلِّيلِتْر",
  cm: "سَنْتِيمِتْر",
  mmhg: "مِلِّيمِتْر زِئْبَق"
}

export const unitWord = (unit: string): string | undefined =>
  Object.hasOwn(units, unit.toLowerCase()) ? units[unit.toLowerCase()] : undefined

/** Letter names of a single letter or an acronym; undefined for a word, which stays as it is. */
export const spelt = (word: string): string | undefined =>
  word.length === 1 || (word.length <= acronymLettersMax && word === word.toUpperCase())
    ? [...word.toUpperCase()].map((letter) => names[letter] ?? "").join(" ")
    : undefined
