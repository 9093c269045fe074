/**
 * How alike two folded phrases sound, 0 to 1: edit distance where letters that dialects and recognisers confuse cost
 * less than others. Spaces are not compared, since recognisers merge and split words.
 */

/** Letters within a group are often taken for one another. */
const soundGroups = [
  "تطث",
  "سصث",
  "دضذظ",
  "زذظ",
  "قكغجء",
  "حهع",
  "يا",
  "وا",
  "td",
  "sz",
  "kqc",
  "ie",
  "ao",
  "uo",
  "fv",
  "pb",
  "mn"
]
/** Dropped or put in at little cost: long vowels, silent letters. */
const light = new Set("اويهhe")

const confused = new Set(soundGroups.flatMap((group) => [...group].flatMap((a) => [...group].map((b) => a + b))))

const substitution = (a: string, b: string): number => (a === b ? 0 : confused.has(a + b) ? 0.5 : 1)
const lightCost = 0.6
const dropping = (letter: string): number => (light.has(letter) ? lightCost : 1)

/** Infinity as soon as it is more than `most`. */
const distance = (a: string, b: string, most: number): number => {
  let previous = [0]
  for (const letter of b) previous.push((previous.at(-1) ?? 0) + dropping(letter))
  for (const letter of a) {
    const row = [(previous[0] ?? 0) + dropping(letter)]
    let least = row[0] ?? 0
    for (let at = 1; at <= b.length; at++) {
      const other = b[at - 1] ?? ""
      const cost = Math.min(
        (previous[at - 1] ?? 0) + substitution(letter, other),
        (previous[at] ?? 0) + dropping(letter),
        (row[at - 1] ?? 0) + dropping(other)
      )
      row.push(cost)
      least = Math.min(least, cost)
    }
    if (least > most) return Number.POSITIVE_INFINITY
    previous = row
  }
  return previous.at(-1) ?? 0
}

/** 0 where they are less alike than `least`: most pairs are, and are given up early. */
export const similarity = (a: string, b: string, least = 0): number => {
  const [one, other] = [a.replaceAll(" ", ""), b.replaceAll(" ", "")]
  const longest = Math.max(one.length, other.length)
  if (longest === 0) return 1
  // A hair more: 1 - 0.8 is not 0.2.
  const most = (1 - least) * longest + 1e-9
  if (Math.abs(one.length - other.length) * lightCost > most) return 0
  const alike = 1 - distance(one, other, most) / longest
  return alike >= least - 1e-9 ? alike : 0
}
