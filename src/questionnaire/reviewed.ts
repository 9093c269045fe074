/** The answers that are read back at the end, as a question: which one is to be corrected? Pure. */
import { reviewLinkId, type InterviewEvent, type ReviewedItem } from "#machines/interview.ts"
import type { Plan, PlanQuestion } from "#machines/plan.ts"

/** Its options are the answers, chosen by their numbers from 1 or by the words of their questions. */
export const reviewQuestion = ({ questions }: Plan, items: ReadonlyArray<ReviewedItem>): PlanQuestion => ({
  linkId: reviewLinkId,
  text: "",
  spokenText: "",
  itemType: "choice",
  required: true,
  confirm: "never",
  options: items.map(({ linkId, answer }, index) => {
    const question = questions.find((candidate) => candidate.linkId === linkId)
    const { text, spokenText } = question ?? { text: linkId, spokenText: linkId }
    return {
      code: String(index + 1),
      display: `${text} – ${answer.display}`,
      spokenDisplay: spokenText,
      phrases: [text],
      key: String(index + 1)
    }
  })
})

/** To the question of the chosen one; undefined: there is none by this code. */
export const chosen = (items: ReadonlyArray<ReviewedItem>, code: unknown): InterviewEvent | undefined => {
  const item = items.find((_, index) => String(index + 1) === code)
  if (item === undefined) return undefined
  return { type: "question.goto", linkId: item.linkId, at: item.at ?? [] }
}
