/** One question as states: asked, listened for, understood, confirmed where it must be, written. */
import { assign, enqueueActions } from "xstate"
import { addingState } from "./adding.ts"
import { askedAs, interviewSetup, listenOn, placeOf, retryOr, type InterviewContext } from "./interview-setup.ts"
import { distressRule, handoverRule, type InterviewEvent, type InterviewOutput } from "./interview.ts"
import { entriesOf } from "./kept.ts"
import { mayBeSeveral, type PlanQuestion } from "./plan.ts"
import type { Router } from "./routing.ts"

/** Whoever was sent to touch since nothing could be heard may speak again. */
export const askAgain = { guard: "wasUnheard", target: "asking", actions: "hearAgain" } as const

/** What could not be written is tried again until it can be: what was said is not dropped for a disk. */
export const storeWaiting = interviewSetup.createStateConfig({
  entry: [
    "failToStore",
    { type: "say", params: ({ context }) => ({ type: "storing.delayed", failures: context.storeFailures }) }
  ],
  after: { storeRetry: "writing" }
})

/** What is asked for, with all that the person is told of it. */
const asked = (context: InterviewContext): InterviewOutput => {
  const { next, attempt, reason, complaint } = context
  const place = next?.place ?? { linkId: context.linkId, index: 0, total: 0, required: false, intros: [] }
  const how = { attempt, ...(reason === undefined ? {} : { reason }), ...askedAs(context) }
  return next?.asks === "another"
    ? { type: "another.asked", ...place, count: next.count, ...how }
    : { type: "question.asked", ...place, ...how, ...(complaint === undefined ? {} : { complaint }) }
}

const ask = interviewSetup.createStateConfig({
  entry: [{ type: "say", params: ({ context }) => asked(context) }, "asked"],
  on: { "prompt.done": "listening" },
  after: { promptTimeout: "listening" }
})

/** The person's turn; `exhausted`: where it ends when nothing was understood too often. */
const listeningOr = (exhausted: string) =>
  interviewSetup.createStateConfig({
    tags: "listening",
    entry: { type: "say", params: { type: "turn.opened" } },
    on: {
      "utterance.ended": "transcribing",
      "utterance.empty": listenOn,
      "answer.unmatched": retryOr("asking", exhausted),
      "silence.elapsed": retryOr("asking", exhausted)
    }
  })
const transcribingOr = (exhausted: string) =>
  interviewSetup.createStateConfig({
    tags: "transcribing",
    on: { "utterance.empty": "listening", "answer.unmatched": retryOr("asking", exhausted) },
    after: { transcriptTimeout: { target: "asking", actions: { type: "retry", params: { reason: "no_match" } } } }
  })

/** What was answered before its question could be asked again. Never stood in: what is deferred leads on. */
const taking = interviewSetup.createStateConfig({ entry: "takeDeferred" })

/** No more prompts by itself; every way to answer stays open, speech too. Nothing of all that: this is not the time. */
const waiting = interviewSetup.createStateConfig({
  tags: "listening",
  entry: { type: "say", params: { type: "turn.opened", isPatient: true } },
  on: {
    "hearing.restored": askAgain,
    "utterance.empty": { target: "waiting", reenter: true },
    "answer.unmatched": { target: "waiting", reenter: true },
    "silence.elapsed": { guard: "isHeard", target: "#interview.parting" }
  }
})

/** Where this may be passed over. */
const passOver = {
  guard: "mayBePassedOver",
  target: "#interview.routing",
  actions: [
    "skip",
    {
      type: "say",
      params: ({ context }: { readonly context: InterviewContext }) =>
        ({ type: "question.skipped", ...placeOf(context) }) as const
    }
  ]
} as const

const told = (wanted: boolean) =>
  ({
    target: "#interview.routing",
    actions: [
      { type: "another", params: { wanted } },
      {
        type: "say",
        params: ({ context }: { readonly context: InterviewContext }) =>
          ({ type: "another.told", ...placeOf(context), count: context.next?.count ?? 0, wanted }) as const
      }
    ]
  }) as const

