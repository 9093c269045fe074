/** The answers read back at the end: how each sounds, and the message by which a client can answer by touch. Pure. */
import { reviewLinkId, type InterviewOutput, type ReviewedItem } from "#machines/interview.ts"
import type { Plan } from "#machines/plan.ts"
import type { ServerMessageOf } from "#schemas/wire.ts"
import { answerOf } from "#src/questionnaire/answer.ts"
import { booleanOptionsIn } from "#src/questionnaire/options.ts"
import { reviewQuestion } from "#src/questionnaire/reviewed.ts"
import { prompt as catalogue, type PromptText } from "#src/tts/prompts.ts"
import { ended, optionsOf, questionOf } from "./question.ts"

type Review = Extract<InterviewOutput, { type: "review.offered" | "review.read" | "review.which" }>

const bare = (text: string): string => text.replace(/[.:؟?]\s*$/u, "")

/** "1: smoking: no." */
export const reviewedTexts = (
  plan: Plan,
  items: ReadonlyArray<ReviewedItem>,
  feminine: boolean
): ReadonlyArray<PromptText> =>
  items.map(({ linkId, answer }, index) => {
    const question = questionOf(plan, linkId)
    const { text, spokenText } = feminine && question.feminine !== undefined ? question.feminine : question
    const option = question.options.find((candidate) => answerOf(question, candidate).value === answer.value)
    const display = answer.display === "" ? String(answer.value) : answer.display
    return {
      text: `${index + 1}. ${bare(text)}: ${display}`,
      spoken: ended(`${index + 1}: ${bare(spokenText)}: ${option?.spokenDisplay ?? display}`)
    }
  })

/** A question of its own kind: yes or no, or which answer. */
export const reviewMessage = (plan: Plan, output: Review): ServerMessageOf<"question.asked"> => {
  const { type, items, index, groups, attempt, feminine = false } = output
  const common = {
    type: "question.asked" as const,
    link_id: reviewLinkId,
    required: true,
    index,
    total: groups,
    attempt,
    review: true as const
  }
  if (type === "review.which") {
    const { text } = catalogue("review_which", plan.language)
    return { ...common, text, item_type: "choice", options: optionsOf(plan, reviewQuestion(plan, items).options) }
  }
  const asks = catalogue(type === "review.offered" ? "review_offer" : "review_right", plan.language).text
  const read = type === "review.offered" ? [] : reviewedTexts(plan, items, feminine).map(({ text }) => text)
  return {
    ...common,
    text: [...read, asks].join("\n"),
    item_type: "boolean",
    options: optionsOf(plan, booleanOptionsIn(plan.language))
  }
}
