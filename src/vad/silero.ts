/**
 * Silero VAD (v6, 16 kHz) on onnxruntime, loaded only in a host. Its `run` blocks, so the frames that wait on all streams
 * at that moment run as one batch, several of each stream where several wait - the result is exactly that of one by one,
 * at a quarter of the cost (decision 010) - and between two batches the event loop takes in what has come. Each stream gets its probabilities in order; one that sends what is
 * not whole frames, or far more than was asked for, is closed.
 */
import { existsSync } from "node:fs"
import { InferenceSession, Tensor } from "onnxruntime-node"
import { type Backend, BackendFault, type BackendSink, type BackendStream } from "#src/host/backend.ts"
import { readProbeClip } from "#src/host/probe-clip.ts"
import { work } from "#src/host/work.ts"
import { vadFrameSamples } from "./frame.ts"

/** Samples of the previous frame that stand before each frame. Without them the graph runs and detects nothing. */
const contextSamples = 64
const inputSamples = contextSamples + vadFrameSamples
const stateSize = 128
/** Frames of one call, of all streams: about 1 ms. More gain nothing, 15 us a frame at 32 as at 128 (decision 010). */
const framesMax = 64
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
/** A stream's audio that may wait here; over it the stream is closed as `refused`. */
const queuedFramesMax = 2_000
const resultsPerMessage = 16
const vadFrameBytes = vadFrameSamples * Int16Array.BYTES_PER_ELEMENT

export interface SileroOptions {
  readonly modelPath: string
}

class VadSession {
  readonly #stream: BackendStream
  readonly hidden = new Float32Array(stateSize)
  readonly cell = new Float32Array(stateSize)
  readonly #context = new Float32Array(contextSamples)
  /** Frames that wait: from `#head` to `#tail`, moved to the front when the room ends. */
  #samples = new Int16Array(4 * vadFrameSamples)
  #head = 0
  #tail = 0
  /** Probabilities not sent yet. */
  readonly #results = new Float32Array(resultsPerMessage + framesMax)
  #resultCount = 0
  lastFedMs = 0

  constructor(stream: BackendStream) {
    this.#stream = stream
  }

  get queuedFrames(): number {
    return (this.#tail - this.#head) / vadFrameSamples
  }

  push(bytes: Uint8Array): void {
    const count = bytes.byteLength / Int16Array.BYTES_PER_ELEMENT
    if (count % vadFrameSamples !== 0) throw new BackendFault("refused", "Only whole frames of 512 samples are taken.")
    if (this.queuedFrames + count / vadFrameSamples > queuedFramesMax) {
      throw new BackendFault("refused", "Audio came much faster than it was acknowledged.")
    }
    if (this.#tail + count > this.#samples.length) this.#makeRoom(count)
    // As bytes: the payload of a pipe's frame may begin at an odd address.
    new Uint8Array(this.#samples.buffer, this.#tail * Int16Array.BYTES_PER_ELEMENT, bytes.byteLength).set(bytes)
    this.#tail += count
  }

  /** Writes context and the next frame into a row of the batch. */
  take(input: Float32Array, row: number): void {
    const start = row * inputSamples
    input.set(this.#context, start)
    const first = start + contextSamples
    for (let i = 0; i < vadFrameSamples; i++) input[first + i] = (this.#samples[this.#head + i] ?? 0) / 32_768
    this.#head += vadFrameSamples
    if (this.#head === this.#tail) this.#head = this.#tail = 0
    this.#context.set(input.subarray(start + inputSamples - contextSamples, start + inputSamples))
  }

  add(probability: number): void {
    this.#results[this.#resultCount++] = probability
  }

  /** All at once when the stream has no frame left; in between every half second of sound, as acknowledgement. */
  sendDueResults(): void {
    if (this.queuedFrames > 0 && this.#resultCount < resultsPerMessage) return
    this.#stream.sendBinary(new Uint8Array(this.#results.buffer, 0, this.#resultCount * Float32Array.BYTES_PER_ELEMENT))
    this.#resultCount = 0
  }

  fail(): void {
    this.#stream.close(new BackendFault("refused", "Voice activity detection failed on this input."))
  }

  #makeRoom(count: number): void {
    const waiting = this.#tail - this.#head
    let room = this.#samples.length
    while (room < waiting + count) room *= 2
    const samples = room === this.#samples.length ? this.#samples : new Int16Array(room)
    samples.set(this.#samples.subarray(this.#head, this.#tail))
    this.#samples = samples
    this.#head = 0
    this.#tail = waiting
  }
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
  readonly members: ReadonlyArray<VadSession>
  readonly steps: number
}

/**
 * The most frames of streams with equally many, so that nothing is padded. The stream that waits longest, the first, is
 * always among them; the shortest queue of a batch runs empty.
 */
const batchOf = (waiting: ReadonlyArray<VadSession>): Batch => {
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
  readonly #sessions = new Set<VadSession>()
  #running = false
  #lastRunMs = 0

  constructor(model: InferenceSession) {
    this.#model = model
  }

  add(session: VadSession): void {
    this.#sessions.add(session)
  }

  remove(session: VadSession): void {
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
  #isPartOf(waiting: ReadonlyArray<VadSession>, nowMs: number): boolean {
    let lately = 0
    for (const session of this.#sessions) if (nowMs - session.lastFedMs < latelyMs) lately++
    return waiting.length < lately
  }

  #waiting(): Array<VadSession> {
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
    // The call itself is put off by one turn of the loop (setImmediate in onnxruntime-node): new input joins the next.
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
    work.did((size * steps * vadFrameSamples) / 16)
    members.forEach((session, column) => {
      session.hidden.set(buffers.hN.subarray(column * stateSize, (column + 1) * stateSize))
      session.cell.set(buffers.cN.subarray(column * stateSize, (column + 1) * stateSize))
      for (let step = 0; step < steps; step++) session.add(buffers.speech[step * size + column] ?? 0)
      session.sendDueResults()
    })
  }
}

/** The highest probability of speech in these samples. */
const highest = (batcher: Batcher, samples: Uint8Array): Promise<number> =>
  new Promise((resolve, reject) => {
    const frames = Math.floor(samples.byteLength / vadFrameBytes)
    let heard = 0
    let most = 0
    const session = new VadSession({
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
        const session = new VadSession(stream)
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
