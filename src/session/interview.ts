/**
 * What an interview's outputs sound and look like: each `InterviewOutput` becomes wire messages and at most one prompt.
 * Pure; every word comes from the questionnaire or from the prompt catalogue.
 */
import { formOf } from "#machines/form.ts"
import { nothingKept } from "#machines/kept.ts"
import type { Plan } from "#machines/plan.ts"
import { distressRule, handoverRule, type AskedPlace, type InterviewOutput, type Preface } from "#machines/interview.ts"
import { decisionRepromptsMax, repromptsMax } from "#machines/interview-setup.ts"
import { Router } from "#machines/routing.ts"
import type { RecordedAnswer } from "#schemas/record.ts"
import type { ServerMessage, ServerMessageOf } from "#schemas/wire.ts"
import { consentVersion, prompt as catalogue, type PromptId, type PromptText } from "#src/tts/prompts.ts"
import { heardText, valueOfAll } from "./heard-answers.ts"
import { reviewedTexts, reviewMessage } from "./reviewing.ts"
import { askedMessage, helpText, introText, joined, loopName, questionOf, questionText } from "./question.ts"

export interface Performance {
  readonly messages: ReadonlyArray<ServerMessage>
  readonly prompt?: PromptText & { readonly keep: boolean }
}

/** What the operator wants said. */
export interface Told {
  /** `HELPLINE_TEXT`. */
  readonly helpline?: string
  /** For so long a session may be taken up again. */
  readonly resumeMinutes?: number
}

/** Tries, a second each, from one "please wait" to the next. */
const storeFailuresPerPrompt = 15

/** A prompt of the catalogue for "I did not hear" or "I did not understand", more helpful each time. */
const apology = (plan: Plan, reason: string | undefined, attempt: number): PromptText | undefined => {
  if (reason === undefined) return undefined
  if (reason === "too_long") return catalogue("too_long", plan.language)
  if (reason === "out_of_range") return catalogue("out_of_range", plan.language)
  const step = Math.min(Math.max(attempt - 1, 1), repromptsMax)
  return catalogue(reason === "no_speech" ? "no_speech" : "no_match", plan.language, { attempt: step })
}

const spokenFirst = (plan: Plan, preface: Preface | undefined): PromptText | undefined =>
  preface === undefined ? undefined : catalogue(preface, plan.language)

export const recordedMessage = ({
  linkId,
  at,
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
  revised,
  ...(at === undefined ? {} : { occurrence: at })
})

type Of<Type extends InterviewOutput["type"]> = Extract<InterviewOutput, { type: Type }>

/** Asked for the first time it is told whole; then only why it is asked again. */
const askedFor = (plan: Plan, output: Of<"question.asked"> | Of<"another.asked">): ReadonlyArray<ServerMessage> => {
  const { attempt, reason, linkId, again } = output
  if (again) return []
  const complaint = output.type === "question.asked" ? output.complaint : undefined
  const asks = output.type === "another.asked" ? "another" : "answer"
  const asked = askedMessage(plan, { asks, place: output }, attempt)
  if (reason === undefined) return [asked]
  const reprompt: ServerMessage = {
    type: "question.reprompt",
    link_id: linkId,
    reason,
    attempt,
    ...(complaint === undefined ? {} : { message: complaint })
  }
  return attempt === 1 ? [asked, reprompt] : [reprompt]
}

const question = (plan: Plan, output: Of<"question.asked">): Performance => {
  const { reason, attempt, preface, again, complaint } = output
  return {
    messages: askedFor(plan, output),
    prompt: {
      ...joined(
        spokenFirst(plan, preface),
        complaint === undefined ? apology(plan, reason, attempt) : { text: complaint, spoken: complaint },
        questionText(plan, output, attempt, again === true)
      ),
      // What is offered, or named, may be a person's own (R3.8).
      keep: output.initial === undefined && output.entry === undefined
    }
  }
}

const another = (plan: Plan, output: Of<"another.asked">): Performance => {
  const { linkId, count, reason, attempt, preface, intros, feminine } = output
  const { text, spokenText } = loopName(plan, linkId)
  return {
    messages: askedFor(plan, output),
    prompt: {
      ...joined(
        spokenFirst(plan, preface),
        apology(plan, reason, attempt),
        ...(attempt === 1 ? introText(intros, feminine) : []),
        catalogue(count === 0 ? "any" : "another", plan.language, { text, spoken: spokenText })
      ),
      keep: true
    }
  }
}

