/**
 * Whether what was said or typed sounds like danger (R7.9). Looked for in what was no answer, in free answers, and in what is
 * heard freely where a grammar left words out: an option that was chosen is a questionnaire's own words, and has its own
 * rules. Pure.
 */
import type { Expectation, InterviewEvent } from "#machines/interview.ts"
import type { Plan } from "#machines/plan.ts"
import { soundsDistressed } from "./understanding/distress.ts"

const freeTypes: ReadonlySet<string> = new Set(["string", "text", "url"])

/** Of the person's own words: nothing that the questionnaire offers. */
const isOwnWords = (plan: Plan, event: InterviewEvent): boolean => {
  if (event.type !== "answer.given") return event.type !== "initial.kept"
  const question = plan.questions.find(({ linkId }) => linkId === event.linkId)
  if (question === undefined) return false
  const { value } = event.answer
  return (
    freeTypes.has(question.itemType) ||
    (question.itemType === "open-choice" && !question.options.some(({ code }) => code === value))
  )
}

/** The same event, or what comes before it. Nothing is looked for before the consent. */
export const withDistress = (
  plan: Plan,
  { about }: Expectation,
  event: InterviewEvent,
  text: string,
  freeText = ""
): InterviewEvent => {
  if (about === "consent" || about === "nothing") return event
  const isHeard = (words: string): boolean => words !== "" && soundsDistressed(words, plan.language) !== undefined
  if (!isHeard(freeText) && !(isOwnWords(plan, event) && isHeard(text))) return event
  return event.type === "answer.given" ? { ...event, isDistressed: true } : { type: "distress.heard" }
}
