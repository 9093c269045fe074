/** Writes docs/corpus.md: what becomes of each questionnaire that others published. */
import { writeFile } from "node:fs/promises"
import { fileURLToPath } from "node:url"
import {
  corpusFolder,
  filesIn,
  isCorpusThere,
  isFinished,
  type Refused,
  type Row,
  rowOf
} from "#test/questionnaire/corpus.ts"

const help = `Fills in every questionnaire of the corpus at random and writes the table docs/corpus.md.

Usage: SAWT_CORPUS=FOLDER node scripts/corpus.ts [--runs N]
  SAWT_CORPUS  holds questionnaires-r4/ (default: ../shared/corpora)
  --runs N     random runs of each by typed answers, and as many by spoken ones (default 20)

Exit codes: 0 written, 2 there is no corpus or the usage is wrong.`

const page = fileURLToPath(new URL("../docs/corpus.md", import.meta.url))

const kinds: Readonly<Record<Refused, string>> = {
  lacks: "needs what the file lacks",
  invalid: "no valid R4",
  instrument: "not the instrument it is called",
  unsupported: "not supported"
}

const cell = (text: string): string => text.replaceAll("|", "\\|").replaceAll("\n", " ").replaceAll("<", "&lt;")

const short = (text: string): string => (text.length > 150 ? `${text.slice(0, 150)}…` : text)

const line = (row: Row): string => {
  const name = row.file.replace(/\.json$/, "")
  if (row.refused !== undefined) {
    return `| ${cell(name)} | refused: ${kinds[row.refused]} | ${cell(short(row.reasons[0] ?? ""))} |`
  }
  const faults = [
    ...(row.unfinished > 0 ? [`${row.unfinished} runs did not end`] : []),
    ...row.invalid,
    ...row.misread,
    ...(row.asked < 0.9 * row.enabled ? [`asks ${row.asked} of ${row.enabled}`] : [])
  ]
  const what = `${row.asked} of ${row.questions} questions asked${row.leftOut > 0 ? `, ${row.leftOut} left out with a note` : ""}`
  return `| ${cell(name)} | ${isFinished(row) ? "finished" : "**faulty**"} | ${cell(faults.length > 0 ? faults.join("; ") : what)} |`
}

const text = (rows: ReadonlyArray<Row>, runs: number): string => {
  const of = (kind: Refused) => rows.filter(({ refused }) => refused === kind).length
  const finished = rows.filter(isFinished).length
  const askable = rows.filter(({ refused }) => refused === undefined || refused === "unsupported").length
  const complete = rows.length - of("lacks")
  const [typed, spoken, touched] = (["typed", "spoken", "touched"] as const).map((how) =>
    rows.reduce((sum, row) => sum + row[how], 0)
  )
  const percent = (part: number, whole: number) => `${((100 * part) / whole).toFixed(1)} %`
  return `# Questionnaires of others

Printed by \`node scripts/corpus.ts\`; not edited by hand. ${rows.length} FHIR R4 questionnaires from the repositories of LForms, Smart Forms and fhirpath.js (\`SAWT_CORPUS\`; not part of this repository), each filled in at random through compiler, machine and
response, ${runs} times by typed answers (${typed}) and ${runs} times by what a recogniser would hear, numbers in words (${spoken}); ${touched} more were tapped where words are not unambiguous or have digits; skips and repeats. *Finished*: every run ends, no answer is taken for another, every response is valid by \`src/questionnaire/validate.ts\`, which shares no code with what builds it, and the runs together ask at least 90 % of the
questions that were enabled.

| | |
|---|---|
| finished | ${finished} |
| refused: ${kinds.unsupported} | ${of("unsupported")} |
| refused: ${kinds.lacks} (value set, patient record, upload) | ${of("lacks")} |
| refused: ${kinds.invalid} (wrong types, unknown fields, doubled linkIds, circles, other versions) | ${of("invalid")} |
| refused: ${kinds.instrument} (clinical linter) | ${of("instrument")} |
| finished, of the valid ones that hold all they need and are what they are called | ${percent(finished, askable)} (${finished} of ${askable}) |
| finished, of all that do not lack a required item's value set, record or upload | ${percent(finished, complete)} (${finished} of ${complete}) |

| questionnaire | result | what |
|---|---|---|
${rows.map(line).join("\n")}
`
}

const main = async (args: ReadonlyArray<string>): Promise<number> => {
  if (args.includes("--help")) {
    process.stdout.write(`${help}\n`)
    return 0
  }
  const runs = args.includes("--runs") ? Number(args[args.indexOf("--runs") + 1]) : 20
  if (!isCorpusThere || corpusFolder === undefined || !Number.isInteger(runs) || runs < 1) {
    process.stderr.write(`${help}\n`)
    return 2
  }
  const folder = corpusFolder
  const rows = filesIn(folder).map((file) => rowOf(folder, file, runs))
  await writeFile(page, text(rows, runs))
  process.stdout.write(`${page}: ${rows.filter(isFinished).length} of ${rows.length} finished\n`)
  return 0
}

process.exitCode = await main(process.argv.slice(2))
