/** Context, actions, guards and delays that every interview has, whatever its questions. */
import { assign, emit, enqueueActions, setup, type ActorRef, type Snapshot } from "xstate"
import type { RecordedAnswer } from "#schemas/record.ts"
import type { AnswerVia, LeadingState, RepromptReason } from "#schemas/wire.ts"
import { raised, raisedBy, raisedBySkip } from "./alerts.ts"
import {
  distressRule,
  reviewLinkId,
  type AskedPlace,
  type InterviewEvent,
  type InterviewOutput,
  type InterviewRecord,
  type Preface,
  type RaisedAlert,
  type ReviewedItem
} from "./interview.ts"
import { keptBy, keyOf, withAnother, withAnswer, withSkip, type At, type Kept } from "./kept.ts"
import type { Plan } from "./plan.ts"

/** What is asked next: a question, or whether there is another one of what repeats. */
export interface Next {
  readonly asks: "answer" | "another"
  readonly index: number
  readonly at: At
  /** Of what repeats: how many there are. */
  readonly count: number
  readonly place: AskedPlace
}

/** An alert that the person has not been told of. */
export interface Alarm extends RaisedAlert {
  readonly at: At
  /** Written, or known from an answer that is. */
  readonly isStored: boolean
}

export interface InterviewContext {
  readonly outlet:
    ActorRef<Snapshot<unknown>, { readonly type: "interview.output"; readonly output: InterviewOutput }> | undefined
  readonly plan: Plan
  readonly consented: AnswerVia | undefined
  /** How the consent is being withdrawn. */
  readonly withdrawnVia: AnswerVia
  /** The question being asked, "" before the first; and which of its occurrences. */
  readonly linkId: string
  readonly at: At
  /** Where to go; `undefined`: all is asked. */
  readonly next: Next | undefined
  readonly attempt: number
  readonly reason: RepromptReason | undefined
  /** Why an answer was not taken, in the questionnaire's words. */
  readonly complaint: string | undefined
  /** How often something in the finished whole did not fit. */
  readonly complaints: number
  readonly kept: Kept
  readonly alerts: ReadonlyArray<RaisedAlert>
  /** To be raised and told before anything else is asked. */
  readonly alarms: ReadonlyArray<Alarm>
  /** Came while something was told; taken as soon as its question stands. */
  readonly deferred: InterviewEvent | undefined
  /** Heard or chosen, not recorded yet. */
  readonly pending: RecordedAnswer | undefined
  /** Said before the next question. */
  readonly preface: Preface | undefined
  /** What was said here could not be heard: it is asked again once it can. */
  readonly unheard: boolean
  /** The client has been sent the next question before. */
  readonly again: boolean
  /** The place of an earlier connection was whether there is another one. */
  readonly stoodAtAnother: boolean
  /** It was completed before: whatever follows amends it. */
  readonly wasCompleted: boolean
  /** Nothing was changed since then. */
  readonly isOver: boolean
  /** Of the answers that are read back at the end: which group, from 0; what is in it; whether the person wants that. */
  readonly group: number
  readonly read: ReadonlyArray<ReviewedItem>
  readonly reviewed: "due" | "wanted" | "done"
  /** How often in a row something could not be written. */
  readonly storeFailures: number
}

export interface InterviewInput {
  readonly outlet?: InterviewContext["outlet"]
  /** Of an interview that began earlier. */
  readonly record?: InterviewRecord
}

/** The log is the truth: what it says is what the interview knows. */
export const contextOf = (plan: Plan, { outlet, record }: InterviewInput): InterviewContext => {
  const entries = record?.entries ?? []
  const isInReview = record?.place?.linkId === reviewLinkId
  const place = isInReview ? undefined : record?.place
  const isOver = entries.at(-1)?.type === "ended" && place === undefined
  let alerts: ReadonlyArray<RaisedAlert> = []
  for (const entry of entries) {
    if (entry.type === "answer") alerts = raisedBy(plan, alerts, entry.record)
    if (entry.type === "skip") alerts = raisedBySkip(plan, alerts, entry.linkId)
    if (entry.type === "alert") alerts = raised(alerts, [{ linkId: entry.linkId, rule: entry.rule }])
  }
  return {
    outlet,
    plan,
    consented: entries.findLast((entry) => entry.type === "consent")?.via,
    withdrawnVia: "voice",
    linkId: place?.linkId ?? "",
    at: place?.at ?? [],
    next: undefined,
    attempt: 1,
    reason: undefined,
    complaint: undefined,
    complaints: 0,
    kept: keptBy(plan, entries),
    alerts,
    alarms: [],
    deferred: undefined,
    pending: place?.pending,
    unheard: false,
    preface: record === undefined ? undefined : "welcome_back",
    again: place !== undefined,
    stoodAtAnother: place?.another === true,
    wasCompleted: entries.some((entry) => entry.type === "ended" && entry.status !== "stopped"),
    isOver,
    group: 0,
    read: [],
    reviewed: isOver && !isInReview ? "done" : "due",
    storeFailures: 0
  }
}

