/**
 * µ-law of ITU-T G.711: one byte a sample, 14 significant bits, as telephone lines carry it. A byte is sign, exponent and
 * mantissa, inverted. Decoding is exact; encoding takes the middle of the standard's decision interval, and clips at the
 * loudest (32,124).
 */

/** Makes every segment of the curve start at a power of two. In 16-bit units, like the rest here. */
const bias = 132
const magnitudeMax = 32_635
const signBit = 0x80

const decodeByte = (byte: number): number => {
  const code = ~byte & 0xff
  const magnitude = ((((code & 0x0f) << 3) + bias) << ((code >> 4) & 0x07)) - bias
  return (code & signBit) === 0 ? magnitude : 0 - magnitude
}

const levels = Int16Array.from({ length: 256 }, (_, byte) => decodeByte(byte))

export const decodeMulaw = (bytes: Uint8Array): Int16Array => {
  const samples = new Int16Array(bytes.length)
  for (let i = 0; i < bytes.length; i++) samples[i] = levels[bytes[i] ?? 0] ?? 0
  return samples
}

const encodeSample = (sample: number): number => {
  const biased = Math.min(Math.abs(sample), magnitudeMax) + bias
  // The highest bit set is bit 7 in the lowest segment and bit 14 in the loudest.
  const exponent = 24 - Math.clz32(biased)
  return ~((sample < 0 ? signBit : 0) | (exponent << 4) | ((biased >> (exponent + 3)) & 0x0f)) & 0xff
}

export const encodeMulaw = (samples: Int16Array): Uint8Array => {
  const bytes = new Uint8Array(samples.length)
  for (let i = 0; i < samples.length; i++) bytes[i] = encodeSample(samples[i] ?? 0)
  return bytes
}
