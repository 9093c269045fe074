/** Leaving before the end: to stop, or to go on later. One wrong word does neither. */
import { takenUp } from "./alarming.ts"
import { interviewSetup, listenOn, retryOr } from "./interview-setup.ts"
import type { Router } from "./routing.ts"

/**
 * Stop here, or go on later? Yes or no; what is neither, or not sure, is asked about once more; whoever says nothing goes on.
 * Where `yes` leads is the caller's.
 */
export const decisionState = (says: "stop.confirming" | "pause.confirming") =>
  interviewSetup.createStateConfig({
    tags: "confirming",
    entry: "decide",
    initial: "asking",
    on: {
      "question.back": {},
      "confirmation.denied": "#interview.routing",
      "answer.unmatched": retryOr(".asking", "#interview.routing", "mayDecideAgain"),
      "question.repeat": ".asking"
    },
    states: {
      asking: {
        entry: { type: "say", params: { type: says } },
        on: { "prompt.done": "listening" },
        after: { promptTimeout: "listening" }
      },
      listening: {
        entry: { type: "say", params: { type: "turn.opened" } },
        on: { "utterance.empty": listenOn, "silence.elapsed": "#interview.routing" }
      }
    }
  })

/** The last words before a session is left to be taken up again; whoever answers meanwhile stays. */
export const partingState = (router: Router) =>
  interviewSetup.createStateConfig({
    tags: "speaking",
    entry: { type: "say", params: ({ context }) => ({ type: "pause.told", linkId: context.linkId }) },
    on: {
      ...takenUp("#interview.going", router),
      "answer.unmatched": { target: "#interview.going", actions: "stand" },
      "prompt.done": "#interview.parked"
    },
    after: { promptTimeout: "#interview.parked" }
  })
