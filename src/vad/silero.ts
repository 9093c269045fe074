/**
 * Silero VAD (v6, 16 kHz) on onnxruntime, loaded only in a host. Its `run` blocks, so the frames that wait on all streams
 * at that moment run as one batch, several of each stream where several wait - the result is exactly that of one by one,
 * at a quarter of the cost (decision 010) - and between two batches the event loop takes in what has come. What sounds
 * like speech soon after speech is heard twice (decision 016). Each stream gets its probabilities in order; one that sends
 * what is not whole frames, or far more than was asked for, is closed.
 */
import { existsSync } from "node:fs"
import { InferenceSession, Tensor } from "onnxruntime-node"
import { type Backend, BackendFault, type BackendSink } from "#src/host/backend.ts"
import { readProbeClip } from "#src/host/probe-clip.ts"
import { work } from "#src/host/work.ts"
import { vadFrameSamples } from "./frame.ts"
import { againFrames, framesMax, inputSamples, SileroStream, stateSize } from "./silero-stream.ts"

/**
 * Live frames that come sooner than this after a batch wait for the rest of it and run together: a call after a pause
 * costs four to five times one in a loop (cold caches), so fewer and larger calls count more than the batch's own gain. A lone
 * stream never waits, nor do streams with a backlog.
 */
const gatherMs = 12
/**
 * With a backlog, streams come in bursts as their sockets are read on: a batch waits this long once for those that sent
 * something lately, which more than doubles it.
 */
const burstMs = 2
const latelyMs = 200
const vadFrameBytes = vadFrameSamples * Int16Array.BYTES_PER_ELEMENT

export interface SileroOptions {
  readonly modelPath: string
}

/** Frames of one call for a second hearing. */
const againMax = Math.floor(framesMax / againFrames)

/** A frame to be heard again: so many before the stream's next. */
interface Doubtful {
  readonly session: SileroStream
  readonly back: number
}

/** Where the values of one call stand, used again and again; the tensors of a call are views of their beginnings. */
const buffers = {
  frames: new Float32Array(framesMax * inputSamples),
  h: new Float32Array(framesMax * stateSize),
  c: new Float32Array(framesMax * stateSize),
  speech: new Float32Array(framesMax),
  hN: new Float32Array(framesMax * stateSize),
  cN: new Float32Array(framesMax * stateSize)
}
const tensor = (name: keyof typeof buffers, ...dims: readonly [number, number, number]): Tensor =>
  new Tensor("float32", buffers[name].subarray(0, dims[0] * dims[1] * dims[2]), dims)

/** Streams that run together, each with as many of its frames. */
interface Batch {
  readonly members: ReadonlyArray<SileroStream>
  readonly steps: number
}

/**
 * The most frames of streams with equally many, so that nothing is padded. The stream that waits longest, the first, is
 * always among them; the shortest queue of a batch runs empty.
 */
const batchOf = (waiting: ReadonlyArray<SileroStream>): Batch => {
  const longest = Math.min(framesMax, waiting[0]?.queuedFrames ?? 0)
  let best: Batch = { members: [], steps: 0 }
  for (const steps of new Set(waiting.map(({ queuedFrames }) => Math.min(queuedFrames, longest)))) {
    const members = waiting.filter(({ queuedFrames }) => queuedFrames >= steps).slice(0, Math.floor(framesMax / steps))
    if (members.length * steps > best.members.length * best.steps) best = { members, steps }
  }
  return best
}

class Batcher {
  readonly #model: InferenceSession
  readonly #sessions = new Set<SileroStream>()
  #running = false
  #lastRunMs = 0

  constructor(model: InferenceSession) {
    this.#model = model
  }

  add(session: SileroStream): void {
    this.#sessions.add(session)
  }

  remove(session: SileroStream): void {
    this.#sessions.delete(session)
  }

