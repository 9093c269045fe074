/** Context, actions, guards and delays that every interview has, whatever its questions. */
import { assign, emit, enqueueActions, setup, type ActorRef, type Snapshot } from "xstate"
import type { AnswerVia, LeadingState, RepromptReason } from "#schemas/wire.ts"
import type { InterviewEvent, InterviewOutput, RecordedAnswer } from "./interview.ts"

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
}

/** A question is asked again this often before touch and text are offered instead. */
export const repromptsMax = 3

export const interviewSetup = setup({
  types: {
    context: {} as InterviewContext,
    events: {} as InterviewEvent,
    emitted: {} as InterviewOutput,
    input: {} as { readonly outlet?: InterviewContext["outlet"] },
    tags: {} as LeadingState,
    meta: {} as { readonly linkId: string }
  },
  actions: {
    say: enqueueActions(({ enqueue, context }, output: InterviewOutput) => {
      enqueue(emit(output))
      if (context.outlet !== undefined) enqueue.sendTo(context.outlet, { type: "interview.output", output })
    }),
    enter: assign((_, { linkId }: { linkId: string }) => ({
      linkId,
      attempt: 1,
      reason: undefined,
      pending: undefined
    })),
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
  delays: { promptTimeout: 120_000, transcriptTimeout: 15_000, storeTimeout: 10_000 },
  guards: {
    mayRetry: ({ context }) => context.attempt <= repromptsMax,
    isCurrent: ({ context, event }) => "linkId" in event && event.linkId === context.linkId,
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
