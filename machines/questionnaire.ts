/**
 * A questionnaire as a statechart: consent, then each question asked, answered, confirmed where it must be, recorded; at
 * the end completed, stopped or declined. One state for each question, so that a diagram shows the questionnaire itself.
 *
 * The machine decides; it neither speaks nor hears. What it wants is an `InterviewOutput`, emitted and also sent to
 * `outlet`; what happens comes back as events. Events about another question than the current one are ignored: a person
 * may have touched an answer while the recogniser still worked on what was said before.
 */
import { enqueueActions, type SnapshotFrom } from "xstate"
import { interviewSetup, retryOr, type InterviewContext } from "./interview-setup.ts"
import type { Expectation, InterviewEvent } from "./interview.ts"
import type { Plan, PlanQuestion } from "./plan.ts"

const stateKey = (index: number): string => `q${index + 1}`

/** A noise was taken for speech: the person's turn begins anew, and no attempt is lost. */
const listenOn = { target: "listening", reenter: true } as const

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
        "question.back": { target: `#interview.${stateKey(Math.max(0, index - 1))}`, reenter: true },
        "question.skip": item.required ? { target: ".helping" } : { target: "#interview.routing", actions: "skip" },
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
          entry: {
            type: "say",
            params: ({ context }) => ({
              type: "question.asked",
              linkId: context.linkId,
              attempt: context.attempt,
              ...(context.reason === undefined ? {} : { reason: context.reason })
            })
          },
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
          entry: ["drop", { type: "say", params: { type: "touch.offered", linkId: item.linkId } }],
          on: { "prompt.done": "waiting" },
          after: { promptTimeout: "waiting" }
        },
        /** No more prompts by itself; every way to answer stays open, speech too. */
        waiting: { tags: "listening" },
        confirming: {
          tags: "confirming",
          initial: "asking",
          states: {
            asking: {
              entry: {
                type: "say",
                params: ({ context }) => ({
                  type: "answer.confirming",
                  linkId: item.linkId,
                  answer: context.pending?.answer ?? { value: "", display: "" }
                })
              },
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
          entry: enqueueActions(({ enqueue, context }) => {
            if (context.pending !== undefined) {
              enqueue({ type: "say", params: { type: "answer.recording", record: context.pending } })
            }
          }),
          on: {
            /** What is being written can no longer be changed by a second tap; it can be corrected afterwards. */
            "answer.given": {},
            "question.repeat": {},
            "question.back": {},
            "question.skip": {},
            "question.goto": {},
            "help.request": {},
            "stop.request": {},
            "answer.stored": {
              guard: "isCurrent",
              target: "#interview.routing",
              actions: [
                enqueueActions(({ enqueue, context }) => {
                  if (context.pending !== undefined) {
                    enqueue({ type: "say", params: { type: "answer.recorded", record: context.pending } })
                  }
                }),
                "keep"
              ]
            },
            "answer.store.failed": { guard: "isCurrent", target: "asking", actions: "drop" }
          },
          after: { storeTimeout: { target: "asking", actions: "drop" } }
        }
      }
    })

  return interviewSetup.createMachine({
    id: "interview",
    context: ({ input }) => ({
      outlet: input.outlet,
      consented: undefined,
      linkId: "",
      attempt: 1,
      reason: undefined,
      answers: {},
      skipped: {},
      pending: undefined
    }),
    initial: "consenting",
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
      consenting: {
        tags: "consenting",
        initial: "asking",
        on: {
          "consent.given": {
            target: "routing",
            actions: { type: "consent", params: ({ event }) => ({ via: event.via }) }
          },
          "consent.declined": "declined",
          "stop.request": "declined",
          "question.repeat": ".asking",
          "help.request": ".asking",
          "answer.unmatched": retryOr(".asking", ".waiting")
        },
        states: {
          asking: {
            entry: {
              type: "say",
              params: ({ context }) => ({
                type: "consent.asked",
                attempt: context.attempt,
                ...(context.reason === undefined ? {} : { reason: context.reason })
              })
            },
            on: { "prompt.done": "listening" },
            after: { promptTimeout: "listening" }
          },
          listening: {
            entry: { type: "say", params: { type: "turn.opened" } },
            on: { "utterance.empty": listenOn, "silence.elapsed": retryOr("asking", "waiting") }
          },
          waiting: {}
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
  const { linkId } = snapshot.context
  return snapshot.hasTag("confirming") ? { about: "confirmation", linkId } : { about: "answer", linkId }
}
