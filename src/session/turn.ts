/** How the next utterance of a session is to be heard: follows from where the interview stands. Pure. */
import type { Expectation } from "#machines/interview.ts"
import type { LeadingState } from "#schemas/wire.ts"
import type { Turn } from "#src/audio/listener-events.ts"
import { grammarFor } from "#src/questionnaire/grammar.ts"
import type { Started } from "./started.ts"
import { todayAt } from "./today.ts"
import { endSilenceAfter, kindOf, patience } from "./turn-taking.ts"

type Chosen = Pick<Started, "questionnaire" | "alternatives" | "partials">

/** Whether anybody listens: not before the consent is asked for, not while paused, not when all is over. */
export const isHeard = (leading: LeadingState, expectation: Expectation, { questionnaire }: Chosen): boolean =>
  leading !== "paused" &&
  leading !== "ended" &&
  (questionnaire === undefined || (expectation.about !== "nothing" && expectation.about !== "correction"))

export const turnOf = (decode: boolean, expectation: Expectation, chosen: Chosen, nowMs: number): Turn => {
  const { questionnaire, alternatives, partials } = chosen
  const plan = questionnaire?.plan
  const grammar = plan === undefined ? undefined : grammarFor(plan, expectation)
  const after = plan === undefined ? undefined : endSilenceAfter(plan, expectation, todayAt(nowMs))
  return {
    decode,
    endSilenceMs: patience[kindOf(plan, expectation)].nothing,
    ...(after === undefined ? {} : { endSilenceAfter: after }),
    alternatives,
    partials,
    ...(grammar === undefined ? {} : { grammar })
  }
}
