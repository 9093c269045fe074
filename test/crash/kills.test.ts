/** A whole server killed at random moments of random interviews: nothing that was acknowledged is lost, nothing doubled. */
import * as fc from "fast-check"
import { afterAll, beforeAll, describe, it } from "vitest"
import { longTimeoutMs, perInterview, seed } from "./form.ts"
import { holdInterviews } from "./interviews.ts"
import { Patient } from "./patient.ts"
import { acts, begin, finish, perform, type Act } from "./script.ts"
import { Service } from "./service.ts"
import { Tally } from "./tally.ts"

type How =
  | { readonly type: "at rest"; readonly isForgetful: boolean }
  /** With what was sent on its way. */
  | { readonly type: "sent" }
  | { readonly type: "after"; readonly delayMs: number }
  /** With so many messages received. */
  | { readonly type: "told"; readonly count: number }

interface Scenario {
  readonly acts: ReadonlyArray<Act>
  /** `at` runs from 0, the first act being the consent and the last all that is left to answer. */
  readonly crashes: ReadonlyArray<{ readonly at: number; readonly how: How }>
}

const how: fc.Arbitrary<How> = fc.oneof(
  fc.record({ type: fc.constant("at rest" as const), isForgetful: fc.boolean() }),
  fc.constant({ type: "sent" } as const),
  fc.record({ type: fc.constant("after" as const), delayMs: fc.nat(15) }),
  fc.record({ type: fc.constant("told" as const), count: fc.integer({ min: 1, max: 4 }) })
)
const scenarios: fc.Arbitrary<Scenario> = acts.chain((chosen) =>
  fc.record({
    acts: fc.constant(chosen),
    crashes: fc.array(fc.record({ at: fc.nat(chosen.length + 1), how }), {
      minLength: perInterview,
      maxLength: perInterview
    })
  })
)

let service: Service
let interviews = 0
const tally = new Tally()

beforeAll(async () => (service = await Service.started()))
afterAll(async () => {
  process.stdout.write(`kill -9 of the server, seed ${seed}: ${tally}\n`)
  await service.close()
})

const held = async (scenario: Scenario): Promise<Patient> => {
  let due: Array<How> = []
  let told = 0
  const crash = () => {
    due.shift()
    told = 0
    tally.points++
    void service.crash()
  }
  const patient = new Patient(service.dial(`patient-${++interviews}`), {
    onSent: () => {
      const [next] = due
      if (next?.type === "sent") return crash()
      if (next?.type === "after") setTimeout(() => due[0] === next && crash(), next.delayMs)
    },
    onTold: () => {
      const [next] = due
      if (next?.type === "told" && ++told === next.count) crash()
    }
  })
  const crashAtRest = async () => {
    crash()
    await patient.fallen()
    await service.running()
  }
  const steps = [begin, ...scenario.acts.map((act) => (one: Patient) => perform(one, act)), finish]
  for (const [at, step] of steps.entries()) {
    const here = scenario.crashes.filter((one) => one.at === at).map((one) => one.how)
    for (const one of here) {
      if (one.type !== "at rest" || at === 0) continue
      patient.isForgetful = one.isForgetful
      due = [one]
      await crashAtRest()
      await patient.knows(() => true)
    }
    due = here.filter(({ type }) => type !== "at rest" || at === 0)
    if (patient.ledger.completed === undefined) await step(patient)
    // What was to happen later than the act took.
    while (due.length > 0) await crashAtRest()
  }
  await patient.knows(() => true)
  patient.tell({ type: "session.end" })
  await patient.fallen()
  return patient
}

describe("a server that is killed at any moment", () => {
  it(
    "loses no answer and records none twice, whatever was on its way",
    () => holdInterviews(scenarios, held, tally),
    longTimeoutMs
  )
})
