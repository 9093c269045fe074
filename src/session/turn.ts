/** How the next utterance of a session is to be heard: follows from where the interview stands. */
import type { Expectation } from "#machines/interview.ts"
import type { LeadingState } from "#schemas/wire.ts"
import type { Turn } from "#src/audio/listener-events.ts"
import { grammarFor } from "#src/questionnaire/grammar.ts"
import type { Started } from "./started.ts"
import { todayAt } from "./today.ts"
import { endSilenceAfter, kindOf, patience } from "./turn-taking.ts"

type Chosen = Pick<Started, "questionnaire" | "alternatives" | "partials">

/** Whether anybody listens: not before the consent is asked for, not while paused, not when all is over. */
const isHeard = (leading: LeadingState, expectation: Expectation, { questionnaire }: Chosen): boolean =>
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

/** Tells a session's listener of its next turn whenever that has changed. */
export class Tuning {
  #key = ""

  follow(started: Started | undefined, leading: LeadingState, expectation: Expectation, nowMs: number): void {
    if (started === undefined) return
    const decode = isHeard(leading, expectation, started)
    const key = `${decode} ${JSON.stringify(expectation)}`
    if (key === this.#key) return
    this.#key = key
    if (!decode) started.listener.disarmSilence()
    started.listener.setTurn(turnOf(decode, expectation, started, nowMs))
  }
}
