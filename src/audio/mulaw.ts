/** µ-law, ITU-T G.711: 8 bits for 14, as telephones send it. */

const bias = 0x84
const clip = 32_635

const decodeByte = (byte: number): number => {
  const inverted = ~byte & 0xff
  const magnitude = (((inverted & 0x0f) << 3) + bias) << ((inverted & 0x70) >> 4)
  return (inverted & 0x80) === 0 ? magnitude - bias : bias - magnitude
}

const decoded = Int16Array.from({ length: 256 }, (_, byte) => decodeByte(byte))

export const decodeMulaw = (bytes: Uint8Array): Int16Array => {
  const samples = new Int16Array(bytes.length)
  for (let index = 0; index < bytes.length; index++) samples[index] = decoded[bytes[index] ?? 0] ?? 0
  return samples
}

const encodeSample = (sample: number): number => {
  const sign = sample < 0 ? 0x80 : 0
  const magnitude = Math.min(Math.abs(sample), clip) + bias
  const exponent = 24 - Math.clz32(magnitude)
  return ~(sign | (exponent << 4) | ((magnitude >> (exponent + 3)) & 0x0f)) & 0xff
}

export const encodeMulaw = (samples: Int16Array): Uint8Array => {
  const bytes = new Uint8Array(samples.length)
  for (let index = 0; index < samples.length; index++) bytes[index] = encodeSample(samples[index] ?? 0)
  return bytes
}
