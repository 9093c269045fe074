/** Hands the microphone's samples on in blocks of 20 ms. Runs as a worklet, so it imports nothing. */
export type FromMicrophone = Float32Array

declare const sampleRate: number
declare class AudioWorkletProcessor {
  readonly port: MessagePort
}
declare const registerProcessor: (name: string, processor: new () => AudioWorkletProcessor) => void

const blockMs = 20

class Tap extends AudioWorkletProcessor {
  readonly #blockSamples = Math.round((sampleRate * blockMs) / 1_000)
  #block = new Float32Array(this.#blockSamples)
  #filled = 0

  process([input]: ReadonlyArray<ReadonlyArray<Float32Array>>): boolean {
    const channel = input?.[0]
    if (channel === undefined) return true
    for (const sample of channel) {
      this.#block[this.#filled++] = sample
      if (this.#filled < this.#blockSamples) continue
      this.port.postMessage(this.#block, [this.#block.buffer])
      this.#block = new Float32Array(this.#blockSamples)
      this.#filled = 0
    }
    return true
  }
}

registerProcessor("sawt-microphone", Tap)