/** The answers with their numbers, once; asked again, only what may be said. */
const review = (plan: Plan, output: Of<"review.offered" | "review.read" | "review.which">): Performance => {
  const { type, items, index, attempt, reason, preface, feminine = false } = output
  const { language } = plan
  const isRead = type === "review.read" && attempt === 1
  return {
    messages: attempt === 1 ? [reviewMessage(plan, output)] : [],
    /** It holds a person's answers: never kept on disk (R3.8). */
    prompt: {
      ...joined(
        spokenFirst(plan, preface),
        apology(plan, reason, attempt),
        isRead && index === 1 && preface !== "amended" ? catalogue("review_intro", language) : undefined,
        ...(isRead ? reviewedTexts(plan, items, feminine) : []),
        catalogue(
          type === "review.offered" ? "review_offer" : type === "review.read" ? "review_right" : "review_which",
          language
        )
      ),
      keep: type !== "review.read"
    }
  }
}

/** Staff will hear of it, and whom to call; of any other rule than the two that every questionnaire has, as of safety. */
const notice = (plan: Plan, { linkId, rule }: Of<"notice.told">, { helpline = "" }: Told): Performance => {
  const id = rule === handoverRule ? "handover_notice" : rule === distressRule ? "distress_notice" : "safety_notice"
  const prompt = catalogue(id, plan.language, { text: helpline })
  return {
    messages: [{ type: "questionnaire.notice", link_id: linkId, message: prompt.text }],
    prompt: { ...prompt, keep: true }
  }
}

const goodbye = ({ language }: Plan, { closing, status }: Of<"interview.ended">) => ({
  ...joined(...introText(closing), catalogue(status, language)),
  keep: true
})

const touchPrompt = ({ why, linkId }: Of<"touch.offered">): PromptId =>
  why === "cannot_hear" ? "cannot_hear" : linkId === undefined ? "consent_by_hand" : "offer_touch"

/** `interview.ended` is not here: its messages need the answers (`src/session/results.ts`). */
export const performanceOf = (plan: Plan, output: InterviewOutput, told: Told = {}): Performance => {
  const { language } = plan
  switch (output.type) {
    case "consent.asked": {
      const consent = catalogue("consent", language)
      // Asked again, only what is to be decided: nobody should have to listen to all of it for one unclear word.
      const asked = output.reason === undefined ? consent : catalogue("consent_again", language)
      return {
        messages:
          output.attempt === 1 ? [{ type: "consent.requested", text: consent.text, version: consentVersion }] : [],
        prompt: {
          ...joined(spokenFirst(plan, output.preface), apology(plan, output.reason, output.attempt), asked),
          keep: true
        }
      }
    }
    case "question.asked":
      return question(plan, output)
    case "another.asked":
      return another(plan, output)
    case "touch.offered":
      return {
        messages: [],
        prompt: { ...catalogue(touchPrompt(output), language), keep: true }
      }
    case "help.given":
      return { messages: [], prompt: { ...helpText(plan, output.linkId), keep: true } }
    case "answer.confirming": {
      const asked = questionOf(plan, output.linkId)
      const value = valueOfAll(output.pending)
      const heard = heardText(asked, output.pending, language)
      return {
        messages: output.again
          ? []
          : [
              {
                type: "answer.confirm",
                link_id: output.linkId,
                value,
                display: heard.text,
                ...(output.at === undefined ? {} : { occurrence: [...output.at] })
              }
            ],
        /** It holds a person's answer: never kept on disk (R3.8). */
        prompt: {
          ...joined(spokenFirst(plan, output.preface), catalogue("confirm", language, heard)),
          keep: false
        }
      }
    }
    case "answer.adding": {
      const { linkId, pending, attempt } = output
      const part = catalogue("part_heard", language, heardText(questionOf(plan, linkId), pending, language))
      return {
        messages: [{ type: "question.reprompt", link_id: linkId, reason: "no_match", attempt, message: part.text }],
        /** It holds a person's answer: never kept on disk (R3.8). */
        prompt: { ...joined(spokenFirst(plan, output.preface), part), keep: false }
      }
    }
    case "review.offered":
    case "review.read":
    case "review.which":
      return review(plan, output)
    case "review.ended":
      return {
        messages: [],
        prompt: { ...joined(...introText(output.closing), catalogue("review_ended", language)), keep: true }
      }
    case "stop.confirming":
      return { messages: [], prompt: { ...catalogue("confirm_stop", language), keep: true } }
    case "pause.confirming":
      return { messages: [], prompt: { ...catalogue("confirm_pause", language), keep: true } }
    case "pause.told": {
      const minutes = String(told.resumeMinutes ?? 0)
      return { messages: [], prompt: { ...catalogue("paused", language, { text: minutes }), keep: true } }
    }
    case "notice.told":
      return notice(plan, output, told)
    case "answer.recording":
      return { messages: output.entries.map(recordedMessage) }
    case "withdrawal.confirming":
      return { messages: [], prompt: { ...catalogue("confirm_withdrawal", language), keep: true } }
    case "interview.ended":
      return {
        messages: output.status === "withdrawn" ? [{ type: "consent.withdrawn" }] : [],
        ...(output.isReviewed ? {} : { prompt: goodbye(plan, output) })
      }
    case "storing.delayed":
      return {
        messages: [],
        // A person who waits in silence believes that nothing works any more.
        ...(output.failures % storeFailuresPerPrompt === 1
          ? { prompt: { ...catalogue("cannot_store", language), keep: true } }
          : {})
      }
    case "alert.raised":
    case "interview.paused":
    case "consent.recording":
    case "withdrawal.recording":
    case "question.skipped":
    case "another.told":
    case "turn.opened":
      return { messages: [] }
  }
}

