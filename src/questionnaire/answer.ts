/** From what a person said, typed, tapped or keyed to what it means for the question at hand (docs/understanding.md). Pure. */
import type { Plan, PlanOption, PlanQuestion } from "#machines/plan.ts"
import type { Answer } from "#schemas/record.ts"
import { reviewLinkId, type Expectation, type InterviewEvent } from "#machines/interview.ts"
import type { AnswerValue, AnswerVia } from "#schemas/wire.ts"
import { comparable } from "./arabic.ts"
import { askOf } from "./asked.ts"
import { heardIn, inOne } from "./several.ts"
import { chosen, reviewQuestion } from "./reviewed.ts"
import { keyedValue, typedValue } from "./typed.ts"
import type { Ask, Language, Moment, SpokenCommand, Today, Understanding } from "./understanding/ask.ts"
import { understand } from "./understanding/understand.ts"
import { answerWith, takes, valueFault } from "./values.ts"

const questionOf = (plan: Plan, linkId: string): PlanQuestion | undefined =>
  plan.questions.find((question) => question.linkId === linkId)

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

const commandEvents = {
  repeat: "question.repeat",
  back: "question.back",
  skip: "question.skip",
  stop: "stop.request",
  withdraw: "withdrawal.request",
  later: "pause.request",
  help: "help.request",
  human: "handover.request"
} as const satisfies Readonly<Record<SpokenCommand, InterviewEvent["type"]>>

/** What is offered stays as it is. */
const keepPhrases = { ar: ["كما هو", "اتركه كما هو", "بدون تغيير"], en: ["keep it", "no change"] } as const

const keeps = (text: string, language: Language): boolean =>
  keepPhrases[language].some((phrase) => comparable(phrase) === comparable(text))

export const momentOf = ({ about }: Expectation): Moment =>
  about === "withdrawal"
    ? "consent"
    : about === "consent" || about === "stop"
      ? about
      : about === "another" || about === "adding"
        ? "another"
        : about === "answer"
          ? "answer"
          : "confirmation"

/** A yes or no is believed only when it is sure: nothing reads it back. A no that is not sure denies what was read back. */
const agreed = ({ about }: Expectation, { kind, sure }: YesOrNo, via: AnswerVia): InterviewEvent => {
  if (!sure && !(kind === "no" && about === "confirmation")) return unmatched("no_match")
  if (about === "consent") return kind === "yes" ? { type: "consent.given", via } : { type: "consent.declined" }
  return { type: kind === "yes" ? "confirmation.given" : "confirmation.denied" }
}

type YesOrNo = Extract<Understanding, { readonly kind: "yes" | "no" }>
type Answered = Extract<Understanding, { readonly kind: "answer" | "less" }>

interface Spoken {
  readonly language: Language
  readonly via: "voice" | "text"
  readonly certainty: Certainty | undefined
}

const answered = (
  question: PlanQuestion,
  understood: Answered,
  expectation: Expectation,
  { language, via, certainty }: Spoken
): InterviewEvent => {
  const isSure = understood.kind === "answer" && understood.sure
  const isPartial = understood.kind === "answer" && understood.isPartial === true
  // Typed text is not read back: what it may mean is not taken for what it means. What is missing is asked for.
  if (via === "text" && understood.kind === "answer" && !isSure && !isPartial) return unmatched("no_match")
  const before = "heard" in expectation ? expectation.heard : undefined
  const heard = heardIn(question, understood, before, expectation.about === "adding", language)
  if (heard === undefined) return unmatched(understood.kind === "less" ? "no_match" : "out_of_range")
  const isLast = question.lists === true && understood.kind === "answer" && understood.isLast === true
  return {
    type: "answer.given",
    linkId: question.linkId,
    ...heard,
    ...(isLast ? { isLast: true } : {}),
    ...(isPartial ? { isPartial: true } : {}),
    via,
    ...(certainty === undefined ? {} : { confidence: certainty.confidence }),
    // A list that has changed is read back as it is now.
    sure: isSure && before === undefined
  }
}

