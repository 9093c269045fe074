/** The phrases that a recogniser may hear at one question; those whose words a model lacks, its host leaves out. Pure. */
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

/** Any words may answer it. */
const isOpen = (plan: Plan, linkId: string): boolean => {
  const question = plan.questions.find((candidate) => candidate.linkId === linkId)
  return question !== undefined && question.itemType !== "choice" && question.itemType !== "boolean"
}

/** Undefined where nothing is expected, or anything. */
export const grammarFor = (plan: Plan, expectation: Expectation): ReadonlyArray<string> | undefined => {
  const { about } = expectation
  if (about === "nothing" || about === "correction") return undefined
  if (about === "answer" && isOpen(plan, expectation.linkId)) return undefined
  return spokenForms(plan, expectation)
}

/** Every word that a questionnaire may want to hear, for the model to be asked which it lacks. */
export const vocabularyOf = (plan: Plan): ReadonlyArray<string> => {
  const expectations: ReadonlyArray<Expectation> = [
    { about: "consent" },
    ...plan.questions.map(({ linkId }) => ({ about: "confirmation" as const, linkId }))
  ]
  return [...new Set(expectations.flatMap((expectation) => spokenForms(plan, expectation)).flatMap(wordsOf))]
}
