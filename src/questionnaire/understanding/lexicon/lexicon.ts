/** The word lists of each language, folded once when the module loads. What a list means stands where it is written. */
import type { Language, SpokenCommand } from "../ask.ts"
import { doubt } from "../scores.ts"
import * as arAnswers from "./ar/answers.ts"
import * as arCalendar from "./ar/calendar.ts"
import * as arCommands from "./ar/commands.ts"
import * as arDistress from "./ar/distress.ts"
import * as arNumbers from "./ar/numbers.ts"
import * as arScales from "./ar/scales.ts"
import * as arSpeech from "./ar/speech.ts"
import * as arUnits from "./ar/units.ts"
import * as enAnswers from "./en/answers.ts"
import * as enCalendar from "./en/calendar.ts"
import * as enCommands from "./en/commands.ts"
import * as enDistress from "./en/distress.ts"
import * as enNumbers from "./en/numbers.ts"
import * as enScales from "./en/scales.ts"
import * as enSpeech from "./en/speech.ts"
import * as enUnits from "./en/units.ts"
import { PhraseBook } from "../phrase-book.ts"
import type { Marker } from "../reading.ts"
import { foldedPhrase } from "../words.ts"
import { graded, keyed, numbered, phrases, table, type Table, written, writtenLines, writtenParts } from "./lines.ts"

type Named<Module> = { readonly [Name in keyof Module]: string }

/** The modules of both languages export the same names; TypeScript holds them to it. */
interface Lists {
  readonly answers: Named<typeof arAnswers>
  readonly calendar: Named<typeof arCalendar>
  readonly commands: Named<typeof arCommands>
  readonly distress: Named<typeof arDistress>
  readonly numbers: Named<typeof arNumbers>
  readonly scales: Named<typeof arScales>
  readonly speech: Named<typeof arSpeech>
  readonly units: Named<typeof arUnits>
}

export type PartOfDay = "morning" | "noon" | "afternoon" | "evening" | "night"

/** One wording of a scale and its synonyms. */
export interface Scale {
  readonly name: string
  readonly sure: ReadonlyArray<string>
  readonly unsure: ReadonlyArray<string>
  readonly isNegative: boolean
  /** All of them as they are written, for a recogniser. */
  readonly written: ReadonlyArray<string>
  /** Days out of two weeks, from and to. */
  readonly days?: readonly [from: number, to: number]
}

/** A word for a unit or a counted thing. `count`: it means so many by itself (أسبوعين). */
export interface UnitWord {
  readonly unit: string
  readonly isCounter: boolean
  readonly count?: 1 | 2
}

const scalesOf = ({ scales, negativeScales, daysOfFourteen }: Lists["scales"]): ReadonlyArray<Scale> => {
  const negative = new Set(phrases(negativeScales))
  const days = new Map(
    table(daysOfFourteen).map(([name, [from, to = from]]) => [name, [Number(from), Number(to)] as const])
  )
  return scales
    .split("\n")
    .filter((line) => line.trim() !== "")
    .map((line) => {
      const [name = "", words = ""] = line.split(/:(.*)/u)
      const [sure = "", unsure = ""] = words.split("~")
      const range = days.get(name)
      return {
        name,
        sure: phrases(sure),
        unsure: phrases(unsure),
        written: written(words),
        isNegative: negative.has(name),
        ...(range === undefined ? {} : { days: range })
      }
    })
}

/** Phrases of several lists; the first list that has a phrase names its meaning. */
const bookOf = <Meaning>(
  lists: ReadonlyArray<readonly [ReadonlyArray<string>, Meaning, score?: number]>
): PhraseBook<Meaning> => {
  const book = new PhraseBook<Meaning>()
  for (const [list, meaning, score = 1] of lists) {
    for (const phrase of list) book.add(phrase, { meaning, score, rule: "phrase" }, true)
  }
  return book
}

const unitLines = (block: string, isCounter: boolean): ReadonlyArray<readonly [string, UnitWord]> =>
  block
    .split("\n")
    .filter((line) => line.trim() !== "")
    .flatMap((line) => {
      const [unit = "", words = ""] = line.split(/:(.*)/u)
      const [one = "", several = "", two = ""] = words.split(/[;؛]/u)
      const counted = (block: string, count?: 1 | 2) =>
        phrases(block).map((word) => [word, { unit, isCounter, ...(count === undefined ? {} : { count }) }] as const)
      return [...counted(one, 1), ...counted(several), ...counted(two, 2)]
    })

