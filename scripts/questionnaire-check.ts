/** Tells a designer what becomes of a questionnaire: held or refused and why, its size as a statechart, and what to mend. */
import { Effect, Result } from "effect"
import { readFile } from "node:fs/promises"
import { dirname, join } from "node:path"
import { interviewMachine } from "#machines/questionnaire.ts"
import { remarksOn, type Remark } from "#src/questionnaire/check.ts"
import { load } from "#src/questionnaire/load.ts"
import { type Paths, pathsOf } from "#src/questionnaire/paths.ts"
import { loadValueSets } from "#src/questionnaire/questionnaires.ts"

const help = `Checks questionnaires (FHIR R4 JSON) before they are used.

Usage: npm run questionnaire:check -- FILE… [--json] [--valuesets FOLDER]
  FILE               a Questionnaire
  --json             one JSON object for each file, one a line
  --valuesets FOLDER value sets by their url (default: valuesets/ beside the folder of each file)

For each file: whether it is held or refused and why; what is left out; its languages; how many questions, states and
transitions its machine has; how many ways lead through it; questions that can never be asked; prompts too long to listen to; texts without vowel marks
or without translation.

Exit codes: 0 all are held, 1 at least one is refused, 2 a file cannot be read or the usage is wrong.`

interface Report {
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

const check = async (file: string, valueSetFolder: string | undefined): Promise<Report> => {
  const json = await readFile(file, "utf8")
  const valueSets = await Effect.runPromise(loadValueSets(valueSetFolder ?? join(dirname(file), "..", "valuesets")))
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

const print = (report: Report): void => {
  const write = (line: string) => process.stdout.write(`${line}\n`)
  write(`${report.file}: ${report.held ? "held" : "REFUSED"}`)
  for (const refusal of report.refusals) write(`  ${refusal}`)
  if (!report.held) return
  write(
    `  ${report.id}: ${report.questions} questions in ${report.languages?.join(" and ")}; ${report.states} states, ${report.transitions} transitions`
  )
  if (report.paths !== undefined) write(`  ${pathsLine(report.paths)}`)
  for (const { linkId, reason } of report.leftOut ?? []) write(`  ${linkId}: ${reason}`)
  for (const { linkId, language, what } of report.remarks ?? []) write(`  ${linkId} (${language}): ${what}`)
  if ((report.remarks ?? []).length === 0) write("  nothing to mend")
}

const main = async (args: ReadonlyArray<string>): Promise<number> => {
  const folderAt = args.indexOf("--valuesets")
  const folder = folderAt < 0 ? undefined : args[folderAt + 1]
  const files = args.filter((arg, index) => !arg.startsWith("--") && (folderAt < 0 || index !== folderAt + 1))
  if (args.includes("--help")) {
    process.stdout.write(`${help}\n`)
    return 0
  }
  const isKnown = (arg: string) => !arg.startsWith("--") || arg === "--json" || arg === "--valuesets"
  if (files.length === 0 || !args.every(isKnown)) {
    process.stderr.write(`${help}\n`)
    return 2
  }
  let worst = 0
  for (const file of files) {
    try {
      const report = await check(file, folder)
      if (args.includes("--json")) process.stdout.write(`${JSON.stringify(report)}\n`)
      else print(report)
      if (!report.held) worst = Math.max(worst, 1)
    } catch (error) {
      const reason = error instanceof Error ? error.message : "unknown"
      process.stderr.write(`${file} cannot be read: ${reason}\n`)
      worst = 2
    }
  }
  return worst
}

process.exitCode = await main(process.argv.slice(2))
