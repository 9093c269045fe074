/**
 * A questionnaire as a statechart: consent, then each question asked, answered, confirmed where it must be, recorded; at
 * the end completed, stopped or declined. One state for each question, so that a diagram shows the questionnaire itself.
 *
 * The machine decides; it neither speaks nor hears. What it wants is an `InterviewOutput`, emitted and also sent to
 * `outlet`; what happens comes back as events. Events about another question than the current one are ignored: a person
 * may have touched an answer while the recogniser still worked on what was said before.
 */
import { enqueueActions, not, type SnapshotFrom } from "xstate"
import { askedAs, contextOf, interviewSetup, retryOr, type InterviewContext } from "./interview-setup.ts"
import type { Expectation, InterviewEvent } from "./interview.ts"
import type { Plan, PlanQuestion } from "./plan.ts"

const stateKey = (index: number): string => `q${index + 1}`

/** A noise was taken for speech: the person's turn begins anew, and no attempt is lost. */
const listenOn = { target: "listening", reenter: true } as const

/** Whoever was sent to touch since nothing could be heard may speak again. */
const askAgain = { guard: "wasUnheard", target: "asking", actions: "hearAgain" } as const

/** What could not be written is tried again until it can be: what was said is not dropped for a disk. */
const storeWaiting = interviewSetup.createStateConfig({
  entry: [
    "failToStore",
    { type: "say", params: ({ context }) => ({ type: "storing.delayed", failures: context.storeFailures }) }
  ],
  after: { storeRetry: "writing" }
})

