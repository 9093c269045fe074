/**
 * Questionnaires that others published (FHIR R4, not part of the repository): each is loaded and filled in at random, or
 * refused, and why. `SAWT_CORPUS` names the folder of corpora; by default it is looked for beside the repository.
 */
import { Effect, Result } from "effect"
import { existsSync, globSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { load } from "#src/questionnaire/load.ts"
import { validateResponse } from "#src/questionnaire/validate.ts"
import { faultsByOthers } from "#test/support/fhir-validator.ts"
import { fill } from "#test/support/fill.ts"

const repository = join(import.meta.dirname, "..", "..")
const beside = ["../shared/corpora", "../../shared/corpora"].map((path) => join(repository, path))
const corpora = process.env["SAWT_CORPUS"] ?? beside.find((path) => existsSync(path))

export const corpusFolder = corpora === undefined ? undefined : join(corpora, "questionnaires-r4")

export const isCorpusThere = corpusFolder !== undefined && existsSync(corpusFolder)

/** Why a questionnaire is not held. */
export type Refused =
  /** It is no valid R4, or needs what only another version has. */
  | "invalid"
  /** A required item needs a value set, a record or an upload that the file does not hold. */
  | "lacks"
  /** It is not the instrument that it is called. */
  | "instrument"
  /** It is valid and complete, and we do not honour what it asks for. */
  | "unsupported"

export interface Row {
  readonly file: string
  readonly refused?: Refused
  /** Of a refusal, the first lines. */
  readonly reasons: ReadonlyArray<string>
  readonly questions: number
  readonly leftOut: number
  /** Of the questions that were ever enabled, so many were asked in all runs together. */
  readonly asked: number
  readonly enabled: number
  readonly unfinished: number
  readonly invalid: ReadonlyArray<string>
  readonly typed: number
  readonly spoken: number
  readonly touched: number
  /** Answers that were taken for others than they were meant as. */
  readonly misread: ReadonlyArray<string>
}

const kindOf = (reasons: ReadonlyArray<string>): Refused => {
  const all = reasons.join("\n")
  if (/it is called/.test(all)) return "instrument"
  if (/modifierExtension/.test(all)) return "unsupported"
  if (/Expected|Missing key|used twice|cannot hold|lead back|several initial/.test(all)) return "invalid"
  return /it is required/.test(all) ? "lacks" : "unsupported"
}

export const filesIn = (folder: string): ReadonlyArray<string> =>
  globSync("*/*.json", { cwd: folder })
    .filter((name) => !name.includes("node_modules"))
    .toSorted()

export const rowOf = (folder: string, file: string, runs: number): Row => {
  const json = readFileSync(join(folder, file), "utf8")
  const result = Effect.runSync(Effect.result(load(file, json)))
  const nothing = {
    questions: 0,
    leftOut: 0,
    asked: 0,
    enabled: 0,
    unfinished: 0,
    invalid: [],
    typed: 0,
    spoken: 0,
    touched: 0,
    misread: []
  }
  if (Result.isFailure(result)) {
    const reasons = result.failure.refusals
    return { file, refused: kindOf(reasons), reasons, ...nothing }
  }
  const loaded = result.success
  const asked = new Set<string>()
  const enabled = new Set<string>()
  const invalid = new Set<string>()
  const misread = new Set<string>()
  const count = { text: 0, voice: 0, touch: 0 }
  let unfinished = 0
  const definition = JSON.parse(loaded.source) as Parameters<typeof validateResponse>[0]
  for (let run = 0; run < 2 * runs; run++) {
    const [seed, via] = [1 + (run >> 1), run % 2 === 0 ? "text" : "voice"] as const
    const filled = fill(loaded, seed, { via })
    if (!filled.isFinished) unfinished++
    for (const linkId of filled.asked) asked.add(linkId)
    for (const linkId of [...filled.asked, ...filled.enabled]) enabled.add(linkId)
    for (const fault of validateResponse(definition, filled.response)) invalid.add(fault)
    if (seed === 1) for (const fault of faultsByOthers(filled.response)) invalid.add(fault)
    for (const { text, taken } of filled.misread) misread.add(`${text} was taken for ${JSON.stringify(taken)}`)
    count[via] += filled.wordedAnswers
    count.touch += filled.touchedAnswers
  }
  return {
    file,
    reasons: [],
    questions: loaded.plan.questions.length,
    leftOut: loaded.notes.filter(({ reason }) => reason.startsWith("left out")).length,
    asked: asked.size,
    enabled: enabled.size,
    unfinished,
    invalid: [...invalid],
    typed: count.text,
    spoken: count.voice,
    touched: count.touch,
    misread: [...misread]
  }
}

export const isFinished = ({ refused, unfinished, invalid, misread, asked, enabled }: Row): boolean =>
  refused === undefined && unfinished === 0 && invalid.length === 0 && misread.length === 0 && asked >= 0.9 * enabled
