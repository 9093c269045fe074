import { assert, describe, it } from "vitest"
import { EchoGate } from "#src/audio/echo-gate.ts"
import { Played } from "#src/session/played.ts"
import type { SpokenSentence } from "#src/tts/tts.ts"

const sentence = (text: string, words: SpokenSentence["words"], durationMs = 1_000): SpokenSentence => ({
  text,
  pcm: new Int16Array(durationMs * 16).fill(1_000),
  sampleRateHz: 16_000,
  words,
  source: "espeak",
  degraded: false
})
/** Says yes from 200 to 500 ms, or from 500 to 700, no from 700 to 1,000. */
const yesOrNo = sentence("نَعَمْ أَوْ لَا.", [
  { word: "نَعَمْ", startMs: 200, endMs: 500 },
  { word: "أَوْ", startMs: 500, endMs: 700 },
  { word: "لَا.", startMs: 700, endMs: 1_000 }
])

const open = (positionMs = 10_000, gate?: EchoGate) => {
  const at = { ms: positionMs }
  const played = new Played({ positionMs: () => at.ms, ...(gate === undefined ? {} : { makeGate: () => gate }) })
  played.begin()
  return { played, at }
}
const between = (played: Played, fromMs: number, toMs: number) => [...played.wordsBetween(fromMs, toMs)]

describe("what was played", () => {
  it("is known word by word, where the microphone's audio was", () => {
    const { played } = open()
    played.add(yesOrNo, 0)
    played.add(yesOrNo, 1_000)
    assert.deepEqual(between(played, 10_000, 10_300), ["نعم"])
    assert.deepEqual(between(played, 10_600, 10_900), ["او", "لا"])
    assert.deepEqual(between(played, 11_050, 11_400), ["نعم"])
    assert.deepEqual(between(played, 12_000, 20_000), [])
  })

  it("comes later by what the client says, by a stall, and by the delay of its echo", () => {
    const { played, at } = open()
    played.add(yesOrNo, 0)
    at.ms = 10_700
    played.reported(400)
    assert.deepEqual(between(played, 10_000, 10_500), [])
    assert.deepEqual(between(played, 10_500, 10_700), ["نعم"])

    // Wherever the server's own audio path has come to: it may be behind.
    played.reported(400, 800)
    assert.deepEqual(between(played, 800 + 100, 800 + 500), ["او", "لا"])

    const stalled = open()
    stalled.played.add(yesOrNo, 0)
    stalled.played.stalled(500, 1_000)
    stalled.played.add(yesOrNo, 1_000)
    assert.deepEqual(between(stalled.played, 11_000, 11_700), [])
    assert.deepEqual(between(stalled.played, 11_700, 11_900), ["نعم"])

    // What the client says of it counts for more than what the server thinks of it.
    stalled.played.reported(1_000, 12_000)
    stalled.played.stalled(3_000, 0)
    assert.deepEqual(between(stalled.played, 12_200, 12_500), ["نعم"])

    const gate = new EchoGate()
    Object.defineProperty(gate, "delayMs", { get: () => 300 })
    const echoing = open(10_000, gate)
    echoing.played.add(yesOrNo, 0)
    assert.deepEqual(between(echoing.played, 10_000, 10_400), [])
    assert.deepEqual(between(echoing.played, 10_500, 10_700), ["نعم"])
  })

  it("is placed after the audio of the connections before", () => {
    const played = new Played({ positionMs: () => 10_000, offsetMs: 8_000 })
    played.begin()
    played.add(yesOrNo, 0)
    played.reported(0, 3_000)
    assert.deepEqual(between(played, 11_200, 11_500), ["نعم"])
    assert.deepEqual(between(played, 10_200, 10_500), [])
  })

  it("was played until where the microphone of this connection was, after the audio of those before", () => {
    const gate = new EchoGate()
    const ends: Array<number> = []
    gate.endedBefore = (atMs) => void ends.push(atMs)
    const played = new Played({ positionMs: () => 10_000, offsetMs: 8_000, makeGate: () => gate })
    played.endedBefore(2_000)
    played.begin()
    played.endedBefore(2_100)
    assert.deepEqual(ends, [10_100])
  })

  it("ends where a prompt was cut off", () => {
    const { played } = open()
    played.add(yesOrNo, 0)
    played.cut(600)
    assert.deepEqual(between(played, 10_000, 20_000), ["نعم", "او"])
  })

  it("is told as the words of which half was heard, without vowel marks", () => {
    const { played } = open()
    played.add(yesOrNo, 0)
    assert.equal(played.heardText(0), "")
    assert.equal(played.heardText(340), "")
    assert.equal(played.heardText(360), "نعم")
    assert.equal(played.heardText(2_000), "نعم أو لا.")
  })

  it("shares a sentence among its words by their letters where the voice cannot tell", () => {
    const { played } = open()
    played.add(sentence("one seventeen", [], 1_200), 0)
    assert.deepEqual(between(played, 10_000, 10_299), ["one"])
    assert.deepEqual(between(played, 10_301, 11_200), ["seventeen"])
    assert.equal(played.heardText(1_200), "one seventeen")
  })

  it("is an echo only where something may still be heard of it, for a client that says where it plays", () => {
    const gate = new EchoGate()
    const asked: Array<number> = []
    gate.judge = (_, atMs) => (asked.push(atMs) > 0 ? "echo" : "other")
    const { played } = open(10_000, gate)
    const frame = new Int16Array(512)
    assert.equal(played.judge(frame, 10_000), "other")
    played.add(yesOrNo, 0)
    assert.equal(played.judge(frame, 10_032), "other")
    played.reported(0, 10_000)
    assert.equal(played.judge(frame, 10_032), "echo")
    assert.equal(played.judge(frame, 20_000), "other")
    assert.deepEqual(asked, [10_032])
    assert.equal(open().played.judge(frame, 10_000), "other")
  })

  it("costs nothing of the gate before there is a prompt", () => {
    let made = 0
    const makeGate = () => {
      made++
      return new EchoGate()
    }
    const played = new Played({ positionMs: () => 0, makeGate })
    played.ducked(false)
    assert.equal(played.judge(new Int16Array(512), 0), "other")
    assert.equal(made, 0)
    played.begin()
    played.begin()
    assert.equal(made, 1)
  })
})
