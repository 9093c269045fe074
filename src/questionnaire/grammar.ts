/** The phrases that a recogniser may hear at one question; those whose words a model lacks, its host leaves out. Pure. */
import type { Plan, PlanQuestion } from "#machines/plan.ts"
import type { Expectation } from "#machines/interview.ts"
import { momentOf, questionAt } from "./answer.ts"
import { numberWords, withoutMarks } from "./arabic.ts"
import { askOf } from "./asked.ts"
import type { Ask } from "./understanding/ask.ts"
import { basicPhrases, likelyAt, spokenAt } from "./understanding/spoken.ts"

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

const askAt = (plan: Plan, expectation: Expectation): Ask => {
  const question = questionAt(plan, expectation)
  return question === undefined ? yesOrNo : askOf(question, plan.language)
}

/** Undefined where nothing is expected, or anything. */
export const grammarFor = (plan: Plan, expectation: Expectation): ReadonlyArray<string> | undefined => {
  const { language } = plan
  if (expectation.about === "nothing" || expectation.about === "correction") return undefined
  const phrases = spokenAt(askAt(plan, expectation), momentOf(expectation), language)
  if (phrases === undefined) return undefined
  const question = questionAt(plan, expectation)
  const own = question === undefined ? [] : [...(question.phrases ?? []), ...keysOf(question, language)]
  return spokenForms([...phrases, ...own])
}

/** What is likely to be said word for word, for a pause within it to be told from its end. */
export const likelyPhrasesFor = (plan: Plan, expectation: Expectation): ReadonlyArray<string> =>
  expectation.about === "nothing" || expectation.about === "correction"
    ? []
    : spokenForms(likelyAt(askAt(plan, expectation), momentOf(expectation), plan.language))

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
