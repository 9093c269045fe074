/** Hands the microphone's samples on in blocks of 20 ms. Runs as a worklet, so it imports nothing. */
export interface FromMicrophone {
  readonly samples: Float32Array
  /** Of the context, in seconds: when the last of them had come in. */
  readonly atTime: number
}

declare const sampleRate: number
declare const currentTime: number
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
    for (const [at, sample] of channel.entries()) {
      this.#block[this.#filled++] = sample
      if (this.#filled < this.#blockSamples) continue
      const block: FromMicrophone = { samples: this.#block, atTime: currentTime + (at + 1) / sampleRate }
      this.port.postMessage(block, [this.#block.buffer])
      this.#block = new Float32Array(this.#blockSamples)
      this.#filled = 0
    }
    return true
  }
}

registerProcessor("sawt-microphone", Tap)
