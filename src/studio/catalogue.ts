/** Every machine that is drawn, by the name that it goes by in paths and files. */
import type { AnyStateMachine } from "xstate"
import { hostMachine } from "#machines/host.ts"
import type { Plan } from "#machines/plan.ts"
import { interviewMachine } from "#machines/questionnaire.ts"
import { sessionMachine } from "#machines/session.ts"
import { tokenMachine } from "#machines/token.ts"
import type { LoadedQuestionnaire } from "#src/questionnaire/load.ts"
import type { Language } from "#src/questionnaire/extensions.ts"
import type { Diagram } from "./diagram.ts"
import { machineDiagram } from "./machine-diagram.ts"
import { questionnaireDiagram } from "./questionnaire-diagram.ts"

/** One question that repeats: each state that any interview has. */
const onePlan: Plan = {
  id: "one",
  url: "urn:sawt:one",
  version: "1",
  title: "One question",
  language: "en",
  questions: [
    {
      linkId: "1",
      text: "A question",
      spokenText: "A question",
      itemType: "text",
      options: [],
      required: false,
      confirm: "low"
    }
  ],
  items: [{ linkId: "1", kind: "question", question: 0, loop: { min: 0, max: 20, gated: false, index: 0 }, items: [] }],
  scores: [],
  alerts: [],
  constraints: []
}

interface Machine {
  readonly title: string
  readonly about: string
  readonly machine: AnyStateMachine
}

export const machines = {
  session: {
    title: "Session",
    about: "The life of one connection: five things that go on at once.",
    machine: sessionMachine
  },
  interview: {
    title: "Interview",
    about:
      "What every questionnaire's machine has, drawn with a single question: `q1` is there once for each question, `another1` for each that repeats.",
    machine: interviewMachine(onePlan)
  },
  token: { title: "Token", about: "How long a session's token lasts.", machine: tokenMachine },
  host: { title: "Host", about: "The life of a model host.", machine: hostMachine }
} as const satisfies Readonly<Record<string, Machine>>

export type MachineId = keyof typeof machines
export const machineIds = Object.keys(machines) as ReadonlyArray<MachineId>
export const isMachineId = (id: string): id is MachineId => Object.hasOwn(machines, id)

export const diagramOfMachine = (id: MachineId): Diagram => machineDiagram(machines[id].machine, machines[id].title)

export const diagramOfQuestionnaire = (loaded: LoadedQuestionnaire, language: Language): Diagram | undefined => {
  const plan = loaded.languages[language]?.plan
  return plan === undefined ? undefined : questionnaireDiagram(plan)
}
