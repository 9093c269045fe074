/**
 * Voice activity detection: a stream of 16 kHz samples in, one speech probability per 32 ms frame out. The live detector
 * is Silero in a host of its own; when that dies every stream fails, and its user opens another.
 */
import { Context, Effect, Layer } from "effect"
import { fileURLToPath } from "node:url"
import type { HostError } from "#schemas/host.ts"
import { type Host, hostHealth, type WatchedHost } from "#src/host/host.ts"
import { startHost } from "#src/host/start.ts"
import { bytesOf } from "#src/audio/pcm.ts"
import { type HealthListener, type ModelHealth, watchHealth } from "#src/models.ts"

export { vadFrameSamples } from "./frame.ts"

export interface VadListener {
  /** Probabilities (0…1) of the frames that follow those already reported, in order. Valid only during the call. */
  readonly probabilities: (values: Float32Array) => void
  /** The detector died; the stream is over. Open another and feed it from the frame wanted. */
  readonly failed: (error: HostError) => void
}

export interface VadStream {
  /**
   * Any number of whole frames (multiples of `vadFrameSamples`). `isPatient`: they may wait for those of others
   * (`HostStream.sendPatiently`), until something comes that does not, of no frames at least. False: taken, but the host
   * is behind, stop feeding.
   */
  readonly push: (samples: Int16Array, isPatient?: boolean) => boolean
  readonly close: () => void
}

/** The model that comes with the service. */
export const embeddedVadModelPath = fileURLToPath(
  new URL("../../models/silero-vad/silero_vad_16k_frames.onnx", import.meta.url)
)

/** Bytes of a pipe's frame stand anywhere; numbers want an aligned address. */
const toFloats = (bytes: Uint8Array): Float32Array => {
  const values = new Float32Array(bytes.byteLength / Float32Array.BYTES_PER_ELEMENT)
  new Uint8Array(values.buffer).set(bytes)
  return values
}

export class Vad extends Context.Service<
  Vad,
  {
    readonly health: () => ModelHealth
    /** Tells each change of it. Returns how to stop. */
    readonly onHealth: (listener: HealthListener) => () => void
    readonly hosts: ReadonlyArray<WatchedHost>
    readonly open: (listener: VadListener) => VadStream
  }
>()("sawt/vad/Vad") {
  static readonly overHost = (host: Host): Vad["Service"] => {
    const health = () => hostHealth(host.status(), "silero-vad")
    return Vad.of({
      health,
      onHealth: (listener) => watchHealth(health, (changed) => host.onStatus(changed), listener),
      hosts: [host],
      open: (listener) => {
        const stream = host.open(
          {},
          {
            message: () => {},
            binary: (bytes) => listener.probabilities(toFloats(bytes)),
            closed: (error) => {
              if (error !== undefined) listener.failed(error)
            }
          }
        )
        return {
          push: (samples, isPatient) =>
            isPatient ? stream.sendPatiently(bytesOf(samples)) : stream.sendBinary(bytesOf(samples)),
          close: stream.close
        }
      }
    })
  }

  /** Starts the host in the background: `health` says when it is ready. */
  static readonly layer = (options: { readonly modelPath?: string } = {}): Layer.Layer<Vad> =>
    Layer.effect(
      Vad,
      Effect.map(startHost("vad", { modelPath: options.modelPath ?? embeddedVadModelPath }), Vad.overHost)
    )
}
