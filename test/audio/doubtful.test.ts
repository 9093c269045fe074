/** Frames that the gate cannot tell yet: they wait, and nothing of them is lost. */
import { assert, describe, it } from "vitest"
import { frameMs } from "#src/audio/endpointing.ts"
import type { Verdict } from "#src/audio/echo-gate.ts"
import { joined } from "#src/audio/pcm.ts"
import { clipOf, readSamples } from "#test/stt/recordings.ts"
import { assertSamples, ofAudio, open, recording, silence } from "./listening.ts"

const yes = readSamples(clipOf("yes").file)
const hum = silence(512).map((_, at) => 200 * Math.sin(at / 20))
const sound = joined(hum, yes)

/** What is told and fed of a word, with these verdicts. */
const heard = async (judge: (frame: number) => Verdict) => {
  const { stt, fed } = recording()
  const { listener, events, settled } = open({ stt, judge: (_, atMs) => judge(atMs / frameMs) })
  listener.push(sound)
  await settled()
  listener.close()
  return { fed: fed(), events: events.filter((event) => ofAudio(event) && event.type !== "transcript.partial") }
}

describe("doubtful frames", () => {
  it("that turn out to be a person's are heard as if there had been no doubt", async () => {
    const [plain, doubted] = [
      await heard(() => "other"),
      await heard((frame) => (frame % 13 === 12 ? "other" : "doubtful"))
    ]
    assert.deepEqual(doubted.events, plain.events)
    assertSamples(doubted.fed[0], plain.fed[0] ?? silence(0))
  })

  it("that turn out to be an echo are silence, and softened before a person's", async () => {
    assert.isEmpty((await heard((frame) => (frame % 13 === 12 ? "echo" : "doubtful"))).events)
    const [plain, echo] = [await heard(() => "other"), await heard((frame) => (frame < 24 ? "echo" : "other"))]
    const [before, after] = [plain.fed[0] ?? silence(0), echo.fed[0] ?? silence(0)]
    const loudest = (samples: Int16Array) =>
      samples.subarray(0, 2_048).reduce((most, sample) => Math.max(most, Math.abs(sample)), 0)
    assert.isAbove(loudest(before), 150)
    assert.isBelow(loudest(after), loudest(before) / 16)
  })

  it("are a person's where the person says that this was all", async () => {
    const { listener, finals, until } = open({ judge: (_, atMs) => (atMs < 512 ? "other" : "doubtful") })
    listener.push(sound)
    listener.commit()
    await until(() => finals().length === 1)
    assert.equal(finals()[0]?.transcript.text, clipOf("yes").text)
    listener.close()
  })
})
