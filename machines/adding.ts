/** Of several answers in one breath a part was understood: the rest is asked for, and nothing is lost. */
import { enqueueActions } from "xstate"
import { askedAs, interviewSetup, listenOn, placeOf, retryOr } from "./interview-setup.ts"

/** More of it comes as an answer that holds all; after a no, or nothing, what was understood is read back. */
export const addingState = (key: string) => {
  const readBack = `#interview.${key}.confirming`
  return interviewSetup.createStateConfig({
    tags: "asking",
    entry: "decide",
    initial: "asking",
    on: {
      "confirmation.given": ".asking",
      "confirmation.denied": readBack,
      "question.skip": readBack,
      "question.repeat": ".asking",
      "answer.unmatched": retryOr(".asking", readBack)
    },
    states: {
      asking: {
        entry: [
          enqueueActions(({ enqueue, context }) => {
            const { pending, attempt, reason } = context
            if (pending === undefined) return
            const how = { attempt, ...(reason === undefined ? {} : { reason }), ...askedAs(context) }
            enqueue({ type: "say", params: { type: "answer.adding", ...placeOf(context), pending, ...how } })
          }),
          "asked"
        ],
        on: { "prompt.done": "listening" },
        after: { promptTimeout: "listening" }
      },
      listening: {
        entry: { type: "say", params: { type: "turn.opened" } },
        on: { "utterance.empty": listenOn, "silence.elapsed": retryOr("asking", readBack) }
      }
    }
  })
}
