/** How the next utterance of a session is to be heard: follows from where the interview stands. Pure. */
import type { Expectation } from "#machines/interview.ts"
import type { LeadingState } from "#schemas/wire.ts"
import type { Turn } from "#src/audio/listener.ts"
import { grammarFor } from "#src/questionnaire/grammar.ts"
import type { Started } from "./started.ts"

type Chosen = Pick<Started, "questionnaire" | "alternatives" | "partials">

/** Whether anybody listens: not before the consent is asked for, not while paused, not when all is over. */
export const isHeard = (leading: LeadingState, expectation: Expectation, { questionnaire }: Chosen): boolean =>
  leading !== "paused" &&
  leading !== "ended" &&
  (questionnaire === undefined || (expectation.about !== "nothing" && expectation.about !== "correction"))

export const turnOf = (decode: boolean, expectation: Expectation, endSilenceMs: number, chosen: Chosen): Turn => {
  const { questionnaire, alternatives, partials } = chosen
  const grammar = questionnaire === undefined ? undefined : grammarFor(questionnaire.plan, expectation)
  return { decode, endSilenceMs, alternatives, partials, ...(grammar === undefined ? {} : { grammar }) }
}
