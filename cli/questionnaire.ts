/** `sawt questionnaire`: files of FHIR questionnaires checked, drawn and tried, without a service and without models. */
import { readFile, writeFile } from "node:fs/promises"
import { createInterface } from "node:readline"
import { Effect, Option } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import type { Trial } from "#schemas/studio.ts"
import { inLanguage, load, type LoadedQuestionnaire } from "#src/questionnaire/load.ts"
import { todayAt } from "#src/session/today.ts"
import { diagramOfQuestionnaire } from "#src/studio/catalogue.ts"
import { mermaidOf } from "#src/studio/mermaid.ts"
import { svgOf } from "#src/studio/svg.ts"
import { trialOf } from "#src/studio/trial.ts"
import { attempt, exitCodes, failed, Fault, misused } from "./fault.ts"
import { print, printJson, tell } from "./output.ts"
import { check as checkFile, linesOf, valueSetsFor } from "./questionnaire-check.ts"
import { jsonFlag } from "./service.ts"

const fileArgument = Argument.String("file").pipe(Argument.withDescription("A Questionnaire (FHIR R4 JSON)"))
const valueSetsFlag = Flag.String("valuesets").pipe(
  Flag.withDescription("A folder of value sets by their url (default: valuesets/ beside the folder of the file)"),
  Flag.optional
)
const languageFlag = Flag.Literals("language", ["ar", "en"]).pipe(
  Flag.withDescription("One of the questionnaire's (default: its own)"),
  Flag.optional
)

const unreadable = (file: string, { message }: Fault): Fault =>
  new Fault({ message: `${file} cannot be read: ${message}`, exitCode: exitCodes.usage })

const loaded = Effect.fnUntraced(function* (file: string, valueSets: Option.Option<string>) {
  const text = yield* attempt(() => readFile(file, "utf8")).pipe(Effect.mapError((fault) => unreadable(file, fault)))
  const sets = yield* valueSetsFor(file, Option.getOrUndefined(valueSets))
  return yield* load(file, text, sets).pipe(Effect.mapError(({ message }) => failed(message)))
})

const check = Command.make(
  "check",
  { json: jsonFlag, valuesets: valueSetsFlag, files: fileArgument.pipe(Argument.atLeast(1)) },
  Effect.fnUntraced(function* ({ json, valuesets, files }) {
    let worst: number = exitCodes.done
    for (const file of files) {
      const report = yield* attempt(() => checkFile(file, Option.getOrUndefined(valuesets))).pipe(
        Effect.catch((fault) => Effect.succeed(unreadable(file, fault)))
      )
      if (report instanceof Fault) {
        tell(report.message)
        worst = report.exitCode
        continue
      }
      if (json) printJson(report)
      else for (const line of linesOf(report)) print(line)
      if (!report.held) worst = Math.max(worst, exitCodes.failed)
    }
    if (worst !== exitCodes.done) return yield* new Fault({ message: "", exitCode: worst })
  })
).pipe(
  Command.withDescription(
    "Whether questionnaires are held or refused and why, their size as statecharts, and what to mend. Exit code 1: one is refused, 2: one cannot be read"
  )
)

const draw = Command.make(
  "draw",
  {
    valuesets: valueSetsFlag,
    language: languageFlag,
    format: Flag.Literals("format", ["svg", "mermaid"]).pipe(Flag.withAlias("f"), Flag.withDefault("svg")),
    output: Flag.String("output").pipe(
      Flag.withAlias("o"),
      Flag.withDescription("A file (default: stdout)"),
      Flag.optional
    ),
    file: fileArgument
  },
  Effect.fnUntraced(function* ({ valuesets, language, format, output, file }) {
    const questionnaire = yield* loaded(file, valuesets)
    const wanted = Option.getOrElse(language, () => questionnaire.plan.language)
    const diagram = diagramOfQuestionnaire(questionnaire, wanted)
    if (diagram === undefined) return yield* notIn(questionnaire, wanted)
    const drawing = format === "svg" ? svgOf(diagram, { styled: true }).trimEnd() : mermaidOf(diagram)
    if (Option.isNone(output)) return print(drawing)
    yield* attempt(() => writeFile(output.value, `${drawing}\n`))
  })
).pipe(Command.withDescription("A picture of a questionnaire's questions and branches"))

const notIn = ({ languages }: LoadedQuestionnaire, language: string): Fault =>
  misused(`The questionnaire is not in ${language}: it is in ${Object.keys(languages).join(", ")}.`)

const showChoices = ({ choices }: Trial): void => {
  for (const { key, display } of choices) tell(`  ${key}  ${display}`)
}

/** What the last step led to. */
const showStep = (trial: Trial): void => {
  const step = trial.steps.at(-1)
  if (step !== undefined) {
    const { kind, rule, display } = step.understood
    tell(`  (${kind}${display === undefined ? "" : `: ${display}`}, ${rule})`)
  }
  for (const line of (step ?? trial).said) tell(line)
  if (!trial.finished) showChoices(trial)
}

const showResult = ({ status, scores, alerts }: Trial): void => {
  print(status ?? "not finished")
  for (const { id, value, band } of scores) print(`  ${id}: ${value}${band === undefined ? "" : ` (${band})`}`)
  for (const { link_id, rule } of alerts) print(`  alert at ${link_id}: ${rule}`)
}

/** Line by line, until the questionnaire or the input is over. */
const typed = async (trial: (lines: ReadonlyArray<string>) => Trial, signal: AbortSignal): Promise<Trial> => {
  const lines: Array<string> = []
  let last = trial(lines)
  showStep(last)
  const reader = createInterface({ input: process.stdin, output: process.stderr, prompt: "> ", signal })
  reader.prompt()
  for await (const line of reader) {
    if (line.trim() === "") continue
    lines.push(line)
    last = trial(lines)
    showStep(last)
    if (last.finished) break
    reader.prompt()
  }
  reader.close()
  return last
}

const run = Command.make(
  "run",
  { json: jsonFlag, valuesets: valueSetsFlag, language: languageFlag, file: fileArgument },
  Effect.fnUntraced(function* ({ json, valuesets, language, file }) {
    const questionnaire = yield* loaded(file, valuesets)
    const wanted = Option.getOrElse(language, () => questionnaire.plan.language)
    if (!(wanted in questionnaire.languages)) return yield* notIn(questionnaire, wanted)
    const held = inLanguage(questionnaire, wanted)
    const today = todayAt(Date.now())
    const trial = yield* attempt((signal) =>
      typed(
        (lines) =>
          trialOf(
            held,
            lines.map((text) => ({ text })),
            today
          ),
        signal
      )
    )
    if (json) printJson(trial)
    else showResult(trial)
    if (!trial.finished) return yield* failed("The input ended before the questionnaire did.")
  })
).pipe(
  Command.withDescription(
    "Answer a questionnaire by typing: through its real machine and matcher, with by which rule each answer was understood; nothing is kept. By voice: sawt talk"
  )
)

export const questionnaire = Command.make("questionnaire").pipe(
  Command.withDescription("Check, draw and try questionnaires"),
  Command.withSubcommands([check, draw, run])
)
