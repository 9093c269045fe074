/**
 * What a large questionnaire costs: 500 items with groups, conditions and repeats are compiled, then filled in. Prints the
 * machine, the processor time to compile (decode, plan, statechart) and that of a step (an answer given, kept, the next asked).
 */
import { Effect } from "effect"
import { cpus } from "node:os"
import { createActor, SimulatedClock } from "xstate"
import { expectationOf, interviewMachine } from "#machines/questionnaire.ts"
import type { PlanQuestion } from "#machines/plan.ts"
import { load } from "#src/questionnaire/load.ts"

const help = `Measures a questionnaire of many items.

Usage: npm run bench:questionnaire [-- --items N] [--json]
  --items N   how many (default 500)
  --json      the figures as JSON

Exit codes: 0 within the bounds (compile < 200 ms, step < 1 ms on average), 1 above, 2 wrong usage.`

const compileMsMax = 200
const stepMsMax = 1

const ordinal = "http://hl7.org/fhir/StructureDefinition/ordinalValue"

/** Every fifth item opens a group, every third depends on the choice before it, every tenth repeats. */
const questionnaireOf = (count: number) => {
  const items = Array.from({ length: count }, (_, index) => {
    const linkId = `i${index}`
    const type = (["choice", "integer", "boolean", "string", "date"] as const)[index % 5] ?? "string"
    const condition =
      index % 3 === 2 && index > 5
        ? {
            enableWhen: [
              {
                question: `i${index - (index % 5)}`,
                operator: "=",
                answerCoding: { code: "a" }
              }
            ]
          }
        : {}
    const options =
      type === "choice"
        ? {
            answerOption: ["a", "b", "c", "d"].map((code, points) => ({
              valueCoding: { code, display: `Choice ${code}` },
              extension: [{ url: ordinal, valueDecimal: points }]
            }))
          }
        : {}
    return {
      linkId,
      type,
      text: `Question ${index}`,
      required: true,
      ...(index % 5 === 0 ? {} : condition),
      ...options
    }
  })
  const groups = Array.from({ length: Math.ceil(count / 25) }, (_, index) => ({
    linkId: `g${index}`,
    type: "group",
    text: `Part ${index}`,
    item: items.slice(index * 25, (index + 1) * 25)
  }))
  return JSON.stringify({ resourceType: "Questionnaire", id: "bench", status: "draft", language: "en", item: groups })
}

const answerTo = ({ itemType, options }: PlanQuestion) => {
  const value =
    itemType === "boolean"
      ? true
      : itemType === "integer"
        ? 7
        : itemType === "date"
          ? "2000-01-01"
          : (options[0]?.code ?? "x")
  return { value, display: String(value) }
}

const median = (values: ReadonlyArray<number>): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0

/** Processor time of this process: what others do with the machine meanwhile does not count. */
const nowMs = (): number => {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1_000
}

const compileOnce = (json: string) => {
  const from = nowMs()
  const loaded = Effect.runSync(load("bench.json", json))
  const planned = nowMs()
  const machine = interviewMachine(loaded.plan, loaded.evaluate)
  return { loaded, machine, planMs: planned - from, chartMs: nowMs() - planned }
}

const run = (json: string) => {
  const { loaded, machine, planMs, chartMs } = compileOnce(json)
  const actor = createActor(machine, { input: {}, clock: new SimulatedClock() }).start()
  actor.send({ type: "consent.given", via: "touch" })
  actor.send({ type: "consent.stored" })
  const stepsMs: Array<number> = []
  const fromMs = nowMs()
  for (let guard = 0; guard < 5_000; guard++) {
    const expectation = expectationOf(actor.getSnapshot())
    if (expectation.about !== "answer") break
    const { linkId } = expectation
    const question = loaded.plan.questions.find((candidate) => candidate.linkId === linkId)
    if (question === undefined) break
    const answer = answerTo(question)
    const from = performance.now()
    actor.send({ type: "answer.given", linkId, answer, via: "touch", sure: true })
    actor.send({ type: "answer.stored", linkId })
    stepsMs.push(performance.now() - from)
  }
  return { planMs, chartMs, stepsMs, fillMs: nowMs() - fromMs }
}

const main = (args: ReadonlyArray<string>): number => {
  if (args.includes("--help")) {
    console.log(help)
    return 0
  }
  const items = Number(args[args.indexOf("--items") + 1] ?? Number.NaN)
  const count = args.includes("--items") ? items : 500
  if (!Number.isInteger(count) || count < 1) {
    console.error(help)
    return 2
  }
  const json = questionnaireOf(count)
  // The first run warms the engine up; a server compiles at its start, so that one counts too.
  const runs = Array.from({ length: 6 }, () => run(json))
  const [cold, ...warm] = runs
  const steps = warm.flatMap(({ stepsMs }) => stepsMs)
  const figures = {
    machine: `${cpus()[0]?.model ?? "unknown"} x ${cpus().length}, Node ${process.version}`,
    items: count,
    asked: warm[0]?.stepsMs.length ?? 0,
    coldCompileMs: (cold?.planMs ?? 0) + (cold?.chartMs ?? 0),
    compileMs: median(warm.map(({ planMs, chartMs }) => planMs + chartMs)),
    planMs: median(warm.map(({ planMs }) => planMs)),
    chartMs: median(warm.map(({ chartMs }) => chartMs)),
    stepMeanMs: warm.reduce((sum, { fillMs }) => sum + fillMs, 0) / steps.length,
    stepMedianWallMs: median(steps)
  }
  if (args.includes("--json")) console.log(JSON.stringify(figures))
  else {
    console.log(figures.machine)
    for (const [name, value] of Object.entries(figures)) {
      if (typeof value === "number")
        console.log(`${name.padEnd(16)} ${Number.isInteger(value) ? value : value.toFixed(3)}`)
    }
  }
  return figures.compileMs < compileMsMax && figures.stepMeanMs < stepMsMax ? 0 : 1
}

process.exitCode = main(process.argv.slice(2))
