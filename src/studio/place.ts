/** Where an interview stands, in the words of its machine and of its questionnaire's diagram. */
import type { InterviewSnapshot } from "#machines/questionnaire.ts"
import { endId, startId } from "./questionnaire-diagram.ts"

const pathOf = (value: unknown): string =>
  typeof value === "object" && value !== null
    ? Object.entries(value)
        .map(([key, inner]) => `${key}.${pathOf(inner)}`)
        .join(" ")
    : String(value)

/** The box that a person would point to. Before the first question there is the consent. */
export const nodeOf = (snapshot: InterviewSnapshot): string => {
  if (snapshot.status !== "active" || snapshot.hasTag("completed")) return endId
  if (snapshot.context.consented === undefined) return startId
  return snapshot.context.linkId === "" ? startId : snapshot.context.linkId
}

export const stateOf = (snapshot: InterviewSnapshot): string => pathOf(snapshot.value)
