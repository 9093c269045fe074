/**
 * The questionnaires that this server holds: every `*.json` of a folder, decoded and compiled once at the start. One that
 * cannot be honoured is not offered; each reason is a line of its `refusals`.
 */
import { Context, Effect, Layer, Result, Schema } from "effect"
import { readdir, readFile } from "node:fs/promises"
import { join } from "node:path"
import type { Plan } from "#machines/plan.ts"
import { Questionnaire } from "#schemas/fhir.ts"
import { compile } from "./compile.ts"

export interface LoadedQuestionnaire {
  /** The FHIR JSON that it was read from. */
  readonly source: string
  readonly questionnaire: Questionnaire
  readonly plan: Plan
}

export class FhirError extends Schema.TaggedError<FhirError>()("FhirError", {
  file: Schema.String,
  refusals: Schema.Array(Schema.String)
}) {
  override get message(): string {
    return `${this.file} cannot be used: ${this.refusals.join("; ")}`
  }
}

/** Former versions kept compiled; they are few, and only while their sessions last. */
const formerMax = 16

const decode = Schema.decodeUnknownEffect(Schema.fromJsonString(Questionnaire), {
  onExcessProperty: "error",
  errors: "all"
})

/** `file` names the source in errors. */
export const load = Effect.fn("Questionnaires.load")(function* (file: string, json: string) {
  const questionnaire = yield* decode(json).pipe(
    Effect.mapError((error) => new FhirError({ file, refusals: error.message.split("\n\n") }))
  )
  const plan = compile(questionnaire)
  if (Result.isFailure(plan)) return yield* new FhirError({ file, refusals: plan.failure })
  return { source: json, questionnaire, plan: plan.success } satisfies LoadedQuestionnaire
})

export class Questionnaires extends Context.Service<
  Questionnaires,
  {
    readonly all: ReadonlyArray<LoadedQuestionnaire>
    readonly get: (id: string) => LoadedQuestionnaire | undefined
    /** The version that a session began with, whatever has become of it in the folder since. */
    readonly ofSource: (source: string) => Effect.Effect<LoadedQuestionnaire, FhirError>
  }
>()("sawt/questionnaire/Questionnaires") {
  static readonly layer = (folder: string) =>
    Layer.effect(
      Questionnaires,
      Effect.gen(function* () {
        const names = yield* Effect.promise(() => readdir(folder))
        const loaded = new Map<string, LoadedQuestionnaire>()
        for (const name of names.filter((candidate) => candidate.endsWith(".json")).toSorted()) {
          const json = yield* Effect.promise(() => readFile(join(folder, name), "utf8"))
          const result = yield* Effect.result(load(name, json))
          if (Result.isSuccess(result)) loaded.set(result.success.questionnaire.id, result.success)
          else yield* Effect.logError(result.failure.message)
        }
        const all = [...loaded.values()]
        const former = new Map<string, LoadedQuestionnaire>()
        const ofSource = Effect.fnUntraced(function* (source: string) {
          const known = all.find((candidate) => candidate.source === source) ?? former.get(source)
          if (known !== undefined) return known
          const restored = yield* load("a session's questionnaire", source)
          const oldest = former.size < formerMax ? undefined : former.keys().next().value
          if (oldest !== undefined) former.delete(oldest)
          former.set(source, restored)
          return restored
        })
        return Questionnaires.of({ all, get: (id) => loaded.get(id), ofSource })
      })
    )
}
