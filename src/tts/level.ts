/**
 * Loudness of a rendered sentence: the speech in it (pauses do not count) is brought to -18 dBFS RMS and its peaks are
 * held at -1 dBFS, so that engines and voices sound equally loud. Silence stays silence. Works in place on samples in -1…1.
 */

export const speechLevelDbfs = -18
export const peakDbfs = -1
/** Beyond this the sentence is noise, not quiet speech. */
const gainDbMax = 30
/** A frame this far under the loudest one is a pause. */
const pauseDb = 30
const frameMs = 20
/** Holding the peaks of a spiky voice costs up to 2 dB of its level, which a second and third round give back. */
const rounds = 3
/** Gain of the limiter is held over a block and its neighbours: about a millisecond. */
const limiterBlock = 24

export const amplitude = (db: number): number => 10 ** (db / 20)

/** RMS over the frames that hold speech, 0 for silence. */
export const speechRms = (samples: Float32Array, sampleRateHz: number): number => {
  const frameSamples = Math.round((sampleRateHz * frameMs) / 1000)
  const powers: Array<number> = []
  for (let start = 0; start < samples.length; start += frameSamples) {
    const end = Math.min(start + frameSamples, samples.length)
    let sum = 0
    for (let i = start; i < end; i++) sum += (samples[i] ?? 0) ** 2
    powers.push(sum / (end - start))
  }
  const floor = Math.max(0, ...powers) * amplitude(-pauseDb) ** 2
  const active = powers.filter((power) => power > 0 && power >= floor)
  return active.length === 0 ? 0 : Math.sqrt(active.reduce((sum, power) => sum + power, 0) / active.length)
}

/** No sample passes the ceiling: a block's gain is the least of its own and its neighbours', and slides between blocks. */
const limit = (samples: Float32Array): void => {
  const ceiling = amplitude(peakDbfs)
  const blocks = Math.ceil(samples.length / limiterBlock)
  const gains = new Float32Array(blocks + 2).fill(1)
  for (let i = 0; i < samples.length; i++) {
    const block = Math.trunc(i / limiterBlock) + 1
    gains[block] = Math.min(gains[block] ?? 1, ceiling / Math.max(ceiling, Math.abs(samples[i] ?? 0)))
  }
  const held = gains.map((gain, i) => Math.min(gain, gains[i - 1] ?? 1, gains[i + 1] ?? 1))
  for (let i = 0; i < samples.length; i++) {
    const position = (i + 0.5) / limiterBlock + 0.5
    const block = Math.trunc(position)
    const before = held[block] ?? 1
    const gain = before + ((held[block + 1] ?? 1) - before) * (position - block)
    samples[i] = (samples[i] ?? 0) * gain
  }
}

export const level = (samples: Float32Array, sampleRateHz: number): void => {
  let gainMax = amplitude(gainDbMax)
  for (let round = 0; round < rounds; round++) {
    const rms = speechRms(samples, sampleRateHz)
    if (rms === 0) return
    const gain = Math.min(amplitude(speechLevelDbfs) / rms, gainMax)
    gainMax /= gain
    for (let i = 0; i < samples.length; i++) samples[i] = (samples[i] ?? 0) * gain
    limit(samples)
  }
}
