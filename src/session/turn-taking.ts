/**
 * Who speaks when: how long a silence ends a person's turn at each kind of question, and which prompts a voice may stop.
 * One table; its figures are chosen on half of the recorded speakers and measured on the others (docs/decisions/019). Pure.
 *
 * A pause is judged by what has been heard up to it. An answer after which nothing could follow ends the turn at once; one
 * that has begun, or could go on ("no … I meant two"), is waited for longer than a silence after nothing.
 */
import type { Expectation, InterviewOutput } from "#machines/interview.ts"
import { mayBeSeveral, type Plan, type PlanQuestion, type QuestionType } from "#machines/plan.ts"
import type { AnswerValue } from "#schemas/wire.ts"
import { interpretText } from "#src/questionnaire/answer.ts"
import { comparable } from "#src/questionnaire/arabic.ts"
import { likelyPhrasesFor } from "#src/questionnaire/grammar.ts"
import type { Today } from "#src/questionnaire/understanding/ask.ts"
import { sureMin } from "#src/questionnaire/understanding/scores.ts"
import type { HeardSoFar } from "#src/stt/stt.ts"

/** What can be made of an utterance that pauses here, and the milliseconds of silence that then end the turn. */
export interface Patience {
  /** Nothing has been understood. */
  readonly nothing: number
  /** A part of an answer. */
  readonly begun: number
  /** An answer, if nothing follows; but something could: "three" and "three hundred", "no" and "no, two". */
  readonly open: number
  /** A whole answer, and nothing could follow. Absent: never ended early. */
  readonly whole?: number
}
export type Standing = keyof Patience

/** As soon as a pause can be judged (`endpointing.peekFrames`). */
const atOnce = 224
const always = (endSilenceMs: number): Patience => ({
  nothing: endSilenceMs,
  begun: endSilenceMs,
  open: endSilenceMs
})

export const patience = {
  /** A conversation without a questionnaire: nobody knows what is to come. */
  free: always(500),
  /** Consent, and whether to stop: seldom, and not to be got wrong. */
  decision: always(500),
  /** R7.3: never filled by an early end. */
  safety: always(700),
  confirmation: { nothing: 500, begun: 800, open: 700, whole: atOnce },
  boolean: { nothing: 500, begun: 800, open: 400, whole: atOnce },
  choice: { nothing: 500, begun: 800, open: 600, whole: atOnce },
  /** One of the options, or whatever the person has to say. */
  openChoice: { nothing: 500, begun: 1_200, open: 1_200, whole: atOnce },
  /** People stop between digits. */
  number: { nothing: 700, begun: 1_200, open: 900, whole: atOnce },
  /** A fraction or a unit may follow any number. */
  measure: { nothing: 700, begun: 1_200, open: 900 },
  date: { nothing: 800, begun: 1_200, open: 900 },
  /** Whoever tells something must be able to think. */
  text: always(1_200)
} as const satisfies Record<string, Patience>

export type Kind = keyof typeof patience

const kinds: Readonly<Record<QuestionType, Kind>> = {
  boolean: "boolean",
  choice: "choice",
  "open-choice": "openChoice",
  integer: "number",
  decimal: "measure",
  quantity: "measure",
  date: "date",
  dateTime: "date",
  time: "date",
  string: "text",
  text: "text",
  url: "text"
}

const questionOf = (plan: Plan, expectation: Expectation): PlanQuestion | undefined =>
  "linkId" in expectation ? plan.questions.find(({ linkId }) => linkId === expectation.linkId) : undefined

export const kindOf = (plan: Plan | undefined, expectation: Expectation): Kind => {
  if (plan === undefined) return "free"
  if (expectation.about === "another") return "boolean"
  if (expectation.about === "review") return "confirmation"
  const question = questionOf(plan, expectation)
  if (question === undefined) return "decision"
  if (question.confirm === "always") return "safety"
  return expectation.about === "confirmation" ? "confirmation" : kinds[question.itemType]
}

/** Whether one of the phrases begins with the last words of this text and goes on. */
const goesOn = (text: string, phrases: ReadonlyArray<string>): boolean => {
  const words = comparable(text).split(" ")
  const ends = words.map((_, index) => `${words.slice(index).join(" ")} `)
  return phrases.some((phrase) => ends.some((end) => comparable(phrase).startsWith(end)))
}

/** A number grows by another digit, by tens ("five and twenty"), or by units after a round one. */
export const numberStanding = (value: number, { min, max = Infinity }: { min?: number; max?: number }): Standing => {
  if (min !== undefined && value < min) return "begun"
  const grown = [value * 10, ...(value > 0 && value < 10 ? [value + 20] : []), ...(value % 10 === 0 ? [value + 1] : [])]
  return value > max || grown.some((more) => more <= max) ? "open" : "whole"
}

/** An answer by its value; what could follow it in words is another matter. */
const valueStanding = (question: PlanQuestion, value: AnswerValue): Standing => {
  const { itemType, options, min, max } = question
  if (mayBeSeveral(question)) return "open"
  if (typeof value === "number") {
    return numberStanding(value, {
      ...(typeof min === "number" ? { min } : {}),
      ...(typeof max === "number" ? { max } : {})
    })
  }
  return itemType === "open-choice" && !options.some(({ code }) => code === value) ? "open" : "whole"
}

export const standing = (plan: Plan, expectation: Expectation, heard: HeardSoFar, today: Today): Standing => {
  const { text, unknownWords, confidence } = heard
  if (text === "") return "nothing"
  /** What the words mean; how surely they were heard is looked at below. */
  const certain = { confidence: 1, unknownWords: 0 }
  const event = interpretText(plan, expectation, text, "voice", today, certain)
  if (event.type === "answer.unmatched") return "begun"
  if (unknownWords > 0 || (confidence ?? 1) < sureMin) return "open"
  // It would be read back: what follows may make it sure.
  if (event.type === "answer.given" && !event.sure) return "open"
  // At a read-back it is often the first half of a correction.
  const isNo = event.type === "confirmation.denied"
  if (isNo && (expectation.about === "confirmation" || expectation.about === "adding")) return "open"
  if (goesOn(text, likelyPhrasesFor(plan, expectation))) return "open"
  const question = questionOf(plan, expectation)
  return event.type === "answer.given" && question !== undefined ? valueStanding(question, event.answer.value) : "whole"
}

/** Undefined where what is heard changes nothing. */
export const endSilenceAfter = (
  plan: Plan,
  expectation: Expectation,
  today: Today
): ((heard: HeardSoFar) => number) | undefined => {
  const row: Patience = patience[kindOf(plan, expectation)]
  if (new Set(Object.values(row)).size === 1) return undefined
  return (heard) => row[standing(plan, expectation, heard, today)] ?? row.open
}

/**
 * Whether speech alone stops what is being said. What must be heard - the terms of the consent, that nothing can be heard,
 * whom to call in danger - gives way to an answer only.
 */
export const isInterruptible = (output: InterviewOutput): boolean =>
  output.type !== "consent.asked" &&
  output.type !== "withdrawal.confirming" &&
  output.type !== "notice.told" &&
  !("preface" in output && output.preface === "heard_enough") &&
  !(output.type === "touch.offered" && output.why === "cannot_hear")
