/**
 * Ten thousand hostile inputs at each boundary, through everything but a TCP socket and the models (`service.ts`), and some
 * hundreds more over TCP to `src/main.ts` with its models. `npm run test:fuzz` is the long form; `FUZZ_SEED` another seed.
 */
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { clipOf } from "#test/stt/recordings.ts"
import { hears } from "../e2e/caller.ts"
import {
  type BoundaryName,
  boundaryNames,
  fuzz,
  growthMegabytesMax,
  inProcess,
  overTcp,
  type Report,
  type Subject
} from "./run.ts"

const seed = Number(process.env["FUZZ_SEED"] ?? 1)
const inputs = 10_000
const inputsOverTcp = 300
/** What must come of them at least, or the inputs are not what they are meant to be. */
const expected: Readonly<Record<BoundaryName, ReadonlyArray<string>>> = {
  "the upgrade request": [
    "101",
    "200",
    "400 invalid_message",
    "401 unauthorized",
    "403 forbidden",
    "404 not_found",
    "431 invalid_message"
  ],
  "the first message": ["served", "session.ready", "error not_ready", "error invalid_message", "closed 1007"],
  "messages of a session": [
    "served",
    "error not_ready",
    "error message_too_large",
    "closed 1007",
    "closed 1008 invalid_message",
    "closed 1009 message_too_large"
  ],
  "frames of audio": [
    "served",
    "error invalid_audio",
    "encoding opus",
    "encoding mulaw",
    "encoding pcm_s16le",
    "closed 1009"
  ],
  "WebSocket framing": ["served", "cut short", "closed 1002", "closed 1007", "closed 1009", "closed 1000"]
}
const timeout = 600_000

/** Printed, so that a failure elsewhere can be set beside it. */
const tell = ({ boundary, inputs, connections, durationMs, cpuMs, megabytes, outcomes }: Report): void => {
  const [warm, end] = megabytes.map((value) => value.toFixed(1))
  const counts = [...outcomes].toSorted((a, b) => b[1] - a[1]).map(([outcome, count]) => `${outcome} ${count}`)
  process.stdout.write(
    `seed ${seed}, ${boundary}: ${inputs} inputs on ${connections} connections in ${Math.round(durationMs)} ms (${Math.round(cpuMs)} of CPU), ${warm} → ${end} MB; ${counts.join(", ")}\n`
  )
}

describe("ten thousand hostile inputs, in this process", () => {
  let subject: Subject
  beforeAll(async () => (subject = await inProcess()))
  afterAll(() => subject.close())

  it.each(boundaryNames)("at %s are served or refused, and leave nothing behind", { timeout }, async (boundary) => {
    const report = await fuzz(subject, boundary, seed, inputs)
    tell(report)
    assert.isAtLeast(report.inputs, inputs)
    for (const outcome of expected[boundary]) assert.isTrue(report.outcomes.has(outcome), outcome)
    const [warm, end] = report.megabytes
    assert.isBelow(end - warm, growthMegabytesMax, "megabytes of the heap after the warm-up")
  })
})

describe("hostile inputs over TCP to the service with its models", () => {
  let subject: Awaited<ReturnType<typeof overTcp>>
  beforeAll(async () => (subject = await overTcp()), timeout)
  afterAll(() => subject.close())

  it("at every boundary are served or refused, and it still hears", { timeout }, async () => {
    for (const boundary of boundaryNames) tell(await fuzz(subject, boundary, seed, inputsOverTcp))
    assert.deepStrictEqual(await hears(subject.server.url), [clipOf("yes").text])
    assert.deepStrictEqual(await subject.faults(), [])
  })
})
