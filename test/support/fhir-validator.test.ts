import { assert, describe, it } from "vitest"
import { faultsByOthers } from "./fhir-validator.ts"

describe("the validator of others", () => {
  it("knows a wrong type, a wrong code and a field that is none", () => {
    const response = { resourceType: "QuestionnaireResponse", status: "completed", item: [{ linkId: "a" }] }
    assert.deepEqual(faultsByOthers(response), [])
    for (const wrong of [
      { ...response, status: "done" },
      { ...response, item: [{ linkId: "a", answer: [{ valueInteger: "x" }] }] },
      { ...response, item: [{ linkId: "a", stray: 1 }] }
    ]) {
      assert.isNotEmpty(faultsByOthers(wrong))
    }
  })
})
