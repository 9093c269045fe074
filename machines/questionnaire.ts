/**
 * A questionnaire as a statechart: consent, then each question asked, answered, confirmed where it must be, recorded; at
 * the end completed, stopped or declined. One state for each question, so that a diagram shows the questionnaire itself.
 * Which one comes next follows from the form as it stands (`machines/form.ts`): conditions, repeats and all.
 *
 * The machine decides; it neither speaks nor hears. What it wants is an `InterviewOutput`, emitted and also sent to
 * `outlet`; what happens comes back as events. Events about another question than the current one are ignored: a person
 * may have touched an answer while the recogniser still worked on what was said before.
 */
import { assign, not, type SnapshotFrom } from "xstate"
import { alarmState } from "./alarming.ts"
import { decisionState, partingState } from "./leaving.ts"
import { anotherState, askAgain, questionState, storeWaiting } from "./asking.ts"
import type { Evaluate } from "./form.ts"
import {
  askedAs,
  contextOf,
  type InterviewContext,
  interviewSetup,
  listenOn,
  placeOf,
  retryOr
} from "./interview-setup.ts"
import { distressRule, handoverRule, type Expectation, type Preface } from "./interview.ts"
import { mayBeSeveral, type Plan, type PlanItem } from "./plan.ts"
import { isToReview, reviewStates } from "./review.ts"
import { withdrawal } from "./withdrawal.ts"
import { Router } from "./routing.ts"

const stateKey = (index: number): string => `q${index + 1}`
const anotherKey = (index: number): string => `another${index + 1}`

const toldWhole = { target: ".asking", actions: "tellWhole" } as const

const loopsOf = (items: ReadonlyArray<PlanItem>): ReadonlyArray<PlanItem> =>
  items.flatMap((item) => [...(item.loop === undefined ? [] : [item]), ...loopsOf(item.items)])

/**
 * Compiles a plan. The machine holds no clock and no randomness: the same events give the same outputs. `evaluate` stands
 * for the questionnaire's expressions.
 */
