/** Several answers in one breath: as one value where a question takes several, else as entries of a list. Pure. */
import type { HeardAnswers } from "#machines/interview.ts"
import { answersIn } from "#machines/kept.ts"
import type { PlanQuestion } from "#machines/plan.ts"
import type { Answer } from "#schemas/record.ts"
import { valueOfItem } from "./asked.ts"
import type { Item, Language, Understanding } from "./understanding/ask.ts"
import { foldedName } from "./understanding/words.ts"
import { answerWith, valueFault } from "./values.ts"

const answerOfItem = (question: PlanQuestion, item: Item, language: Language): Answer => {
  const value = valueOfItem(question, item, language)
  const answer = answerWith(question, question.chooseMax === undefined ? value : String(value), language)
  // "2026-03" read aloud is a range: a date is shown in words.
  return item.kind === "date" || item.kind === "dateTime" ? { ...answer, display: item.display } : answer
}

const singles = (question: PlanQuestion, heard: HeardAnswers, language: Language) =>
  Array.isArray(heard.answer.value)
    ? heard.answer.value.map((value: string) => answerWith(question, value, language))
    : answersIn(heard)

const nameOf = ({ value }: Answer): string => (typeof value === "string" ? foldedName(value) : JSON.stringify(value))

const without = (answers: ReadonlyArray<Answer>, others: ReadonlyArray<Answer>): ReadonlyArray<Answer> =>
  answers.filter((answer) => !others.some((other) => nameOf(other) === nameOf(answer)))

/** Undefined: none is left, or one of them is not allowed. */
export const inOne = (
  question: PlanQuestion,
  answers: ReadonlyArray<Answer>,
  language: Language
): HeardAnswers | undefined => {
  const [first, ...rest] = answers
  if (first === undefined) return undefined
  if (question.chooseMax !== undefined) {
    const value = answers.map((answer) => String(answer.value))
    return valueFault(question, value) === undefined ? { answer: answerWith(question, value, language) } : undefined
  }
  const allowed = answers.every(({ value }) => valueFault(question, value) === undefined)
  return allowed ? { answer: first, ...(rest.length === 0 ? {} : { more: rest }) } : undefined
}

type Listed = Extract<Understanding, { readonly kind: "answer" | "less" }>

/**
 * What was said, together with what was heard before it: more of it, less of it, or instead of it. `isAdding`: more of it was
 * asked for.
 */
export const heardIn = (
  question: PlanQuestion,
  understood: Listed,
  before: HeardAnswers | undefined,
  isAdding: boolean,
  language: Language
): HeardAnswers | undefined => {
  const said = understood.items.map((item) => answerOfItem(question, item, language))
  const known = before === undefined ? [] : singles(question, before, language)
  if (understood.kind === "less") {
    const left = without(known, said)
    return left.length === known.length ? undefined : inOne(question, left, language)
  }
  const ruledOut = (understood.ruledOut ?? []).map((item) => answerOfItem(question, item, language))
  const left = without(known, ruledOut)
  const staysBeside = isAdding || understood.adds === true || left.length < known.length
  return inOne(question, staysBeside ? [...left, ...without(said, left)] : said, language)
}
