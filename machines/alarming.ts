/**
 * Staff must hear of something, and the person hears that they will: the alert is written and the notice is spoken at the
 * same time, so that a disk which fails keeps nobody from the words that help. Nothing further is asked before both are done.
 */
import { and, enqueueActions } from "xstate"
import { interviewSetup, placeOf } from "./interview-setup.ts"
import type { InterviewContext } from "./interview-setup.ts"
import type { Router } from "./routing.ts"

/**
 * What a person answers while something is told goes before the rest of it: it is taken as if the question stood, and the
 * question is not asked again for it.
 */
export const takenUp = (target: string, router: Router, ...actions: ReadonlyArray<"alarmed">) => {
  const stay = interviewSetup.assign(({ context }) => router.stay(context))
  const taken = (guard: "isStanding" | "isCurrent" | "asksAnother") => ({
    guard: and(["alarmsStored", guard]),
    target,
    actions: [...actions, stay, "stand", "defer"] as never
  })
  return interviewSetup.createStateConfig({
    on: {
      /** Also to the question that was just answered: then it is given anew. */
      "answer.given": taken("isCurrent"),
      "initial.kept": taken("isStanding"),
      "question.skip": taken("isStanding"),
      ...(router.repeats
        ? { "confirmation.given": taken("asksAnother"), "confirmation.denied": taken("asksAnother") }
        : {}),
      "question.repeat": { guard: "alarmsStored", target, actions: [...actions, "stand"] as never }
    }
  }).on
}

const said = (rule: string): number => (rule === "handover" ? 1 : 0)

/** Several at once are told as one: what is about danger first. */
const toTell = ({ alarms }: InterviewContext) => alarms.toSorted((a, b) => said(a.rule) - said(b.rule))[0]

/** `back`: where it goes on. Without a router nothing is left to answer. */
export const alarmState = (back: string, router?: Router) =>
  interviewSetup.createStateConfig({
    tags: "speaking",
    type: "parallel",
    onDone: { target: back, actions: "alarmed" },
    ...(router === undefined ? {} : { on: takenUp(back, router, "alarmed") }),
    states: {
      raising: {
        initial: "writing",
        states: {
          writing: {
            always: { guard: "alarmsStored", target: "raised" },
            entry: enqueueActions(({ enqueue, context }) => {
              const alarm = context.alarms.find(({ isStored }) => !isStored)
              if (alarm === undefined) return
              const { linkId, at, rule } = alarm
              enqueue({ type: "say", params: { type: "alert.raised", ...placeOf({ linkId, at }), rule } })
            }),
            on: {
              "alert.stored": { target: "writing", reenter: true, actions: "alarmStored" },
              "alert.store.failed": "waiting"
            },
            after: { storeTimeout: "waiting" }
          },
          waiting: { after: { storeRetry: "writing" } },
          raised: { type: "final" }
        }
      },
      telling: {
        initial: "speaking",
        states: {
          speaking: {
            entry: enqueueActions(({ enqueue, context }) => {
              const alarm = toTell(context)
              if (alarm === undefined) return
              const { linkId, at, rule } = alarm
              enqueue({ type: "say", params: { type: "notice.told", ...placeOf({ linkId, at }), rule } })
            }),
            on: { "prompt.done": "told" },
            after: { promptTimeout: "told" }
          },
          told: { type: "final" }
        }
      }
    }
  })