export const interviewMachine = (plan: Plan, evaluate?: Evaluate) => {
  const router = new Router(plan, evaluate)
  const loops = loopsOf(plan.items)
  const repeating = new Set(loops.map(({ linkId }) => linkId))
  const isReviewed = ({ context }: { readonly context: InterviewContext }) => isToReview(context, router)
  const review = plan.review === "none" ? [] : [{ guard: isReviewed, target: "#interview.reviewing" }]
  const over = (status: "completed" | "amended", preface: Preface) =>
    interviewSetup.createStateConfig({
      tags: "completed",
      entry: [
        "complete",
        {
          type: "say",
          params: ({ context }) => ({
            ...router.ended(context, status),
            ...(isToReview(context, router) ? { isReviewed: true as const } : {})
          })
        },
        { type: "announce", params: { preface } }
      ],
      always: review
    })
  const toReview =
    plan.review === "none"
      ? []
      : [
          {
            guard: ({ context }: { readonly context: InterviewContext }) =>
              context.isOver && isToReview(context, router),
            target: "reviewing"
          }
        ]
  /** Whoever stops while correcting leaves a whole form behind. */
  const stop = [
    { guard: "isOver" as const, target: "reviewed" },
    { guard: ({ context }: { context: InterviewContext }) => router.isWholeAgain(context), target: "amended" },
    { target: "stopped" }
  ]
  const alarm = (target: string) =>
    interviewSetup.createStateConfig({
      on: {
        "distress.heard": { target, actions: [{ type: "noteAlarm", params: { rule: distressRule } }, "stand"] },
        "handover.request": { target, actions: [{ type: "noteAlarm", params: { rule: handoverRule } }, "stand"] }
      }
    }).on
  const finished = {
    "stop.request": {},
    "pause.request": {},
    "withdrawal.request": {},
    "question.back": {},
    ...alarm("#interview.afterwards")
  }

  const stopping = decisionState("stop.confirming")
  const pausing = decisionState("pause.confirming")

  return interviewSetup.createMachine({
    id: "interview",
    context: ({ input }) => contextOf(plan, input),
    initial: "starting",
    on: {
      "stop.request": ".stopping",
      "withdrawal.request": ".withdrawing",
      "consent.withdrawn": {
        target: ".erasing",
        actions: { type: "withdraw", params: ({ event }) => ({ via: event.via }) }
      },
      "pause.request": ".pausing",
      ...alarm(".going"),
      "question.back": { target: ".going", actions: assign(({ context }) => router.back(context)) },
      "question.goto": {
        guard: ({ context, event }) => router.mayGoto(context, event),
        target: ".going",
        actions: assign(({ context, event }) => router.goto(context, event))
      }
    },
    states: {
      /** An interview that began earlier goes on where it stood. */
      starting: {
        always: [
          { guard: not("hasConsent"), target: "consenting" },
          ...toReview,
          /** All is told already: nothing is completed twice. */
          { guard: "isOver", target: "resting" },
          {
            guard: ({ context }) => router.resume(context) !== undefined,
            target: "going",
            actions: assign(({ context }) => router.resume(context) ?? {})
          },
          { target: "routing", actions: "forgetPlace" }
        ]
      },
      consenting: {
        tags: "consenting",
        initial: "asking",
        on: {
          "consent.given": {
            target: "agreeing",
            actions: { type: "consent", params: ({ event }) => ({ via: event.via }) }
          },
          "hearing.failed": ".unheard",
          "consent.declined": "declined",
          "stop.request": "declined",
          "withdrawal.request": "declined",
          "consent.withdrawn": "declined",
          /** Nothing is kept that could be gone on with: yes or no. */
          "pause.request": toldWhole,
          "question.repeat": toldWhole,
          "question.back": {},
          "help.request": toldWhole,
          "handover.request": toldWhole,
          /** Nothing of anybody is kept before the consent. */
          "distress.heard": {},
          "answer.unmatched": retryOr(".asking", ".offering", "mayDecideAgain")
        },
        states: {
          asking: {
            entry: [
              {
                type: "say",
                params: ({ context }) => ({
                  type: "consent.asked",
                  attempt: context.attempt,
                  ...(context.reason === undefined ? {} : { reason: context.reason }),
                  ...askedAs(context)
                })
              },
              "asked"
            ],
            on: { "prompt.done": "listening" },
            after: { promptTimeout: "listening" }
          },
          listening: {
            entry: { type: "say", params: { type: "turn.opened" } },
            on: { "utterance.empty": listenOn, "silence.elapsed": retryOr("asking", "offering", "mayDecideAgain") }
          },
          offering: {
            entry: { type: "say", params: { type: "touch.offered", why: "asked_enough" } },
            on: { "prompt.done": "waiting" },
            after: { promptTimeout: "waiting" }
          },
          unheard: {
            entry: ["noteUnheard", { type: "say", params: { type: "touch.offered", why: "cannot_hear" } }],
            on: { "prompt.done": "waiting", "hearing.failed": {}, "hearing.restored": askAgain },
            after: { promptTimeout: "waiting" }
          },
          /** It is offered by hand already; a sure yes or no still decides. */
          waiting: { on: { "hearing.restored": askAgain, "answer.unmatched": {} } }
        }
      },
      /** Nothing is asked before the consent is written. */
      agreeing: {
        tags: "recording",
        initial: "writing",
        on: {
          "consent.stored": "routing",
          "stop.request": {},
          "withdrawal.request": {},
          "pause.request": {},
          "question.back": {},
          "question.goto": {},
          "distress.heard": {},
          "handover.request": {}
        },
        states: {
          writing: {
            entry: {
              type: "say",
              params: ({ context }) => ({ type: "consent.recording", via: context.consented ?? "touch" })
            },
            on: { "consent.store.failed": "waiting" },
            after: { storeTimeout: "waiting" }
          },
          waiting: storeWaiting
        }
      },
      /** Where to go next: the first question that is neither answered nor skipped. */
      routing: {
        entry: assign(({ context }) => router.route(context)),
        always: [{ guard: ({ context }) => router.isBeyondRepair(context), target: "stopped" }, { target: "going" }]
      },
      /** To what is next, wherever that came from. */
      going: {
        always: [
          { guard: "hasAlarms", target: "alarming" },
          ...plan.questions.map((_, index) => ({
            guard: { type: "isNext" as const, params: { asks: "answer" as const, index } },
            target: stateKey(index)
          })),
          ...loops.map((_, index) => ({
            guard: { type: "isNext" as const, params: { asks: "another" as const, index } },
            target: anotherKey(index)
          })),
          ...toReview,
          /** From a correction that changed nothing. */
          { guard: "isOver", target: "reviewed" },
          { guard: "wasCompleted", target: "amended" },
          { target: "completed" }
        ]
      },
      ...Object.fromEntries(
        plan.questions.map((item, index) => [
          stateKey(index),
          questionState(item, repeating.has(item.linkId), router, stateKey(index))
        ])
      ),
      ...Object.fromEntries(loops.map(({ linkId }, index) => [anotherKey(index), anotherState(linkId)])),
      stopping: { ...stopping, on: { ...stopping.on, "confirmation.given": stop, "stop.request": stop } },
      pausing: {
        ...pausing,
        on: { ...pausing.on, "confirmation.given": "parting", "pause.request": "parting" }
      },
      ...withdrawal,
      parting: partingState(router),
      /** To be taken up again by the log. */
      parked: { type: "final", entry: { type: "say", params: { type: "interview.paused" } } },
      alarming: alarmState("#interview.going", router),
      /** The same when all is told already: nothing is completed twice. */
      afterwards: { ...alarmState("#interview.resting"), tags: "completed" },
      /** An answer may still be corrected; then what follows amends it. */
      completed: { ...over("completed", "review_begins"), on: finished },
      amended: { ...over("amended", "amended"), on: finished },
      ...reviewStates(plan, router, finished),
      /** The same, and told to an earlier connection. */
      resting: { tags: "completed", on: finished },
      stopped: {
        type: "final",
        tags: "completed",
        entry: { type: "say", params: ({ context }) => router.ended(context, "stopped") }
      },
      withdrawn: {
        type: "final",
        tags: "completed",
        entry: { type: "say", params: ({ context }) => router.ended(context, "withdrawn") }
      },
      declined: {
        type: "final",
        tags: "completed",
        entry: { type: "say", params: ({ context }) => router.ended(context, "declined") }
      }
    }
  })
}

