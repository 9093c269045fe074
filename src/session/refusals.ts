/**
 * What a client asks of an interview and the interview would pass over in silence, because it is not the time for it or
 * there is no such thing: a client is told why, and what it may do instead. Pure; nothing that a person said is repeated.
 */
import type { Expectation, InterviewEvent } from "#machines/interview.ts"
import type { Plan } from "#machines/plan.ts"
import { indexOf } from "#machines/plan-index.ts"
import { type ErrorCode, WireError } from "#schemas/errors.ts"
import { takes } from "#src/questionnaire/values.ts"

export const audioTooEarly = new WireError({
  code: "not_ready",
  message: "audio came before session.ready: send session.start and wait for its answer"
})

export type Refused = readonly [code: ErrorCode, message: string]

const whileConsenting: ReadonlySet<InterviewEvent["type"]> = new Set([
  "pause.request",
  "consent.given",
  "consent.declined",
  "question.repeat",
  "help.request",
  "withdrawal.request",
  "handover.request"
])
const whileStopping: ReadonlySet<InterviewEvent["type"]> = new Set([
  "confirmation.given",
  "confirmation.denied",
  "question.repeat",
  "question.goto",
  "stop.request",
  "pause.request",
  "handover.request",
  "distress.heard"
])

const whileCorrecting: ReadonlySet<InterviewEvent["type"]> = new Set([
  "question.goto",
  "handover.request",
  "distress.heard"
])

const whileWithdrawing: ReadonlySet<InterviewEvent["type"]> = new Set([
  "confirmation.given",
  "confirmation.denied",
  "question.repeat",
  "question.goto",
  "withdrawal.request"
])

/** What may be said or typed now. */
const expected = (plan: Plan, expectation: Expectation): string => {
  const question = "linkId" in expectation && plan.questions.find(({ linkId }) => linkId === expectation.linkId)
  if (expectation.about !== "answer" || !question) return "it takes yes or no"
  const options = question.options.map(({ display, key }) => `${display} (${key})`).join(", ")
  return options === "" ? `it takes ${takes(question)}` : `it takes one of: ${options}`
}

export const refusalOf = (plan: Plan, expectation: Expectation, event: InterviewEvent): Refused | undefined => {
  if (event.type === "answer.unmatched") {
    return ["invalid_answer", `nothing was understood; ${expected(plan, expectation)}`]
  }
  if (event.type === "question.goto" && indexOf(plan).find(event.linkId) === undefined) {
    const linkIds = plan.questions.map(({ linkId }) => linkId).join(", ")
    return ["invalid_answer", `there is no such question; there are: ${linkIds}`]
  }
  switch (expectation.about) {
    case "nothing":
      return ["not_ready", "this needs a questionnaire in progress"]
    case "consent":
      return whileConsenting.has(event.type)
        ? undefined
        : ["not_ready", "nothing is asked before consent.give or consent.decline"]
    case "stop":
      return whileStopping.has(event.type) ? undefined : ["not_ready", "first: is this to stop here? yes or no"]
    case "withdrawal":
      return whileWithdrawing.has(event.type)
        ? undefined
        : ["not_ready", "first: is the consent withdrawn, and everything deleted? yes or no"]
    case "review":
      return event.type === "answer.given"
        ? ["invalid_answer", "first: is what was read right? true, false, or the code of an answer"]
        : undefined
    case "correction":
      return whileCorrecting.has(event.type)
        ? undefined
        : ["not_ready", "all questions are answered; question.goto corrects an answer"]
    case "another":
      return event.type === "answer.given"
        ? ["invalid_answer", `first: is there another ${expectation.linkId}? true or false`]
        : undefined
    case "answer":
      if (event.type === "initial.kept" && expectation.initial === undefined)
        return ["invalid_answer", "there is nothing to keep here"]
      return event.type === "answer.given" && event.linkId !== expectation.linkId
        ? ["invalid_answer", `the question now is ${expectation.linkId}; question.goto asks another one`]
        : undefined
    case "confirmation":
      return event.type === "answer.given" && event.linkId !== expectation.linkId
        ? ["invalid_answer", `the question now is ${expectation.linkId}; question.goto asks another one`]
        : undefined
  }
}
