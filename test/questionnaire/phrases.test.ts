/** The phrase tables are well made. Their figures are printed; docs/understanding.md keeps those of the first run. */
import { assert, describe, it } from "vitest"
import { askedBy } from "./phrases/asks.ts"
import { figuresOf, gradeOf, rowsOf, tables } from "./phrases/table.ts"
import { outcomeToday } from "./phrases/today-matcher.ts"

const rows = tables.flatMap(rowsOf)

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
    for (const table of tables) {
      const all = rowsOf(table)
      assert.isAtLeast(all.filter(({ how }) => how.includes("confusion")).length, all.length / 10, table)
    }
  })

  for (const table of tables) {
    it(`${table}: figures`, () => {
      const all = rowsOf(table)
      const figures = figuresOf(all.map((row) => gradeOf(row.expected, outcomeToday(row))))
      console.error(table, all.length, JSON.stringify(figures))
      assert.equal(
        Object.values(figures).reduce((sum, count) => sum + count, 0),
        all.length
      )
    })
  }
})