export type InterviewMachine = ReturnType<typeof interviewMachine>
export type InterviewSnapshot = SnapshotFrom<InterviewMachine>

const reviewAsks = [
  ["offering", "offer"],
  ["reading", "whole"],
  ["choosing", "which"]
] as const

export const expectationOf = (snapshot: InterviewSnapshot): Expectation => {
  if (snapshot.status !== "active") return { about: "nothing" }
  if (snapshot.hasTag("completed")) return { about: "correction" }
  const asks = reviewAsks.find(([state]) => snapshot.matches({ reviewing: state } as never))?.[1]
  if (asks !== undefined) return { about: "review", asks, items: snapshot.context.read }
  if (snapshot.hasTag("consenting")) return { about: "consent" }
  if (snapshot.matches("withdrawing")) return { about: "withdrawal" }
  if (snapshot.matches("agreeing") || snapshot.matches("erasing")) return { about: "nothing" }
  if (snapshot.matches("stopping") || snapshot.matches("pausing")) return { about: "stop" }
  const { next } = snapshot.context
  const place = placeOf(snapshot.context)
  if (next?.asks === "another") return { about: "another", ...place }
  const { pending } = snapshot.context
  const question = next === undefined ? undefined : snapshot.context.plan.questions[next.index]
  const heard =
    pending !== undefined && question !== undefined && mayBeSeveral(question) ? { heard: pending } : undefined
  if (snapshot.hasTag("confirming")) return { about: "confirmation", ...place, ...heard }
  if (heard !== undefined && snapshot.matches({ [stateKey(next?.index ?? 0)]: "adding" } as never))
    return { about: "adding", ...place, ...heard }
  const initial = next?.place.initial
  return { about: "answer", ...place, ...(initial === undefined ? {} : { initial }) }
}
