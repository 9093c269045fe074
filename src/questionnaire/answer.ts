/**
 * From what a person said, typed, tapped or keyed to what it means for the question at hand. Pure and explainable: the
 * longest known phrases are found from left to right, and the whole must leave one meaning.
 */
import type { Plan, PlanOption, PlanQuestion } from "#machines/plan.ts"
import type { Answer } from "#schemas/record.ts"
import type { Expectation, InterviewEvent } from "#machines/interview.ts"
import type { AnswerValue, AnswerVia } from "#schemas/wire.ts"
import { commandPhrases, comparable, noPhrases, numberWords, yesPhrases, type SpokenCommand } from "./arabic.ts"
import { keyedValue, typedValue } from "./typed.ts"
import { answerWith, takes, valueFault } from "./values.ts"

type Language = "ar" | "en"

/** What one phrase may mean. */
export type Meaning =
  | { readonly kind: "option"; readonly option: PlanOption }
  | { readonly kind: "yes" }
  | { readonly kind: "no" }
  /** What is offered is to stay. */
  | { readonly kind: "keep" }
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

const keepPhrases = { ar: ["كما هو", "اتركه كما هو", "بدون تغيير"], en: ["keep it", "no change"] } as const
const keeps = (language: Language): ReadonlyArray<Phrase> =>
  keepPhrases[language].map((text) => ({ text, meaning: { kind: "keep" } as const }))

const questionOf = (plan: Plan, linkId: string): PlanQuestion | undefined =>
  plan.questions.find((question) => question.linkId === linkId)

