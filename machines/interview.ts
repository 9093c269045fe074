/** What an interview is told, what it wants, and what it expects next: the words between a questionnaire and its performer. */
import type { Answer, Place, RecordedAnswer, RecordEntry } from "#schemas/record.ts"
import type { AnswerVia, RepromptReason } from "#schemas/wire.ts"
import type { Told } from "./form.ts"
import type { At, Kept } from "./kept.ts"

/** What is known of an interview that began earlier: it goes on from its log. */
export interface InterviewRecord {
  readonly entries: ReadonlyArray<RecordEntry>
  readonly place?: Place
}

export type InterviewEvent =
  | { readonly type: "consent.given"; readonly via: AnswerVia }
  | { readonly type: "consent.declined" }
  | { readonly type: "consent.stored" }
  | { readonly type: "consent.store.failed" }
  | { readonly type: "prompt.done" }
  | { readonly type: "utterance.ended" }
  /** It held no speech after all: a noise. */
  | { readonly type: "utterance.empty" }
  | {
      readonly type: "answer.given"
      readonly linkId: string
      readonly answer: Answer
      /** Further entries of the list that it is one of, and whether there are no others (`RecordedAnswer`). */
      readonly more?: ReadonlyArray<Answer>
      readonly isLast?: true
      /** Something beside it was not understood: that is asked for, and this is not lost. */
      readonly isPartial?: true
      readonly via: AnswerVia
      readonly confidence?: number
      /** False: recognised, but not surely enough to take without asking. */
      readonly sure: boolean
      /** It sounds like danger too. */
      readonly isDistressed?: true
      /** It was cut off after the longest utterance. */
      readonly isLong?: true
    }
  /** What was said sounds like danger, and is no answer. */
  | { readonly type: "distress.heard" }
  /** A human is asked for. */
  | { readonly type: "handover.request" }
  | { readonly type: "alert.stored" }
  | { readonly type: "alert.store.failed" }
  /** What was offered stays as it is. */
  | { readonly type: "initial.kept"; readonly via: AnswerVia }
  | { readonly type: "answer.unmatched"; readonly reason: RepromptReason }
  /** What was said could not be recognised by anything; and later: it can be again. */
  | { readonly type: "hearing.failed" }
  | { readonly type: "hearing.restored" }
  | { readonly type: "confirmation.given" }
  | { readonly type: "confirmation.denied" }
  | { readonly type: "answer.stored"; readonly linkId: string }
  | { readonly type: "answer.store.failed"; readonly linkId: string }
  | { readonly type: "silence.elapsed" }
  | { readonly type: "question.repeat" }
  | { readonly type: "question.back" }
  | { readonly type: "question.skip" }
  /** A question, `at` of its occurrences; or something that repeats: then whether there is another one is asked again. */
  | { readonly type: "question.goto"; readonly linkId: string; readonly at?: At }
  | { readonly type: "help.request" }
  | { readonly type: "stop.request" }
  /** Said or typed: it is asked whether that is meant. */
  | { readonly type: "withdrawal.request" }
  /** Decided: everything is deleted. */
  | { readonly type: "consent.withdrawn"; readonly via: AnswerVia }
  | { readonly type: "withdrawal.stored" }
  | { readonly type: "withdrawal.store.failed" }
  /** To go on later. */
  | { readonly type: "pause.request" }

/** Said before a question that was asked earlier, after an answer that was cut off and is kept, or before the answers are read. */
export type Preface = "welcome_back" | "can_hear_again" | "heard_enough" | "review_begins" | "amended"

interface Asked {
  readonly preface?: Preface
  /** The client has been sent it before; it is only spoken again. */
  readonly again?: true
}

/** A question in its place. */
export interface AskedPlace {
  readonly linkId: string
  /** Where something repeats. */
  readonly at?: At
  /** From 1, among the questions that are asked as things stand. */
  readonly index: number
  readonly total: number
  readonly required: boolean
  /** Groups and displays that lead to it. */
  readonly intros: ReadonlyArray<Told>
  /** Which of several entries that were said in one breath it is about: "aspirin". */
  readonly entry?: string
  /** The person may keep it. */
  readonly initial?: Answer
  /** She is spoken to as a woman. */
  readonly feminine?: true
}

/** Stands where a linkId does while the answers are read back; a questionnaire that has it is refused. */
export const reviewLinkId = "sawt:review"

/** An answer that is read back at the end. */
export interface ReviewedItem {
  readonly linkId: string
  readonly at?: At
  readonly answer: Answer
}

/** What staff must hear of: a rule that an answer met, or that the lack of one did. */
export interface RaisedAlert {
  readonly linkId: string
  readonly rule: string
}

/** Rules that no questionnaire has to name: what was said sounds like danger; the person wants to speak to somebody. */
export const distressRule = "distress"
export const handoverRule = "handover"

