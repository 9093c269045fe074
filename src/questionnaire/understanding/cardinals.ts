/**
 * Whole numbers in words, to the millions, in Arabic of any dialect and in English. Parts are added one by one for as
 * long as they can belong to one number; what cannot ("five six", عشرين ثلاثين) begins another.
 */
import type { Lexicon } from "./lexicon/lexicon.ts"
import { doubt } from "./scores.ts"
import { similarity } from "./similarity.ts"
import { respelt, textAt, withoutAnd, type Word } from "./words.ts"

export interface NumberRead {
  readonly value: number
  /** The first word that is no longer part of it. */
  readonly to: number
  /** Below 1: a word of it only sounded like a number word. */
  readonly score: number
  /** A digit in words may be one of several that are read one by one. */
  readonly form: "literal" | "digit" | "words"
}

/** A misheard number word is at least so long, and so alike. */
const alikeLettersMin = 4
const alikeMin = 0.8
/** In a short word one letter weighs more. */
const alikeShortMin = 0.85
const shortLettersMax = 4

interface Part {
  readonly size: "small" | "tens" | "hundreds" | "thousands"
  readonly value: number
  readonly score: number
}

interface Next {
  readonly part: Part
  /** "and" stands before it, or is written into it (وعشرين). */
  readonly joined: boolean
  readonly to: number
}

/** A number under way: `group` is what is below the next thousand. */
interface Sum {
  readonly total: number
  readonly group: number
  readonly last: Part["size"]
}

const exactPart = (word: string, lexicon: Lexicon): Part | undefined => {
  const part = (size: Part["size"], value: number | undefined): Part | undefined =>
    value === undefined ? undefined : { size, value, score: 1 }
  const thousands =
    lexicon.thousand.has(word) || lexicon.thousands.has(word)
      ? 1_000
      : lexicon.twoThousand.has(word)
        ? 2_000
        : lexicon.million.has(word)
          ? 1_000_000
          : lexicon.twoMillion.has(word)
            ? 2_000_000
            : undefined
  return (
    part("small", lexicon.small.get(word)) ??
    part("tens", lexicon.tens.get(word)) ??
    part("hundreds", lexicon.hundreds.get(word)) ??
    part("thousands", thousands)
  )
}

/** The one number word that an unknown word is like; like two of different value, it is none. */
const alikeWord = (word: string, lexicon: Lexicon): string | undefined => {
  if (word.length < alikeLettersMin || lexicon.known.has(word) || exactPart(word, lexicon) !== undefined)
    return undefined
  let found: string | undefined
  let value: number | undefined
  for (const size of ["small", "tens", "hundreds"] as const) {
    for (const [candidate, counted] of lexicon[size]) {
      if (candidate.length < alikeLettersMin || Math.abs(candidate.length - word.length) > 1) continue
      const least = Math.min(word.length, candidate.length) <= shortLettersMax ? alikeShortMin : alikeMin
      if (similarity(word, candidate, least) === 0) continue
      if (value !== undefined && value !== counted) return undefined
      found = candidate
      value = counted
    }
  }
  return found
}

const alikePart = (word: Word | undefined, lexicon: Lexicon): Part | undefined => {
  const part = word?.alike === undefined ? undefined : exactPart(word.alike.text, lexicon)
  return part === undefined ? undefined : { ...part, score: doubt }
}

/** Unknown words with the number words that they sound like. */
export const withAlikeNumbers = (words: ReadonlyArray<Word>, lexicon: Lexicon): ReadonlyArray<Word> =>
  words.map((word) => {
    const bare = withoutAnd(word.text)
    const behindAnd = bare === undefined ? undefined : alikeWord(bare, lexicon)
    const text = behindAnd ?? alikeWord(word.text, lexicon)
    return text === undefined ? word : { ...word, alike: { text, joined: behindAnd !== undefined } }
  })

/** Two words of one number: أحد عشر. */
const pairPart = (first: string, second: string, lexicon: Lexicon): Part | undefined => {
  const value = lexicon.small.get(`${first} ${second}`)
  return value === undefined ? undefined : { size: "small", value, score: 1 }
}

const nextPart = (words: ReadonlyArray<Word>, at: number, lexicon: Lexicon): Next | undefined => {
  const joined = lexicon.and.has(textAt(words, at))
  const start = joined ? at + 1 : at
  const [word, following] = [textAt(words, start), textAt(words, start + 1)]
  const bare = withoutAnd(word)
  const found = (part: Part | undefined, isJoined: boolean, length: number): Next | undefined =>
    part === undefined ? undefined : { part, joined: isJoined, to: start + length }
  return (
    found(pairPart(word, following, lexicon), joined, 2) ??
    found(exactPart(word, lexicon), joined, 1) ??
    (bare === undefined
      ? undefined
      : (found(pairPart(bare, following, lexicon), true, 2) ?? found(exactPart(bare, lexicon), true, 1))) ??
    found(alikePart(words[start], lexicon), joined || words[start]?.alike?.joined === true, 1)
  )
}