/** Each question where it stands while nothing is answered; those that are not enabled then stand alone. */
export const placesOf = (plan: Plan): ReadonlyArray<AskedPlace> => {
  const router = new Router(plan)
  const form = formOf(plan, nothingKept)
  const standing = form.steps.flatMap((step) =>
    step.asks === "answer"
      ? [router.place(nothingKept, router.form(nothingKept).steps[form.steps.indexOf(step)] ?? step)]
      : []
  )
  const known = new Map(standing.map((place) => [place.linkId, place]))
  return plan.questions.map(
    ({ linkId }) => known.get(linkId) ?? { linkId, index: 1, total: plan.questions.length, required: false, intros: [] }
  )
}

/** Everything that this questionnaire may say and that holds no answer, for it to be rendered ahead. */
export const fixedPrompts = (plan: Plan, told: Told = {}): ReadonlyArray<string> => {
  const asked = placesOf(plan)
  const ended = { kept: nothingKept, alerts: [], closing: [] }
  const outputs: Array<InterviewOutput> = [
    { type: "consent.asked", attempt: 1 },
    ...asked.map((place): InterviewOutput => ({ type: "question.asked", ...place, attempt: 1 })),
    ...(["completed", "stopped", "declined", "withdrawn"] as const).map((status): InterviewOutput => ({
      type: "interview.ended",
      status,
      ...ended
    })),
    { type: "review.ended", closing: [] },
    { type: "review.offered", items: [], index: 1, groups: 1, attempt: 1, preface: "review_begins" },
    { type: "review.which", items: [], index: 1, groups: 1, attempt: 1 },
    { type: "stop.confirming" },
    { type: "withdrawal.confirming" },
    { type: "pause.confirming" },
    { type: "pause.told", linkId: "" },
    ...[distressRule, handoverRule, ...plan.alerts.map(({ rule }) => rule)].map((rule): InterviewOutput => ({
      type: "notice.told",
      linkId: "",
      rule
    })),
    { type: "storing.delayed", failures: 1 },
    { type: "consent.asked", attempt: 1, preface: "welcome_back" },
    { type: "touch.offered", why: "asked_enough" },
    ...asked.flatMap((place): ReadonlyArray<InterviewOutput> => [
      { type: "touch.offered", linkId: place.linkId, why: "asked_enough" },
      { type: "touch.offered", linkId: place.linkId, why: "cannot_hear" },
      { type: "question.asked", ...place, attempt: 1, preface: "welcome_back", again: true },
      { type: "help.given", linkId: place.linkId }
    ])
  ]
  for (let attempt = 2; attempt <= repromptsMax + 1; attempt++) {
    for (const reason of ["no_speech", "no_match"] as const) {
      if (attempt <= decisionRepromptsMax + 1) outputs.push({ type: "consent.asked", attempt, reason })
      for (const place of asked) outputs.push({ type: "question.asked", ...place, attempt, reason })
    }
  }
  const performed = outputs.flatMap((output) => {
    const { prompt } = performanceOf(plan, output, told)
    return prompt?.keep === true ? [prompt.spoken] : []
  })
  return [...new Set(performed)]
}
