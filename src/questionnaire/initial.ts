/** What a questionnaire offers as an answer: initial values, or options selected beforehand. Pure. */
import type { Answer } from "#schemas/record.ts"
import type { QuestionnaireItem } from "#schemas/fhir.ts"
import type { Language } from "./extensions.ts"
import { answerWith, type FhirValue, valueFromFhir, type Valued } from "./values.ts"

interface Faults {
  readonly refuse: (reason: string) => void
  readonly note: (reason: string) => void
}

export const initialOf = (
  { initial = [], answerOption = [], repeats }: QuestionnaireItem,
  valued: Valued,
  language: Language,
  { refuse, note }: Faults
): ReadonlyArray<Answer> => {
  const selected = answerOption.filter(({ initialSelected }) => initialSelected === true)
  const given: ReadonlyArray<FhirValue> = initial.length > 0 ? initial : selected
  if (given.length > 1 && repeats !== true) refuse("only what repeats can have several initial values")
  return given.flatMap((value) => {
    if (value.valueQuantity?.comparator !== undefined) {
      note("nothing is offered: its initial value is no exact one")
      return []
    }
    const known = valueFromFhir(valued, value)
    if (known === undefined) return refuse("its initial value is none that it takes") ?? []
    return [answerWith(valued, known, language)]
  })
}

/** Where several may be chosen, they are offered as one answer. */
export const together = (answers: ReadonlyArray<Answer>, valued: Valued, language: Language): ReadonlyArray<Answer> => {
  const codes = answers.map(({ value }) => String(value))
  return codes.length === 0 ? [] : [answerWith(valued, codes, language)]
}