/** آلاف counts 3 to 10 thousands, ألف counts more; English has one word for both. */
const countsThousands = (count: number, word: string, lexicon: Lexicon): boolean =>
  lexicon.onesFirst && !lexicon.million.has(word)
    ? lexicon.thousands.has(word) === (count % 100 >= 3 && count % 100 <= 10)
    : true

const withSmall = (sum: Sum, { part, joined }: Next, lexicon: Lexicon): Sum | undefined => {
  const below = sum.group % 100
  const isFree = below === 0 && (sum.group > 0 || sum.total > 0)
  // Twenty five; عشرين وخمسة.
  const followsTens = part.value < 10 && sum.last === "tens" && sum.group % 10 === 0 && joined === lexicon.onesFirst
  return part.value > 0 && (isFree || followsTens)
    ? { ...sum, group: sum.group + part.value, last: part.size }
    : undefined
}

const withTens = (sum: Sum, { part, joined }: Next, lexicon: Lexicon): Sum | undefined => {
  const below = sum.group % 100
  const isFree = below === 0 && (sum.group > 0 || sum.total > 0)
  const followsOnes = lexicon.onesFirst && joined && sum.last === "small" && below > 0 && below < 10
  return isFree || followsOnes ? { ...sum, group: sum.group + part.value, last: part.size } : undefined
}

const withHundreds = (sum: Sum, { part, joined }: Next, lexicon: Lexicon): Sum | undefined => {
  if (sum.group === 0) return { ...sum, group: part.value, last: part.size }
  // ثلاث مئة, five hundred, fifteen hundred.
  const countMax = lexicon.onesFirst ? 9 : 99
  return part.value === 100 && !joined && sum.group <= countMax
    ? { ...sum, group: sum.group * 100, last: part.size }
    : undefined
}

const withThousands = (sum: Sum, { part, joined }: Next, word: string, lexicon: Lexicon): Sum | undefined => {
  const counts = part.value === 1_000 || part.value === 1_000_000
  if (sum.group > 0) {
    if (joined || !counts || (sum.total > 0 && sum.total <= part.value)) return undefined
    if (!countsThousands(sum.group, word, lexicon)) return undefined
    return { total: sum.total + sum.group * part.value, group: 0, last: part.size }
  }
  // مليون وألف, مئة ألف وألفان.
  return joined && sum.total % 100_000 === 0 && sum.total > part.value
    ? { ...sum, total: sum.total + part.value, last: part.size }
    : undefined
}

const added = (sum: Sum | undefined, next: Next, word: string, lexicon: Lexicon): Sum | undefined => {
  const { size, value } = next.part
  if (sum === undefined) {
    if (next.joined) return undefined
    return size === "thousands" ? { total: value, group: 0, last: size } : { total: 0, group: value, last: size }
  }
  switch (size) {
    case "small":
      return withSmall(sum, next, lexicon)
    case "tens":
      return withTens(sum, next, lexicon)
    case "hundreds":
      return withHundreds(sum, next, lexicon)
    case "thousands":
      return withThousands(sum, next, word, lexicon)
  }
}

/** The longest whole number in words that begins at a word. */
export const cardinalAt = (words: ReadonlyArray<Word>, at: number, lexicon: Lexicon): NumberRead | undefined => {
  const isArticle = textAt(words, at) === "a" && (nextPart(words, at + 1, lexicon)?.part.value ?? 0) >= 100
  let place = isArticle ? at + 1 : at
  let sum: Sum | undefined
  let score = 1
  let parts = 0
  while (place < words.length) {
    const next = nextPart(words, place, lexicon)
    const grown = next === undefined ? undefined : added(sum, next, textAt(words, next.to - 1), lexicon)
    if (next === undefined || grown === undefined) break
    sum = grown
    score = Math.min(score, next.part.score)
    place = next.to
    parts++
  }
  if (sum === undefined) return undefined
  const value = sum.total + sum.group
  return { value, to: place, score, form: parts === 1 && value < 10 ? "digit" : "words" }
}

/** Recognisers merge words: خمسةوعشرين is two again where both halves are number words. */
export const withNumbersApart = (words: ReadonlyArray<Word>, lexicon: Lexicon): ReadonlyArray<Word> =>
  words.flatMap((word) => {
    const cut = word.text.indexOf("و", 2)
    if (cut < 0 || lexicon.known.has(word.text)) return [word]
    const [head, tail] = [word.text.slice(0, cut), word.text.slice(cut + 1)]
    return exactPart(head, lexicon) === undefined || exactPart(tail, lexicon) === undefined
      ? [word]
      : [respelt(word, head), { ...respelt(word, `و${tail}`), afterBreak: false }]
  })
