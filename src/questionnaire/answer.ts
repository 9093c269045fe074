/**
 * From what a person said, typed, tapped or keyed to what it means for the question at hand. Pure and explainable: the
 * longest known phrases are found from left to right, and the whole must leave one meaning.
 */
import type { Plan, PlanOption, PlanQuestion } from "#machines/plan.ts"
import type { Answer } from "#schemas/record.ts"
import type { Expectation, InterviewEvent } from "#machines/interview.ts"
import type { AnswerValue, AnswerVia } from "#schemas/wire.ts"
import { commandPhrases, comparable, noPhrases, numberWords, yesPhrases, type SpokenCommand } from "./arabic.ts"

type Language = "ar" | "en"

/** What one phrase may mean. */
export type Meaning =
  | { readonly kind: "option"; readonly option: PlanOption }
  | { readonly kind: "yes" }
  | { readonly kind: "no" }
  | { readonly kind: "command"; readonly command: SpokenCommand }

export interface Phrase {
  readonly text: string
  readonly meaning: Meaning
}

/** Below this mean word confidence a spoken answer is confirmed first. */
export const sureConfidence = 0.75

const optionPhrases = (question: PlanQuestion, language: Language): ReadonlyArray<Phrase> =>
  question.options.flatMap((option) => {
    const meaning: Meaning = { kind: "option", option }
    return [option.display, ...option.phrases, option.key, ...(numberWords[language][Number(option.key)] ?? [])].map(
      (text) => ({ text, meaning })
    )
  })

const yesNo = (language: Language): ReadonlyArray<Phrase> => [
  ...yesPhrases[language].map((text) => ({ text, meaning: { kind: "yes" } as const })),
  ...noPhrases[language].map((text) => ({ text, meaning: { kind: "no" } as const }))
]

const commands = (language: Language): ReadonlyArray<Phrase> =>
  Object.entries(commandPhrases[language]).flatMap(([command, phrases]) =>
    phrases.map((text) => ({ text, meaning: { kind: "command", command: command as SpokenCommand } as const }))
  )

const questionOf = (plan: Plan, linkId: string): PlanQuestion | undefined =>
  plan.questions.find((question) => question.linkId === linkId)

/** Everything that may be said now. What is offered to the recogniser and what is understood come from this one list. */
export const phrasesFor = (plan: Plan, expectation: Expectation): ReadonlyArray<Phrase> => {
  switch (expectation.about) {
    case "consent":
    case "stop":
      return yesNo(plan.language)
    case "confirmation":
    case "answer": {
      const question = questionOf(plan, expectation.linkId)
      if (question === undefined) return []
      const options = optionPhrases(question, plan.language)
      return expectation.about === "answer"
        ? [...options, ...commands(plan.language)]
        : [...yesNo(plan.language), ...options, ...commands(plan.language)]
    }
    case "nothing":
      return []
  }
}

export interface Heard {
  readonly meanings: ReadonlyArray<Meaning>
  /** Words that belong to no phrase. */
  readonly unknownWords: number
}

/** Longest phrases first, left to right. */
export const hear = (text: string, phrases: ReadonlyArray<Phrase>): Heard => {
  const words = comparable(text)
    .split(" ")
    .filter((word) => word !== "")
  const byText = new Map<string, Meaning>()
  let longest = 1
  for (const phrase of phrases) {
    const key = comparable(phrase.text)
    if (key === "") continue
    if (!byText.has(key)) byText.set(key, phrase.meaning)
    longest = Math.max(longest, key.split(" ").length)
  }
  const meanings: Array<Meaning> = []
  let unknownWords = 0
  for (let at = 0; at < words.length;) {
    let taken = 0
    for (let length = Math.min(longest, words.length - at); length > 0 && taken === 0; length--) {
      const meaning = byText.get(words.slice(at, at + length).join(" "))
      if (meaning === undefined) continue
      meanings.push(meaning)
      taken = length
    }
    if (taken === 0) unknownWords++
    at += taken === 0 ? 1 : taken
  }
  return { meanings, unknownWords }
}

const sameMeaning = (a: Meaning, b: Meaning): boolean =>
  a.kind === "option" && b.kind === "option"
    ? a.option.code === b.option.code
    : a.kind === "command" && b.kind === "command"
      ? a.command === b.command
      : a.kind === b.kind

/** One meaning, or none: "no, two" is a correction and means two; two different answers mean nothing. */
const settle = ({ meanings }: Heard): Meaning | undefined => {
  const answers = meanings[0]?.kind === "no" && meanings.length > 1 ? meanings.slice(1) : meanings
  const [first, ...rest] = answers
  return first !== undefined && rest.every((other) => sameMeaning(first, other)) ? first : undefined
}

