/**
 * A dry run: what was typed, through the real machine and the real matcher, from the beginning each time. Nothing is kept,
 * nobody is told, and nothing is spoken; writing succeeds at once. The same inputs on the same day give the same trial.
 */
import { createActor, SimulatedClock } from "xstate"
import type { Expectation, InterviewEvent, InterviewOutput } from "#machines/interview.ts"
import { formOf } from "#machines/form.ts"
import { expectationOf, interviewMachine, type InterviewMachine } from "#machines/questionnaire.ts"
import type { Plan } from "#machines/plan.ts"
import type { Trial, TrialBody, TrialStep } from "#schemas/studio.ts"
import { interpretText } from "#src/questionnaire/answer.ts"
import type { LoadedQuestionnaire } from "#src/questionnaire/load.ts"
import { scoresOf } from "#src/questionnaire/scores.ts"
import type { Today } from "#src/questionnaire/understanding/ask.ts"
import { performanceOf } from "#src/session/interview.ts"
import { explained } from "./explain.ts"
import { nodeOf, stateOf } from "./place.ts"

/** As the session: what cannot be understood for sure is read back, and this is what was heard. */
const eventFor = (
  plan: Plan,
  expectation: Expectation,
  { text, heard }: TrialBody["inputs"][number],
  today: Today
): InterviewEvent =>
  heard === undefined
    ? interpretText(plan, expectation, text, "text", today)
    : interpretText(plan, expectation, text, "voice", today, { confidence: heard, unknownWords: 0 })

const machines = new WeakMap<Plan, InterviewMachine>()

export const machineOf = ({ plan, evaluate }: Pick<LoadedQuestionnaire, "plan" | "evaluate">): InterviewMachine => {
  const known = machines.get(plan) ?? interviewMachine(plan, evaluate)
  machines.set(plan, known)
  return known
}

const linkIdOf = (expectation: Expectation) => ("linkId" in expectation ? { link_id: expectation.linkId } : {})

class Run {
  readonly #plan: Plan
  readonly #actor
  #outputs: Array<InterviewOutput> = []
  ended: Extract<InterviewOutput, { type: "interview.ended" }> | undefined

  constructor(loaded: Pick<LoadedQuestionnaire, "plan" | "evaluate">) {
    this.#plan = loaded.plan
    this.#actor = createActor(machineOf(loaded), { input: {}, clock: new SimulatedClock() })
    this.#actor.on("*", (output) => this.#outputs.push(output))
    this.#actor.start()
  }

  get snapshot() {
    return this.#actor.getSnapshot()
  }

  expectation(): Expectation {
    return expectationOf(this.snapshot)
  }

  send(event: InterviewEvent): void {
    this.#actor.send(event)
  }

  /** Performs what is wanted until somebody has to say something; what was said meanwhile. */
  perform(): ReadonlyArray<string> {
    const said: Array<string> = []
    for (let output = this.#outputs.shift(); output !== undefined; output = this.#outputs.shift()) {
      if (output.type === "interview.ended") this.ended = output
      const { prompt } = performanceOf(this.#plan, output)
      if (prompt !== undefined) said.push(prompt.text)
      if (output.type === "consent.recording") this.send({ type: "consent.stored" })
      if (output.type === "answer.recording") this.send({ type: "answer.stored", linkId: output.record.linkId })
      if (this.#outputs.length === 0 && prompt !== undefined) this.send({ type: "prompt.done" })
    }
    return said
  }

  stop(): void {
    this.#actor.stop()
  }
}

const choicesAt = (plan: Plan, expectation: Expectation): Trial["choices"] => {
  if (expectation.about !== "answer") return []
  const question = plan.questions.find(({ linkId }) => linkId === expectation.linkId)
  return (question?.options ?? []).map(({ key, display }) => ({ key, display }))
}

export const trialOf = (
  loaded: Pick<LoadedQuestionnaire, "plan" | "evaluate">,
  inputs: TrialBody["inputs"],
  today: Today
): Trial => {
  const { plan, evaluate } = loaded
  const run = new Run(loaded)
  const said = run.perform()
  const steps = inputs.map((input): TrialStep => {
    const expectation = run.expectation()
    const event = eventFor(plan, expectation, input, today)
    run.send(event)
    return {
      text: input.text,
      about: expectation.about,
      ...linkIdOf(expectation),
      understood: explained(plan, expectation, input, today),
      event: event.type,
      said: run.perform()
    }
  })
  const { snapshot, ended } = run
  const expectation = run.expectation()
  const isOver = ended !== undefined && (snapshot.status !== "active" || snapshot.hasTag("completed"))
  run.stop()
  return {
    steps,
    said,
    about: expectation.about,
    ...linkIdOf(expectation),
    state: stateOf(snapshot),
    node: nodeOf(snapshot),
    choices: choicesAt(plan, expectation),
    finished: isOver,
    ...(isOver ? { status: ended.status } : {}),
    scores: isOver ? scoresOf(plan, formOf(plan, ended.kept, evaluate)) : [],
    alerts: (isOver ? ended.alerts : snapshot.context.alerts).map(({ linkId, rule }) => ({ link_id: linkId, rule }))
  }
}