const listsOf = ({ answers, calendar, commands, numbers, scales, speech, units }: Lists) => ({
  yes: graded(answers.yes),
  no: graded(answers.no),
  neither: phrases(answers.neither),
  /** For a recogniser: as they are written. */
  written: {
    yes: written(answers.yes),
    no: written(answers.no),
    goOn: written(answers.goOn),
    agreement: written(answers.agreement),
    enough: written(speech.enough),
    plain: [answers.bareYes, answers.bareNo, answers.agreement].flatMap(written),
    commands: writtenLines(commands.commands),
    numbers: [
      ...[numbers.small, numbers.tens, numbers.hundreds, numbers.fractions].flatMap(writtenLines).flat(),
      ...[numbers.thousand, numbers.thousands, numbers.twoThousand, numbers.point].flatMap(written)
    ],
    units: [units.units, units.counters].flatMap(writtenParts),
    calendar: Object.values<string>(calendar).flatMap(writtenParts),
    turns: [...written(speech.negations), ...written(speech.corrections)].filter(
      (phrase) => !phrases(answers.bareNo).includes(foldedPhrase(phrase))
    )
  },
  bareNo: new Set(phrases(answers.bareNo)),
  bareYes: new Set(phrases(answers.bareYes)),
  goOn: phrases(answers.goOn),
  oneOfThem: new Set(phrases(numbers.oneOfThem)),
  noneBeginnings: phrases(scales.noneBeginnings),
  commandPhrases: table(commands.commands) as Table<SpokenCommand>,
  scales: scalesOf(scales),
  units: new Map([...unitLines(units.units, false), ...unitLines(units.counters, true)].toReversed()),
  fillers: phrases(speech.fillers),
  neutral: phrases(speech.neutral),
  hedges: phrases(speech.hedges),
  negations: phrases(speech.negations),
  corrections: phrases(speech.corrections),
  alternatives: phrases(speech.alternatives),
  contrasts: phrases(speech.contrasts),
  wholes: phrases(speech.wholes),
  joiners: phrases(speech.joiners),
  enough: new Set(phrases(speech.enough)),
  minus: new Set(phrases(speech.minus)),
  nothing: graded(speech.nothing),
  leadIns: new Set(phrases(speech.leadIns)),
  sounds: new Set(phrases(speech.sounds)),
  slash: new Set(phrases(numbers.slash)),
  small: keyed(numbered(numbers.small)),
  tens: keyed(numbered(numbers.tens)),
  hundreds: keyed(numbered(numbers.hundreds)),
  thousand: new Set(phrases(numbers.thousand)),
  thousands: new Set(phrases(numbers.thousands)),
  twoThousand: new Set(phrases(numbers.twoThousand)),
  million: new Set(phrases(numbers.million)),
  twoMillion: new Set(phrases(numbers.twoMillion)),
  and: new Set(phrases(numbers.and)),
  point: new Set(phrases(numbers.point)),
  fractions: keyed(numbered(numbers.fractions)),
  lessThan: new Set(phrases(numbers.lessThan)),
  ordinals: keyed(numbered(numbers.ordinals)),
  vague: keyed(numbered(numbers.vague)),
  ordinalTen: new Set(phrases(numbers.ordinalTen)),
  last: bookOf([[phrases(numbers.last), true]]),
  outOf: new Set(phrases(numbers.outOf)),
  soundsLike: keyed(numbered(numbers.soundsLike)),
  months: keyed(numbered(calendar.months)),
  weekdays: keyed(numbered(calendar.weekdays)),
  days: keyed(numbered(calendar.days)),
  past: new Set(phrases(calendar.past)),
  next: new Set(phrases(calendar.next)),
  current: new Set(phrases(calendar.current)),
  before: new Set(phrases(calendar.before)),
  ago: new Set(phrases(calendar.ago)),
  after: new Set(phrases(calendar.after)),
  fromNow: new Set(phrases(calendar.fromNow)),
  inDates: new Set(phrases(calendar.inDates)),
  yearWords: new Set(phrases(calendar.yearWords)),
  monthWords: new Set(phrases(calendar.monthWords)),
  theWeek: new Set(phrases(calendar.theWeek)),
  theMonth: new Set(phrases(calendar.theMonth)),
  theYear: new Set(phrases(calendar.theYear)),
  oclock: new Set(phrases(calendar.oclock)),
  minutesWord: new Set(phrases(calendar.minutesWord)),
  hourFractions: keyed(numbered(calendar.hourFractions)),
  minutesTo: new Set(phrases(calendar.minutesTo)),
  minutesPast: new Set(phrases(calendar.minutesPast)),
  half: new Set(phrases(calendar.half)),
  quarter: new Set(phrases(calendar.quarter)),
  partsOfDay: keyed(table(calendar.partsOfDay)) as ReadonlyMap<string, PartOfDay>,
  eveningQuestions: new Set(phrases(calendar.eveningQuestions)),
  morningQuestions: new Set(phrases(calendar.morningQuestions)),
  midnight: new Set(phrases(calendar.midnight)),
  noon: new Set(phrases(calendar.noon))
})

