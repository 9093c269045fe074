/**
 * What a stream is owed, so that one that the model has forgotten is noticed although the host's loop still beats. `stt`
 * acknowledges samples and ends after `finish`; `vad` answers every frame; a voice's stream is owed its end from the start,
 * but waits in line, so any sentence that gets on counts for all.
 */
import type { HostKind } from "#schemas/host.ts"
import { vadFrameSamples } from "#src/vad/frame.ts"

const sampleBytes = Int16Array.BYTES_PER_ELEMENT
const vadFrameBytes = vadFrameSamples * sampleBytes

export class Debt {
  readonly #kind: HostKind
  #sentBytes = 0
  #answeredBytes = 0
  #endOwed: boolean
  #quietTicks = 0

  constructor(kind: HostKind) {
    this.#kind = kind
    this.#endOwed = kind === "espeak" || kind === "piper"
  }

  get waitsInLine(): boolean {
    return this.#kind === "espeak" || this.#kind === "piper"
  }

  sentBytes(count: number): void {
    this.#sentBytes += count
  }

  /** `finish` is owed the end. A `peek` is answered in line with samples that are owed already, and ends nothing. */
  sentMessage({ type }: { readonly type?: string }): void {
    if (type !== "peek") this.#endOwed = true
  }

  heard(binary?: Uint8Array): void {
    this.#quietTicks = 0
    if (binary === undefined) return
    if (this.#kind === "vad")
      this.#answeredBytes += (binary.byteLength / Float32Array.BYTES_PER_ELEMENT) * vadFrameBytes
    if (this.#kind === "stt")
      this.#answeredBytes = new DataView(binary.buffer, binary.byteOffset).getUint32(0, true) * sampleBytes
  }

  get isOwed(): boolean {
    return this.#endOwed || this.#answeredBytes < this.#sentBytes
  }

  /** Ticks since the stream was last heard, while something is owed. */
  tick(): number {
    this.#quietTicks = this.isOwed ? this.#quietTicks + 1 : 0
    return this.#quietTicks
  }
}
