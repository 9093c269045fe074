/** Two questionnaires with the same words and voices of their own, over a real socket with real voices. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { Layer } from "effect"
import { afterAll, assert, beforeAll, it } from "vitest"
import { Audit } from "#src/audit/audit.ts"
import { Questionnaires } from "#src/questionnaire/questionnaires.ts"
import { sessionsLayer } from "#src/session/sessions.ts"
import { layerStore } from "#src/store/keeping.ts"
import { Tts } from "#src/tts/tts.ts"
import { models } from "#test/gateway/deaf-session.ts"
import { connected, startServer, type TestServer } from "#test/support/server.ts"

const tiny = fileURLToPath(new URL("../fixtures/piper-tiny-ar/voice.onnx", import.meta.url))
const folder = mkdtempSync(join(tmpdir(), "sawt-two-voices-"))
const data = join(folder, "data")
const questionnaire = (id: string, extension: ReadonlyArray<object>) =>
  writeFileSync(
    join(folder, `${id}.json`),
    JSON.stringify({
      resourceType: "Questionnaire",
      id,
      status: "draft",
      language: "ar",
      extension,
      item: [{ linkId: "1", text: "هل أنت بخير؟", type: "boolean" }]
    })
  )
const voice = (name: string) => ({ url: "urn:sawt:fhir:voice", valueString: name })
questionnaire("first", [])
questionnaire("second", [voice("tiny")])
questionnaire("third", [voice("gone"), { url: "urn:sawt:fhir:speaking-rate", valueInteger: 150 }])

let server: TestServer
beforeAll(async () => {
  const speaking = Layer.merge(
    models,
    Tts.layer({
      ttsHome: join(folder, "speech"),
      cacheBytesMax: 1e8,
      placeOfVoice: (name) => (name === "tiny" ? tiny : "/nowhere/gone.onnx")
    })
  )
  const layers = sessionsLayer({ idleSeconds: 600, maxMinutes: 60 }).pipe(
    Layer.provide(Questionnaires.layer(folder)),
    Layer.provide(Audit.layer({ folder: data, retentionDays: 1 })),
    Layer.provideMerge(layerStore({ folder: data, resumeWindowSeconds: 600, retentionDays: 1, production: false })),
    Layer.provideMerge(speaking)
  )
  server = await startServer(layers)
})
afterAll(async () => {
  await server.close()
  rmSync(folder, { recursive: true })
})

/** The consent, as it is spoken: its sound, and whether somebody stood in. */
const consentOf = async (id: string) => {
  const socket = await connected(`${server.wsUrl}/ws/secure/healthcare`, { token: await server.token(["healthcare"]) })
  const frames: Array<Buffer> = []
  const spoken = Promise.withResolvers<void>()
  let degraded: unknown
  socket.on("message", (payload: Buffer, isBinary: boolean) => {
    if (isBinary) return void frames.push(payload)
    const message = JSON.parse(payload.toString()) as { type: string; degraded?: boolean; message?: string }
    if (message.type === "audio.begin") degraded = message.degraded
    if (message.type === "audio.end") spoken.resolve()
    if (message.type === "error") spoken.reject(new Error(message.message))
  })
  socket.send(JSON.stringify({ type: "session.start", mode: "file", questionnaire: id }))
  await spoken.promise
  socket.close()
  return { sound: Buffer.concat(frames), degraded }
}

/** How alike the first second is, from 0 to 1: a voice renders a sentence anew some samples earlier or later. */
const likeness = (one: Buffer, other: Buffer): number => {
  const [a, b] = [one, other].map((sound) => Array.from({ length: 22_050 }, (_, at) => sound.readInt16LE(at * 2)))
  const at = (lag: number) => {
    let [product, ofA, ofB] = [0, 0, 0]
    for (let i = 64; i < 22_050 - 64; i++) {
      const [x = 0, y = 0] = [a?.[i], b?.[i + lag]]
      product += x * y
      ofA += x * x
      ofB += y * y
    }
    return product / Math.sqrt(ofA * ofB)
  }
  return Math.max(...Array.from({ length: 129 }, (_, lag) => at(lag - 64)))
}

it("each speaks with the voice and at the pace that it names, and keeps to it the second time", async () => {
  const first = await consentOf("first")
  const second = await consentOf("second")
  const third = await consentOf("third")
  assert.deepStrictEqual([first.degraded, second.degraded, third.degraded], [false, false, true])
  assert.isBelow(likeness(second.sound, first.sound), 0.5)
  // The configured voice stands in for the one that is not here, at the questionnaire's own pace.
  assert.isBelow(third.sound.length, first.sound.length * 0.8)
  for (const [id, before] of [
    ["first", first],
    ["second", second]
  ] as const) {
    assert.isAbove(likeness((await consentOf(id)).sound, before.sound), 0.9)
  }
})
