/** Contract of voice activity detection: a stream of 16 kHz samples in, one speech probability per 32 ms frame out. */
import { Context } from "effect"
import type { HostError } from "#schemas/host.ts"
import type { ModelHealth } from "#src/models.ts"

/** Samples of one frame at 16 kHz: 32 ms, what Silero takes. */
export const vadFrameSamples = 512

export interface VadListener {
  /** Probabilities (0…1) of the frames that follow those already reported, in order. Valid only during the call. */
  readonly probabilities: (values: Float32Array) => void
  /** The detector died; the stream is over. Open another and feed it from the frame wanted. */
  readonly failed: (error: HostError) => void
}

export interface VadStream {
  /** Any number of whole frames (multiples of `vadFrameSamples`). False: the host is behind, stop feeding. */
  readonly push: (samples: Int16Array) => boolean
  readonly close: () => void
}

export class Vad extends Context.Service<Vad, {
  readonly health: () => ModelHealth
  readonly open: (listener: VadListener) => VadStream
}>()("sawt/vad/Vad") {}
