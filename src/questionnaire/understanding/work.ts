/** One understanding under way, and how its results are made. */
import type { Ask, Item, Language, Moment, Said, SpokenCommand, Today, Understanding } from "./ask.ts"
import type { Lexicon } from "./lexicon/lexicon.ts"
import type { Placed, Reader } from "./reading.ts"
import { echoOf, scan } from "./scan.ts"
import { scoreMin, sureMin, yesNoConfidenceMin } from "./scores.ts"
import type { Settled, Settling } from "./settle.ts"
import { similarity } from "./similarity.ts"
import { textOf, wordsOf, type Word } from "./words.ts"

export interface Situation {
  readonly ask: Ask
  readonly moment: Moment
  readonly language: Language
  readonly today: Today
}

export interface Work extends Situation {
  readonly said: Said
  readonly words: ReadonlyArray<Word>
  readonly lexicon: Lexicon
  /** Words that were heard and are not in the text. */
  readonly unheardWords: number
  readonly confidence: number
}

/** A misheard command that costs nothing if it was none. */
const harmless: ReadonlySet<SpokenCommand> = new Set(["repeat", "back", "help"])
const alikeCommandMin = 0.85
const alikeCommandLettersMin = 6
/** A command that was hardly heard is none. */
const commandMin = 0.5

export const none = (rule: string): Understanding => ({ kind: "none", rule })

export const isSure = (score: number, { confidence }: Work): boolean => score * confidence >= sureMin

export const isSureYesNo = (score: number, work: Work): boolean =>
  isSure(score, work) && work.confidence >= yesNoConfidenceMin

export const answer = (
  items: readonly [Item, ...Array<Item>],
  score: number,
  rule: string,
  work: Work
): Understanding => {
  const sure = items.some(({ kind }) => kind === "boolean") ? isSureYesNo(score, work) : isSure(score, work)
  return score < scoreMin ? none("unlike") : { kind: "answer", items, score, sure, rule }
}

const commandAlike = ({ words, lexicon, unheardWords, confidence }: Work): Understanding | undefined => {
  const text = textOf(words, 0, words.length)
  if (unheardWords > 0 || text.length < alikeCommandLettersMin || confidence < sureMin) return undefined
  for (const [phrase, { meaning }] of lexicon.commands.phrases) {
    const score =
      harmless.has(meaning) && phrase.length >= alikeCommandLettersMin ? similarity(text, phrase, alikeCommandMin) : 0
    if (score > 0) return { kind: "command", command: meaning, score, rule: "sounds alike" }
  }
  return undefined
}

const withRuledOut = (understood: Understanding, ruledOut: ReadonlyArray<Item>): Understanding =>
  understood.kind === "answer" && ruledOut.length > 0 ? { ...understood, ruledOut } : understood

export const concluded = (settled: Settled, work: Work): Understanding =>
  settled.kind === "items"
    ? withRuledOut(answer(settled.items, settled.score, settled.rule, work), settled.ruledOut)
    : settled.kind === "command" && settled.score * work.confidence < commandMin
      ? none("unlike")
      : settled.kind === "none" && settled.rule === "nothing"
        ? (commandAlike(work) ?? settled)
        : settled

export const placedBy = (work: Work, reader: Reader): ReadonlyArray<Placed> =>
  scan(work.words, reader, work.lexicon, echoOf(wordsOf(work.ask.text ?? "")))

/** `isNegative`: this item says that there is none. */
export const settling = ({ moment, ask, unheardWords }: Work, isNegative?: (item: Item) => boolean): Settling => ({
  moment,
  repeats: ask.repeats === true,
  unheardWords,
  isNegative: isNegative ?? (({ value }) => value === 0)
})
