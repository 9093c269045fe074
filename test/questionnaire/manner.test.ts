/** How a questionnaire says that it wants to be spoken, and what the start says where that cannot be. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Effect, Layer, Logger, Result } from "effect"
import { assert, it } from "vitest"
import { load } from "#src/questionnaire/load.ts"
import { Questionnaires } from "#src/questionnaire/questionnaires.ts"

const json = (...extension: ReadonlyArray<object>) =>
  JSON.stringify({
    resourceType: "Questionnaire",
    id: "spoken",
    status: "draft",
    language: "ar",
    extension,
    item: [{ linkId: "1", text: "هل أنت بخير؟", type: "boolean" }]
  })
const voice = (valueString: string) => ({ url: "urn:sawt:fhir:voice", valueString })
const rate = (valueInteger: number) => ({ url: "urn:sawt:fhir:speaking-rate", valueInteger })
const loaded = (text: string) => Effect.runSync(Effect.result(load("spoken.json", text)))

it("a voice and a pace stand in the plan, and nothing where none is named", () => {
  const { voice: name, speakingRatePercent } = Result.getOrThrow(
    loaded(json(voice("ar_JO-kareem-medium"), rate(90)))
  ).plan
  assert.deepStrictEqual([name, speakingRatePercent], ["ar_JO-kareem-medium", 90])
  assert.notProperty(Result.getOrThrow(loaded(json())).plan, "voice")
})

it.each([
  ["a path", voice("../voices/mine"), /voice takes the name of a voice/],
  ["a file", voice("/data/mine.onnx"), /voice takes the name of a voice/],
  ["a voice that is no text", { url: "urn:sawt:fhir:voice", valueInteger: 1 }, /voice takes the name of a voice/],
  ["a pace too quick", rate(201), /speaking-rate takes 50 to 200 percent/],
  ["a pace that is no number", { url: "urn:sawt:fhir:speaking-rate", valueString: "90" }, /takes 50 to 200 percent/]
])("%s is refused, and told what is allowed", (_, extension, told) => {
  const result = loaded(json(extension))
  if (Result.isSuccess(result)) assert.fail("it was taken")
  assert.match(result.failure.message, told)
})

it("a voice that is not here keeps no questionnaire away: the log says how to have it", async () => {
  const folder = mkdtempSync(join(tmpdir(), "sawt-manner-"))
  writeFileSync(join(folder, "spoken.json"), json(voice("ar_JO-kareem-medium")))
  const told: Array<string> = []
  const log = Logger.layer([Logger.make(({ message }) => void told.push(String(message)))])
  const layer = Questionnaires.layer(folder, { hasVoice: () => false }).pipe(Layer.provide(log))
  const { all } = await Effect.runPromise(
    Effect.provide(
      Effect.gen(function* () {
        return yield* Questionnaires
      }),
      layer
    )
  )
  rmSync(folder, { recursive: true })
  assert.strictEqual(all.length, 1)
  assert.match(told.join("\n"), /ar_JO-kareem-medium is not here.*models:download -- --only ar_JO-kareem-medium/)
})