export const questionState = (item: PlanQuestion, repeats: boolean, router: Router, key: string) => {
  const complaint = ({ context, event }: { readonly context: InterviewContext; readonly event: InterviewEvent }) =>
    router.complaintAbout(context, event)
  const isReadBack = ({ context, event }: { readonly context: InterviewContext; readonly event: InterviewEvent }) =>
    event.type === "answer.given" &&
    event.linkId === context.linkId &&
    event.via === "voice" &&
    item.confirm !== "never" &&
    // Where a list was cut into its entries is a guess.
    (item.confirm === "always" || !event.sure || event.more !== undefined)
  const isPartial = ({ context, event }: { readonly context: InterviewContext; readonly event: InterviewEvent }) =>
    event.type === "answer.given" && event.linkId === context.linkId && event.isPartial === true
  const mayAdd = mayBeSeveral(item)
  return interviewSetup.createStateConfig({
    meta: { linkId: item.linkId },
    entry: "enter",
    initial: "entering",
    on: {
      "question.repeat": ".asking",
      "help.request": ".helping",
      "hearing.failed": ".unheard",
      "question.skip": [
        { guard: "keepsAnswer", target: "#interview.routing" },
        ...(item.required && !repeats ? [] : [passOver]),
        ...(item.required || repeats ? [{ target: ".helping" }] : [])
      ],
      "initial.kept": { guard: "isOffered", target: ".recording", actions: "hold" },
      "answer.given": [
        {
          guard: (now) => complaint(now) !== undefined || !router.hasRoomFor(now.context, now.event),
          target: ".refusing",
          actions: assign({ complaint })
        },
        {
          /** Whoever may be in danger hears that at once; what was answered is read back after it. */
          guard: (now) => isReadBack(now) && now.event.isDistressed === true,
          target: "#interview.going",
          actions: ["hold", "noteDistress", "stand"]
        },
        ...(mayAdd
          ? [{ guard: isPartial, target: ".adding", actions: ["hold" as const, "noteDistress" as const] }]
          : []),
        { guard: isReadBack, target: ".confirming", actions: "hold" },
        { guard: "isCurrent", target: ".recording", actions: ["hold", "noteDistress"] }
      ]
    },
    states: {
      entering: {
        always: [
          { guard: "hasDeferred", target: "taking" },
          { guard: "stoodConfirming", target: "confirming" },
          { target: "asking" }
        ]
      },
      taking,
      asking: { tags: "asking", ...ask },
      helping: {
        tags: "speaking",
        entry: { type: "say", params: ({ context }) => ({ type: "help.given", ...placeOf(context) }) },
        on: { "prompt.done": "listening" },
        after: { promptTimeout: "listening" }
      },
      /** A rule of the questionnaire does not allow the answer. */
      refusing: {
        tags: "asking",
        always: [
          { guard: "mayRetry", target: "asking", actions: { type: "retry", params: { reason: "out_of_range" } } },
          { target: "offering" }
        ]
      },
      listening: listeningOr("offering"),
      transcribing: transcribingOr("offering"),
      offering: {
        tags: "asking",
        entry: [
          "drop",
          {
            type: "say",
            params: ({ context }) => ({ type: "touch.offered", ...placeOf(context), why: "asked_enough" })
          }
        ],
        on: { "prompt.done": "waiting" },
        after: { promptTimeout: "waiting" }
      },
      /** What was said is lost: the person is told, and goes on by hand until it can hear again. */
      unheard: {
        tags: "asking",
        entry: [
          "drop",
          "noteUnheard",
          { type: "say", params: ({ context }) => ({ type: "touch.offered", ...placeOf(context), why: "cannot_hear" }) }
        ],
        on: { "prompt.done": "waiting", "hearing.failed": {}, "hearing.restored": askAgain },
        after: { promptTimeout: "waiting" }
      },
      waiting,
      confirming: {
        tags: "confirming",
        initial: "asking",
        states: {
          asking: {
            entry: [
              enqueueActions(({ enqueue, context }) => {
                const { pending } = context
                if (pending === undefined) return
                const output = {
                  type: "answer.confirming" as const,
                  ...placeOf(context),
                  pending,
                  ...askedAs(context)
                }
                enqueue({ type: "say", params: output })
              }),
              "asked"
            ],
            on: { "prompt.done": "listening" },
            after: { promptTimeout: "listening" }
          },
          listening: {
            entry: { type: "say", params: { type: "turn.opened" } },
            on: {
              "utterance.empty": listenOn,
              "silence.elapsed": retryOr("asking", `#interview.${key}.offering`)
            }
          }
        },
        on: {
          "confirmation.given": "recording",
          "confirmation.denied": { target: "asking", actions: "drop" },
          "answer.unmatched": retryOr(".asking", "offering")
        }
      },
      ...(mayAdd ? { adding: addingState(key) } : {}),
      recording: {
        tags: "recording",
        initial: "writing",
        states: {
          writing: {
            entry: enqueueActions(({ enqueue, context }) => {
              if (context.pending === undefined) return
              const alerts = context.alarms.flatMap(({ linkId, rule, isStored }) =>
                isStored ? [] : [{ linkId, rule }]
              )
              const raised = alerts.length === 0 ? {} : { alerts }
              const entries = entriesOf(context.plan, context.kept, context.pending)
              enqueue({
                type: "say",
                params: { type: "answer.recording", record: context.pending, entries, ...raised }
              })
            }),
            on: { "answer.store.failed": { guard: "isCurrent", target: "waiting" } },
            after: { storeTimeout: "waiting" }
          },
          waiting: storeWaiting
        },
        on: {
          "answer.stored": { guard: "isCurrent", target: "#interview.routing", actions: "keep" },
          "consent.withdrawn": {
            target: "#interview.erasing",
            actions: { type: "withdraw", params: ({ event }) => ({ via: event.via }) }
          },
          "distress.heard": { actions: { type: "noteAlarm", params: { rule: distressRule } } },
          "handover.request": { actions: { type: "noteAlarm", params: { rule: handoverRule } } },
          /** What is being written can no longer be changed by a second tap; it can be corrected afterwards. */
          "*": {}
        }
      }
    }
  })
}

/** Whether there is another one of what repeats: yes, no, or back. */
export const anotherState = (linkId: string) => {
  return interviewSetup.createStateConfig({
    meta: { linkId },
    entry: "enter",
    initial: "entering",
    on: {
      "question.repeat": ".asking",
      "help.request": ".asking",
      "hearing.failed": ".unheard",
      "confirmation.given": told(true),
      "confirmation.denied": told(false),
      "question.skip": told(false)
    },
    states: {
      entering: { always: [{ guard: "hasDeferred", target: "taking" }, { target: "asking" }] },
      taking,
      asking: { tags: "asking", ...ask },
      listening: listeningOr("waiting"),
      transcribing: transcribingOr("waiting"),
      unheard: {
        tags: "asking",
        entry: [
          "noteUnheard",
          {
            type: "say",
            params: ({ context }) => ({
              type: "touch.offered",
              ...placeOf(context),
              another: true,
              why: "cannot_hear"
            })
          }
        ],
        on: { "prompt.done": "waiting", "hearing.failed": {}, "hearing.restored": askAgain },
        after: { promptTimeout: "waiting" }
      },
      waiting
    }
  })
}
