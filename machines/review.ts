/**
 * The answers read back at the end, in short groups, each with the chance to correct one. All is written before: whoever
 * hangs up here loses nothing, and a correction amends what was written. A long list is offered before it is read.
 */
import { type InterviewContext, interviewSetup, listenOn, retryOr } from "./interview-setup.ts"
import type { Plan, PlanItem } from "./plan.ts"
import type { Router } from "./routing.ts"

/** More than this at once nobody keeps in mind. */
const groupSize = 3
/** About a minute of reading: a longer list is offered. */
const readMax = 6

const repeats = (items: ReadonlyArray<PlanItem>): boolean =>
  items.some((item) => item.loop !== undefined || repeats(item.items))

/** Whether it may come to an offer at all. */
const mayOffer = ({ review, questions, items }: Plan): boolean =>
  review === "offer" || (review === undefined && (questions.length > readMax || repeats(items)))

/** Undefined: nothing is read. Without a word of the questionnaire: what was spoken, and what is long after it was offered. */
const wayOf = (context: InterviewContext, router: Router): "read" | "offer" | undefined => {
  const { plan, kept, reviewed } = context
  const answers = router.answers(kept)
  if (plan.review === "none" || reviewed === "done" || answers.length === 0) return undefined
  if (plan.review !== undefined) return reviewed === "wanted" ? "read" : plan.review
  if (!answers.some(({ via }) => via === "voice")) return undefined
  return answers.length > readMax && reviewed !== "wanted" ? "offer" : "read"
}

export const isToReview = (context: InterviewContext, router: Router): boolean => wayOf(context, router) !== undefined

/** The group that is read; a correction may have taken answers away. */
const groupOf = ({ kept, group }: InterviewContext, router: Router) => {
  const answers = router.answers(kept)
  const groups = Math.max(1, Math.ceil(answers.length / groupSize))
  const index = Math.min(group, groups - 1)
  const items = answers
    .slice(index * groupSize, (index + 1) * groupSize)
    .map(({ linkId, at, answer }) => ({ linkId, ...(at === undefined ? {} : { at }), answer }))
  return { items, index, groups }
}

type StateConfig = ReturnType<typeof interviewSetup.createStateConfig>

/** `finished`: what comes of what is said after the end. */
export const reviewStates = (
  plan: Plan,
  router: Router,
  finished: StateConfig["on"]
): Readonly<Record<string, StateConfig>> => {
  const reviewed = interviewSetup.createStateConfig({
    tags: "completed",
    entry: [
      "endReview",
      {
        type: "say",
        params: ({ context }) => ({ type: "review.ended", closing: router.ended(context, "completed").closing })
      }
    ],
    ...(finished === undefined ? {} : { on: finished })
  })
  if (plan.review === "none") return { reviewed }
  const isLast = ({ context }: { readonly context: InterviewContext }) => {
    const { index, groups } = groupOf(context, router)
    return index + 1 >= groups
  }
  /** Of one there is no choice. */
  const isOne = ({ context }: { readonly context: InterviewContext }) => groupOf(context, router).items.length === 1
  const anew = { attempt: 1, reason: undefined }
  const next = [
    { guard: isLast, target: "#interview.reviewed" },
    {
      target: "#interview.reviewing.reading",
      actions: interviewSetup.assign(({ context }: { readonly context: InterviewContext }) => ({
        ...anew,
        group: groupOf(context, router).index + 1
      }))
    }
  ]
  const wrong = [
    {
      guard: isOne,
      target: "#interview.going",
      actions: interviewSetup.assign(({ context }: { readonly context: InterviewContext }) => {
        const [item] = groupOf(context, router).items
        return item === undefined ? {} : router.goto(context, { type: "question.goto", ...item })
      })
    },
    { target: "#interview.reviewing.choosing", actions: interviewSetup.assign(() => anew) }
  ]
  /** Told, then the person's turn; in vain too often it ends: all of it is written. */
  const turn = (says: "review.read" | "review.which" | "review.offered") =>
    interviewSetup.createStateConfig({
      initial: "asking",
      states: {
        asking: {
          tags: "asking",
          entry: [
            interviewSetup.assign(({ context }) => ({ read: groupOf(context, router).items })),
            {
              type: "say",
              params: ({ context }) => {
                const { attempt, reason, preface } = context
                const { index, groups } = groupOf(context, router)
                return {
                  type: says,
                  items: context.read,
                  index: index + 1,
                  groups,
                  attempt,
                  ...(reason === undefined ? {} : { reason }),
                  ...(preface === undefined ? {} : { preface }),
                  ...(router.isFeminine(context.kept) ? { feminine: true } : {})
                }
              }
            },
            "asked"
          ],
          on: { "prompt.done": "listening" },
          after: { promptTimeout: "listening" }
        },
        listening: {
          tags: "listening",
          entry: { type: "say", params: { type: "turn.opened" } },
          on: { "utterance.empty": listenOn, "silence.elapsed": retryOr("asking", "#interview.reviewed") }
        }
      }
    })
  return {
    reviewing: interviewSetup.createStateConfig({
      initial: "beginning",
      entry: interviewSetup.assign(() => anew),
      on: {
        /** Nothing more than that is left to stop, to put off or to take back in words. */
        "stop.request": "#interview.reviewed",
        "pause.request": "#interview.reviewed",
        "hearing.failed": "#interview.reviewed",
        "withdrawal.request": {},
        "question.back": {}
      },
      states: {
        beginning: {
          always: [
            ...(mayOffer(plan)
              ? [
                  {
                    guard: ({ context }: { readonly context: InterviewContext }) => wayOf(context, router) === "offer",
                    target: "offering"
                  }
                ]
              : []),
            { target: "reading" }
          ]
        },
        ...(mayOffer(plan)
          ? {
              offering: {
                ...turn("review.offered"),
                on: {
                  "confirmation.given": {
                    target: "reading",
                    actions: interviewSetup.assign(() => ({ ...anew, reviewed: "wanted" as const }))
                  },
                  "confirmation.denied": "#interview.reviewed",
                  "question.repeat": ".asking",
                  "help.request": ".asking",
                  "answer.unmatched": retryOr(".asking", "#interview.reviewed")
                }
              }
            }
          : {}),
        reading: {
          ...turn("review.read"),
          on: {
            "confirmation.given": next,
            "confirmation.denied": wrong,
            "question.skip": next,
            "question.back": {
              target: ".asking",
              actions: interviewSetup.assign(({ context }) => ({
                ...anew,
                group: Math.max(0, groupOf(context, router).index - 1)
              }))
            },
            "question.repeat": { target: ".asking", actions: interviewSetup.assign(() => anew) },
            "help.request": { target: ".asking", actions: interviewSetup.assign(() => anew) },
            "answer.unmatched": retryOr(".asking", "#interview.reviewed")
          }
        },
        choosing: {
          ...turn("review.which"),
          on: {
            "confirmation.given": { target: "reading", actions: interviewSetup.assign(() => anew) },
            "confirmation.denied": retryOr(".asking", "#interview.reviewed"),
            "question.back": { target: "reading", actions: interviewSetup.assign(() => anew) },
            "question.repeat": ".asking",
            "help.request": ".asking",
            "answer.unmatched": retryOr(".asking", "#interview.reviewed")
          }
        }
      }
    }),
    reviewed
  }
}
