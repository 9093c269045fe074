/**
 * FHIR `Questionnaire` → plan of a conversation in one language. What changes the meaning and cannot be honoured is refused
 * with the linkId and the reason; what merely cannot be asked or offered here is left out with a note. Pure.
 */
import { Result } from "effect"
import type { Evaluate } from "#machines/form.ts"
import { reviewLinkId } from "#machines/interview.ts"
import type { Plan } from "#machines/plan.ts"
import type { Questionnaire } from "#schemas/fhir.ts"
import { Compiler, type Note } from "./compiler.ts"
import { all, extensionUrls, first, type Language, string } from "./extensions.ts"
import { mannerOf } from "./manner.ts"
import { Texts } from "./texts.ts"
import type { ValueSets } from "./value-sets.ts"
import { writtenIn } from "./written-in.ts"

export interface Compiled {
  readonly plan: Plan
  /** What is left out, and why. */
  readonly notes: ReadonlyArray<Note>
  /** Texts that have no translation into this language. */
  readonly untranslated: ReadonlyArray<string>
  /** Absent where nothing is computed. */
  readonly evaluate?: Evaluate
}

/** One line for each fault. */
export type Refusals = ReadonlyArray<string>

export interface CompileOptions {
  readonly language?: Language
  readonly valueSets?: ValueSets
  /** Stands for an id that the questionnaire lacks. */
  readonly id?: string
}

const isReview = (code: string | undefined): code is NonNullable<Plan["review"]> =>
  code === "read" || code === "offer" || code === "none"

export const compile = (
  questionnaire: Questionnaire,
  { language, valueSets = new Map(), id }: CompileOptions = {}
): Result.Result<Compiled, Refusals> => {
  const original = writtenIn(questionnaire)
  if (original === undefined && language === undefined) {
    return Result.fail([`its language ${questionnaire.language} is neither Arabic nor English`])
  }
  const texts = new Texts(language ?? original ?? "ar", original ?? "en")
  const compiler = new Compiler(questionnaire, texts, valueSets)
  const items = compiler.compile()
  const { questions, scores, alerts, constraints, refusals } = compiler
  const name = questionnaire.id ?? id ?? "questionnaire"
  const { url = `urn:sawt:Questionnaire:${name}`, version = "0", title, _title, extension = [] } = questionnaire
  const feminine = all({ extension }, extensionUrls.feminineWhen)[0]
  const linkId = string(feminine, "question")
  const code = string(feminine, "code")
  const review = first({ extension }, extensionUrls.review)?.valueCode
  const [manner, mannerFaults] = mannerOf(questionnaire)
  const plan: Plan = {
    id: name,
    url,
    version,
    title: texts.text(title, _title, "title") ?? questionnaire.name ?? name,
    language: texts.language,
    questions,
    items,
    scores,
    alerts,
    constraints,
    ...(isReview(review) ? { review } : {}),
    ...manner,
    ...(linkId === undefined || code === undefined ? {} : { feminineWhen: { linkId, code } })
  }
  if (review !== undefined && !isReview(review)) refusals.push(`${extensionUrls.review} takes read, offer or none`)
  refusals.push(...mannerFaults)
  if (questions.some((question) => question.linkId === reviewLinkId))
    refusals.push(`${reviewLinkId}: this linkId stands for the answers that are read back`)
  if (refusals.length > 0) return Result.fail([...new Set(refusals)])
  const evaluate = compiler.evaluate(plan)
  return Result.succeed({
    plan,
    notes: compiler.takeNotes(),
    untranslated: texts.missing,
    ...(evaluate === undefined ? {} : { evaluate })
  })
}
