/** The language of a questionnaire: what it says, else what its letters are. Pure. */
import type { Questionnaire, QuestionnaireItem } from "#schemas/fhir.ts"
import { type Language, languageOf } from "./extensions.ts"

const arabic = /[\u0600-\u06FF]/g
const latin = /[A-Za-z]/g

const textsIn = (items: ReadonlyArray<QuestionnaireItem>): string =>
  items.map(({ text = "", item = [] }) => `${text} ${textsIn(item)}`).join(" ")

/** Undefined: another one than those that are spoken here. */
export const writtenIn = ({ language, item, title = "" }: Questionnaire): Language | undefined => {
  if (language !== undefined) return languageOf(language)
  const text = `${title} ${textsIn(item)}`
  return (text.match(arabic)?.length ?? 0) > (text.match(latin)?.length ?? 0) ? "ar" : "en"
}