export type InterviewOutput =
  | (Asked & { readonly type: "consent.asked"; readonly attempt: number; readonly reason?: RepromptReason })
  /** To be written; `consent.stored` or `consent.store.failed` comes of it. */
  | { readonly type: "consent.recording"; readonly via: AnswerVia }
  | (Asked &
      AskedPlace & {
        readonly type: "question.asked"
        readonly attempt: number
        readonly reason?: RepromptReason
        /** Why the answer before was not taken. */
        readonly complaint?: string
      })
  /** Whether there is another one of what repeats; `count` there are already. */
  | (Asked &
      AskedPlace & {
        readonly type: "another.asked"
        readonly count: number
        readonly attempt: number
        readonly reason?: RepromptReason
      })
  | {
      readonly type: "another.told"
      readonly linkId: string
      readonly at?: At
      readonly count: number
      readonly wanted: boolean
    }
  | { readonly type: "question.skipped"; readonly linkId: string; readonly at?: At }
  /** The answers read back in groups: offered, a group read, and which one of it is to be corrected. */
  | (Pick<Asked, "preface"> & {
      readonly type: "review.offered" | "review.read" | "review.which"
      readonly items: ReadonlyArray<ReviewedItem>
      /** From 1. */
      readonly index: number
      readonly groups: number
      readonly attempt: number
      readonly reason?: RepromptReason
      readonly feminine?: true
    })
  | { readonly type: "review.ended"; readonly closing: ReadonlyArray<Told> }
  /** From here only touch, keypad and text are offered; speech is still heard, if it can be. No `linkId`: consent. */
  | {
      readonly type: "touch.offered"
      readonly linkId?: string
      readonly at?: At
      /** It was about whether there is another one. */
      readonly another?: true
      readonly why: "asked_enough" | "cannot_hear"
    }
  | { readonly type: "help.given"; readonly linkId: string; readonly at?: At }
  | (Asked & {
      readonly type: "answer.confirming"
      readonly linkId: string
      readonly at?: At
      readonly pending: RecordedAnswer
    })
  /** A part of a list was understood: what else is there? */
  | (Asked & {
      readonly type: "answer.adding"
      readonly linkId: string
      readonly at?: At
      readonly pending: RecordedAnswer
      readonly attempt: number
      readonly reason?: RepromptReason
    })
  | { readonly type: "stop.confirming" }
  | { readonly type: "withdrawal.confirming" }
  /** All of it is to be deleted; `withdrawal.stored` or `withdrawal.store.failed` comes of it. */
  | { readonly type: "withdrawal.recording"; readonly via: AnswerVia; readonly failures: number }
  | { readonly type: "pause.confirming" }
  /** The last words; `interview.paused` comes of it. */
  | { readonly type: "pause.told"; readonly linkId: string }
  /** The session is to be left, and may be taken up again. */
  | { readonly type: "interview.paused" }
  /** To be written; `alert.stored` or `alert.store.failed` comes of it. The question that stands is named. */
  | (RaisedAlert & { readonly type: "alert.raised"; readonly at?: At })
  /** To the person, while and after it is written: staff will hear of it, and whom to call. */
  | (RaisedAlert & { readonly type: "notice.told"; readonly at?: At })
  /** To be written; `answer.stored` or `answer.store.failed` comes of it. */
  | {
      readonly type: "answer.recording"
      readonly record: RecordedAnswer
      /** Each entry in its place, where several were said in one breath. */
      readonly entries: ReadonlyArray<RecordedAnswer>
      /** What it was noticed to say besides: written with it, and told after it. */
      readonly alerts?: ReadonlyArray<RaisedAlert>
    }
  /** It could not be written, so often by now; it is tried again. */
  | { readonly type: "storing.delayed"; readonly failures: number }
  /** The person's turn to speak begins: silence counts from here. */
  | {
      readonly type: "turn.opened"
      /** All has been tried: a long silence means that this is not the time. */
      readonly isPatient?: true
    }
  | {
      readonly type: "interview.ended"
      readonly status: "completed" | "amended" | "stopped" | "declined" | "withdrawn"
      readonly kept: Kept
      readonly alerts: ReadonlyArray<RaisedAlert>
      /** Displays after the last question. */
      readonly closing: ReadonlyArray<Told>
      /** The answers are read back now; `review.ended` says goodbye. */
      readonly isReviewed?: true
    }

export type HeardAnswers = Pick<RecordedAnswer, "answer" | "more">

/** What the next thing said, typed or tapped is about. */
export type Expectation =
  | { readonly about: "consent" }
  | { readonly about: "answer"; readonly linkId: string; readonly at?: At; readonly initial?: Answer }
  /** Yes, no, or another answer; `heard`: what was read back. */
  | { readonly about: "confirmation"; readonly linkId: string; readonly at?: At; readonly heard?: HeardAnswers }
  /** More entries of a list of which these were understood, or that there are none. */
  | { readonly about: "adding"; readonly linkId: string; readonly at?: At; readonly heard: HeardAnswers }
  /** Yes or no: is there another one? */
  | { readonly about: "another"; readonly linkId: string; readonly at?: At }
  | { readonly about: "stop" }
  /** Yes or no: is the consent withdrawn, and everything deleted? */
  | { readonly about: "withdrawal" }
  /** Yes or no, or the one that is to be corrected: as it is offered, of a group as a whole, of which one of it. */
  | {
      readonly about: "review"
      readonly asks: "offer" | "whole" | "which"
      readonly items: ReadonlyArray<ReviewedItem>
    }
  /** All is answered; an answer may still be corrected by `question.goto`. */
  | { readonly about: "correction" }
  | { readonly about: "nothing" }
