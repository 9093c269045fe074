/** The phrases that a recogniser may hear at one question; those whose words a model lacks, its host leaves out. Pure. */
import type { Plan, PlanQuestion } from "#machines/plan.ts"
import type { Expectation } from "#machines/interview.ts"
import { momentOf } from "./answer.ts"
import { numberWords, withoutMarks } from "./arabic.ts"
import { askOf } from "./asked.ts"
import type { Ask } from "./understanding/ask.ts"
import { basicPhrases, spokenAt } from "./understanding/spoken.ts"

const wordsOf = (phrase: string): ReadonlyArray<string> => phrase.split(/\s+/).filter((word) => word !== "")

/** Bare, without digits (a model knows words) and without doubles. */
const spokenForms = (phrases: ReadonlyArray<string>): ReadonlyArray<string> => [
  ...new Set(
    phrases
      .map((text) =>
        withoutMarks(text)
          .replace(/[^\p{L}\s]/gu, " ")
          .replace(/\s+/g, " ")
          .trim()
      )
      .filter((text) => text !== "")
  )
]

/** The numbers that choose its options. */
const keysOf = ({ options }: PlanQuestion, language: Plan["language"]): ReadonlyArray<string> =>
  options.flatMap(({ key }) => numberWords[language][Number(key)] ?? [])

const yesOrNo: Ask = { type: "boolean" }

/** Undefined where nothing is expected, or anything. */
export const grammarFor = (plan: Plan, expectation: Expectation): ReadonlyArray<string> | undefined => {
  const { language } = plan
  const { about } = expectation
  if (about === "nothing" || about === "correction") return undefined
  const moment = momentOf(expectation)
  const question =
    about === "answer" || about === "confirmation"
      ? plan.questions.find(({ linkId }) => linkId === expectation.linkId)
      : undefined
  const phrases = spokenAt(question === undefined ? yesOrNo : askOf(question, language), moment, language)
  if (phrases === undefined) return undefined
  const own = question === undefined ? [] : [...(question.phrases ?? []), ...keysOf(question, language)]
  return spokenForms([...phrases, ...own])
}

/**
 * Every word that a questionnaire cannot do without, for the model to be asked which it lacks: its own phrases, the
 * numbers of its options, and one way of saying yes, no and each command. Synonyms come on top where a model knows them.
 */
export const vocabularyOf = (plan: Plan): ReadonlyArray<string> => {
  const { language, questions } = plan
  const own = questions.flatMap((question) => [
    ...question.options.flatMap(({ display, phrases }) => [display, ...phrases]),
    ...question.options.flatMap(({ key }) => numberWords[language][Number(key)]?.[0] ?? [])
  ])
  return [...new Set(spokenForms([...basicPhrases(language), ...own]).flatMap(wordsOf))]
}