/** Whoever types in the form in which values are kept (ISO dates, a unit's code) is taken at their word. */
const written = (question: PlanQuestion, text: string, language: Language): InterviewEvent | undefined => {
  const { itemType, linkId } = question
  const isFree = itemType === "string" || itemType === "text" || itemType === "url" || itemType === "open-choice"
  const value = isFree ? undefined : typedValue(question, text, language)
  if (value === undefined || valueFault(question, value) !== undefined) return undefined
  return { type: "answer.given", linkId, answer: answerWith(question, value, language), via: "text", sure: true }
}

const yesOrNoAsk: Ask = { type: "boolean" }

/** The question at hand; of a review, which answer is to be corrected. */
export const questionAt = (plan: Plan, expectation: Expectation): PlanQuestion | undefined => {
  if (expectation.about === "review") {
    return expectation.asks === "offer" ? undefined : reviewQuestion(plan, expectation.items)
  }
  return expectation.about === "answer" || expectation.about === "confirmation" || expectation.about === "adding"
    ? questionOf(plan, expectation.linkId)
    : undefined
}

/** Typed text has no certainty. `today`: where the person is. */
export const interpretText = (
  plan: Plan,
  expectation: Expectation,
  text: string,
  via: "voice" | "text",
  today: Today,
  certainty?: Certainty
): InterviewEvent => {
  const { language } = plan
  const { about } = expectation
  if (about === "nothing" || about === "correction") return unmatched("no_match")
  const question = questionAt(plan, expectation)
  if (about === "answer" && expectation.initial !== undefined && keeps(text, language)) {
    return { type: "initial.kept", via }
  }
  const exact =
    via === "text" && question !== undefined && about !== "review" ? written(question, text, language) : undefined
  if (exact !== undefined) return exact
  const ask = question === undefined ? yesOrNoAsk : askOf(question, language)
  const understanding = understand({ ask, moment: momentOf(expectation), language, today }, { text, via, ...certainty })
  switch (understanding.kind) {
    case "answer":
      if (about === "review") {
        const event = understanding.sure ? chosen(expectation.items, understanding.items[0].value) : undefined
        return event ?? unmatched("no_match")
      }
      return question === undefined
        ? unmatched("no_match")
        : answered(question, understanding, expectation, { language, via, certainty })
    case "less":
      return question === undefined || about === "review"
        ? unmatched("no_match")
        : answered(question, understanding, expectation, { language, via, certainty })
    case "yes":
    case "no":
      return agreed(expectation, understanding, via)
    case "command":
      return { type: commandEvents[understanding.command] }
    case "out_of_range":
      return unmatched("out_of_range")
    case "ambiguous":
    case "none":
      return unmatched(via === "text" && comparable(text) === "" ? "no_speech" : "no_match")
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
  if (expectation.about === "review" && linkId === reviewLinkId) {
    if (value === true) return { type: "confirmation.given" }
    if (value === false) return { type: "confirmation.denied" }
    const event = chosen(expectation.items, code ?? value)
    return event ?? { refused: `${linkId} takes true, false, or the code of one of its answers` }
  }
  const isAsked = "linkId" in expectation && expectation.linkId === linkId
  if (
    isAsked &&
    (expectation.about === "confirmation" || expectation.about === "another" || expectation.about === "adding")
  ) {
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
  if (question.lists === true && Array.isArray(whole)) {
    const entries = whole.map((value: string) => answerWith(question, value, plan.language))
    const several = inOne(question, entries, plan.language)
    if (several !== undefined) return { ...given(question, several.answer, "touch"), ...several }
  }
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

/**
 * Keypad digits; `*` repeats, `#` goes back, `*0` asks for a human, and so does `0` where it is no answer. Where a yes or no
 * is asked for: 1 is yes, 2 is no.
 */
export const interpretDigits = (plan: Plan, expectation: Expectation, digits: string): InterviewEvent | Refusal => {
  const event = keyEvent(plan, expectation, digits)
  return digits === "0" && "refused" in event ? { type: "handover.request" } : event
}

const keyEvent = (plan: Plan, expectation: Expectation, digits: string): InterviewEvent | Refusal => {
  if (digits === "*") return { type: "question.repeat" }
  if (digits === "#") return { type: "question.back" }
  if (digits === "*0") return { type: "handover.request" }
  if (expectation.about === "review" && expectation.asks === "which") {
    const option = reviewQuestion(plan, expectation.items).options.find(({ key }) => key === digits)
    return chosen(expectation.items, option?.code) ?? { refused: "keys here: the number of an answer, * repeats" }
  }
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
