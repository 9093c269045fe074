/** Answers that were heard and are not recorded yet, one or several, in words and as a value. Pure. */
import { answersIn } from "#machines/kept.ts"
import type { Plan, PlanQuestion } from "#machines/plan.ts"
import type { RecordedAnswer } from "#schemas/record.ts"
import type { AnswerValue } from "#schemas/wire.ts"
import { answerOf } from "#src/questionnaire/answer.ts"
import { listed } from "#src/questionnaire/values.ts"

/** All of it, as it is shown and as it is said. */
export const heardText = (question: PlanQuestion, heard: RecordedAnswer, language: Plan["language"]) => {
  const spokenOf = (value: AnswerValue, display: string): string =>
    question.options.find((option) => answerOf(question, option).value === value)?.spokenDisplay ?? display
  const texts = answersIn(heard).map(({ value, display }) => ({
    text: display,
    spoken: Array.isArray(value)
      ? listed(
          value.map((one: string) => spokenOf(one, one)),
          language
        )
      : spokenOf(value, display)
  }))
  return {
    text: listed(
      texts.map(({ text }) => text),
      language
    ),
    spoken: listed(
      texts.map(({ spoken }) => spoken),
      language
    )
  }
}

/** Of several entries: all of them, as they are shown where they are no text. */
export const valueOfAll = (heard: RecordedAnswer): AnswerValue =>
  heard.more === undefined
    ? heard.answer.value
    : answersIn(heard).map(({ value, display }) => (typeof value === "string" ? value : display))
