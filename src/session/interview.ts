/**
 * What an interview's outputs sound and look like: each `InterviewOutput` becomes wire messages and at most one prompt.
 * Pure; every word comes from the questionnaire or from the prompt catalogue.
 */
import type { Plan, PlanQuestion } from "#machines/plan.ts"
import type { InterviewOutput, Preface } from "#machines/interview.ts"
import { repromptsMax } from "#machines/interview-setup.ts"
import type { RecordedAnswer } from "#schemas/record.ts"
import type { ServerMessage, ServerMessageOf } from "#schemas/wire.ts"
import { answerOf } from "#src/questionnaire/answer.ts"
import { numberWords } from "#src/questionnaire/arabic.ts"
import { consentVersion, prompt as catalogue, type PromptText } from "#src/tts/prompts.ts"

export interface Performance {
  readonly messages: ReadonlyArray<ServerMessage>
  readonly prompt?: PromptText & { readonly keep: boolean }
}

/** Tries, a second each, from one "please wait" to the next. */
const storeFailuresPerPrompt = 15

const joined = (...parts: ReadonlyArray<PromptText | undefined>): PromptText => ({
  text: parts.flatMap((part) => part?.text || []).join("\n"),
  spoken: parts.flatMap((part) => part?.spoken ?? []).join(" ")
})

const sameOptions = (a: PlanQuestion | undefined, b: PlanQuestion): boolean =>
  a !== undefined &&
  a.options.length === b.options.length &&
  a.options.every(({ code }, index) => code === b.options[index]?.code)

/** The choices with their numbers: at the first question of a scale, and whenever a question is asked again. */
const choices = (plan: Plan, question: PlanQuestion): PromptText => {
  const named = question.options.map((option) => ({
    text: `${option.key}: ${option.display}`,
    spoken: `${option.key}: ${option.spokenDisplay}`
  }))
  const separator = plan.language === "ar" ? "، " : ", "
  return joined(catalogue("choices", plan.language), {
    text: `${named.map(({ text }) => text).join(separator)}.`,
    spoken: `${named.map(({ spoken }) => spoken).join(". ")}.`
  })
}

const questionText = (plan: Plan, question: PlanQuestion, attempt: number): PromptText => {
  const index = plan.questions.indexOf(question)
  const intro = attempt === 1 ? question.intro : undefined
  return joined(
    intro === undefined ? undefined : { text: intro.text, spoken: intro.spokenText },
    { text: question.text, spoken: `${question.spokenText}.` },
    attempt > 1 || !sameOptions(plan.questions[index - 1], question) ? choices(plan, question) : undefined
  )
}

const questionOf = (plan: Plan, linkId: string): PlanQuestion => {
  const question = plan.questions.find((candidate) => candidate.linkId === linkId)
  if (question === undefined) throw new Error(`the plan of ${plan.id} has no question ${linkId}`)
  return question
}

/** A prompt of the catalogue for "I did not hear" or "I did not understand", more helpful each time. */
const apology = (plan: Plan, reason: string | undefined, attempt: number): PromptText | undefined => {
  if (reason === undefined) return undefined
  const step = Math.min(Math.max(attempt - 1, 1), repromptsMax)
  return catalogue(reason === "no_speech" ? "no_speech" : "no_match", plan.language, { attempt: step })
}

const spokenFirst = (plan: Plan, preface: Preface | undefined): PromptText | undefined =>
  preface === undefined ? undefined : catalogue(preface, plan.language)

export const recordedMessage = ({
  linkId,
  answer,
  via,
  confidence,
  revised
}: RecordedAnswer): ServerMessageOf<"answer.recorded"> => ({
  type: "answer.recorded",
  link_id: linkId,
  value: answer.value,
  display: answer.display,
  via,
  ...(confidence === undefined ? {} : { confidence }),
  revised
})

export const askedMessage = (plan: Plan, linkId: string, attempt: number): ServerMessageOf<"question.asked"> => {
  const question = questionOf(plan, linkId)
  return {
    type: "question.asked",
    link_id: linkId,
    text: question.text,
    item_type: question.itemType,
    options: question.options.map(({ code, display, phrases, key }) => ({
      code,
      display,
      spoken: [...phrases, ...(numberWords[plan.language][Number(key)] ?? []).slice(0, 1)],
      key
    })),
    required: question.required,
    index: plan.questions.indexOf(question) + 1,
    total: plan.questions.length,
    attempt
  }
}

