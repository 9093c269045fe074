/** docs/shown.md names the tests that show each row of the contract; each must be there, under that name. */
import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "vitest"

const root = join(import.meta.dirname, "..")
const read = (file: string): string => readFileSync(join(root, file), "utf8")

interface Shown {
  readonly row: string
  readonly file: string
  readonly title: string
}

const shown: ReadonlyArray<Shown> = [
  ...read("docs/shown.md").matchAll(/^\| (R\d+\.\d+) \| .*? \| \[.*?\]\(\.\.\/(.*?)\) \| (.*) \|$/gm)
].map(([, row = "", file = "", title = ""]) => ({ row, file, title }))

describe("docs/shown.md", () => {
  it("has every row of R1 and R3, and R4.8", () => {
    const contract = [...read("docs/requirements.md").matchAll(/^\| (R[13]\.\d+) \|/gm)].map(([, row]) => row)
    assert.isAbove(contract.length, 20)
    const rows = new Set(shown.map(({ row }) => row))
    assert.deepStrictEqual(
      [...contract, "R4.8"].filter((row) => row === undefined || !rows.has(row)),
      []
    )
  })

  it("names tests that are there", () => {
    assert.isAbove(shown.length, 50)
    const isThere = ({ file, title }: Shown) =>
      existsSync(join(root, file)) && ['"', "`"].some((quote) => read(file).includes(`${quote}${title}`))
    assert.deepStrictEqual(
      shown.filter((one) => !isThere(one)).map(({ row, file, title }) => `${row}: ${file}: ${title}`),
      []
    )
  })
})
