/**
 * What was said → what it means for the question at hand. Deterministic: tables and rules only. Every result names its
 * rule and how well it fits; together with the recogniser's confidence that decides whether it is taken or read back.
 */
import type { Ask, Item, Language, Moment, Said, SpokenCommand, Today, Understanding } from "./ask.ts"
import { withNumbersApart } from "./cardinals.ts"
import { textItem } from "./display.ts"
import { lexicons, type Lexicon } from "./lexicon/lexicon.ts"
import { momentAnswerAt } from "./moments.ts"
import { isNegative, optionAlike, optionAt, optionsOf, type Options } from "./options.ts"
import { numberAnswerAt, quantityAnswerAt } from "./quantities.ts"
import { longest, type Placed, type Reader } from "./reading.ts"
import { echoOf, scan } from "./scan.ts"
import { settle, type Settled } from "./settle.ts"
import { similarity } from "./similarity.ts"
import { textFrom, textOfAnswer } from "./texts.ts"
import { textAt, textOf, wordsOf, type Word } from "./words.ts"
import { yesNoOf, yesNoReader, type YesNo } from "./yes-no.ts"

export interface Situation {
  readonly ask: Ask
  readonly moment: Moment
  readonly language: Language
  readonly today: Today
}

/** Score times confidence: below it an answer is read back. */
export const sureMin = 0.75
/** Below it, words are too unlike an answer to be read back. */
const scoreMin = 0.3
/** A command that was hardly heard is none. */
const commandMin = 0.3
const otherScore = 0.6
const digitScore = 0.7

const harmless: ReadonlySet<SpokenCommand> = new Set(["repeat", "back", "help"])
const alikeCommandMin = 0.85
const alikeCommandLettersMin = 7

interface Work extends Situation {
  readonly said: Said
  readonly words: ReadonlyArray<Word>
  readonly lexicon: Lexicon
  readonly unheardWords: number
  readonly confidence: number
}

const none = (rule: string): Understanding => ({ kind: "none", rule })

const isSure = (score: number, { confidence }: Work): boolean => score * confidence >= sureMin

const answer = (items: readonly [Item, ...Array<Item>], score: number, rule: string, work: Work): Understanding =>
  score < scoreMin ? none("unlike") : { kind: "answer", items, score, sure: isSure(score, work), rule }

const yesNo = ({ kind, score, rule }: YesNo, work: Work): Understanding => ({
  kind,
  score,
  sure: isSure(score, work),
  rule
})

/** A misheard command that costs nothing if it was none. */
const commandAlike = ({ words, lexicon, unheardWords, confidence }: Work): Understanding | undefined => {
  const text = textOf(words, 0, words.length)
  if (unheardWords > 0 || text.length < alikeCommandLettersMin || confidence < sureMin) return undefined
  for (const [phrase, { meaning }] of lexicon.commands.phrases) {
    const score = harmless.has(meaning) && phrase.length >= alikeCommandLettersMin ? similarity(text, phrase) : 0
    if (score >= alikeCommandMin) return { kind: "command", command: meaning, score, rule: "sounds alike" }
  }
  return undefined
}

const concluded = (settled: Settled, work: Work): Understanding =>
  settled.kind === "items"
    ? answer(settled.items, settled.score, settled.rule, work)
    : settled.kind === "command" && settled.score * work.confidence < commandMin
      ? none("unlike")
      : settled.kind === "none" && settled.rule === "nothing"
        ? (commandAlike(work) ?? settled)
        : settled

/** By type: what may answer, word by word. */
const readerOf = (work: Work, options: Options | undefined): Reader => {
  const { ask, lexicon, language, today } = work
  switch (ask.type) {
    case "choice":
    case "open-choice":
      return (words, at) => (options === undefined ? undefined : optionAt(options, words, at, lexicon))
    case "integer":
    case "decimal":
      return (words, at) => numberAnswerAt(ask, words, at, lexicon)
    case "quantity":
      return (words, at) => quantityAnswerAt(ask, words, at, lexicon, language)
    case "date":
    case "dateTime":
    case "time":
      return (words, at) => momentAnswerAt(ask, words, at, lexicon, language, today)
    case "boolean":
    case "string":
    case "text":
    case "url":
      return () => undefined
  }
}

/** While an answer is read back, yes and no come first; at other times an option may own such a word. */
const withYesNo = (work: Work, reader: Reader): Reader => {
  const readYesNo = yesNoReader(work.lexicon)
  return work.moment === "confirmation"
    ? (words, at) => longest([readYesNo(words, at), reader(words, at)])
    : (words, at) => longest([reader(words, at), readYesNo(words, at)])
}

const placedBy = (work: Work, reader: Reader): ReadonlyArray<Placed> =>
  scan(work.words, reader, work.lexicon, echoOf(wordsOf(work.ask.text ?? "")))

