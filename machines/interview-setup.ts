/** Context, actions, guards and delays that every interview has, whatever its questions. */
import { assign, emit, enqueueActions, setup, type ActorRef, type Snapshot } from "xstate"
import type { RecordedAnswer } from "#schemas/record.ts"
import type { AnswerVia, LeadingState, RepromptReason } from "#schemas/wire.ts"
import type { InterviewEvent, InterviewOutput, InterviewRecord, Preface } from "./interview.ts"

export interface InterviewContext {
  readonly outlet:
    ActorRef<Snapshot<unknown>, { readonly type: "interview.output"; readonly output: InterviewOutput }> | undefined
  readonly consented: AnswerVia | undefined
  /** The question being asked, "" before the first. */
  readonly linkId: string
  readonly attempt: number
  readonly reason: RepromptReason | undefined
  readonly answers: Readonly<Record<string, RecordedAnswer>>
  readonly skipped: Readonly<Record<string, true>>
  /** Heard or chosen, not recorded yet. */
  readonly pending: RecordedAnswer | undefined
  /** Said before the next question. */
  readonly preface: Preface | undefined
  /** What was said here could not be heard: it is asked again once it can. */
  readonly unheard: boolean
  /** The client has been sent the next question before. */
  readonly again: boolean
  /** How often in a row something could not be written. */
  readonly storeFailures: number
}

export interface InterviewInput {
  readonly outlet?: InterviewContext["outlet"]
  /** Of an interview that began earlier. */
  readonly record?: InterviewRecord
}

/** The log is the truth: what it says is what the interview knows. */
export const contextOf = ({ outlet, record }: InterviewInput): InterviewContext => {
  const answers: Record<string, RecordedAnswer> = {}
  const skipped: Record<string, true> = {}
  let consented: AnswerVia | undefined
  for (const entry of record?.entries ?? []) {
    if (entry.type === "consent") consented = entry.via
    if (entry.type === "skip") skipped[entry.linkId] = true
    if (entry.type !== "answer") continue
    answers[entry.record.linkId] = entry.record
    delete skipped[entry.record.linkId]
  }
  return {
    outlet,
    consented,
    linkId: record?.place?.linkId ?? "",
    attempt: 1,
    reason: undefined,
    answers,
    skipped,
    pending: record?.place?.pending,
    unheard: false,
    preface: record === undefined ? undefined : "welcome_back",
    again: record?.place !== undefined,
    storeFailures: 0
  }
}

/** What goes with a question that is not new to the person. */
export const askedAs = ({ preface, again }: InterviewContext) => ({
  ...(preface === undefined ? {} : { preface }),
  ...(again ? { again: true as const } : {})
})

/** A question is asked again this often before touch and text are offered instead. */
export const repromptsMax = 3

export const interviewSetup = setup({
  types: {
    context: {} as InterviewContext,
    events: {} as InterviewEvent,
    emitted: {} as InterviewOutput,
    input: {} as InterviewInput,
    tags: {} as LeadingState,
    meta: {} as { readonly linkId: string }
  },
  actions: {
    say: enqueueActions(({ enqueue, context }, output: InterviewOutput) => {
      enqueue(emit(output))
      if (context.outlet !== undefined) enqueue.sendTo(context.outlet, { type: "interview.output", output })
    }),
    /** A question that stood when its session was left keeps what waits for a yes or no. */
    enter: assign(({ context }, { linkId }: { linkId: string }) => ({
      linkId,
      attempt: 1,
      reason: undefined,
      storeFailures: 0,
      pending: context.again && context.linkId === linkId ? context.pending : undefined
    })),
    asked: assign({ preface: undefined, again: false, unheard: false }),
    noteUnheard: assign({ unheard: true }),
    forgetPlace: assign({ again: false, pending: undefined }),
    hearAgain: assign({ preface: "can_hear_again" as const, again: true }),
    failToStore: assign({ storeFailures: ({ context }) => context.storeFailures + 1 }),
    retry: assign(({ context }, { reason }: { reason: RepromptReason | undefined }) => ({
      attempt: context.attempt + 1,
      reason
    })),
    hold: assign(({ context, event }) => {
      if (event.type !== "answer.given") return {}
      const record: RecordedAnswer = {
        linkId: event.linkId,
        answer: event.answer,
        via: event.via,
        revised: context.answers[event.linkId] !== undefined
      }
      return { pending: event.confidence === undefined ? record : { ...record, confidence: event.confidence } }
    }),
    drop: assign({ pending: undefined }),
    keep: assign(({ context }) => {
      const { pending } = context
      if (pending === undefined) return {}
      const { [pending.linkId]: _, ...skipped } = context.skipped
      return { answers: { ...context.answers, [pending.linkId]: pending }, skipped, pending: undefined }
    }),
    skip: assign(({ context }) => ({ skipped: { ...context.skipped, [context.linkId]: true as const } })),
    consent: assign((_, { via }: { via: AnswerVia }) => ({ consented: via }))
  },
  delays: { promptTimeout: 120_000, transcriptTimeout: 15_000, storeTimeout: 10_000, storeRetry: 1_000 },
  guards: {
    wasUnheard: ({ context }) => context.unheard,
    hasConsent: ({ context }) => context.consented !== undefined,
    mayRetry: ({ context }) => context.attempt <= repromptsMax,
    isCurrent: ({ context, event }) => "linkId" in event && event.linkId === context.linkId,
    stoodAt: ({ context }, { linkId, confirming }: { linkId: string; confirming: boolean }) =>
      context.again && context.linkId === linkId && (context.pending !== undefined) === confirming,
    isOpen: ({ context }, { linkId }: { linkId: string }) =>
      context.answers[linkId] === undefined && context.skipped[linkId] === undefined
  }
})

const reasonOf = (event: InterviewEvent): RepromptReason =>
  event.type === "answer.unmatched" ? event.reason : event.type === "silence.elapsed" ? "no_speech" : "no_match"

/** Silence or no match: once more with help, until it has been tried often enough. */
export const retryOr = (again: string, exhausted: string) =>
  [
    {
      guard: "mayRetry",
      target: again,
      actions: { type: "retry", params: ({ event }: { event: InterviewEvent }) => ({ reason: reasonOf(event) }) }
    },
    { target: exhausted }
  ] as const
