import { readFile } from "node:fs/promises"
import { assert, describe, it } from "vitest"
import { jsonSchemas } from "../../scripts/json-schema.ts"
import { referencePages } from "../../scripts/reference.ts"

describe("docs/reference", () => {
  it("the JSON Schemas of the wire and of the audit log are current (node scripts/json-schema.ts)", async () => {
    for (const { file, text } of jsonSchemas()) assert.strictEqual(await readFile(file, "utf8"), text)
  })

  it("the pages of configuration and errors are current (node scripts/reference.ts)", async () => {
    for (const { file, text } of referencePages()) assert.strictEqual(await readFile(file, "utf8"), text)
  })
})
