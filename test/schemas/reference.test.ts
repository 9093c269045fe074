import { readFile } from "node:fs/promises"
import { assert, describe, it } from "vitest"
import { wireSchema, wireSchemaFile } from "../../scripts/json-schema.ts"
import { referencePages } from "../../scripts/reference.ts"

describe("docs/reference", () => {
  it("the JSON Schema of the wire is current (node scripts/json-schema.ts)", async () => {
    assert.strictEqual(await readFile(wireSchemaFile, "utf8"), wireSchema())
  })

  it("the pages of configuration and errors are current (node scripts/reference.ts)", async () => {
    for (const { file, text } of referencePages()) assert.strictEqual(await readFile(file, "utf8"), text)
  })
})
