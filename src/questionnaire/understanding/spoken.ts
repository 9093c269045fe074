/** The phrases that may be said at one question and are few enough for a recogniser's grammar, as they are written. */
import type { Ask, Language, Moment } from "./ask.ts"
import { lexicons } from "./lexicon/lexicon.ts"
import { optionsOf, type ChoiceAsk } from "./options.ts"
import { foldedPhrase } from "./words.ts"

/** Negations and corrections too: a recogniser that cannot hear "not" hears the opposite. */
const around = (language: Language): ReadonlyArray<string> => {
  const { written } = lexicons[language]
  return [...written.commands.flat(), ...written.turns]
}

const yesNo = (language: Language): ReadonlyArray<string> => {
  const { yes, no } = lexicons[language].written
  return [...yes, ...no]
}

/** A recogniser takes the words of a phrase for words of their own, and a plain no is too short to be listened for. */
const holdsNo = (phrase: string, language: Language): boolean =>
  foldedPhrase(phrase)
    .split(" ")
    .some((word) => lexicons[language].bareNo.has(word))

const choice = (ask: ChoiceAsk, language: Language): ReadonlyArray<string> => {
  const { scales } = optionsOf(ask, lexicons[language])
  return ask.options.flatMap((option) => [
    option.display,
    ...option.phrases,
    ...(scales.get(option) ?? []).flatMap(({ written }) => written.filter((phrase) => !holdsNo(phrase, language)))
  ])
}

/** One way of saying yes, no and each command. */
export const basicPhrases = (language: Language): ReadonlyArray<string> => {
  const { yes, no, commands } = lexicons[language].written
  const firsts = new Map(
    lexicons[language].commandPhrases.map(([command], index) => [command, commands[index]?.[0]]).toReversed() as Array<
      [string, string | undefined]
    >
  )
  return [yes[0], no[0], ...firsts.values()].filter((phrase) => phrase !== undefined)
}

/** What is likely to be said word for word: whoever has said the beginning of it goes on. */
export const likelyAt = (ask: Ask, moment: Moment, language: Language): ReadonlyArray<string> => {
  const { commands, agreement } = lexicons[language].written
  const answers = moment !== "answer" || ask.type === "boolean" ? [...basicPhrases(language), ...agreement] : []
  const options =
    ask.type === "choice" || ask.type === "open-choice"
      ? ask.options.flatMap(({ display, phrases }) => [display, ...phrases])
      : []
  return [...answers, ...options, ...commands.flatMap(([first]) => first ?? [])]
}

const numberTypes: ReadonlySet<Ask["type"]> = new Set(["integer", "decimal", "quantity"])
const timeTypes: ReadonlySet<Ask["type"]> = new Set(["date", "dateTime", "time"])

/** Numbers with their units, dates and times, and the question's own words: people answer in a sentence. */
const measured = ({ type, text = "" }: Ask, language: Language): ReadonlyArray<string> | undefined => {
  const { numbers, units, calendar } = lexicons[language].written
  const own = text.split(/\s+/u)
  if (numberTypes.has(type)) return [...numbers, ...units, ...own]
  return timeTypes.has(type) ? [...numbers, ...units, ...calendar, ...own] : undefined
}

/** Undefined: anything may be said, more than a grammar can list. */
export const spokenAt = (ask: Ask, moment: Moment, language: Language): ReadonlyArray<string> | undefined => {
  const phrases = spokenAlone(ask, moment === "another" ? "confirmation" : moment, language)
  if (phrases === undefined || (ask.repeats !== true && moment !== "another")) return phrases
  const { enough } = lexicons[language].written
  return [...phrases, ...(moment === "answer" ? enough.filter((phrase) => !holdsNo(phrase, language)) : enough)]
}

const spokenAlone = (ask: Ask, moment: Moment, language: Language): ReadonlyArray<string> | undefined => {
  if (moment === "consent" || moment === "stop") {
    // Few words, so that no other is taken for one of them: a wrong yes or no ends or begins everything.
    const { plain, goOn } = lexicons[language].written
    return moment === "stop" ? [...plain, ...goOn] : plain
  }
  if (ask.type !== "boolean" && ask.type !== "choice") {
    const words = measured(ask, language)
    if (moment === "confirmation") return [...yesNo(language), ...around(language), ...(words ?? [])]
    return words === undefined ? undefined : [...words, ...around(language)]
  }
  const options = ask.type === "choice" ? choice(ask, language) : []
  const answers = moment === "confirmation" || ask.type === "boolean" ? yesNo(language) : []
  return [...answers, ...options, ...around(language)]
}
