import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import fc from "fast-check"
import { InferenceSession, Tensor } from "onnxruntime-node"
import { assert, beforeAll, describe, it } from "vitest"
import { BackendFault, type BackendStream, type LoadedBackend } from "#src/host/backend.ts"
import { joined } from "#src/audio/pcm.ts"
import { Doubt } from "#src/vad/doubt.ts"
import { backend } from "#src/vad/silero.ts"
import { embeddedVadModelPath, vadFrameSamples } from "#src/vad/vad.ts"
import { clips, readSamples } from "#test/stt/recordings.ts"
import { activityOf, longClips, mixed, noises } from "../../bench/recordings.ts"
import { framesModel } from "../../scripts/vad-model.ts"

/** As its authors published it. */
const publishedModelPath = fileURLToPath(new URL("../../models/silero-vad/silero_vad_16k_op15.onnx", import.meta.url))

let loaded: LoadedBackend
beforeAll(async () => {
  loaded = await backend.load({ modelPath: embeddedVadModelPath })
  return () => loaded.close()
})

const bytesOf = (samples: Int16Array): Uint8Array =>
  new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength)
const wholeFrames = (samples: Int16Array): Int16Array =>
  samples.subarray(0, samples.length - (samples.length % vadFrameSamples))

/** A stream that ends its promise when it has reported as many frames as were asked of it. */
const listen = (frames: number) => {
  const { promise, resolve, reject } = Promise.withResolvers<ReadonlyArray<number>>()
  const values: Array<number> = []
  const stream: BackendStream = {
    send: () => {},
    sendBinary: (bytes) => {
      values.push(...new Float32Array(bytes.slice().buffer))
      if (values.length >= frames) resolve(values)
    },
    close: (fault) => reject(fault)
  }
  return { sink: loaded.open(stream, {}), probabilities: promise }
}

const detect = (samples: Int16Array): Promise<ReadonlyArray<number>> => {
  const { sink, probabilities } = listen(samples.length / vadFrameSamples)
  sink.binary(bytesOf(samples))
  return probabilities.finally(() => sink.closed())
}

const isHeard = (probabilities: ReadonlyArray<number>): boolean => probabilities.some((value) => value > 0.5)

const noContext = new Int16Array(64)

/** Silero as its authors run it: one frame after the other, each with the samples before it, at first `before`. */
const published = async (model: InferenceSession, samples: Int16Array, before: Int16Array) => {
  const contextSamples = before.length
  const padded = Float32Array.from(joined(before, samples), (sample) => sample / 32_768)
  const sr = new Tensor("int64", new BigInt64Array([16_000n]), [])
  let state = new Tensor("float32", new Float32Array(256), [2, 1, 128])
  const probabilities: Array<number> = []
  for (let at = 0; at < samples.length; at += vadFrameSamples) {
    const frame = padded.slice(at, at + contextSamples + vadFrameSamples)
    const { output, stateN } = await model.run({ input: new Tensor("float32", frame, [1, frame.length]), state, sr })
    probabilities.push(Number(output?.data[0]))
    state = stateN as typeof state
  }
  return probabilities
}

/** That, and what is to be heard twice heard by a Silero that knows nothing but the last 12 frames. */
const reference = async (model: InferenceSession, samples: Int16Array) => {
  const doubt = new Doubt()
  const probabilities = await published(model, samples, noContext)
  let doubted = 0
  for (const [frame, probability] of probabilities.entries()) {
    if (!doubt.isDue(probability)) continue
    doubted++
    const end = (frame + 1) * vadFrameSamples
    const from = Math.max(0, end - 12 * vadFrameSamples)
    const before = joined(noContext, samples.subarray(0, from)).slice(-64)
    const again = (await published(model, samples.subarray(from, end), before)).at(-1) ?? NaN
    probabilities[frame] = Math.min(probability, again)
  }
  return { probabilities, doubted }
}

const boiler = noises.find(({ name }) => name === "boiler")?.samples ?? new Int16Array(0)
/** 16 words alone, and several in one recording with noise in the pauses. */
const speech = [
  ...clips.slice(0, 16).map(({ file }) => readSamples(file)),
  ...longClips.slice(0, 1).map(({ samples }) => mixed(samples, boiler, activityOf(samples).rms / 3, 0))
].map(wholeFrames)

