/** 16-bit samples and bytes, and how loud they are. Plain functions. */

const hostIsLittleEndian = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1

/** Whole s16le samples of `bytes`, in an array of the caller's own. The length must be even. */
export const samplesOf = (bytes: Uint8Array): Int16Array => {
  const samples = new Int16Array(bytes.length >> 1)
  if (hostIsLittleEndian) {
    new Uint8Array(samples.buffer).set(bytes.subarray(0, samples.length * 2))
    return samples
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  for (let index = 0; index < samples.length; index++) samples[index] = view.getInt16(index * 2, true)
  return samples
}

/** s16le bytes; on a little-endian machine a view of the same memory, not a copy. */
export const bytesOf = (samples: Int16Array): Uint8Array => {
  if (hostIsLittleEndian) return new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength)
  const bytes = new Uint8Array(samples.length * 2)
  const view = new DataView(bytes.buffer)
  for (let index = 0; index < samples.length; index++) view.setInt16(index * 2, samples[index] ?? 0, true)
  return bytes
}

export const toSample = (value: number): number => Math.max(-32_768, Math.min(32_767, Math.round(value)))

/** Root mean square in dB below full scale; −Infinity for silence. */
export const rmsDbfs = (samples: Int16Array): number => {
  let sum = 0
  for (const sample of samples) sum += sample * sample
  return samples.length === 0 ? -Infinity : 10 * Math.log10(sum / samples.length / 32_768 ** 2)
}
