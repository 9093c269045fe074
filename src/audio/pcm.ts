/**
 * 16-bit linear PCM, the form that sound has everywhere inside the service: as little-endian bytes on wires, pipes and
 * disks, as an `Int16Array` in between. Full scale (0 dBFS) is 32,768, so a full-scale sine is at -3 dBFS. Of the language
 * alone: the client SDK uses it in browsers.
 */

const bytesPerSample = Int16Array.BYTES_PER_ELEMENT
const fullScale = 32_768
const littleEndian = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1

/** The nearest 16-bit sample; what is louder than full scale is clipped, not wrapped. NaN is silence. */
export const toSample = (value: number): number => Math.max(-fullScale, Math.min(fullScale - 1, Math.round(value)))

/** Samples of -1…1. */
export const fromFloats = (floats: Float32Array): Int16Array => {
  const samples = new Int16Array(floats.length)
  for (let i = 0; i < floats.length; i++) samples[i] = toSample((floats[i] ?? 0) * fullScale)
  return samples
}

/** A loop: `Float32Array.from` with a function is ten times slower over a sentence. */
export const floatsOf = (samples: Int16Array): Float32Array => {
  const floats = new Float32Array(samples.length)
  for (let i = 0; i < samples.length; i++) floats[i] = (samples[i] ?? 0) / fullScale
  return floats
}

/** In place. */
const swapped = (bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> => {
  for (let i = 0; i < bytes.length; i += bytesPerSample) bytes.subarray(i, i + bytesPerSample).reverse()
  return bytes
}

/** The whole samples in `bytes`; a view of them where alignment and byte order allow, else a copy. */
export const samplesOf = (bytes: Uint8Array): Int16Array => {
  const length = Math.floor(bytes.byteLength / bytesPerSample)
  if (littleEndian && bytes.byteOffset % bytesPerSample === 0) {
    return new Int16Array(bytes.buffer, bytes.byteOffset, length)
  }
  // Not `slice`: a Buffer's is a view.
  const aligned = new Uint8Array(bytes.subarray(0, length * bytesPerSample))
  return new Int16Array((littleEndian ? aligned : swapped(aligned)).buffer)
}

/** `samples` as bytes; a view of them where byte order allows, else a copy. */
export const bytesOf = (samples: Int16Array): Uint8Array => {
  if (littleEndian) return new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength)
  return swapped(new Uint8Array(samples.slice().buffer))
}

/** The largest magnitude, 0 … 32,768. */
export const peak = (samples: Int16Array): number => {
  let largest = 0
  for (const sample of samples) largest = Math.max(largest, Math.abs(sample))
  return largest
}

/** Root mean square; -Infinity for silence and for nothing. */
export const rmsDbfs = (samples: Int16Array): number => {
  let energy = 0
  for (const sample of samples) energy += sample * sample
  return energy === 0 ? -Infinity : 10 * Math.log10(energy / samples.length / fullScale ** 2)
}

/** One after the other. */
export const joined = (...parts: ReadonlyArray<Int16Array>): Int16Array => {
  const whole = new Int16Array(parts.reduce((length, part) => length + part.length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}
