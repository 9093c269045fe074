/** Whether one test of an `enableWhen` holds for the answers at hand. FHIR R4: for at least one of them. */
import type { Answer } from "#schemas/record.ts"
import type { PlanTest } from "./plan.ts"

type Scalar = boolean | number | string

/** Several options, or a quantity in its unit: what can be compared. */
const scalars = ({ value }: Answer, unit: string | undefined): ReadonlyArray<Scalar> => {
  if (typeof value !== "object") return [value]
  if (!("value" in value)) return value
  return unit === undefined || unit === value.unit ? [value.value] : []
}

const compare = (value: Scalar, operator: PlanTest["operator"], wanted: Scalar): boolean => {
  switch (operator) {
    case "=":
      return value === wanted
    case "!=":
      return value !== wanted
    case "exists":
      return true
    default: {
      // ISO dates and times of one precision sort as text.
      if (typeof value !== typeof wanted) return false
      if (operator === ">") return value > wanted
      if (operator === "<") return value < wanted
      return operator === ">=" ? value >= wanted : value <= wanted
    }
  }
}

export const isMet = ({ operator, value, unit }: PlanTest, answers: ReadonlyArray<Answer>): boolean => {
  if (operator === "exists") return answers.length > 0 === value
  return answers.flatMap((answer) => scalars(answer, unit)).some((given) => compare(given, operator, value))
}