export const answerOf = (question: PlanQuestion, option: PlanOption): Answer =>
  question.itemType === "boolean"
    ? { value: option.code === "true", display: option.display }
    : { value: option.code, display: option.display }

const unmatched = (reason: "no_speech" | "no_match"): InterviewEvent => ({ type: "answer.unmatched", reason })

/** What the recogniser says of a transcript besides its text. */
export interface Certainty {
  /** Mean over the words. */
  readonly confidence: number
  /** Words that were heard and are not in the text. */
  readonly unknownWords: number
}

const isSure = ({ confidence, unknownWords }: Certainty, heard: Heard): boolean =>
  confidence >= sureConfidence && unknownWords + heard.unknownWords === 0

/** Typed text has no certainty and is taken as it is. */
export const interpretText = (
  plan: Plan,
  expectation: Expectation,
  text: string,
  via: "voice" | "text",
  certainty?: Certainty
): InterviewEvent => {
  const heard = hear(text, phrasesFor(plan, expectation))
  const meaning = settle(heard)
  if (meaning === undefined) return unmatched(via === "text" && comparable(text) === "" ? "no_speech" : "no_match")
  switch (meaning.kind) {
    case "command":
      return { type: meaning.command }
    case "yes":
      return expectation.about === "consent" ? { type: "consent.given", via } : { type: "confirmation.given" }
    case "no":
      return expectation.about === "consent" ? { type: "consent.declined" } : { type: "confirmation.denied" }
    case "option": {
      if (expectation.about !== "answer" && expectation.about !== "confirmation") return unmatched("no_match")
      const question = questionOf(plan, expectation.linkId)
      if (question === undefined) return unmatched("no_match")
      return {
        type: "answer.given",
        linkId: question.linkId,
        answer: answerOf(question, meaning.option),
        via,
        ...(certainty === undefined ? {} : { confidence: certainty.confidence }),
        sure: certainty === undefined || isSure(certainty, heard)
      }
    }
  }
}

export type Refusal = { readonly refused: string }

const allowed = (question: PlanQuestion): string =>
  question.options.map((option) => `${option.code} (key ${option.key})`).join(", ")

/** A touched answer: by option code, or by plain value. While a read-back is asked about, `true` and `false` answer it. */
export const interpretSelection = (
  plan: Plan,
  expectation: Expectation,
  selection: { readonly linkId: string; readonly code?: string; readonly value?: AnswerValue }
): InterviewEvent | Refusal => {
  const question = questionOf(plan, selection.linkId)
  if (question === undefined) return { refused: `there is no question ${selection.linkId} in ${plan.id}` }
  if (expectation.about === "confirmation" && expectation.linkId === selection.linkId) {
    if (selection.value === true) return { type: "confirmation.given" }
    if (selection.value === false) return { type: "confirmation.denied" }
  }
  const wanted = selection.code ?? (selection.value === undefined ? undefined : String(selection.value))
  const option = question.options.find(({ code }) => code === wanted)
  if (option === undefined) return { refused: `${selection.linkId} takes one of: ${allowed(question)}` }
  return given(question, option, "touch")
}

/** Keypad digits for the question at hand; `*` repeats, `#` goes back. Consent and confirmation: 1 is yes, 2 is no. */
export const interpretDigits = (plan: Plan, expectation: Expectation, digits: string): InterviewEvent | Refusal => {
  if (digits === "*") return { type: "question.repeat" }
  if (digits === "#") return { type: "question.back" }
  if (expectation.about === "answer") {
    const question = questionOf(plan, expectation.linkId)
    const option = question?.options.find(({ key }) => key === digits)
    if (question !== undefined && option !== undefined) return given(question, option, "dtmf")
    return { refused: `keys here: ${question === undefined ? "none" : allowed(question)}, * repeats, # goes back` }
  }
  if (digits === "1") {
    return expectation.about === "consent" ? { type: "consent.given", via: "dtmf" } : { type: "confirmation.given" }
  }
  if (digits === "2") {
    return expectation.about === "consent" ? { type: "consent.declined" } : { type: "confirmation.denied" }
  }
  return { refused: "keys here: 1 yes, 2 no, * repeats" }
}

const given = (question: PlanQuestion, option: PlanOption, via: AnswerVia): InterviewEvent => ({
  type: "answer.given",
  linkId: question.linkId,
  answer: answerOf(question, option),
  via,
  sure: true
})
