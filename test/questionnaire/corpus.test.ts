/**
 * The questionnaires of others: loaded and finished by random answers, or refused with a reason. Two runs each here; the
 * table of docs/corpus.md comes from twenty (`node scripts/corpus.ts`). Without the corpus this says so and checks nothing.
 */
import { assert, describe, it } from "vitest"
import { corpusFolder, filesIn, isCorpusThere, isFinished, rowOf } from "./corpus.ts"

const runs = Number(process.env["SAWT_CORPUS_RUNS"] ?? 2)

if (!isCorpusThere) {
  process.stdout.write(
    "\n!!! THE CORPUS OF QUESTIONNAIRES IS ABSENT: nothing is checked against it. Set SAWT_CORPUS to its folder. !!!\n\n"
  )
}

describe.skipIf(!isCorpusThere)("questionnaires that others published", () => {
  const folder = corpusFolder ?? ""
  const rows = isCorpusThere ? filesIn(folder).map((file) => rowOf(folder, file, runs)) : []

  it("are all there", () => assert.lengthOf(rows, 168))

  it("are finished with valid responses, or refused with a reason", () => {
    for (const row of rows) {
      if (row.refused === undefined) {
        assert.isTrue(isFinished(row), `${row.file}: ${JSON.stringify(row)}`)
      } else assert.isNotEmpty(row.reasons, row.file)
    }
  })

  it("are finished in at least 95 % of the cases in which the file holds all that its required items need", () => {
    const askable = rows.filter(({ refused }) => refused === undefined || refused === "unsupported")
    const finished = askable.filter(isFinished)
    const count = (kind: string) => rows.filter(({ refused }) => refused === kind).length
    process.stdout.write(
      `corpus: ${finished.length} of ${askable.length} finished; refused: ${count("lacks")} lack what they need, ` +
        `${count("invalid")} are no valid R4, ${count("instrument")} are not the instrument they are called\n`
    )
    assert.isAtLeast(finished.length / askable.length, 0.95)
  })

  it("of PHQ-9 are refused where their ninth item may be left open", () => {
    const called = rows.filter(({ refused }) => refused === "instrument")
    assert.isAtLeast(called.length, 3)
    assert.isTrue(called.some(({ reasons }) => reasons.some((reason) => reason.includes("is not required"))))
  })
})
