/**
 * A kept session step by step: what happened, about which question, and where its machine stood then. The machine goes
 * through the answers to know the branch that they led to; none of them is in what comes out.
 */
import { createActor, SimulatedClock } from "xstate"
import type { RecordEntry } from "#schemas/record.ts"
import type { RunSteps } from "#schemas/studio.ts"
import { inLanguage, type LoadedQuestionnaire } from "#src/questionnaire/load.ts"
import { nodeOf, stateOf } from "./place.ts"
import { machineOf } from "./trial.ts"

type Step = RunSteps["steps"][number]

const place = (linkId: string, at: ReadonlyArray<number> | undefined) => ({
  link_id: linkId,
  ...(at === undefined ? {} : { occurrence: at })
})

/** Field by field: what is not named here does not leave. */
const happened = (entry: RecordEntry): Omit<Step, "at" | "state" | "node"> => {
  switch (entry.type) {
    case "consent":
      return { type: "consent", via: entry.via }
    case "answer": {
      const { linkId, at, via, revised } = entry.record
      return { type: "answer", ...place(linkId, at), via, revised }
    }
    case "skip":
      return { type: "skip", ...place(entry.linkId, entry.at) }
    case "another":
      return { type: "another", ...place(entry.linkId, entry.at) }
    case "alert":
      return { type: "alert", ...place(entry.linkId, entry.at) }
    case "ended":
      return { type: "ended", status: entry.status }
  }
}

export const stepsOf = (id: string, loaded: LoadedQuestionnaire, entries: ReadonlyArray<RecordEntry>): RunSteps => {
  const language = entries.find((entry) => entry.type === "consent")?.language
  const spoken = inLanguage(loaded, language)
  const machine = machineOf(spoken)
  const steps = entries.map((entry, index): Step => {
    const record = { entries: entries.slice(0, index + 1) }
    const actor = createActor(machine, { input: { record }, clock: new SimulatedClock() }).start()
    const snapshot = actor.getSnapshot()
    actor.stop()
    return {
      ...happened(entry),
      at: new Date(entry.atMs).toISOString(),
      state: stateOf(snapshot),
      node: nodeOf(snapshot)
    }
  })
  const { version, language: held } = spoken.plan
  return { id, questionnaire: { id: spoken.plan.id, version }, language: held, steps }
}