/** In non-yes-or-no questions, "neither" phrases are doubts and a yes changes nothing. */
const asDoubts = (placed: ReadonlyArray<Placed>): ReadonlyArray<Placed> =>
  placed.map((reading) =>
    reading.kind === "neither"
      ? { ...reading, kind: "hedge" }
      : reading.kind === "yes"
        ? { ...reading, kind: "filler" }
        : reading
  )

const understoodYesNo = (work: Work): Understanding => {
  const placed = placedBy(work, yesNoReader(work.lexicon))
  const commands = placed.filter((reading) => reading.kind === "command")
  const said = yesNoOf(placed, work.unheardWords)
  if (said === "unclear") return none("neither yes nor no")
  const isStopping = work.moment === "stop" && commands.every(({ command }) => command === "stop")
  if (said !== undefined) return commands.length === 0 || isStopping ? yesNo(said, work) : none("answer and command")
  const isDenied = placed.some(({ kind }) => kind === "negation")
  if (isStopping && commands.length > 0 && isDenied) {
    return yesNo({ kind: "no", score: 1, rule: "negated command" }, work)
  }
  return concluded(settle(placed, { ...settling(work, undefined) }), work)
}

const booleanItem = (kind: "yes" | "no", language: Language): Item => ({
  kind: "boolean",
  value: kind === "yes",
  display: language === "ar" ? (kind === "yes" ? "نعم" : "لا") : kind === "yes" ? "Yes" : "No"
})

/** The keys of a yes-or-no question: 1 and 2. */
const keyedYesNo = ({ words, lexicon }: Work): "yes" | "no" | undefined => {
  const said = words.filter(({ text }) => !lexicon.neutralSet.has(text))
  const word = textAt(said, 0)
  const value = said.length === 1 ? (/^\d$/u.test(word) ? Number(word) : lexicon.small.get(word)) : undefined
  return value === 1 ? "yes" : value === 2 ? "no" : undefined
}

const understoodBoolean = (work: Work): Understanding => {
  const understood = understoodYesNo(work)
  if (work.moment !== "answer") return understood
  if (understood.kind === "yes" || understood.kind === "no") {
    return answer([booleanItem(understood.kind, work.language)], understood.score, understood.rule, work)
  }
  const keyed = understood.kind === "none" ? keyedYesNo(work) : undefined
  return keyed === undefined ? understood : answer([booleanItem(keyed, work.language)], digitScore, "number", work)
}

const settling = ({ moment, ask, unheardWords }: Work, options: Options | undefined) => ({
  moment,
  repeats: ask.repeats === true,
  unheardWords,
  isNegative: (item: Item): boolean =>
    item.kind === "option" ? options !== undefined && isNegative(options, item.value) : item.value === 0
})

/** Runs of unknown words, as they were said: what an open choice may hold besides its options. */
const others = (placed: ReadonlyArray<Placed>, { said, words, lexicon }: Work): ReadonlyArray<Item> => {
  const runs: Array<[from: number, to: number]> = []
  for (const { kind, from, to, afterBreak } of placed) {
    const last = runs.at(-1)
    if (kind !== "unknown") continue
    const isOwn = last === undefined || last[1] !== from || afterBreak || textAt(words, from).startsWith("وال")
    if (isOwn) runs.push([from, to])
    else last[1] = to
  }
  return runs.map(([from, to]) => {
    const text = said.text.slice(words[from]?.start, words[to - 1]?.end)
    return textItem(from > 0 && lexicon.onesFirst ? text.replace(/^و(?=ال|[أإآ])/u, "") : text, "other")
  })
}

const understoodChoice = (work: Work, options: Options): Understanding => {
  const placed = asDoubts(placedBy(work, withYesNo(work, readerOf(work, options))))
  const settled = settle(placed, settling(work, options))
  const isOpen = work.ask.type === "open-choice"
  const beside = isOpen && work.moment === "answer" ? others(placed, work) : []
  if (settled.kind === "items" && beside.length > 0 && work.ask.repeats === true) {
    return answer([...settled.items, ...beside], Math.min(settled.score, otherScore), "other", work)
  }
  if (settled.kind !== "none" || settled.rule !== "nothing") return concluded(settled, work)
  const alike = bestAlike(placed, work, options)
  if (alike !== undefined) return answer([alike.item], alike.score, "sounds alike", work)
  const [first, ...rest] = beside
  if (first === undefined || placed.some(({ kind }) => kind === "no" || kind === "negation"))
    return concluded(settled, work)
  const score = work.said.via === "text" ? 1 : otherScore
  return rest.length === 0 || work.ask.repeats === true
    ? answer([first, ...rest], score, "other", work)
    : answer([textItem(work.said.text.trim(), "other")], score, "other", work)
}