/** Everything that may be said now. What is offered to the recogniser and what is understood come from this one list. */
export const phrasesFor = (plan: Plan, expectation: Expectation): ReadonlyArray<Phrase> => {
  switch (expectation.about) {
    case "consent":
    case "stop":
      return yesNo(plan.language)
    case "another":
      return [...yesNo(plan.language), ...commands(plan.language)]
    case "confirmation":
    case "answer": {
      const question = questionOf(plan, expectation.linkId)
      if (question === undefined) return []
      const options = optionPhrases(question, plan.language)
      const offered = expectation.about === "answer" && expectation.initial !== undefined
      return expectation.about === "answer"
        ? [...options, ...commands(plan.language), ...(offered ? keeps(plan.language) : [])]
        : [...yesNo(plan.language), ...options, ...commands(plan.language)]
    }
    case "correction":
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

const unmatched = (reason: "no_speech" | "no_match" | "out_of_range"): InterviewEvent => ({
  type: "answer.unmatched",
  reason
})

/** What the recogniser says of a transcript besides its text. */
export interface Certainty {
  /** Mean over the words. */
  readonly confidence: number
  /** Words that were heard and are not in the text. */
  readonly unknownWords: number
}

const isSure = ({ confidence, unknownWords }: Certainty, heard: Heard): boolean =>
  confidence >= sureConfidence && unknownWords + heard.unknownWords === 0

interface Said {
  readonly text: string
  readonly via: "voice" | "text"
  readonly certainty: Certainty | undefined
  readonly heard: Heard
}

const answered = (question: PlanQuestion, answer: Answer, { via, certainty, heard }: Said): InterviewEvent => ({
  type: "answer.given",
  linkId: question.linkId,
  answer,
  via,
  ...(certainty === undefined ? {} : { confidence: certainty.confidence }),
  sure: certainty === undefined || isSure(certainty, heard)
})

/** Several options in one breath, where several may be chosen. */
const chosen = (question: PlanQuestion, said: Said, language: Language): InterviewEvent => {
  const codes = [
    ...new Set(said.heard.meanings.flatMap((meaning) => (meaning.kind === "option" ? [meaning.option.code] : [])))
  ]
  if (codes.length === 0) return unmatched("no_match")
  return valueFault(question, codes) === undefined
    ? answered(question, answerWith(question, codes, language), said)
    : unmatched("out_of_range")
}

/** A value that is not among options. */
const valued = (question: PlanQuestion, said: Said, language: Language): InterviewEvent => {
  const value = typedValue(question, said.text, language)
  if (value === undefined) return unmatched(comparable(said.text) === "" ? "no_speech" : "no_match")
  const several = question.chooseMax === undefined ? value : [String(value)]
  if (valueFault(question, several) !== undefined) return unmatched("out_of_range")
  // Words of a free answer are what was meant, not words around it.
  const free = { ...said, heard: { meanings: [], unknownWords: 0 } }
  return answered(question, answerWith(question, several, language), free)
}

/** What this question takes besides its options. */
const takesValues = ({ itemType }: PlanQuestion): boolean => itemType !== "choice" && itemType !== "boolean"

/** Typed text has no certainty and is taken as it is. */
export const interpretText = (
  plan: Plan,
  expectation: Expectation,
  text: string,
  via: "voice" | "text",
  certainty?: Certainty
): InterviewEvent => {
  const heard = hear(text, phrasesFor(plan, expectation))
  const said: Said = { text, via, certainty, heard }
  const question =
    expectation.about === "answer" || expectation.about === "confirmation"
      ? questionOf(plan, expectation.linkId)
      : undefined
  if (question?.chooseMax !== undefined && heard.meanings.some(({ kind }) => kind === "option")) {
    return chosen(question, said, plan.language)
  }
  const whole = question === undefined || !takesValues(question) || heard.unknownWords === 0
  const meaning = whole ? settle(heard) : undefined
  if (meaning === undefined) {
    if (question !== undefined && takesValues(question)) return valued(question, said, plan.language)
    return unmatched(via === "text" && comparable(text) === "" ? "no_speech" : "no_match")
  }
  switch (meaning.kind) {
    case "command":
      return { type: meaning.command }
    case "keep":
      return { type: "initial.kept", via }
    case "yes":
      return expectation.about === "consent" ? { type: "consent.given", via } : { type: "confirmation.given" }
    case "no":
      return expectation.about === "consent" ? { type: "consent.declined" } : { type: "confirmation.denied" }
    case "option":
      return question === undefined
        ? unmatched("no_match")
        : answered(question, answerOf(question, meaning.option), said)
  }
}

export type Refusal = { readonly refused: string }

/** A touched answer: by option code, or by plain value. While a yes or no is asked for, `true` and `false` answer it. */
export const interpretSelection = (
  plan: Plan,
  expectation: Expectation,
  selection: { readonly linkId: string; readonly code?: string; readonly value?: AnswerValue }
): InterviewEvent | Refusal => {
  const { linkId, code, value } = selection
  const isAsked = "linkId" in expectation && expectation.linkId === linkId
  if (isAsked && (expectation.about === "confirmation" || expectation.about === "another")) {
    if (value === true) return { type: "confirmation.given" }
    if (value === false) return { type: "confirmation.denied" }
    if (expectation.about === "another") return { refused: `${linkId} takes true or false: is there another one?` }
  }
  const question = questionOf(plan, linkId)
  if (question === undefined) return { refused: `there is no question ${linkId} in ${plan.id}` }
  const wanted = code ?? value
  if (wanted === undefined) return { refused: `${linkId} takes ${takes(question)}` }
  const plain = question.itemType === "boolean" && typeof wanted === "string" ? wanted === "true" : wanted
  const several = question.chooseMax !== undefined && typeof plain === "string" ? [plain] : plain
  const unit = question.units?.[0]
  const whole =
    question.itemType === "quantity" && typeof several === "number" && unit !== undefined
      ? { value: several, unit: unit.code ?? unit.display }
      : several
  if (question.itemType === "boolean" && typeof wanted === "string" && wanted !== "true" && wanted !== "false")
    return { refused: `${linkId} takes ${takes(question)}` }
  const fault = valueFault(question, whole)
  if (fault !== undefined) return { refused: `${linkId} takes ${takes(question)}; this is not ${fault}` }
  return given(question, answerWith(question, whole, plan.language), "touch")
}

const yesOrNo = (expectation: Expectation, digits: string): InterviewEvent | Refusal => {
  if (digits === "1") {
    return expectation.about === "consent" ? { type: "consent.given", via: "dtmf" } : { type: "confirmation.given" }
  }
  if (digits === "2") {
    return expectation.about === "consent" ? { type: "consent.declined" } : { type: "confirmation.denied" }
  }
  return { refused: "keys here: 1 yes, 2 no, * repeats" }
}

/** Digits for the question at hand: an option's key, one key for each of several, a number, a date, a time. */
const keyed = (question: PlanQuestion, digits: string, language: Language): InterviewEvent | Refusal => {
  const option = question.options.find(({ key }) => key === digits)
  if (option !== undefined && question.chooseMax === undefined) {
    return given(question, answerOf(question, option), "dtmf")
  }
  const options = [...digits].map((digit) => question.options.find(({ key }) => key === digit)?.code)
  const known = options.filter((code) => code !== undefined)
  const codes = option === undefined ? known : [option.code]
  if (question.chooseMax !== undefined && (option !== undefined || known.length === digits.length)) {
    const value = [...new Set(codes)]
    if (valueFault(question, value) === undefined) return given(question, answerWith(question, value, language), "dtmf")
  }
  const value = keyedValue(question, digits)
  if (value !== undefined && valueFault(question, value) === undefined)
    return given(question, answerWith(question, value, language), "dtmf")
  return { refused: `keys here: ${takes(question)}; * repeats, # goes back` }
}

/** Keypad digits; `*` repeats, `#` goes back. Where a yes or no is asked for: 1 is yes, 2 is no. */
export const interpretDigits = (plan: Plan, expectation: Expectation, digits: string): InterviewEvent | Refusal => {
  if (digits === "*") return { type: "question.repeat" }
  if (digits === "#") return { type: "question.back" }
  if (expectation.about !== "answer") return yesOrNo(expectation, digits)
  const question = questionOf(plan, expectation.linkId)
  return question === undefined ? { refused: "no keys here" } : keyed(question, digits, plan.language)
}

const given = (question: PlanQuestion, answer: Answer, via: AnswerVia): InterviewEvent => ({
  type: "answer.given",
  linkId: question.linkId,
  answer,
  via,
  sure: true
})
