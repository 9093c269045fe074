/**
 * Speakable text → sentences, the unit in which speech is rendered, cached and interrupted. The first one decides how
 * long a person waits, so an overlong sentence is cut at a comma, else between words; never inside a number.
 */

/** UTF-16 units; vowelled Arabic of this length lasts about 6 s. */
const sentenceUnitsMax = 160
/** A comma earlier than this leaves a stump. */
const cutUnitsMin = 40

const cutAt = (sentence: string): number => {
  const head = sentence.slice(0, sentenceUnitsMax)
  const comma =
    Math.max(head.lastIndexOf("، "), head.lastIndexOf(", "), head.lastIndexOf("; "), head.lastIndexOf(": ")) + 1
  if (comma >= cutUnitsMin) return comma
  const space = head.lastIndexOf(" ")
  if (space >= cutUnitsMin) return space
  // No word is this long: cut where neither a pair of surrogates nor a letter and its marks come apart.
  let at = sentenceUnitsMax
  while (at > 1 && /^[\p{M}\uDC00-\uDFFF]/u.test(sentence.slice(at, at + 1))) at--
  return at
}

const pieces = (sentence: string): ReadonlyArray<string> => {
  const parts: Array<string> = []
  let rest = sentence
  while (rest.length > sentenceUnitsMax) {
    const at = cutAt(rest)
    parts.push(rest.slice(0, at).trim())
    rest = rest.slice(at).trim()
  }
  return [...parts, rest]
}

export const sentences = (text: string): ReadonlyArray<string> =>
  text
    .split(/(?<=[.؟?!…])\s+|\n+/u)
    .map((sentence) => sentence.trim())
    .filter((sentence) => /[\p{L}\p{N}]/u.test(sentence))
    .flatMap(pieces)
