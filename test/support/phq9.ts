/** The shipped PHQ-9, decoded and compiled as the server does it. */
import { Result, Schema } from "effect"
import { readFileSync } from "node:fs"
import { formOf } from "#machines/form.ts"
import type { RecordedAnswer } from "#schemas/record.ts"
import { Questionnaire } from "#schemas/fhir.ts"
import { compile } from "#src/questionnaire/compile.ts"

const file = new URL("../../questionnaires/phq-9.ar.json", import.meta.url)

export const phq9 = Schema.decodeUnknownSync(Questionnaire, { onExcessProperty: "error" })(
  JSON.parse(readFileSync(file, "utf8"))
)
const compiled = Result.getOrThrow(compile(phq9))
export const phq9Plan = compiled.plan
export const phq9Evaluate = compiled.evaluate

export const phq9Form = (answers: Readonly<Record<string, RecordedAnswer>>) =>
  formOf(phq9Plan, { answers, skipped: {}, loops: {} }, phq9Evaluate)
