/**
 * The questionnaires that this server holds: every `*.json` of a folder, decoded and compiled once at the start, with the
 * value sets beside it. One that cannot be honoured is not offered; each reason is a line of its `refusals`.
 */
import { Context, Effect, Layer, Option, Result } from "effect"
import { readdir, readFile } from "node:fs/promises"
import { join } from "node:path"
import { type FhirError, load, type LoadedQuestionnaire, restore } from "./load.ts"
import { decodeValueSet, type ValueSet, type ValueSets } from "./value-sets.ts"

/** Former versions kept compiled; they are few, and only while their sessions last. */
const formerMax = 16

const jsonFiles = (folder: string) =>
  Effect.promise(async () => {
    const names = (await readdir(folder)).filter((name) => name.endsWith(".json")).toSorted()
    return Promise.all(names.map(async (name) => [name, await readFile(join(folder, name), "utf8")] as const))
  })

const parsed = (json: string): unknown => {
  try {
    return JSON.parse(json)
  } catch {
    return undefined
  }
}

/** Every `*.json` of a folder that is a ValueSet; a folder that is not there holds none. */
export const loadValueSets = Effect.fnUntraced(function* (folder: string) {
  const sets = new Map<string, ValueSet>()
  const files = yield* Effect.catchDefect(jsonFiles(folder), () => Effect.succeed([]))
  for (const [name, json] of files) {
    const set = Option.getOrUndefined(decodeValueSet(parsed(json)))
    if (set?.url === undefined) {
      yield* Effect.logError(`${name} is no ValueSet with a url`)
      continue
    }
    sets.set(set.url, set)
    if (set.version !== undefined) sets.set(`${set.url}|${set.version}`, set)
  }
  return sets as ValueSets
})

export interface QuestionnairesOptions {
  /** Absent: beside the questionnaires, `valuesets/`. */
  readonly valueSetFolder?: string
  /** Nobody has said whom to call: what has a safety rule is not offered (R7.9). */
  readonly needsHelpline?: boolean
  /** Whether a voice of this name is here; absent: nobody knows. */
  readonly hasVoice?: (name: string) => boolean
}

export class Questionnaires extends Context.Service<
  Questionnaires,
  {
    readonly all: ReadonlyArray<LoadedQuestionnaire>
    readonly get: (id: string) => LoadedQuestionnaire | undefined
    /** The version that a session began with, whatever has become of it in the folder since. */
    readonly ofSource: (source: string) => Effect.Effect<LoadedQuestionnaire, FhirError>
  }
>()("sawt/questionnaire/Questionnaires") {
  static readonly layer = (
    folder: string,
    {
      valueSetFolder = join(folder, "..", "valuesets"),
      needsHelpline = false,
      hasVoice = () => true
    }: QuestionnairesOptions = {}
  ) =>
    Layer.effect(
      Questionnaires,
      Effect.gen(function* () {
        const valueSets = yield* loadValueSets(valueSetFolder)
        const loaded = new Map<string, LoadedQuestionnaire>()
        for (const [name, json] of yield* jsonFiles(folder)) {
          const result = yield* Effect.result(load(name, json, valueSets))
          if (Result.isFailure(result)) {
            yield* Effect.logError(result.failure.message)
            continue
          }
          const { plan, notes } = result.success
          if (needsHelpline && plan.alerts.length > 0) {
            yield* Effect.logError(
              `${name} is not used: it has a safety rule, and nobody has said whom a person in danger should call; set HELPLINE_TEXT`
            )
            continue
          }
          if (loaded.has(plan.id))
            yield* Effect.logError(`${name} is not used: there is a questionnaire ${plan.id} already`)
          else loaded.set(plan.id, result.success)
          if (plan.voice !== undefined && !hasVoice(plan.voice)) {
            yield* Effect.logWarning(
              `${name}: its voice ${plan.voice} is not here, and the configured one speaks; npm run models:download -- --only ${plan.voice}`
            )
          }
          for (const { linkId, reason } of notes) yield* Effect.logWarning(`${name}: ${linkId}: ${reason}`)
        }
        const all = [...loaded.values()]
        const former = new Map<string, LoadedQuestionnaire>()
        const ofSource = Effect.fnUntraced(function* (source: string) {
          const known = all.find((candidate) => candidate.source === source) ?? former.get(source)
          if (known !== undefined) return known
          const restored = yield* restore("a session's questionnaire", source)
          const oldest = former.size < formerMax ? undefined : former.keys().next().value
          if (oldest !== undefined) former.delete(oldest)
          former.set(source, restored)
          return restored
        })
        return Questionnaires.of({ all, get: (id) => loaded.get(id), ofSource })
      })
    )
}
