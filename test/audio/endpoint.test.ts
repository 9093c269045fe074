import fc from "fast-check"
import { assert, describe, it } from "vitest"
import { Endpointer, type EndpointEvent, type EndpointOptions } from "#src/audio/endpoint.ts"

const options: EndpointOptions = {
  startProbability: 0.5,
  startFrames: 2,
  stopProbability: 0.35,
  confirmFrames: 5,
  pauseFrames: 4,
  utteranceFramesMax: 40
}

/** One letter a frame: S speech, u undecided (between the thresholds), . silence. */
const probability: Readonly<Record<string, number>> = { S: 0.9, u: 0.4, ".": 0.1 }

const listen = (frames: string, endSilenceFrames = 6): ReadonlyArray<string> => {
  const endpointer = new Endpointer(options, endSilenceFrames)
  const events: Array<string> = []
  const emit = (event: EndpointEvent) => {
    events.push("frame" in event ? `${event.type} ${event.frame}` : event.type)
  }
  for (const frame of frames) endpointer.step(probability[frame] ?? 0, emit)
  return events
}

describe("endpointing", () => {
  const table: ReadonlyArray<readonly [string, string, ReadonlyArray<string>]> = [
    ["a click of one frame is not speech", "..S......S..", []],
    ["two frames begin speech, at the first of them", "...SS", ["started 3"]],
    ["undecided frames do not begin speech", "..uuuu", []],
    ["undecided frames go on with it", "SSuuuuuuuu", ["started 0", "confirmed"]],
    ["a cough is not confirmed", "SSS......", ["started 0", "paused", "ended 2"]],
    ["five frames of speech are meant", "SSSSS", ["started 0", "confirmed"]],
    ["a short pause is told, and that speech goes on", "SSSSS....SS", ["started 0", "confirmed", "paused", "resumed"]],
    [
      "a click in the pause does not hold an utterance open",
      "SSSSS....S.",
      ["started 0", "confirmed", "paused", "ended 4"]
    ],
    [
      "speech that begins as the silence ends it is the next one's",
      "SSSSS.....SS",
      ["started 0", "confirmed", "paused", "ended 4", "started 10"]
    ],
    [
      "enough silence ends it, at the last frame of speech",
      "SSSSS......",
      ["started 0", "confirmed", "paused", "ended 4"]
    ],
    [
      "another utterance may follow at once",
      "SSSSS......SS",
      ["started 0", "confirmed", "paused", "ended 4", "started 11"]
    ]
  ]
  for (const [name, frames, events] of table) it(name, () => assert.deepEqual(listen(frames), events))

  it("ends an utterance that is too long, and goes on with the next", () => {
    const events = listen("S".repeat(45))
    assert.deepEqual(events, ["started 0", "confirmed", "ended 39", "started 40", "confirmed"])
  })

  it("waits as long as its turn says", () => {
    assert.notInclude(listen("SSSSS.........", 10).join(), "ended")
    assert.include(listen("SSSSS..........", 10).join(), "ended 4")
  })

  const frames = fc.string({ unit: fc.constantFrom("S", "u", "."), maxLength: 200 })

  it("always alternates starts and ends, in growing places", () => {
    fc.assert(
      fc.property(frames, (text) => {
        let speaking = false
        let last = -1
        for (const event of listen(text)) {
          const [type, frame] = event.split(" ")
          if (type === "started" || type === "ended") {
            assert.equal(speaking, type === "ended")
            speaking = type === "started"
            assert.isAtLeast(Number(frame), last)
            last = Number(frame)
          } else assert.isTrue(speaking)
        }
      })
    )
  })

  it("ends now when it is told to, and forgets when it is told to", () => {
    const endpointer = new Endpointer(options, 6)
    const events: Array<EndpointEvent> = []
    const emit = (event: EndpointEvent) => {
      events.push(event)
    }
    endpointer.finish(emit)
    assert.isEmpty(events)
    for (let frame = 0; frame < 3; frame++) endpointer.step(0.9, emit)
    endpointer.finish(emit)
    assert.deepEqual(events.at(-1), { type: "ended", frame: 2 })
    for (let frame = 0; frame < 3; frame++) endpointer.step(0.9, emit)
    endpointer.drop()
    assert.isFalse(endpointer.speaking)
    endpointer.finish(emit)
    assert.equal(events.filter(({ type }) => type === "ended").length, 1)
  })
})
