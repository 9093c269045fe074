import { assert, describe, it } from "vitest"
import { errorName } from "#src/error-name.ts"

describe("an error's name in a log", () => {
  it("never carries its message, whatever was thrown", () => {
    assert.equal(errorName(new RangeError("what a person said")), "RangeError")
    assert.equal(errorName("what a person said"), "string")
    assert.equal(errorName({ message: "what a person said" }), "object")
  })
})
