/** Tells a designer what becomes of a questionnaire: held or refused and why, its size as a statechart, and what to mend. */
import { Effect, Result } from "effect"
import { readFile } from "node:fs/promises"
import { dirname, join } from "node:path"
import { interviewMachine } from "#machines/questionnaire.ts"
import { remarksOn, type Remark } from "#src/questionnaire/check.ts"
import { load } from "#src/questionnaire/load.ts"
import { type Paths, pathsOf } from "#src/questionnaire/paths.ts"
import { loadValueSets } from "#src/questionnaire/questionnaires.ts"

export interface Report {
  readonly file: string
  readonly held: boolean
  readonly refusals: ReadonlyArray<string>
  readonly id?: string
  readonly languages?: ReadonlyArray<string>
  readonly questions?: number
  readonly states?: number
  readonly transitions?: number
  readonly paths?: Paths
  readonly leftOut?: ReadonlyArray<{ readonly linkId: string; readonly reason: string }>
  readonly remarks?: ReadonlyArray<Remark & { readonly language: string }>
}

interface Node {
  readonly states: Readonly<Record<string, Node>>
  readonly transitions: ReadonlyMap<string, ReadonlyArray<unknown>>
  readonly always?: ReadonlyArray<unknown>
}

const sizeOf = (node: Node): { readonly states: number; readonly transitions: number } => {
  const own = [...node.transitions.values()].reduce((sum, list) => sum + list.length, node.always?.length ?? 0)
  return Object.values(node.states)
    .map(sizeOf)
    .reduce((sum, inner) => ({ states: sum.states + inner.states, transitions: sum.transitions + inner.transitions }), {
      states: 1,
      transitions: own
    })
}

export const valueSetsFor = (file: string, folder: string | undefined) =>
  loadValueSets(folder ?? join(dirname(file), "..", "valuesets"))

export const check = async (file: string, valueSetFolder: string | undefined): Promise<Report> => {
  const json = await readFile(file, "utf8")
  const valueSets = await Effect.runPromise(valueSetsFor(file, valueSetFolder))
  const result = await Effect.runPromise(Effect.result(load(file, json, valueSets)))
  if (Result.isFailure(result)) return { file, held: false, refusals: result.failure.refusals }
  const { plan, evaluate, notes, languages, untranslated } = result.success
  const { states, transitions } = sizeOf(interviewMachine(plan, evaluate).root as unknown as Node)
  const compiled = Object.values(languages)
  return {
    file,
    held: true,
    refusals: [],
    id: plan.id,
    languages: Object.keys(languages),
    questions: plan.questions.length,
    states,
    transitions,
    paths: pathsOf(plan, evaluate),
    leftOut: notes,
    remarks: compiled.flatMap((one) =>
      remarksOn(one.plan, one.plan === plan && untranslated.length > 0 ? untranslated : []).map((remark) => ({
        ...remark,
        language: one.plan.language
      }))
    )
  }
}

const pathsLine = ({ count, shortest, longest, tooMany }: Paths): string => {
  if (tooMany) return "more ways through it than can be counted"
  return count === 1
    ? `one way through it, of ${longest} questions`
    : `${count} ways through it, of ${shortest} to ${longest} questions`
}

/** For people. */
export const linesOf = (report: Report): ReadonlyArray<string> => {
  const lines: Array<string> = []
  const write = (line: string) => lines.push(line)
  write(`${report.file}: ${report.held ? "held" : "REFUSED"}`)
  for (const refusal of report.refusals) write(`  ${refusal}`)
  if (!report.held) return lines
  write(
    `  ${report.id}: ${report.questions} questions in ${report.languages?.join(" and ")}; ${report.states} states, ${report.transitions} transitions`
  )
  if (report.paths !== undefined) write(`  ${pathsLine(report.paths)}`)
  for (const { linkId, reason } of report.leftOut ?? []) write(`  ${linkId}: ${reason}`)
  for (const { linkId, language, what } of report.remarks ?? []) write(`  ${linkId} (${language}): ${what}`)
  if ((report.remarks ?? []).length === 0) write("  nothing to mend")
  return lines
}
