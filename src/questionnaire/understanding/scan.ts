/** Words from left to right → readings in their places: at each word the longest that begins there. */
import type { Lexicon } from "./lexicon/lexicon.ts"
import { longest, type Placed, type Reader, type Reading } from "./reading.ts"
import { respelt, withoutAnd, type Word } from "./words.ts"

const commandAt = (words: ReadonlyArray<Word>, at: number, lexicon: Lexicon): Reading | undefined => {
  const found = lexicon.commands.at(words, at)
  return found === undefined ? undefined : { kind: "command", command: found.meaning, to: found.to, score: found.score }
}

const markerAt = (words: ReadonlyArray<Word>, at: number, lexicon: Lexicon): Reading | undefined => {
  const found = lexicon.markers.at(words, at)
  return found === undefined ? undefined : { kind: found.meaning, to: found.to }
}

/** What is asked, in words that say it again: without what is written into them before and after (كم عمرك؟ عمري…). */
const bare = (word: string): string =>
  word.replace(/^(?:و?[بكفل]?ال|لل|و)(?=.{3})/u, "").replace(/(?<=.{3})(?:ك|ي|كم|نا|ها|ه|s)$/u, "")

export const echoOf = (words: ReadonlyArray<Word>): ReadonlySet<string> =>
  new Set(words.map(({ text }) => bare(text)).filter((word) => word.length > 2))

export const scan = (
  words: ReadonlyArray<Word>,
  reader: Reader,
  lexicon: Lexicon,
  echo: ReadonlySet<string>
): ReadonlyArray<Placed> => {
  const readAt = (all: ReadonlyArray<Word>, at: number): Reading | undefined =>
    longest([reader(all, at), commandAt(all, at, lexicon), markerAt(all, at, lexicon)])
  const placed: Array<Placed> = []
  let at = 0
  while (at < words.length) {
    const word = words[at]
    if (word === undefined) break
    const start = { from: at, afterBreak: word.afterBreak }
    const found = readAt(words, at)
    const rest = withoutAnd(word.text)
    const split = rest === undefined ? undefined : readAt(words.with(at, respelt(word, rest)), at)
    // وعشرين begins with "and", واحد does not: the longer reading wins, and the plain one of equals.
    const reading: Reading =
      split !== undefined && split.to > (found?.to ?? at)
        ? split
        : (found ?? { kind: echo.has(bare(word.text)) ? "echo" : "unknown", to: at + 1 })
    placed.push({ ...reading, ...start, joined: reading === split })
    at = reading.to
  }
  return placed
}