  /** Runs until nothing waits. A second call while it runs does nothing: the first sees the new frames. */
  async run(): Promise<void> {
    if (this.#running) return
    this.#running = true
    let waited = false
    for (let waiting = this.#waiting(); waiting.length > 0; waiting = this.#waiting()) {
      const nowMs = performance.now()
      const gatherLeftMs = this.#lastRunMs + gatherMs - nowMs
      const isLive = waiting.every((session) => session.queuedFrames === 1)
      const waitMs = gatherLeftMs > 0 && isLive ? gatherLeftMs : !waited && this.#isPartOf(waiting, nowMs) ? burstMs : 0
      if (waitMs > 0 && waiting.length < framesMax) {
        waited = true
        await new Promise((resolve) => setTimeout(resolve, waitMs))
        continue
      }
      waited = false
      this.#lastRunMs = nowMs
      const batch = batchOf(waiting)
      work.begin()
      try {
        await this.#runBatch(batch)
      } catch (thrown) {
        console.error(thrown)
        for (const session of batch.members) {
          this.#sessions.delete(session)
          session.fail()
        }
      }
      work.end()
    }
    this.#running = false
  }

  /** Other streams sent something lately and are likely to send again. */
  #isPartOf(waiting: ReadonlyArray<SileroStream>, nowMs: number): boolean {
    let lately = 0
    for (const session of this.#sessions) if (nowMs - session.lastFedMs < latelyMs) lately++
    return waiting.length < lately
  }

  #waiting(): Array<SileroStream> {
    return Array.from(this.#sessions).filter((session) => session.queuedFrames > 0)
  }

  async #runBatch({ members, steps }: Batch): Promise<void> {
    const size = members.length
    members.forEach((session, column) => {
      // One that is served goes to the back, so that none waits for ever.
      if (this.#sessions.delete(session)) this.#sessions.add(session)
      for (let step = 0; step < steps; step++) session.take(buffers.frames, step * size + column)
      buffers.h.set(session.hidden, column * stateSize)
      buffers.c.set(session.cell, column * stateSize)
    })
    await this.#call(steps, size)
    work.did((size * steps * vadFrameSamples) / 16)
    const doubtful: Array<Doubtful> = []
    members.forEach((session, column) => {
      session.hidden.set(buffers.hN.subarray(column * stateSize, (column + 1) * stateSize))
      session.cell.set(buffers.cN.subarray(column * stateSize, (column + 1) * stateSize))
      for (let step = 0; step < steps; step++) {
        const isDoubtful = session.add(buffers.speech[step * size + column] ?? 0)
        if (isDoubtful) doubtful.push({ session, back: steps - step })
      }
    })
    for (let at = 0; at < doubtful.length; at += againMax) await this.#hearAgain(doubtful.slice(at, at + againMax))
    for (const session of members) session.settle()
  }

  /** Hears frames with nothing but those that lead to them, in a state begun anew. */
  async #hearAgain(doubtful: ReadonlyArray<Doubtful>): Promise<void> {
    const size = doubtful.length
    doubtful.forEach(({ session, back }, column) => session.takeAgain(buffers.frames, column, size, back))
    buffers.h.fill(0, 0, size * stateSize)
    buffers.c.fill(0, 0, size * stateSize)
    await this.#call(againFrames, size)
    const last = (againFrames - 1) * size
    doubtful.forEach(({ session, back }, column) => session.amend(back, buffers.speech[last + column] ?? 0))
  }

  /** Runs what stands in `buffers`. Put off by one turn of the loop (setImmediate in onnxruntime-node): new input joins the next. */
  async #call(steps: number, size: number): Promise<void> {
    await this.#model.run(
      {
        frames: tensor("frames", steps, size, inputSamples),
        h: tensor("h", 1, size, stateSize),
        c: tensor("c", 1, size, stateSize)
      },
      {
        speech: tensor("speech", steps, size, 1),
        hN: tensor("hN", 1, size, stateSize),
        cN: tensor("cN", 1, size, stateSize)
      }
    )
  }
}

/** The highest probability of speech in these samples. */
const highest = (batcher: Batcher, samples: Uint8Array): Promise<number> =>
  new Promise((resolve, reject) => {
    const frames = Math.floor(samples.byteLength / vadFrameBytes)
    let heard = 0
    let most = 0
    const session = new SileroStream({
      send: () => {},
      sendBinary: (bytes) => {
        const values = new Float32Array(bytes.slice().buffer)
        heard += values.length
        most = Math.max(most, ...values)
        if (heard < frames) return
        batcher.remove(session)
        resolve(most)
      },
      close: reject
    })
    batcher.add(session)
    session.push(samples.subarray(0, frames * vadFrameBytes))
    void batcher.run()
  })

const probe = async (batcher: Batcher, clip: Uint8Array): Promise<void> => {
  const speech = await highest(batcher, clip)
  const silence = await highest(batcher, new Uint8Array(clip.byteLength))
  if (speech < 0.5 || silence >= 0.5)
    throw new BackendFault("probe_failed", "The Silero model does not tell recorded speech from silence.")
}

export const backend: Backend = {
  load: async (options) => {
    const { modelPath } = options as SileroOptions
    if (!existsSync(modelPath)) throw new BackendFault("missing", "The Silero model file is not there.")
    const model = await InferenceSession.create(modelPath, {
      intraOpNumThreads: 1,
      interOpNumThreads: 1,
      executionMode: "sequential",
      logSeverityLevel: 3
    }).catch((thrown: unknown) => {
      console.error(thrown)
      throw new BackendFault("corrupt", "The Silero model file cannot be read; restore it from the release.")
    })
    const batcher = new Batcher(model)
    const clip = readProbeClip()
    return {
      name: "silero-vad v6",
      info: { frameSamples: vadFrameSamples, framesMax },
      open: (stream): BackendSink => {
        const session = new SileroStream(stream)
        batcher.add(session)
        return {
          message: () => {},
          binary: (bytes) => {
            session.push(bytes)
            session.lastFedMs = performance.now()
            void batcher.run()
          },
          closed: () => batcher.remove(session)
        }
      },
      probe: () => probe(batcher, clip),
      close: () => void model.release()
    }
  }
}
