/** The phrases that a recogniser may hear at one question, as far as the loaded model knows their words. Pure. */
import type { Plan } from "#machines/plan.ts"
import type { Expectation } from "#machines/interview.ts"
import { phrasesFor } from "./answer.ts"
import { withoutMarks } from "./arabic.ts"

const wordsOf = (phrase: string): ReadonlyArray<string> => phrase.split(/\s+/).filter((word) => word !== "")

/** Bare, without digits (a model knows words) and without doubles. */
const spokenForms = (plan: Plan, expectation: Expectation): ReadonlyArray<string> => [
  ...new Set(
    phrasesFor(plan, expectation)
      .map(({ text }) =>
        withoutMarks(text)
          .replace(/[^\p{L}\s]/gu, " ")
          .replace(/\s+/g, " ")
          .trim()
      )
      .filter((text) => text !== "")
  )
]

/** Undefined where nothing is expected. `missing` are the words that the model cannot hear. */
export const grammarFor = (
  plan: Plan,
  expectation: Expectation,
  missing: ReadonlySet<string>
): ReadonlyArray<string> | undefined => {
  if (expectation.about === "nothing") return undefined
  return spokenForms(plan, expectation).filter((phrase) => wordsOf(phrase).every((word) => !missing.has(word)))
}

/** Every word that a questionnaire may want to hear, for the model to be asked which it lacks. */
export const vocabularyOf = (plan: Plan): ReadonlyArray<string> => {
  const expectations: ReadonlyArray<Expectation> = [
    { about: "consent" },
    ...plan.questions.map(({ linkId }) => ({ about: "confirmation" as const, linkId }))
  ]
  return [...new Set(expectations.flatMap((expectation) => spokenForms(plan, expectation)).flatMap(wordsOf))]
}
