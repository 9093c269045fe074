/** What is made of the phrase tables, row by row; docs/understanding.md keeps the figures of their first runs. */
import { assert, describe, it } from "vitest"
import { understand } from "#src/questionnaire/understanding/understand.ts"
import { askedBy, today } from "./phrases/asks.ts"
import { figuresOf, gradeOf, outcomeOf, rowsOf, saidIn, tables, type Row } from "./phrases/table.ts"

const rows = tables.flatMap(rowsOf)

const outcome = (row: Row): string => {
  const asked = askedBy(row.language, row.ask)
  assert.isDefined(asked, row.place)
  return outcomeOf(understand({ ...asked, language: row.language, today }, saidIn(row)))
}

describe("the phrase tables", () => {
  it("name a known question in each row, and no phrase twice for one", () => {
    const seen = new Set<string>()
    for (const { language, ask, expected, phrase, place, how } of rows) {
      assert.isDefined(askedBy(language, ask), place)
      assert.isNotEmpty(expected, place)
      assert.isNotEmpty(phrase, place)
      const key = [language, ask, phrase, how.find((tag) => Number(tag) > 0)].join()
      assert.isFalse(seen.has(key), place)
      seen.add(key)
    }
  })

  it("have a tenth of rows with what recognisers confuse", () => {
    for (const language of ["ar", "en"] as const) {
      const all = rows.filter((row) => row.language === language)
      assert.isAtLeast(all.length, language === "ar" ? 400 : 150)
      assert.isAtLeast(all.filter(({ how }) => how.includes("confusion")).length, all.length / 10, language)
    }
  })

  it("are understood, but for less than one row in two hundred", () => {
    const wrong = rows.filter((row) => gradeOf(row.expected, outcome(row)) === "wrong")
    const shown = wrong.map((row) => `${row.place} ${row.phrase}: ${outcome(row)}, not ${row.expected}`)
    assert.isBelow(wrong.length / rows.length, 0.005, shown.join("\n"))
  })

  it("cost few read-backs and repetitions", () => {
    for (const table of tables) {
      const all = rowsOf(table)
      const figures = figuresOf(all.map((row) => gradeOf(row.expected, outcome(row))))
      console.error(table, all.length, JSON.stringify(figures))
      assert.isAbove(figures.exact / all.length, 0.9, table)
    }
  })
})
