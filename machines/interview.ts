/** What an interview is told, what it wants, and what it expects next: the words between a questionnaire and its performer. */
import type { AnswerVia, RepromptReason } from "#schemas/wire.ts"
import type { Answer } from "./plan.ts"

export interface RecordedAnswer {
  readonly linkId: string
  readonly answer: Answer
  readonly via: AnswerVia
  readonly confidence?: number
  readonly revised: boolean
}

export type InterviewEvent =
  | { readonly type: "consent.given"; readonly via: AnswerVia }
  | { readonly type: "consent.declined" }
  | { readonly type: "prompt.done" }
  | { readonly type: "utterance.ended" }
  /** It held no speech after all: a noise. */
  | { readonly type: "utterance.empty" }
  | {
      readonly type: "answer.given"
      readonly linkId: string
      readonly answer: Answer
      readonly via: AnswerVia
      readonly confidence?: number
      /** False: recognised, but not surely enough to take without asking. */
      readonly sure: boolean
    }
  | { readonly type: "answer.unmatched"; readonly reason: RepromptReason }
  | { readonly type: "confirmation.given" }
  | { readonly type: "confirmation.denied" }
  | { readonly type: "answer.stored"; readonly linkId: string }
  | { readonly type: "answer.store.failed"; readonly linkId: string }
  | { readonly type: "silence.elapsed" }
  | { readonly type: "question.repeat" }
  | { readonly type: "question.back" }
  | { readonly type: "question.skip" }
  | { readonly type: "question.goto"; readonly linkId: string }
  | { readonly type: "help.request" }
  | { readonly type: "stop.request" }

export type InterviewOutput =
  | { readonly type: "consent.asked"; readonly attempt: number; readonly reason?: RepromptReason }
  | {
      readonly type: "question.asked"
      readonly linkId: string
      readonly attempt: number
      readonly reason?: RepromptReason
    }
  /** Asked often enough: from here only touch, keypad and text are offered; speech is still heard. */
  | { readonly type: "touch.offered"; readonly linkId: string }
  | { readonly type: "help.given"; readonly linkId: string }
  | { readonly type: "answer.confirming"; readonly linkId: string; readonly answer: Answer }
  | { readonly type: "stop.confirming" }
  | { readonly type: "answer.recording"; readonly record: RecordedAnswer }
  | { readonly type: "answer.recorded"; readonly record: RecordedAnswer }
  /** The person's turn to speak begins: silence counts from here. */
  | { readonly type: "turn.opened" }
  | {
      readonly type: "interview.ended"
      readonly status: "completed" | "stopped" | "declined"
      readonly answers: Readonly<Record<string, RecordedAnswer>>
    }

/** What the next thing said, typed or tapped is about. */
export type Expectation =
  | { readonly about: "consent" }
  | { readonly about: "answer"; readonly linkId: string }
  | { readonly about: "confirmation"; readonly linkId: string }
  | { readonly about: "stop" }
  | { readonly about: "nothing" }
