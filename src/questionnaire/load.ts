/** A file's text → a questionnaire that can be held, in each language that it is written in. What it lacks is named. */
import { Effect, Result, Schema } from "effect"
import type { Evaluate } from "#machines/form.ts"
import type { Plan } from "#machines/plan.ts"
import { Questionnaire, type QuestionnaireItem } from "#schemas/fhir.ts"
import { compile, type Compiled } from "./compile.ts"
import type { Note } from "./compiler.ts"
import { instrumentFaults } from "./instruments.ts"
import type { Language } from "./extensions.ts"
import type { ValueSets } from "./value-sets.ts"
import { writtenIn } from "./written-in.ts"

/** A questionnaire in one of its languages. */
export interface LoadedQuestionnaire {
  /** The FHIR JSON that it was read from, with all that it needs: a session may finish on it years later. */
  readonly source: string
  readonly questionnaire: Questionnaire
  readonly plan: Plan
  /** Absent where nothing is computed. */
  readonly evaluate?: Evaluate
  readonly notes: ReadonlyArray<Note>
  /** All languages, this one too. */
  readonly languages: Readonly<Partial<Record<Language, Compiled>>>
  /** Texts that keep a language from being offered. */
  readonly untranslated: ReadonlyArray<string>
}

export class FhirError extends Schema.TaggedError<FhirError>()("FhirError", {
  file: Schema.String,
  refusals: Schema.Array(Schema.String)
}) {
  override get message(): string {
    return `${this.file} cannot be used: ${this.refusals.join("; ")}`
  }
}

const parse = Schema.decodeUnknownEffect(Schema.fromJsonString(Schema.Record(Schema.String, Schema.Unknown)))
const decode = Schema.decodeUnknownEffect(Questionnaire, { onExcessProperty: "error", errors: "all" })

/** "at ["item"][0]["item"][2]["option"]" names nobody: the linkId does. */
const withLinkId = (message: string, source: unknown): string => {
  let linkId: string | undefined
  let node = source as Record<string | number, unknown> | undefined
  for (const [, name, nth] of message.matchAll(/\["?(?:([A-Za-z_]\w*)|(\d+))"?\]/g)) {
    if (typeof node !== "object" || node === null) break
    node = node[name ?? Number(nth)] as typeof node
    const id = typeof node === "object" && node !== null ? node["linkId"] : undefined
    if (typeof id === "string") linkId = id
  }
  const line = message.replace(/\s*\n\s*/g, " ")
  return linkId === undefined ? line : `${linkId}: ${line}`
}

/** Embeds the value sets that it names, since a file of `valuesets/` may change while a session lasts. */
const embedded = (source: Record<string, unknown>, questionnaire: Questionnaire, valueSets: ValueSets) => {
  const wanted = new Set<string>()
  const collect = (items: ReadonlyArray<QuestionnaireItem>): void => {
    for (const { answerValueSet, item = [] } of items) {
      if (answerValueSet !== undefined) wanted.add(answerValueSet)
      collect(item)
    }
  }
  collect(questionnaire.item)
  const found = [...wanted].flatMap((reference) => {
    const set = valueSets.get(reference) ?? valueSets.get(reference.split("|")[0] ?? "")
    return set === undefined ? [] : [{ ...set, url: reference.split("|")[0] }]
  })
  return found.length === 0 ? source : { ...source, contained: [...(questionnaire.contained ?? []), ...found] }
}

/** What a session began with, whatever has been learnt since about how its instrument ought to be. */
export const restore = Effect.fn("Questionnaires.restore")(function* (
  file: string,
  json: string,
  valueSets: ValueSets = new Map()
) {
  const refuse = (refusals: ReadonlyArray<string>) => new FhirError({ file, refusals })
  const parsed = yield* parse(json).pipe(Effect.mapError(() => refuse(["it is no JSON object"])))
  const id = typeof parsed["id"] === "string" ? parsed["id"] : idFor(file)
  const whole = { ...parsed, id }
  const questionnaire = yield* decode(whole).pipe(
    Effect.mapError((error) => refuse(error.message.split("\n\n").map((one) => withLinkId(one, whole))))
  )
  const original = writtenIn(questionnaire) ?? "ar"
  const first = compile(questionnaire, { valueSets })
  if (Result.isFailure(first)) return yield* refuse(first.failure)
  const other = compile(questionnaire, { valueSets, language: original === "ar" ? "en" : "ar" })
  const translated = Result.isSuccess(other) && other.success.untranslated.length === 0 ? other.success : undefined
  const { plan, notes, evaluate } = first.success
  const complete = embedded(whole, questionnaire, valueSets)
  return {
    source: complete === whole && parsed["id"] === id ? json : JSON.stringify(complete),
    questionnaire,
    plan,
    ...(evaluate === undefined ? {} : { evaluate }),
    notes,
    languages: { [plan.language]: first.success, ...(translated && { [translated.plan.language]: translated }) },
    untranslated: Result.isSuccess(other) ? other.success.untranslated : []
  } satisfies LoadedQuestionnaire as LoadedQuestionnaire
})

/** `file` names the source in errors. */
export const load = Effect.fn("Questionnaires.load")(function* (
  file: string,
  json: string,
  valueSets: ValueSets = new Map()
) {
  const loaded = yield* restore(file, json, valueSets)
  const faults = instrumentFaults(loaded.questionnaire, loaded.plan)
  return faults.length === 0 ? loaded : yield* new FhirError({ file, refusals: faults })
})

const idFor = (file: string): string =>
  (file.split("/").at(-1) ?? file)
    .replace(/\.json$/, "")
    .replace(/[^A-Za-z0-9.-]+/g, "-")
    .slice(0, 64)

/** The same in the language that somebody wants, where it has it. */
export const inLanguage = (loaded: LoadedQuestionnaire, language: Language | undefined): LoadedQuestionnaire => {
  const compiled = language === undefined ? undefined : loaded.languages[language]
  if (compiled === undefined || compiled.plan === loaded.plan) return loaded
  const { evaluate: _, ...rest } = loaded
  const { plan, evaluate } = compiled
  return { ...rest, plan, ...(evaluate === undefined ? {} : { evaluate }) }
}