/** `interview.ended` is not here: its messages need the answers (`src/session/results.ts`). */
export const performanceOf = (plan: Plan, output: InterviewOutput): Performance => {
  const { language } = plan
  switch (output.type) {
    case "consent.asked": {
      const consent = catalogue("consent", language)
      return {
        messages:
          output.attempt === 1 ? [{ type: "consent.requested", text: consent.text, version: consentVersion }] : [],
        prompt: {
          ...joined(spokenFirst(plan, output.preface), apology(plan, output.reason, output.attempt), consent),
          keep: true
        }
      }
    }
    case "question.asked": {
      const question = questionOf(plan, output.linkId)
      const { reason, attempt, linkId, preface, again } = output
      const asked: ServerMessage =
        reason === undefined
          ? askedMessage(plan, linkId, attempt)
          : { type: "question.reprompt", link_id: linkId, reason, attempt }
      return {
        messages: again ? [] : [asked],
        prompt: {
          ...joined(
            spokenFirst(plan, preface),
            apology(plan, reason, attempt),
            questionText(plan, question, attempt),
            // Whoever comes back may not have the choices in mind any more.
            again && attempt === 1 ? choices(plan, question) : undefined
          ),
          keep: true
        }
      }
    }
    case "touch.offered":
      return {
        messages: [],
        prompt: { ...catalogue(output.why === "cannot_hear" ? "cannot_hear" : "offer_touch", language), keep: true }
      }
    case "help.given":
      return {
        messages: [],
        prompt: {
          ...joined(catalogue("help", language), choices(plan, questionOf(plan, output.linkId))),
          keep: true
        }
      }
    case "answer.confirming": {
      const question = questionOf(plan, output.linkId)
      const { value, display } = output.pending.answer
      const option = question.options.find((candidate) => answerOf(question, candidate).value === value)
      return {
        messages: output.again ? [] : [{ type: "answer.confirm", link_id: output.linkId, value, display }],
        /** It holds a person's answer: never kept on disk (R3.8). */
        prompt: {
          ...joined(
            spokenFirst(plan, output.preface),
            catalogue("confirm", language, { text: display, spoken: option?.spokenDisplay ?? display })
          ),
          keep: false
        }
      }
    }
    case "stop.confirming":
      return { messages: [], prompt: { ...catalogue("confirm_stop", language), keep: true } }
    case "answer.recording":
      return { messages: [recordedMessage(output.record)] }
    case "interview.ended":
      return {
        messages: [],
        prompt: { ...catalogue(output.status, language), keep: true }
      }
    case "storing.delayed":
      return {
        messages: [],
        // A person who waits in silence believes that nothing works any more.
        ...(output.failures % storeFailuresPerPrompt === 1
          ? { prompt: { ...catalogue("cannot_store", language), keep: true } }
          : {})
      }
    case "consent.recording":
    case "question.skipped":
    case "turn.opened":
      return { messages: [] }
  }
}

/** Everything that this questionnaire may say and that holds no answer, for it to be rendered ahead. */
export const fixedPrompts = (plan: Plan): ReadonlyArray<string> => {
  const reasons = [undefined, "no_speech", "no_match"] as const
  const outputs: Array<InterviewOutput> = [
    { type: "consent.asked", attempt: 1 },
    ...plan.questions.map(({ linkId }): InterviewOutput => ({ type: "question.asked", linkId, attempt: 1 })),
    ...(["completed", "stopped", "declined"] as const).map((status): InterviewOutput => ({
      type: "interview.ended",
      status,
      answers: {}
    })),
    { type: "stop.confirming" },
    { type: "storing.delayed", failures: 1 },
    { type: "consent.asked", attempt: 1, preface: "welcome_back" },
    ...plan.questions.flatMap(({ linkId }): ReadonlyArray<InterviewOutput> => [
      { type: "touch.offered", linkId, why: "asked_enough" },
      { type: "touch.offered", linkId, why: "cannot_hear" },
      { type: "question.asked", linkId, attempt: 1, preface: "welcome_back", again: true },
      { type: "help.given", linkId }
    ])
  ]
  for (let attempt = 2; attempt <= repromptsMax + 1; attempt++) {
    for (const reason of reasons) {
      if (reason === undefined) continue
      outputs.push({ type: "consent.asked", attempt, reason })
      for (const { linkId } of plan.questions) outputs.push({ type: "question.asked", linkId, attempt, reason })
    }
  }
  return [...new Set(outputs.flatMap((output) => performanceOf(plan, output).prompt?.spoken ?? []))]
}