const isAside = (kind: Placed["kind"]): boolean => kind === "filler"

/** All that was said but for its fillers, or one run of unknown words. */
const bestAlike = (placed: ReadonlyArray<Placed>, { words, unheardWords }: Work, options: Options) => {
  if (placed.some(({ kind }) => kind === "negation" || kind === "no")) return undefined
  const whole = placed
    .filter(({ kind }) => !isAside(kind))
    .map(({ from, to }) => textOf(words, from, to - from))
    .join(" ")
  const runs = placed.filter(({ kind }) => kind === "unknown").map(({ from, to }) => textOf(words, from, to - from))
  const found = [whole, runs.join(" ")].flatMap((text) => optionAlike(options, text) ?? [])
  const best = found.reduce<(typeof found)[number] | undefined>(
    (a, b) => (a === undefined || b.score > a.score ? b : a),
    undefined
  )
  return best === undefined ? undefined : { ...best, score: best.score * (unheardWords > 0 ? digitScore : 1) }
}

const understoodText = (work: Work): Understanding => {
  const { ask, said, words, lexicon, moment, unheardWords } = work
  if (ask.type !== "string" && ask.type !== "text" && ask.type !== "url") return none("nothing")
  const placed = placedBy(work, yesNoReader(lexicon))
  const isWhole = (kinds: ReadonlyArray<Placed["kind"]>) =>
    unheardWords === 0 && placed.every(({ kind }) => kinds.includes(kind) || isAside(kind))
  if (placed.some(({ kind }) => kind === "command") && isWhole(["command"])) {
    return concluded(settle(placed, settling(work, undefined)), work)
  }
  if (moment === "confirmation") {
    const confirmed = yesNoOf(placed, unheardWords)
    if (confirmed !== undefined && confirmed !== "unclear" && isWhole(["yes", "no", "neutral"]))
      return yesNo(confirmed, work)
  }
  if (said.degraded === true && said.via === "voice") return none("stand-in")
  const start =
    moment === "confirmation" ? placed.findIndex(({ kind }) => !["no", "correction", "filler"].includes(kind)) : 0
  const first = placed[Math.max(0, start)]
  const text = first === undefined || first.from === 0 ? said.text : textFrom(said.text, words, first.from)
  const read = textOfAnswer(ask, { ...said, text }, wordsOf(text), lexicon)
  const [item, ...more] = read?.items ?? []
  if (read === undefined || item === undefined) return none("nothing")
  const tooLong = [item, ...more].find(({ display }) => ask.lengthMax !== undefined && display.length > ask.lengthMax)
  if (tooLong !== undefined) return { kind: "out_of_range", item: tooLong, rule: "length" }
  const doubt = (unheardWords > 0 ? digitScore : 1) * (moment === "confirmation" ? digitScore : 1)
  return answer([item, ...more], read.score * doubt, read.rule, work)
}

/** A number, quantity, date or time. */
const understoodMeasured = (work: Work): Understanding =>
  concluded(
    settle(asDoubts(placedBy(work, withYesNo(work, readerOf(work, undefined)))), settling(work, undefined)),
    work
  )

/** An answer stands above a yes; a yes beside an answer makes both less sure. */
const understoodConfirmation = (work: Work, understood: Understanding): Understanding => {
  const placed = placedBy(work, yesNoReader(work.lexicon))
  const said = yesNoOf(placed, work.unheardWords)
  if (understood.kind === "none") {
    return said === undefined ? understood : said === "unclear" ? none("neither yes nor no") : yesNo(said, work)
  }
  return understood.kind === "answer" && said !== undefined && said !== "unclear" && said.kind === "yes"
    ? { ...understood, sure: false, rule: `${understood.rule}, beside a yes` }
    : understood
}

export const understand = ({ ask, moment, language, today }: Situation, said: Said): Understanding => {
  const lexicon = lexicons[language]
  const text = said.text.normalize("NFC")
  const words = withNumbersApart(wordsOf(text), lexicon)
  const unheardWords = said.unknownWords ?? 0
  const confidence = said.confidence ?? (said.via === "text" ? 1 : 0)
  const work: Work = { ask, moment, language, today, said: { ...said, text }, words, lexicon, unheardWords, confidence }
  if (words.length === 0) return none("nothing said")
  if (moment === "consent" || moment === "stop" || ask.type === "boolean") return understoodBoolean(work)
  if (ask.type === "string" || ask.type === "text" || ask.type === "url") return understoodText(work)
  const understood =
    ask.type === "choice" || ask.type === "open-choice"
      ? understoodChoice(work, optionsOf(ask, lexicon))
      : understoodMeasured(work)
  return moment === "confirmation" ? understoodConfirmation(work, understood) : understood
}
