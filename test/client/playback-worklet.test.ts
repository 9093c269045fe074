/** The player on a sound card's clock that the test turns: what goes out, sample by sample, and what it says of it. */
import { assert, beforeAll, describe, it } from "vitest"

/** As the worklet takes and gives them; its own types belong to the browser's. */
type ToPlayer =
  | { readonly type: "push"; readonly id: string; readonly samples: Float32Array }
  | { readonly type: "finish"; readonly id: string }
  | { readonly type: "stop" }
interface FromPlayer {
  readonly id: string
  readonly playedSamples: number
  readonly isNews: boolean
  readonly ended: "played" | "stopped" | undefined
}

const quantum = 128
const sampleRate = 48_000
interface Processor {
  readonly port: { onmessage: (event: { readonly data: ToPlayer }) => void }
  readonly process: (inputs: ReadonlyArray<never>, outputs: ReadonlyArray<ReadonlyArray<Float32Array>>) => boolean
}

let Player: new () => Processor
const said: Array<FromPlayer> = []
beforeAll(async () => {
  Object.assign(globalThis, {
    sampleRate,
    currentTime: 0,
    AudioWorkletProcessor: class {
      port = { postMessage: (report: FromPlayer) => said.push(report) }
    },
    registerProcessor: (_: string, processor: new () => Processor) => (Player = processor)
  })
  await import(new URL("../../client/playback-worklet.ts", import.meta.url).href)
})

const constant = (level: number, quanta: number) => new Float32Array(quanta * quantum).fill(level)
const made = () => {
  const player = new Player()
  said.length = 0
  let currentTime = 0
  return {
    tell: (data: ToPlayer) => player.port.onmessage({ data }),
    /** The level at the end of each quantum. */
    play: (quanta: number) =>
      Array.from({ length: quanta }, () => {
        const output = new Float32Array(quantum)
        player.process([], [[output]])
        Object.assign(globalThis, { currentTime: (currentTime += quantum / sampleRate) })
        return Math.round((output.at(-1) ?? 0) * 100) / 100
      })
  }
}

describe("a prompt that is stopped", () => {
  it("falls silent without a click, and the next one is played from its first sample, though it came meanwhile", () => {
    const { tell, play } = made()
    tell({ type: "push", id: "p1", samples: constant(0.5, 100) })
    assert.deepEqual(play(2), [0.5, 0.5])
    tell({ type: "stop" })
    tell({ type: "push", id: "p2", samples: constant(0.25, 4) })
    tell({ type: "finish", id: "p2" })
    const levels = play(14)
    assert.isAbove(levels[0] ?? 0, 0.3)
    const begins = levels.indexOf(0.25)
    assert.isBelow(levels[begins - 1] ?? 1, 0.1)
    assert.deepEqual(levels.slice(begins), [0.25, 0.25, 0.25, 0.25, ...Array<number>(14 - begins - 4).fill(0)])
    const ended = said.filter((report) => report.ended !== undefined)
    assert.deepEqual(
      ended.map(({ id, ended: how }) => [id, how]),
      [
        ["p1", "stopped"],
        ["p2", "played"]
      ]
    )
    assert.equal(ended[1]?.playedSamples, 4 * quantum)
  })

  it("goes whole when it was stopped again, and when all of it had been played", () => {
    const { tell, play } = made()
    tell({ type: "push", id: "p1", samples: constant(0.5, 100) })
    play(1)
    tell({ type: "stop" })
    tell({ type: "push", id: "p2", samples: constant(0.25, 4) })
    tell({ type: "stop" })
    play(8)
    assert.deepEqual(play(3), [0, 0, 0])
    tell({ type: "push", id: "p3", samples: constant(0.75, 1) })
    assert.deepEqual(play(2), [0.75, 0])
    tell({ type: "stop" })
    tell({ type: "push", id: "p4", samples: constant(0.25, 1) })
    assert.deepEqual(play(2), [0.25, 0])
  })
})

describe("what the player says", () => {
  it("comes at once when a prompt begins to sound, and when it goes on after it had run dry", () => {
    const { tell, play } = made()
    tell({ type: "push", id: "p1", samples: constant(0.5, 2) })
    play(6)
    assert.deepEqual(
      said.map(({ isNews, playedSamples }) => [isNews, playedSamples]),
      [[true, quantum]]
    )
    tell({ type: "push", id: "p1", samples: constant(0.5, 2) })
    play(2)
    assert.deepEqual(
      said.map(({ isNews, playedSamples }) => [isNews, playedSamples]),
      [
        [true, quantum],
        [true, 3 * quantum]
      ]
    )
  })
})
