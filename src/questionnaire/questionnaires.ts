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
  return { questionnaire, plan: plan.success } satisfies LoadedQuestionnaire
})

export class Questionnaires extends Context.Service<
  Questionnaires,
  {
    readonly all: ReadonlyArray<LoadedQuestionnaire>
    readonly get: (id: string) => LoadedQuestionnaire | undefined
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
        return Questionnaires.of({ all: [...loaded.values()], get: (id) => loaded.get(id) })
      })
    )
}
