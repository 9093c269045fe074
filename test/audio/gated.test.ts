import { assert, describe, it } from "vitest"
import { GatedVerbatim } from "#src/audio/gated.ts"
import { bytesOf, joined } from "#src/audio/pcm.ts"
import type { Verbatim, VerbatimOptions } from "#src/stt/stt.ts"
import { readSamples } from "#test/stt/recordings.ts"
import { silence, stt, vad } from "./listening.ts"

const secondBytes = 32_000
const pieceBytes = secondBytes / 5

interface Heard {
  readonly startSeconds: number | undefined
  readonly pushes: Array<Uint8Array>
}

const bound = (verbatim: Verbatim): Verbatim => ({
  push: (bytes) => verbatim.push(bytes),
  finish: () => verbatim.finish(),
  close: () => verbatim.close()
})

/** What goes through the gate to the recogniser, of these samples in pieces of 200 ms. */
const throughGate = (samples: Int16Array, detector = vad): Promise<ReadonlyArray<Heard>> =>
  new Promise((resolve, reject) => {
    const heard: Array<Heard> = []
    const openVerbatim: typeof stt.openVerbatim = (options): Verbatim => {
      const { push, finish, close } = bound(stt.openVerbatim(options))
      const pushes: Array<Uint8Array> = []
      heard.push({ startSeconds: options.startSeconds, pushes })
      // Not `slice`: a Buffer's is a view of what the stream gives back.
      return { push: (bytes) => (pushes.push(new Uint8Array(bytes)), push(bytes)), finish, close }
    }
    const gated = new GatedVerbatim({ ...stt, openVerbatim }, detector, {
      sampleRateHz: 16_000,
      words: true,
      alternatives: 0,
      onAnswer: () => {},
      onFinished: () => {
        gated.close()
        resolve(heard)
      },
      onFailed: reject
    })
    const bytes = bytesOf(samples)
    for (let at = 0; at < bytes.length; at += pieceBytes) gated.push(bytes.subarray(at, at + pieceBytes))
    gated.finish()
  })

/** Pieces of 200 ms, each with a buffer of its own, as a connection hands them over. */
const handOver = (samples: Int16Array, { push, finish }: Verbatim): ReadonlyArray<Uint8Array> => {
  const bytes = bytesOf(samples)
  const pieces: Array<Uint8Array> = []
  for (let at = 0; at < bytes.length; at += pieceBytes) pieces.push(new Uint8Array(bytes.subarray(at, at + pieceBytes)))
  pieces.forEach(push)
  finish()
  return pieces
}

describe("audio that has been heard", () => {
  const word = readSamples("long-1-00000004.wav").subarray(0, 32_000)
  const said = joined(silence(2_500), word, silence(2_500))

  it.each([
    ["by libvosk", (options: VerbatimOptions) => bound(stt.openVerbatim(options))],
    ["through the gate", (options: VerbatimOptions) => bound(new GatedVerbatim(stt, vad, options))]
  ])("is given back: %s", async (_, open) => {
    const finished = Promise.withResolvers<void>()
    const settings = { sampleRateHz: 16_000, words: true, alternatives: 0, onAnswer: () => {} }
    const verbatim = open({ ...settings, onFinished: finished.resolve, onFailed: finished.reject })
    const pieces = handOver(said, verbatim)
    await finished.promise
    verbatim.close()
    // Under the gate the last second stays, which could be the one before speech.
    const kept = pieces.reduce((sum, { byteLength }) => sum + byteLength, 0)
    assert.isAtMost(kept, secondBytes + pieceBytes)
  })
})

describe("what passes the gate", () => {
  const word = readSamples("long-1-00000004.wav").subarray(0, 32_000)

  it("begins a whole second before the message in which somebody speaks", async () => {
    const samples = joined(silence(3_000), word)
    const [first] = await throughGate(samples)
    const { startSeconds = NaN, pushes = [] } = first ?? {}
    assert.strictEqual(pushes[0]?.byteLength, secondBytes + pieceBytes)
    const from = startSeconds * secondBytes
    const sent = Buffer.concat(pushes)
    assert.isAtLeast(startSeconds, 1.8)
    assert.deepStrictEqual(sent, Buffer.from(bytesOf(samples)).subarray(from, from + sent.length))
  })

  it("waits before the detector for others while somebody speaks, not of a recording, and no longer than to its end", async () => {
    const pushes: Array<{ readonly samples: number; readonly isPatient: boolean | undefined }> = []
    const open: typeof vad.open = (listener) => {
      const stream = vad.open(listener)
      const push: typeof stream.push = (samples, isPatient) => {
        pushes.push({ samples: samples.length, isPatient })
        return stream.push(samples, isPatient)
      }
      return { push, close: () => stream.close() }
    }
    await throughGate(joined(word, silence(10_000)), { ...vad, open })
    const frames = pushes.slice(0, -1)
    assert.deepStrictEqual(
      [frames[0], frames.at(-1)],
      [
        { samples: 512, isPatient: true },
        { samples: 512, isPatient: false }
      ]
    )
    assert.deepStrictEqual(pushes.at(-1), { samples: 0, isPatient: undefined })
  })
})
