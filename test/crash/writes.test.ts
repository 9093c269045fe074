/** The power cut at random writes of the store, in the middle of transactions and commits too; a new service goes on. */
import { rmSync } from "node:fs"
import * as fc from "fast-check"
import { afterAll, beforeAll, describe, it } from "vitest"
import { longTimeoutMs, perInterview, seed } from "./form.ts"
import { serve, startModels, type Models } from "./in-process.ts"
import { holdInterviews } from "./interviews.ts"
import { Patient } from "./patient.ts"
import { copyFiles, planCut, spare, watchWrites, type Cut } from "./power.ts"
import { acts, begin, finish, perform, type Act } from "./script.ts"
import { newFolder } from "./service.ts"
import { Tally } from "./tally.ts"

interface Scenario {
  readonly acts: ReadonlyArray<Act>
  readonly cuts: ReadonlyArray<Cut>
}

const cut: fc.Arbitrary<Cut> = fc.record({
  afterStatements: fc.integer({ min: 1, max: 30 }),
  written: fc.oneof(fc.constant(1), fc.double({ min: 0, max: 0.999, noNaN: true }))
})
/** The last crash comes after the end. */
const cutsPerInterview = perInterview - 1
const scenarios: fc.Arbitrary<Scenario> = fc.record({
  acts,
  cuts: fc.array(cut, { minLength: cutsPerInterview, maxLength: cutsPerInterview })
})

let models: Models
const restore = watchWrites()
const tally = new Tally()

beforeAll(async () => (models = await startModels()))
afterAll(async () => {
  restore()
  await models.close()
  process.stdout.write(`power cut at a write, seed ${seed}: ${tally}\n`)
})

const held = async (scenario: Scenario): Promise<Patient> => {
  const folders = [newFolder()]
  const cuts = [...scenario.cuts]
  let served = await serve(models, folders[0] ?? "")
  let ready = Promise.resolve()
  let fall: () => void = () => {}

  const nextFolder = (): string => {
    const folder = newFolder()
    folders.push(folder)
    return folder
  }
  /** The copy is all that is left: what the service before does and says from here on, nobody sees. */
  const goOnIn = (folder: string) => {
    tally.points++
    const before = served
    ready = ready
      .then(() => before.close())
      .then(async () => {
        served = await serve(models, folder)
        planNext()
      })
    fall()
  }
  const planNext = () => {
    const due = cuts.shift()
    if (due === undefined) return
    const to = nextFolder()
    planCut({ ...due, from: served.folder, to, happened: () => goOnIn(to) })
  }

  const patient = new Patient(async (events) => {
    await ready
    const { line, cut } = await served.dial(events)
    fall = cut
    return line
  })
  planNext()
  await begin(patient)
  for (const act of scenario.acts) {
    if (patient.ledger.completed === undefined) await perform(patient, act)
  }
  await finish(patient)
  // At rest: those that were planned for later than it took, and one after the end.
  const left = (spare() ? 1 : 0) + cuts.splice(0).length + 1
  for (let done = 0; done < left; done++) {
    const to = nextFolder()
    copyFiles(served.folder, to)
    goOnIn(to)
    await patient.fallen()
    await patient.knows(() => true)
  }
  await served.close()
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
  return patient
}

describe("a store whose power is cut at any write", () => {
  it(
    "loses no answer and records none twice, whatever part of a write was on disk",
    () => holdInterviews(scenarios, held, tally),
    longTimeoutMs
  )
})
