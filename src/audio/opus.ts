/**
 * Opus (RFC 6716) to 16 kHz mono, one raw packet a call, by libopus in WebAssembly, which resamples and downmixes itself.
 * A packet with broken framing is refused and leaves the decoder as it was. Frames go to libopus one at a time, so that
 * a packet's size is bounded by the protocol and not by the package's 3,840 bytes of input.
 */
import { Effect, Result, type Scope } from "effect"
import { OpusDecoder as LibOpus } from "opus-decoder"
import { WireError } from "#schemas/errors.ts"
import { parsePacket } from "./opus-packet.ts"
import { fromFloats } from "./pcm.ts"

const sampleRateHz = 16_000
/** One frame as a packet of code 0: its TOC byte and at most 1,275 bytes. */
const singleBytesMax = 1_276

const invalid = (what: string): WireError =>
  new WireError({ code: "invalid_audio", message: `A binary frame must hold one raw Opus packet (RFC 6716): ${what}.` })

export class OpusDecoder {
  readonly #libopus: LibOpus<typeof sampleRateHz>
  readonly #single = new Uint8Array(singleBytesMax)

  private constructor(libopus: LibOpus<typeof sampleRateHz>) {
    this.#libopus = libopus
  }

  /** Its memory outside the heap of JavaScript is freed with the scope. */
  static readonly make: Effect.Effect<OpusDecoder, never, Scope.Scope> = Effect.acquireRelease(
    Effect.promise(async () => {
      const libopus = new LibOpus({ sampleRate: sampleRateHz, channels: 1 })
      await libopus.ready
      return libopus
    }),
    (libopus) => Effect.sync(() => libopus.free())
  ).pipe(Effect.map((libopus) => new OpusDecoder(libopus)))

  /** Throws `WireError`. */
  push(packet: Uint8Array): Int16Array {
    const parsed = parsePacket(packet)
    if (Result.isFailure(parsed)) throw invalid(parsed.failure)
    const { durationMs, frameMs, frames } = parsed.success
    const samples = new Int16Array((durationMs * sampleRateHz) / 1_000)
    const frameSamples = (frameMs * sampleRateHz) / 1_000
    this.#single[0] = (packet[0] ?? 0) & 0b1111_1100
    for (const [i, frame] of frames.entries()) {
      this.#single.set(frame, 1)
      const decoded = this.#libopus.decodeFrame(this.#single.subarray(0, frame.length + 1))
      const channel = decoded.channelData[0]
      if (channel?.length !== frameSamples) throw invalid("it cannot be decoded")
      samples.set(fromFloats(channel), i * frameSamples)
    }
    return samples
  }
}
