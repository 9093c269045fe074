/** How an utterance sounded: what tells a bad microphone or line from a person who is hard to understand. */

const fullScale = 32_768
/** A converter that is overdriven stays within a step or two of full scale. */
const clippedFrom = fullScale - 4

export interface Sound {
  /** Root mean square over the whole utterance, its pauses included, dB of full scale; silence is -100. */
  readonly levelDbfs: number
  /** Share of its samples at full scale, 0 … 1. */
  readonly clippedShare: number
}

export class SoundMeter {
  #samples = 0
  #energy = 0
  #clipped = 0

  /** About a microsecond for a frame of 32 ms. */
  add(samples: Int16Array): void {
    let energy = 0
    let clipped = 0
    for (let i = 0; i < samples.length; i++) {
      const sample = samples[i] ?? 0
      energy += sample * sample
      if (sample >= clippedFrom || sample <= -clippedFrom) clipped++
    }
    this.#samples += samples.length
    this.#energy += energy
    this.#clipped += clipped
  }

  get sound(): Sound {
    const samples = Math.max(1, this.#samples)
    const power = this.#energy / samples / fullScale ** 2
    return { levelDbfs: power === 0 ? -100 : 10 * Math.log10(power), clippedShare: this.#clipped / samples }
  }
}
