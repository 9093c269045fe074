/**
 * Silero VAD (v6, 16 kHz) on onnxruntime, loaded only in a host. Its `run` blocks, so the frames that wait on all streams
 * at that moment run as one batch - the result is exactly that of one by one, at less than half the cost - and between
 * two batches the event loop takes in what has come. Each stream gets its probabilities in order; one that sends what is
 * not whole frames, or far more than was asked for, is closed.
 */
import { existsSync } from "node:fs"
import { InferenceSession, Tensor } from "onnxruntime-node"
import { type Backend, BackendFault, type BackendSink, type BackendStream } from "#src/host/backend.ts"
import { vadFrameSamples } from "./frame.ts"

/** Samples of the previous frame that stand before each frame. Without them the graph runs and detects nothing. */
const contextSamples = 64
const inputSamples = contextSamples + vadFrameSamples
/** Floats of the recurrent state: two layers. */
const stateLayers = 2
const stateSize = 128
/** Larger batches gain nothing: 0.07-0.08 ms a frame at 8, 0.07 at 16 (decision 003). */
const batchMax = 16
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

export interface SileroOptions {
  readonly modelPath: string
}

class VadSession {
  readonly #stream: BackendStream
  readonly state = new Float32Array(stateLayers * stateSize)
  readonly #context = new Float32Array(contextSamples)
  /** Frames that wait: from `#head` to `#tail`, moved to the front when the room ends. */
  #samples = new Int16Array(4 * vadFrameSamples)
  #head = 0
  #tail = 0
  /** Probabilities not sent yet. */
  readonly #results = new Float32Array(resultsPerMessage)
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

/** Tensors for one batch size, used again and again. */
const makeBatch = (size: number) => ({
  feeds: {
    input: new Tensor("float32", new Float32Array(size * inputSamples), [size, inputSamples]),
    state: new Tensor("float32", new Float32Array(stateLayers * size * stateSize), [stateLayers, size, stateSize]),
    sr: new Tensor("int64", new BigInt64Array([16_000n]), [])
  },
  fetches: {
    output: new Tensor("float32", new Float32Array(size), [size, 1]),
    stateN: new Tensor("float32", new Float32Array(stateLayers * size * stateSize), [stateLayers, size, stateSize])
  }
})
type Batch = ReturnType<typeof makeBatch>
/** The tensors above are all made here over a `Float32Array`. */
const floats = (tensor: Tensor): Float32Array => tensor.data as Float32Array

class Batcher {
  readonly #model: InferenceSession
  readonly #batches: Array<Batch | undefined> = []
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
    for (let members = this.#next(); members.length > 0; members = this.#next()) {
      const nowMs = performance.now()
      const gatherLeftMs = this.#lastRunMs + gatherMs - nowMs
      const isLive = members.every((session) => session.queuedFrames === 1)
      const waitMs = gatherLeftMs > 0 && isLive ? gatherLeftMs : !waited && this.#isPartOf(members, nowMs) ? burstMs : 0
      if (waitMs > 0 && members.length < batchMax) {
        waited = true
        await new Promise((resolve) => setTimeout(resolve, waitMs))
        continue
      }
      waited = false
      this.#lastRunMs = nowMs
      try {
        await this.#runBatch(members)
      } catch (thrown) {
        console.error(thrown)
        for (const session of members) {
          this.#sessions.delete(session)
          session.fail()
        }
      }
    }
    this.#running = false
  }

  /** Other streams sent something lately and are likely to send again. */
  #isPartOf(members: ReadonlyArray<VadSession>, nowMs: number): boolean {
    let lately = 0
    for (const session of this.#sessions) if (nowMs - session.lastFedMs < latelyMs) lately++
    return members.length < lately
  }

  /** The streams that have a frame; one that was served goes to the back, so that none waits for ever. */
  #next(): Array<VadSession> {
    const members: Array<VadSession> = []
    for (const session of this.#sessions) {
      if (session.queuedFrames === 0) continue
      members.push(session)
      if (members.length === batchMax) break
    }
    if (members.length < batchMax) return members
    for (const session of members) {
      this.#sessions.delete(session)
      this.#sessions.add(session)
    }
    return members
  }

  async #runBatch(members: ReadonlyArray<VadSession>): Promise<void> {
    const size = members.length
    const batch = (this.#batches[size] ??= makeBatch(size))
    const input = floats(batch.feeds.input)
    const stateIn = floats(batch.feeds.state)
    members.forEach((session, row) => {
      session.take(input, row)
      for (let layer = 0; layer < stateLayers; layer++) {
        stateIn.set(
          session.state.subarray(layer * stateSize, (layer + 1) * stateSize),
          (layer * size + row) * stateSize
        )
      }
    })
    // The call itself is put off by one turn of the loop (setImmediate in onnxruntime-node): new input joins the next.
    await this.#model.run(batch.feeds, batch.fetches)
    const output = floats(batch.fetches.output)
    const stateOut = floats(batch.fetches.stateN)
    members.forEach((session, row) => {
      for (let layer = 0; layer < stateLayers; layer++) {
        const at = (layer * size + row) * stateSize
        session.state.set(stateOut.subarray(at, at + stateSize), layer * stateSize)
      }
      session.add(output[row] ?? 0)
      session.sendDueResults()
    })
  }
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
    return {
      name: "silero-vad v6",
      info: { frameSamples: vadFrameSamples, batchMax },
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
      close: () => void model.release()
    }
  }
}