/** What goes with a question that is not new to the person. */
export const askedAs = ({ preface, again }: InterviewContext) => ({
  ...(preface === undefined ? {} : { preface }),
  ...(again ? { again: true as const } : {})
})

/** Occurrences are told only where there are any. */
export const placeOf = ({ linkId, at }: { readonly linkId: string; readonly at: At }) =>
  at.length === 0 ? { linkId } : { linkId, at }

const isRaised = ({ alerts }: InterviewContext, linkId: string, rule: string): boolean =>
  alerts.some((alert) => alert.linkId === linkId && alert.rule === rule)

/** Each is told once, however often it was met meanwhile. */
const withAlarm = (context: InterviewContext, rule: string): ReadonlyArray<Alarm> => {
  const { alarms, linkId, at } = context
  if (alarms.some((alarm) => alarm.linkId === linkId && alarm.rule === rule)) return alarms
  return [...alarms, { linkId, at, rule, isStored: isRaised(context, linkId, rule) }]
}

/** A question is asked again this often before touch and text are offered instead. */
export const repromptsMax = 3
/** What only a sure yes or no decides - the consent, leaving - is asked again this often. */
export const decisionRepromptsMax = 1

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
    enter: assign(({ context }) => {
      const { next, again } = context
      if (next === undefined) return {}
      const { linkId } = next.place
      const stood = again && keyOf(context.linkId, context.at) === keyOf(linkId, next.at)
      return {
        linkId,
        at: next.at,
        attempt: 1,
        reason: context.complaint === undefined ? undefined : ("out_of_range" as const),
        storeFailures: 0,
        again: stood,
        pending: stood ? context.pending : undefined
      }
    }),
    asked: assign({ preface: undefined, again: false, unheard: false, complaint: undefined }),
    noteUnheard: assign({ unheard: true }),
    /** It is told whole again, not why it is asked once more. */
    tellWhole: assign({ reason: undefined }),
    decide: assign({ attempt: 1, reason: undefined }),
    forgetPlace: assign({ again: false, pending: undefined, stoodAtAnother: false }),
    hearAgain: assign({ preface: "can_hear_again" as const, again: true }),
    failToStore: assign({ storeFailures: ({ context }) => context.storeFailures + 1 }),
    retry: assign(({ context }, { reason }: { reason: RepromptReason | undefined }) => ({
      attempt: context.attempt + 1,
      reason
    })),
    hold: assign(({ context, event }) => {
      const given =
        event.type === "answer.given"
          ? event
          : event.type === "initial.kept"
            ? { answer: context.next?.place.initial, via: event.via }
            : undefined
      if (given?.answer === undefined) return {}
      const record: RecordedAnswer = {
        ...placeOf(context),
        answer: given.answer,
        ...("more" in given ? { more: given.more } : {}),
        ...("isLast" in given ? { isLast: given.isLast } : {}),
        via: given.via,
        revised: context.kept.answers[keyOf(context.linkId, context.at)] !== undefined
      }
      const confidence = "confidence" in given ? given.confidence : undefined
      return {
        pending: confidence === undefined ? record : { ...record, confidence },
        preface: event.type === "answer.given" && event.isLong ? ("heard_enough" as const) : context.preface
      }
    }),
    drop: assign({ pending: undefined }),
    keep: assign(({ context }) => {
      const { pending, plan, at } = context
      if (pending === undefined) return {}
      const alerts = raisedBy(plan, context.alerts, pending)
      // The answer itself is on disk, and tells of them.
      const met = alerts.slice(context.alerts.length).map((alert) => ({ ...alert, at, isStored: true }))
      return {
        kept: withAnswer(plan, context.kept, pending),
        alerts,
        alarms: [...context.alarms, ...met],
        pending: undefined,
        isOver: false
      }
    }),
    skip: assign(({ context }) => ({
      kept: withSkip(context.kept, context.linkId, context.at),
      alerts: raisedBySkip(context.plan, context.alerts, context.linkId),
      isOver: false
    })),
    noteAlarm: assign(({ context }, { rule }: { rule: string }) => ({ alarms: withAlarm(context, rule) })),
    noteDistress: assign(({ context, event }) =>
      event.type === "answer.given" && event.isDistressed ? { alarms: withAlarm(context, distressRule) } : {}
    ),
    alarmStored: assign(({ context }) => {
      const first = context.alarms.find(({ isStored }) => !isStored)
      if (first === undefined) return {}
      return {
        alarms: context.alarms.map((alarm) => (alarm === first ? { ...alarm, isStored: true } : alarm)),
        alerts: raised(context.alerts, [{ linkId: first.linkId, rule: first.rule }])
      }
    }),
    defer: assign(({ event }) => ({ deferred: event })),
    takeDeferred: enqueueActions(({ enqueue, context: { deferred } }) => {
      if (deferred !== undefined) enqueue.raise(deferred)
      // What it leads to is news for the client, though the question was not.
      enqueue.assign({ deferred: undefined, again: false })
    }),
    alarmed: assign({ alarms: [] }),
    /** The question stands as it is, with what waits for a yes or no; its client knows it. */
    stand: assign({ again: true }),
    another: assign(({ context }, { wanted }: { wanted: boolean }) => ({
      kept: withAnother(context.kept, context.linkId, context.at, context.next?.count ?? 0, wanted),
      isOver: false
    })),
    consent: assign((_, { via }: { via: AnswerVia }) => ({ consented: via })),
    withdraw: assign((_, { via }: { via: AnswerVia }) => ({ withdrawnVia: via, storeFailures: 0 })),
    complete: assign({ wasCompleted: true, isOver: true }),
    announce: assign((_, { preface }: { preface: Preface }) => ({ preface })),
    endReview: assign({ reviewed: "done" as const, preface: undefined })
  },
  delays: { promptTimeout: 120_000, transcriptTimeout: 15_000, storeTimeout: 10_000, storeRetry: 1_000 },
  guards: {
    isHeard: ({ context }) => !context.unheard,
    wasUnheard: ({ context }) => context.unheard,
    hasConsent: ({ context }) => context.consented !== undefined,
    wasCompleted: ({ context }) => context.wasCompleted,
    isOver: ({ context }) => context.isOver,
    /** Whoever came to correct an answer and leaves the question keeps it. */
    keepsAnswer: ({ context: { isOver, kept, linkId, at } }) => isOver && kept.answers[keyOf(linkId, at)] !== undefined,
    hasAlarms: ({ context }) => context.alarms.length > 0,
    alarmsStored: ({ context }) => context.alarms.every(({ isStored }) => isStored),
    mayRetry: ({ context }) => context.attempt <= repromptsMax,
    mayDecideAgain: ({ context }) => context.attempt <= decisionRepromptsMax,
    isCurrent: ({ context, event }) => "linkId" in event && event.linkId === context.linkId,
    /** What is asked next is what was asked last: it has no answer yet. */
    isStanding: ({ context: { next, linkId, at } }) =>
      next !== undefined && keyOf(next.place.linkId, next.at) === keyOf(linkId, at),
    asksAnother: ({ context: { next, linkId, at } }) =>
      next?.asks === "another" && keyOf(next.place.linkId, next.at) === keyOf(linkId, at),
    hasDeferred: ({ context }) => context.deferred !== undefined,
    isOffered: ({ context }) => context.next?.place.initial !== undefined,
    mayBePassedOver: ({ context }) => context.next?.place.required !== true,
    /** An earlier connection ended while a read-back waited for its yes or no. */
    stoodConfirming: ({ context }) => context.again && context.pending !== undefined,
    isNext: ({ context: { next } }, { asks, index }: { asks: Next["asks"]; index: number }) =>
      next !== undefined && next.index === index && next.asks === asks
  }
})

const reasonOf = (event: InterviewEvent): RepromptReason =>
  event.type === "answer.unmatched" ? event.reason : event.type === "silence.elapsed" ? "no_speech" : "no_match"

/** A noise was taken for speech: the person's turn begins anew, and no attempt is lost. */
export const listenOn = { target: "listening", reenter: true } as const

/** Silence or no match: once more with help, until it has been tried often enough. */
export const retryOr = (again: string, exhausted: string, guard: "mayRetry" | "mayDecideAgain" = "mayRetry") =>
  [
    {
      guard,
      target: again,
      actions: { type: "retry", params: ({ event }: { event: InterviewEvent }) => ({ reason: reasonOf(event) }) }
    },
    { target: exhausted }
  ] as const
