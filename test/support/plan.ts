/** A plan of questions alone, one after the other. */
import type { Plan, PlanQuestion } from "#machines/plan.ts"

export const planOf = (questions: ReadonlyArray<PlanQuestion>, over: Partial<Plan> = {}): Plan => ({
  id: "small",
  url: "urn:test:small",
  version: "1",
  title: "small",
  language: "ar",
  questions,
  items: questions.map(({ linkId, required }, question) => ({
    linkId,
    kind: "question" as const,
    question,
    ...(required ? { required } : {}),
    items: []
  })),
  scores: [],
  alerts: [],
  constraints: [],
  ...over
})