describe("Silero", () => {
  it("gives a batch exactly what it gives one stream alone, for every size of batch and more", async () => {
    const alone: Array<ReadonlyArray<number>> = []
    for (const samples of speech) alone.push(await detect(samples))
    for (const size of [2, 3, 8, 16, 17]) {
      assert.deepStrictEqual(await Promise.all(speech.slice(0, size).map(detect)), alone.slice(0, size))
    }
  })

  it("gives what the published graph gives frame by frame, with 64 samples before each, without which it hears nothing, and twice where in doubt", async () => {
    const model = await InferenceSession.create(publishedModelPath, { intraOpNumThreads: 1, logSeverityLevel: 3 })
    let doubted = 0
    for (const samples of speech) {
      const expected = await reference(model, samples)
      doubted += expected.doubted
      const ours = await detect(samples)
      assert.strictEqual(ours.length, expected.probabilities.length)
      ours.forEach((value, frame) => assert.approximately(value, expected.probabilities[frame] ?? NaN, 1e-5))
    }
    assert.isAbove(doubted, 10)
    for (const samples of speech.slice(0, 16)) {
      assert.isFalse(isHeard(await published(model, samples, new Int16Array(0))))
    }
    await model.release()
  })

  it("runs the graph that scripts/vad-model.ts makes of the published one", () => {
    assert.isTrue(framesModel.equals(readFileSync(embeddedVadModelPath)))
  })

  it("does not let one frame wait for another stream's backlog", async () => {
    const long = listen(1_000)
    const short = listen(1)
    const order: Array<string> = []
    const heard = (name: string) => () => order.push(name)
    long.sink.binary(new Uint8Array(1_000 * vadFrameSamples * 2))
    short.sink.binary(new Uint8Array(vadFrameSamples * 2))
    await Promise.all([long.probabilities.then(heard("long")), short.probabilities.then(heard("short"))])
    assert.deepStrictEqual(order, ["short", "long"])
    long.sink.closed()
    short.sink.closed()
  })

  it("gives the same however the frames arrive, also at odd addresses", async () => {
    const samples = speech.at(-1) ?? new Int16Array(0)
    const frames = samples.length / vadFrameSamples
    const whole = await detect(samples)
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 9 }), async (sizes) => {
        const { sink, probabilities } = listen(frames)
        for (let at = 0, i = 0; at < frames; i++) {
          const end = Math.min(frames, at + (sizes[i % sizes.length] ?? 1))
          const odd = new Uint8Array((end - at) * vadFrameSamples * 2 + 1).subarray(1)
          odd.set(bytesOf(samples.subarray(at * vadFrameSamples, end * vadFrameSamples)))
          sink.binary(odd)
          if (i % 2 === 1) await new Promise((resolve) => setImmediate(resolve))
          at = end
        }
        assert.deepStrictEqual(await probabilities, whole)
        sink.closed()
      }),
      { numRuns: 10 }
    )
  })

  it("hears all 60 recordings, and no silence", async () => {
    const all = await Promise.all(clips.map(({ file }) => detect(wholeFrames(readSamples(file)))))
    assert.strictEqual(all.filter(isHeard).length, 60)
    const silence = await detect(new Int16Array(50 * vadFrameSamples))
    assert.isBelow(Math.max(...silence), 0.1)
  })

  it("goes on with the others when one stream closes while a batch runs", async () => {
    const [first = new Int16Array(0), second = new Int16Array(0)] = speech
    const alone = await detect(second)
    const leaving = listen(Infinity)
    const staying = listen(alone.length)
    leaving.sink.binary(bytesOf(first))
    staying.sink.binary(bytesOf(second))
    await new Promise((resolve) => setImmediate(resolve))
    leaving.sink.closed()
    assert.deepStrictEqual(await staying.probabilities, alone)
    staying.sink.closed()
  })

  it("refuses what is not whole frames, and audio far ahead of its acknowledgements", () => {
    const { sink } = listen(1)
    assert.throws(() => sink.binary(new Uint8Array(1_000)), BackendFault)
    assert.throws(() => sink.binary(new Uint8Array(2_001 * vadFrameSamples * 2)), BackendFault)
    sink.closed()
  })
})
