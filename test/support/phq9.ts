/** The shipped PHQ-9, decoded and compiled as the server does it. */
import { Result, Schema } from "effect"
import { readFileSync } from "node:fs"
import { Questionnaire } from "#schemas/fhir.ts"
import { compile } from "#src/questionnaire/compile.ts"

const file = new URL("../../questionnaires/phq-9.ar.json", import.meta.url)

export const phq9 = Schema.decodeUnknownSync(Questionnaire, { onExcessProperty: "error" })(
  JSON.parse(readFileSync(file, "utf8"))
)
export const phq9Plan = Result.getOrThrow(compile(phq9))
