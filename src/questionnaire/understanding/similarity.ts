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

const substitution = (a: string, b: string): number =>
  a === b ? 0 : soundGroups.some((group) => group.includes(a) && group.includes(b)) ? 0.5 : 1
const dropping = (letter: string): number => (light.has(letter) ? 0.6 : 1)

const distance = (a: string, b: string): number => {
  let previous = [0]
  for (const letter of b) previous.push((previous.at(-1) ?? 0) + dropping(letter))
  for (const letter of a) {
    const row = [(previous[0] ?? 0) + dropping(letter)]
    for (let at = 1; at <= b.length; at++) {
      const other = b[at - 1] ?? ""
      row.push(
        Math.min(
          (previous[at - 1] ?? 0) + substitution(letter, other),
          (previous[at] ?? 0) + dropping(letter),
          (row[at - 1] ?? 0) + dropping(other)
        )
      )
    }
    previous = row
  }
  return previous.at(-1) ?? 0
}

export const similarity = (a: string, b: string): number => {
  const [one, other] = [a.replaceAll(" ", ""), b.replaceAll(" ", "")]
  const longest = Math.max(one.length, other.length)
  return longest === 0 ? 1 : Math.max(0, 1 - distance(one, other) / longest)
}