/** `onesFirst`: five and twenty, as in Arabic. */
const lexiconOf = (lists: Lists, onesFirst: boolean) => {
  const lexicon = listsOf(lists)
  const { units, months, weekdays, days, ordinals, partsOfDay, small, tens, hundreds } = lexicon
  /** Words that mean something else than the number they may sound like. */
  const known = new Set([
    ...[units, months, weekdays, days, ordinals, partsOfDay, small, tens, hundreds].flatMap((words) => [
      ...words.keys()
    ]),
    ...[lexicon.fillers, lexicon.neutral, lexicon.negations, lexicon.hedges, lexicon.corrections].flat()
  ])
  const { yes, no, neither, commandPhrases, nothing } = lexicon
  const { selfHarm, emergency, figures, ceasing } = lists.distress
  return {
    ...lexicon,
    known,
    onesFirst,
    joinerSet: new Set(lexicon.joiners),
    neutralSet: new Set(lexicon.neutral),
    denials: new Set([...lexicon.negations, ...lexicon.bareNo]),
    yesNo: bookOf<"yes" | "no" | "neither" | "goOn">([
      [lexicon.goOn, "goOn"],
      [neither, "neither"],
      [yes.sure, "yes"],
      [no.sure, "no"],
      [yes.unsure, "yes", doubt],
      [no.unsure, "no", doubt]
    ]),
    distress: bookOf([
      [phrases(figures), "figure"],
      [phrases(selfHarm), "self-harm"],
      [phrases(emergency), "emergency"],
      [phrases(ceasing), "ceasing"]
    ]),
    /** Single words that are known though they were misheard. */
    distressWords: phrases(selfHarm).filter((phrase) => !phrase.includes(" ")),
    commands: bookOf(commandPhrases.map(([command, list]) => [list, command] as const)),
    none: bookOf([
      [nothing.sure, true],
      [nothing.unsure, true, doubt]
    ]),
    /** In order of precedence where one phrase is in two lists. */
    markers: bookOf<Marker>([
      [lexicon.corrections, "correction"],
      [lexicon.alternatives, "alternative"],
      [lexicon.negations, "negation"],
      [lexicon.contrasts, "contrast"],
      [lexicon.wholes, "whole"],
      [lexicon.hedges, "hedge"],
      [lexicon.joiners, "joiner"],
      [lexicon.fillers, "filler"],
      [lexicon.neutral, "neutral"]
    ])
  }
}

export type Lexicon = ReturnType<typeof lexiconOf>

export const lexicons: Readonly<Record<Language, Lexicon>> = {
  ar: lexiconOf(
    {
      answers: arAnswers,
      calendar: arCalendar,
      commands: arCommands,
      distress: arDistress,
      numbers: arNumbers,
      scales: arScales,
      speech: arSpeech,
      units: arUnits
    },
    true
  ),
  en: lexiconOf(
    {
      answers: enAnswers,
      calendar: enCalendar,
      commands: enCommands,
      distress: enDistress,
      numbers: enNumbers,
      scales: enScales,
      speech: enSpeech,
      units: enUnits
    },
    false
  )
}
