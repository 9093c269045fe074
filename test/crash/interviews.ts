/** Interviews that are broken off at random moments, held until the end: nothing acknowledged is lost, nothing doubled. */
import * as fc from "fast-check"
import { assert } from "vitest"
import { perInterview, points, seed } from "./form.ts"
import type { Patient } from "./patient.ts"
import type { Tally } from "./tally.ts"

export const holdInterviews = <Scenario>(
  scenarios: fc.Arbitrary<Scenario>,
  held: (scenario: Scenario) => Promise<Patient>,
  tally: Tally
): Promise<void> =>
  fc.assert(
    fc.asyncProperty(scenarios, async (scenario) => {
      const patient = await held(scenario)
      tally.add(patient)
      const { faults, lost, doubled, completed } = patient.ledger
      assert.deepStrictEqual({ faults, lost, doubled }, { faults: [], lost: 0, doubled: 0 })
      assert.strictEqual(completed?.status, "completed")
    }),
    { seed, numRuns: Math.ceil(points / 2 / perInterview), endOnFailure: true }
  )
