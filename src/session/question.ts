/** What one question sounds and looks like: its words, its choices, its help, and its message. Pure. */
import type { Told } from "#machines/form.ts"
import type { Next } from "#machines/interview-setup.ts"
import type { AskedPlace } from "#machines/interview.ts"
import type { Plan, PlanQuestion, QuestionType, Spoken } from "#machines/plan.ts"
import { indexOf } from "#machines/plan-index.ts"
import type { ServerMessageOf } from "#schemas/wire.ts"
import { numberWords } from "#src/questionnaire/arabic.ts"
import { booleanOptionsIn } from "#src/questionnaire/options.ts"
import { prompt as catalogue, type PromptId, type PromptText } from "#src/tts/prompts.ts"

export const joined = (...parts: ReadonlyArray<PromptText | undefined>): PromptText => ({
  text: parts.flatMap((part) => part?.text || []).join("\n"),
  spoken: parts.flatMap((part) => part?.spoken || []).join(" ")
})

export const questionOf = (plan: Plan, linkId: string): PlanQuestion => {
  const question = plan.questions.find((candidate) => candidate.linkId === linkId)
  if (question === undefined) throw new Error(`the plan of ${plan.id} has no question ${linkId}`)
  return question
}

const sameOptions = (a: PlanQuestion | undefined, b: PlanQuestion): boolean =>
  a !== undefined &&
  a.options.length === b.options.length &&
  a.options.every(({ code }, index) => code === b.options[index]?.code)

/** A sentence ends with a mark, so that the voice pauses. */
export const ended = (spoken: string): string => (/[.!?؟:،,]\s*$/u.test(spoken) ? spoken : `${spoken}.`)

const said = ({ text, spokenText }: Spoken): PromptText => ({ text, spoken: ended(spokenText) })

/** The choices with their numbers: at the first question of a scale, and whenever a question is asked again. */
const namedChoices = (plan: Plan, question: PlanQuestion): PromptText => {
  const named = question.options.map((option) => ({
    text: `${option.key}: ${option.display}`,
    spoken: `${option.key}: ${option.spokenDisplay}`
  }))
  const separator = plan.language === "ar" ? "، " : ", "
  return joined(
    catalogue("choices", plan.language),
    {
      text: `${named.map(({ text }) => text).join(separator)}.`,
      spoken: `${named.map(({ spoken }) => spoken).join(". ")}.`
    },
    question.chooseMax === undefined ? undefined : catalogue("choose_several", plan.language)
  )
}

const expects: Readonly<Partial<Record<QuestionType, PromptId>>> = {
  integer: "expects_number",
  decimal: "expects_number",
  quantity: "expects_number",
  date: "expects_date",
  dateTime: "expects_date",
  time: "expects_time",
  string: "expects_text",
  text: "expects_text",
  url: "expects_text",
  "open-choice": "expects_text"
}

/** What may be answered: the choices, or what kind of thing. */
export const choices = (plan: Plan, question: PlanQuestion): PromptText => {
  if (question.options.length > 0) return namedChoices(plan, question)
  const kind = expects[question.itemType]
  return kind === undefined ? joined() : catalogue(kind, plan.language)
}

const spokenTo = (told: Told, feminine: boolean): PromptText => said(feminine && told.feminine ? told.feminine : told)

export const introText = (intros: ReadonlyArray<Told>, feminine = false): ReadonlyArray<PromptText> =>
  intros.map((intro) => spokenTo(intro, feminine))

const offered = (plan: Plan, { initial }: AskedPlace): PromptText | undefined =>
  initial === undefined ? undefined : catalogue("offered", plan.language, { text: initial.display })

/** `again`: whoever comes back may not have the choices in mind any more. */
export const questionText = (plan: Plan, place: AskedPlace, attempt: number, again: boolean): PromptText => {
  const question = questionOf(plan, place.linkId)
  const index = plan.questions.indexOf(question)
  const feminine = place.feminine === true
  const isNewChoice = question.options.length > 0 && !sameOptions(plan.questions[index - 1], question)
  return joined(
    ...(attempt === 1 ? introText(place.intros, feminine) : []),
    place.entry === undefined ? undefined : catalogue("about_entry", plan.language, { text: place.entry }),
    spokenTo(question, feminine),
    attempt > 1 || isNewChoice || again ? choices(plan, question) : undefined,
    attempt === 1 ? offered(plan, place) : undefined
  )
}

export const helpText = (plan: Plan, linkId: string): PromptText => {
  const question = plan.questions.find((candidate) => candidate.linkId === linkId)
  if (question === undefined) return catalogue("help", plan.language)
  return joined(
    question.help === undefined ? undefined : said(question.help),
    catalogue("help", plan.language),
    choices(plan, question)
  )
}

/** What repeats, by the name that it is asked under. */
export const loopName = (plan: Plan, linkId: string): Spoken => {
  const { item } = indexOf(plan).place(linkId)
  const question = item.question === undefined ? undefined : plan.questions[item.question]
  const named = item.told ?? question ?? { text: linkId, spokenText: linkId }
  const bare = (text: string) => text.replace(/[.:؟?]\s*$/u, "")
  return { text: bare(named.text), spokenText: bare(named.spokenText) }
}

const bounds = (question: PlanQuestion) => ({
  ...(question.chooseMax === undefined ? {} : { choose_max: question.chooseMax }),
  ...(question.min === undefined ? {} : { min: question.min }),
  ...(question.max === undefined ? {} : { max: question.max }),
  ...(question.minLength === undefined ? {} : { min_length: question.minLength }),
  ...(question.maxLength === undefined ? {} : { max_length: question.maxLength }),
  ...(question.maxDecimalPlaces === undefined ? {} : { max_decimal_places: question.maxDecimalPlaces }),
  ...(question.units === undefined
    ? {}
    : { units: question.units.map(({ display, code }) => ({ display, ...(code === undefined ? {} : { code }) })) }),
  ...(question.help === undefined ? {} : { help: question.help.text })
})

export const optionsOf = (plan: Plan, options: PlanQuestion["options"]) =>
  options.map(({ code, display, phrases, key }) => ({
    code,
    display,
    spoken: [...phrases, ...(numberWords[plan.language][Number(key)] ?? []).slice(0, 1)],
    key
  }))

/** `question.asked`, also for whether there is another one. */
export const askedMessage = (
  plan: Plan,
  { asks, place }: Pick<Next, "asks" | "place">,
  attempt: number
): ServerMessageOf<"question.asked"> => {
  const { linkId, at, index, total, required, entry, initial, feminine } = place
  const common = {
    type: "question.asked" as const,
    link_id: linkId,
    index,
    total,
    attempt,
    ...(at === undefined ? {} : { occurrence: [...at] })
  }
  if (asks === "another") {
    const text = catalogue("another", plan.language, { text: loopName(plan, linkId).text }).text
    const options = optionsOf(plan, booleanOptionsIn(plan.language))
    return { ...common, text, item_type: "boolean", options, required: true, another: true }
  }
  const question = questionOf(plan, linkId)
  const text = feminine === true && question.feminine !== undefined ? question.feminine.text : question.text
  return {
    ...common,
    text: entry === undefined ? text : `${entry}: ${text}`,
    item_type: question.itemType,
    options: optionsOf(plan, question.options),
    required,
    ...bounds(question),
    ...(initial === undefined ? {} : { initial: { value: initial.value, display: initial.display } })
  }
}
