/**
 * Consent is taken back. Said or typed, it is asked about first, since one misheard word must not delete anything; touched,
 * it is meant. Everything is deleted before the person is told so, and as often as it takes.
 */
import { interviewSetup, listenOn, retryOr } from "./interview-setup.ts"

export const withdrawal = {
  withdrawing: interviewSetup.createStateConfig({
    tags: "confirming",
    entry: "decide",
    initial: "asking",
    on: {
      "question.back": {},
      "stop.request": {},
      "confirmation.given": {
        target: "#interview.erasing",
        actions: { type: "withdraw", params: { via: "voice" } }
      },
      "confirmation.denied": "#interview.routing",
      "answer.unmatched": retryOr(".asking", "#interview.routing", "mayDecideAgain"),
      "question.repeat": ".asking",
      "withdrawal.request": ".asking"
    },
    states: {
      asking: {
        entry: { type: "say", params: { type: "withdrawal.confirming" } },
        on: { "prompt.done": "listening" },
        after: { promptTimeout: "listening" }
      },
      listening: {
        entry: { type: "say", params: { type: "turn.opened" } },
        on: { "utterance.empty": listenOn, "silence.elapsed": "#interview.routing" }
      }
    }
  }),
  erasing: interviewSetup.createStateConfig({
    tags: "recording",
    initial: "writing",
    on: {
      "withdrawal.stored": "#interview.withdrawn",
      "consent.withdrawn": {},
      "withdrawal.request": {},
      "stop.request": {},
      "pause.request": {},
      "question.back": {},
      "question.goto": {},
      /** Nothing of the person is kept any more. */
      "distress.heard": {},
      "handover.request": {}
    },
    states: {
      writing: {
        entry: {
          type: "say",
          params: ({ context }) => ({
            type: "withdrawal.recording",
            via: context.withdrawnVia,
            failures: context.storeFailures
          })
        },
        on: { "withdrawal.store.failed": "waiting" },
        after: { storeTimeout: "waiting" }
      },
      waiting: { entry: "failToStore", after: { storeRetry: "writing" } }
    }
  })
} as const