/** Compiles a plan. The machine holds no clock and no randomness: the same events give the same outputs. */
export const interviewMachine = (plan: Plan) => {
  const question = (item: PlanQuestion, index: number) =>
    interviewSetup.createStateConfig({
      meta: { linkId: item.linkId },
      entry: { type: "enter", params: { linkId: item.linkId } },
      initial: "asking",
      on: {
        "question.repeat": ".asking",
        "help.request": ".helping",
        "hearing.failed": ".unheard",
        "question.back": { target: `#interview.${stateKey(Math.max(0, index - 1))}`, reenter: true },
        "question.skip": item.required
          ? { target: ".helping" }
          : {
              target: "#interview.routing",
              actions: ["skip", { type: "say", params: { type: "question.skipped", linkId: item.linkId } }]
            },
        "answer.given": [
          {
            guard: ({ context, event }) =>
              event.linkId === context.linkId && event.via === "voice" && (item.confirm === "always" || !event.sure),
            target: ".confirming",
            actions: "hold"
          },
          { guard: "isCurrent", target: ".recording", actions: "hold" }
        ]
      },
      states: {
        asking: {
          tags: "asking",
          entry: [
            {
              type: "say",
              params: ({ context }) => ({
                type: "question.asked",
                linkId: context.linkId,
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
        helping: {
          tags: "speaking",
          entry: { type: "say", params: { type: "help.given", linkId: item.linkId } },
          on: { "prompt.done": "listening" },
          after: { promptTimeout: "listening" }
        },
        listening: {
          tags: "listening",
          entry: { type: "say", params: { type: "turn.opened" } },
          on: {
            "utterance.ended": "transcribing",
            "utterance.empty": listenOn,
            "answer.unmatched": retryOr("asking", "offering"),
            "silence.elapsed": retryOr("asking", "offering")
          }
        },
        transcribing: {
          tags: "transcribing",
          on: { "utterance.empty": "listening", "answer.unmatched": retryOr("asking", "offering") },
          after: { transcriptTimeout: { target: "asking", actions: { type: "retry", params: { reason: "no_match" } } } }
        },
        offering: {
          tags: "asking",
          entry: ["drop", { type: "say", params: { type: "touch.offered", linkId: item.linkId, why: "asked_enough" } }],
          on: { "prompt.done": "waiting" },
          after: { promptTimeout: "waiting" }
        },
        /** What was said is lost: the person is told, and goes on by hand until it can hear again. */
        unheard: {
          tags: "asking",
          entry: [
            "drop",
            "noteUnheard",
            { type: "say", params: { type: "touch.offered", linkId: item.linkId, why: "cannot_hear" } }
          ],
          on: { "prompt.done": "waiting", "hearing.failed": {}, "hearing.restored": askAgain },
          after: { promptTimeout: "waiting" }
        },
        /** No more prompts by itself; every way to answer stays open, speech too. */
        waiting: { tags: "listening", on: { "hearing.restored": askAgain } },
        confirming: {
          tags: "confirming",
          initial: "asking",
          states: {
            asking: {
              entry: [
                enqueueActions(({ enqueue, context }) => {
                  const { linkId, pending } = context
                  if (pending === undefined) return
                  const output = { type: "answer.confirming" as const, linkId, pending, ...askedAs(context) }
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
                "silence.elapsed": retryOr("asking", `#interview.${stateKey(index)}.offering`)
              }
            }
          },
          on: {
            "confirmation.given": "recording",
            "confirmation.denied": { target: "asking", actions: "drop" },
            "answer.unmatched": retryOr(".asking", "offering")
          }
        },
        recording: {
          tags: "recording",
          initial: "writing",
          states: {
            writing: {
              entry: enqueueActions(({ enqueue, context }) => {
                if (context.pending === undefined) return
                enqueue({ type: "say", params: { type: "answer.recording", record: context.pending } })
              }),
              on: { "answer.store.failed": { guard: "isCurrent", target: "waiting" } },
              after: { storeTimeout: "waiting" }
            },
            waiting: storeWaiting
          },
          on: {
            /** What is being written can no longer be changed by a second tap; it can be corrected afterwards. */
            "answer.given": {},
            "question.repeat": {},
            "question.back": {},
            "question.skip": {},
            "question.goto": {},
            "help.request": {},
            "stop.request": {},
            "hearing.failed": {},
            "answer.stored": { guard: "isCurrent", target: "#interview.routing", actions: "keep" }
          }
        }
      }
    })

  return interviewSetup.createMachine({
    id: "interview",
    context: ({ input }) => contextOf(input),
    initial: "starting",
    on: {
      "stop.request": ".stopping",
      "question.goto": plan.questions.map((item, index) => ({
        guard: ({ context, event }: { context: InterviewContext; event: InterviewEvent }) =>
          event.type === "question.goto" && event.linkId === item.linkId && context.consented !== undefined,
        target: `.${stateKey(index)}`,
        reenter: true
      }))
    },
    states: {
      /** An interview that began earlier goes on where it stood. */
      starting: {
        always: [
          { guard: not("hasConsent"), target: "consenting" },
          ...plan.questions.flatMap(({ linkId }, index) => [
            {
              guard: { type: "stoodAt" as const, params: { linkId, confirming: true } },
              target: `${stateKey(index)}.confirming`
            },
            { guard: { type: "stoodAt" as const, params: { linkId, confirming: false } }, target: stateKey(index) }
          ]),
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
          "question.repeat": ".asking",
          "help.request": ".asking",
          "answer.unmatched": retryOr(".asking", ".waiting")
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
            on: { "utterance.empty": listenOn, "silence.elapsed": retryOr("asking", "waiting") }
          },
          unheard: {
            entry: ["noteUnheard", { type: "say", params: { type: "touch.offered", why: "cannot_hear" } }],
            on: { "prompt.done": "waiting", "hearing.failed": {}, "hearing.restored": askAgain },
            after: { promptTimeout: "waiting" }
          },
          waiting: { on: { "hearing.restored": askAgain } }
        }
      },
      /** Nothing is asked before the consent is written. */
      agreeing: {
        tags: "recording",
        initial: "writing",
        on: { "consent.stored": "routing", "stop.request": {}, "question.goto": {} },
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
        always: [
          ...plan.questions.map((item, index) => ({
            guard: { type: "isOpen" as const, params: { linkId: item.linkId } },
            target: stateKey(index)
          })),
          { target: "completed" }
        ]
      },
      ...Object.fromEntries(plan.questions.map((item, index) => [stateKey(index), question(item, index)])),
      /** "Stop" was heard or pressed: one wrong word must not end an interview. */
      stopping: {
        tags: "confirming",
        initial: "asking",
        on: {
          "confirmation.given": "stopped",
          "confirmation.denied": "routing",
          "answer.unmatched": "routing",
          "question.repeat": ".asking",
          "stop.request": "stopped"
        },
        states: {
          asking: {
            entry: { type: "say", params: { type: "stop.confirming" } },
            on: { "prompt.done": "listening" },
            after: { promptTimeout: "listening" }
          },
          listening: {
            entry: { type: "say", params: { type: "turn.opened" } },
            on: { "utterance.empty": listenOn, "silence.elapsed": "#interview.routing" }
          }
        }
      },
      completed: {
        type: "final",
        tags: "completed",
        entry: {
          type: "say",
          params: ({ context }) => ({ type: "interview.ended", status: "completed", answers: context.answers })
        }
      },
      stopped: {
        type: "final",
        tags: "completed",
        entry: {
          type: "say",
          params: ({ context }) => ({ type: "interview.ended", status: "stopped", answers: context.answers })
        }
      },
      declined: {
        type: "final",
        tags: "completed",
        entry: {
          type: "say",
          params: { type: "interview.ended", status: "declined", answers: {} }
        }
      }
    }
  })
}

export type InterviewMachine = ReturnType<typeof interviewMachine>
export type InterviewSnapshot = SnapshotFrom<InterviewMachine>

export const expectationOf = (snapshot: InterviewSnapshot): Expectation => {
  if (snapshot.status !== "active") return { about: "nothing" }
  if (snapshot.hasTag("consenting")) return { about: "consent" }
  if (snapshot.matches("stopping")) return { about: "stop" }
  if (snapshot.matches("agreeing")) return { about: "nothing" }
  const { linkId } = snapshot.context
  return snapshot.hasTag("confirming") ? { about: "confirmation", linkId } : { about: "answer", linkId }
}
