/** Test signals as functions of time, so that a resampled signal can be compared with what it ought to be. */

export type Signal = (seconds: number) => number

export const sine =
  (hz: number, amplitude: number): Signal =>
  (seconds) =>
    amplitude * Math.sin(2 * Math.PI * hz * seconds)

/** Sweeps evenly from one frequency to another within `durationMs`; silent before it begins. */
export const sweep = (fromHz: number, toHz: number, durationMs: number, amplitude: number): Signal => {
  const hzPerSecond = ((toHz - fromHz) * 1_000) / durationMs
  return (seconds) =>
    seconds < 0 ? 0 : amplitude * Math.sin(2 * Math.PI * (fromHz + (hzPerSecond * seconds) / 2) * seconds)
}

export const sum =
  (...signals: ReadonlyArray<Signal>): Signal =>
  (seconds) =>
    signals.reduce((total, signal) => total + signal(seconds), 0)

export const sampled = (signal: Signal, sampleRateHz: number, durationMs: number): Int16Array =>
  Int16Array.from({ length: Math.round((durationMs * sampleRateHz) / 1_000) }, (_, i) =>
    Math.round(signal(i / sampleRateHz))
  )

/** Of `actual` against `expected(i)`, over the samples from `start` up to `end`. */
export const snrDb = (actual: Int16Array, expected: (i: number) => number, start: number, end: number): number => {
  let signal = 0
  let noise = 0
  for (let i = start; i < end; i++) {
    const wanted = expected(i)
    signal += wanted ** 2
    noise += (wanted - (actual[i] ?? 0)) ** 2
  }
  return 10 * Math.log10(signal / noise)
}

/** Cuts after `sizes` samples, over and over; a size of 0 gives an empty piece. */
export const split = (samples: Int16Array, sizes: ReadonlyArray<number>): Array<Int16Array> => {
  const pieces: Array<Int16Array> = []
  for (let at = 0, i = 0; at < samples.length; i++) {
    const end = at + (sizes[i % sizes.length] ?? samples.length)
    pieces.push(samples.subarray(at, end))
    at = end
  }
  return pieces
}
