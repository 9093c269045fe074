import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { bytesOf } from "#src/audio/pcm.ts"
import { Lanes } from "#src/stt/lanes.ts"
import { type Libvosk, loadLibvosk, type VoskModel } from "#src/stt/libvosk.ts"
import { OwnLoop } from "#src/stt/own-loop.ts"
import { embeddedSttModelPath } from "#src/stt/stt.ts"
import { VerbatimHearing, type VerbatimModel } from "#src/stt/vosk-verbatim.ts"
import { readSamples } from "./recordings.ts"

let vosk: Libvosk
let model: VoskModel
beforeAll(async () => {
  vosk = await loadLibvosk(undefined)
  model = vosk.newModel(embeddedSttModelPath) ?? assert.fail("libvosk cannot read the embedded model")
})
afterAll(() => vosk.freeModel(model))

interface Asked {
  readonly audioMs: number
  readonly isLive: boolean
  readonly waiting: number
  readonly streams: number
}

/** Notes what it is asked. */
class NotedLoop extends OwnLoop {
  readonly asked: Array<Asked> = []
  #streams = 0
  #onClosed = (): void => {}

  override opened(): void {
    this.#streams++
    super.opened()
  }

  override closed(): void {
    this.#streams--
    super.closed()
    this.#onClosed()
  }

  /** Resolves when a stream has gone. */
  get oneClosed(): Promise<void> {
    return new Promise((resolve) => (this.#onClosed = resolve))
  }

  override takes(audioMs: number, isLive: boolean, waiting: number): boolean {
    this.asked.push({ audioMs, isLive, waiting, streams: this.#streams })
    return super.takes(audioMs, isLive, waiting)
  }
}

const speech = bytesOf(readSamples("long-1-00000004.wav"))
const blockOf = (durationMs: number): Uint8Array => speech.subarray(0, durationMs * 32)

/** A stream of a model; `answers(n)` resolves when so many have come, `ended` when it is over. */
const open = (parts: VerbatimModel) => {
  let come = 0
  let wake = (): void => {}
  let end = (): void => {}
  const ended = new Promise<void>((resolve) => (end = resolve))
  const hearing = new VerbatimHearing(
    parts,
    {
      send: () => {},
      sendBinary: () => {
        come++
        wake()
      },
      close: () => end()
    },
    { verbatim: { sampleRateHz: 16_000, words: true, alternatives: 0, startSeconds: 0 } }
  )
  const answers = (count: number): Promise<void> =>
    new Promise((resolve) => {
      wake = () => {
        if (come >= count) resolve()
      }
      wake()
    })
  return { hearing, answers, ended }
}

const partsOf = (loop: OwnLoop): VerbatimModel => ({
  vosk,
  model,
  loop,
  lanes: new Lanes(2),
  runtimeGrammar: true,
  knows: () => true
})

describe("a verbatim stream asks the host's loop", () => {
  it("with how many blocks have come after each, for how long it is, and whether somebody speaks now", async () => {
    const loop = new NotedLoop()
    const { hearing, answers, ended } = open(partsOf(loop))
    for (const durationMs of [100, 120, 140]) hearing.binary(blockOf(durationMs))
    await answers(3)
    hearing.binary(blockOf(200))
    await answers(4)
    hearing.binary(blockOf(2_000))
    hearing.message()
    await ended
    assert.deepStrictEqual(loop.asked, [
      { audioMs: 100, isLive: true, waiting: 2, streams: 1 },
      { audioMs: 120, isLive: true, waiting: 1, streams: 1 },
      { audioMs: 140, isLive: true, waiting: 0, streams: 1 },
      { audioMs: 200, isLive: true, waiting: 0, streams: 1 },
      { audioMs: 2_000, isLive: false, waiting: 0, streams: 1 }
    ])
  })

  it("as one of the streams that are open, until it has ended or was closed", async () => {
    const loop = new NotedLoop()
    const parts = partsOf(loop)
    const [first, second] = [open(parts), open(parts)]
    first.hearing.binary(blockOf(200))
    await first.answers(1)
    const isGone = loop.oneClosed
    first.hearing.message()
    await isGone
    second.hearing.binary(blockOf(200))
    await second.answers(1)
    const isGoneToo = loop.oneClosed
    second.hearing.closed()
    await isGoneToo
    const third = open(parts)
    third.hearing.binary(blockOf(200))
    await third.answers(1)
    third.hearing.closed()
    assert.deepStrictEqual(
      loop.asked.map(({ streams }) => streams),
      [2, 1, 1]
    )
  })
})

describe("a verbatim stream at its end", () => {
  it("goes before recordings that wait", async () => {
    const lanes = new Lanes(1)
    await lanes.take(false)
    const parts = { ...partsOf(new OwnLoop()), lanes }
    const [recording, ending] = [open(parts), open(parts)]
    const order: Array<string> = []
    recording.hearing.binary(blockOf(2_000))
    ending.hearing.message()
    const both = Promise.all([
      recording.answers(1).then(() => order.push("recording")),
      ending.answers(1).then(() => order.push("ending"))
    ])
    lanes.release()
    await both
    assert.deepStrictEqual(order, ["ending", "recording"])
    recording.hearing.message()
    await recording.ended
  })
})
