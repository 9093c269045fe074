/**
 * `node scripts/vad-model.ts` writes the Silero graph that the service runs from the one that its authors published. Same
 * weights, same mathematics (decision 010), other shape: it takes S frames of each of B streams at once, and its
 * convolutions, which know nothing of other frames, are matrix products over all of them, so that the weights are read
 * once for a call; only the LSTM goes frame by frame. The file is in the repository; this says how it came to be.
 *
 * in   `frames` f32 [S, B, 64 + 512], `h` and `c` f32 [1, B, 128]
 * out  `speech` f32 [S, B, 1], `hN` and `cN` f32 [1, B, 128]
 */
import { readFileSync, writeFileSync } from "node:fs"
import { bytesField, constants, integers, messages, node, numberField, type Tensor, value } from "./onnx.ts"

const folder = new URL("../models/silero-vad/", import.meta.url)
const source = constants(readFileSync(new URL("silero_vad_16k_op15.onnx", folder)))
const taken = (name: string, ...dims: ReadonlyArray<number>): Float32Array => {
  const tensor = source.get(`model.${name}`)
  if (tensor === undefined || tensor.dims.join() !== dims.join()) throw new Error(`no ${name} of ${dims.join(" x ")}`)
  return tensor.values
}

const windowSamples = 256
const hopSamples = 128
/** Positions of the window in a frame with its context and its mirrored end. */
const positions = 4
const bins = windowSamples / 2 + 1
const size = 128
const kernel = 3

/** `at(row, column)` as a matrix. */
const matrix = (rows: number, columns: number, at: (row: number, column: number) => number): Tensor => ({
  dims: [rows, columns],
  values: Float32Array.from({ length: rows * columns }, (_, i) => at(Math.floor(i / columns), i % columns))
})

/**
 * A convolution over `width` positions, a ring of one zero around them, as one matrix over all of them at once: its rows
 * are position by position the channels that go in, its columns those that come out.
 */
const dense = (name: string, [out, into]: readonly [number, number], width: number, stride: number): Tensor => {
  const weights = taken(`${name}.weight`, out, into, kernel)
  return matrix(width * into, Math.ceil(width / stride) * out, (row, column) => {
    const tap = Math.floor(row / into) - Math.floor(column / out) * stride + 1
    return tap < 0 || tap >= kernel ? 0 : (weights[((column % out) * into + (row % into)) * kernel + tap] ?? 0)
  })
}

/** The same bias for each of `count` positions. */
const bias = (name: string, out: number, count = 1): Tensor => {
  const values = taken(`${name}.bias`, out)
  return { dims: [count * out], values: Float32Array.from({ length: count * out }, (_, i) => values[i % out] ?? 0) }
}

/** PyTorch's order of gates is input, forget, cell, output; ONNX has input, output, forget, cell. */
const gates = (values: Float32Array): Float32Array => {
  const block = values.length / 4
  const ordered = new Float32Array(values.length)
  for (const [to, from] of [0, 3, 1, 2].entries()) {
    ordered.set(values.subarray(from * block, (from + 1) * block), to * block)
  }
  return ordered
}

const rnn = (name: string, ...dims: ReadonlyArray<number>) => gates(taken(`decoder.rnn.${name}`, ...dims))
const first = taken("encoder.0.reparam_conv.weight", size, bins, kernel)
const basis = taken("stft.forward_basis_buffer", 2 * bins, 1, windowSamples)
const layers = {
  basis: matrix(windowSamples, 2 * bins, (sample, bin) => basis[bin * windowSamples + sample] ?? 0),
  // Three neighbouring positions side by side go in.
  w0: matrix(
    kernel * bins,
    size,
    (row, out) => first[(out * bins + (row % bins)) * kernel + Math.floor(row / bins)] ?? 0
  ),
  b0: bias("encoder.0.reparam_conv", size),
  w1: dense("encoder.1.reparam_conv", [64, size], positions, 2),
  b1: bias("encoder.1.reparam_conv", 64, 2),
  w2: dense("encoder.2.reparam_conv", [64, 64], 2, 2),
  b2: bias("encoder.2.reparam_conv", 64),
  w3: dense("encoder.3.reparam_conv", [size, 64], 1, 1),
  b3: bias("encoder.3.reparam_conv", size),
  rnnW: { dims: [1, 4 * size, size], values: rnn("weight_ih", 4 * size, size) },
  rnnR: { dims: [1, 4 * size, size], values: rnn("weight_hh", 4 * size, size) },
  rnnB: { dims: [1, 8 * size], values: Float32Array.of(...rnn("bias_ih", 4 * size), ...rnn("bias_hh", 4 * size)) },
  w4: { dims: [size, 1], values: taken("decoder.decoder.2.weight", 1, size, 1) },
  b4: bias("decoder.decoder.2", 1)
} satisfies Record<string, Tensor>

/** Whole numbers that operators take as inputs: axes, ends of slices, amounts of padding, shapes (0: as it was). */
const n = (number: number): string => `n${number}`
const windowStarts = Array.from({ length: positions }, (_, position) => position * hopSamples)
const starts = Array.from({ length: kernel }, (_, tap) => tap)
const numbers: Readonly<Record<string, ReadonlyArray<number>>> = {
  ...Object.fromEntries(
    [
      ...windowStarts,
      ...windowStarts.map((start) => start + windowSamples),
      ...starts,
      ...starts.map((start) => start + positions)
    ].map((number) => [n(number), [number]])
  ),
  mirror: [0, 0, 0, 0, 0, 64],
  ring: [0, 0, 1, 0, 0, 0, 1, 0],
  byWindow: [0, 0, positions, windowSamples],
  together: [0, 0, positions * size]
}

const layer = (input: string, number: number): ReadonlyArray<Uint8Array> => [
  node("MatMul", [input, `w${number}`], [`m${number}`]),
  node("Add", [`m${number}`, `b${number}`], [`a${number}`]),
  node("Relu", [`a${number}`], [`e${number}`])
]
const nodes = [
  node("Pad", ["frames", "mirror"], ["mirrored"], { mode: "reflect" }),
  ...windowStarts.map((start, i) => node("Slice", ["mirrored", n(start), n(start + windowSamples), n(2)], [`x${i}`])),
  node("Concat", ["x0", "x1", "x2", "x3"], ["joined"], { axis: 2 }),
  node("Reshape", ["joined", "byWindow"], ["windows"]),
  node("MatMul", ["windows", "basis"], ["spectrum"]),
  node("Split", ["spectrum"], ["real", "imaginary"], { axis: 3 }),
  node("Mul", ["real", "real"], ["real2"]),
  node("Mul", ["imaginary", "imaginary"], ["imaginary2"]),
  node("Add", ["real2", "imaginary2"], ["power"]),
  node("Sqrt", ["power"], ["magnitude"]),
  node("Pad", ["magnitude", "ring"], ["ringed"]),
  ...starts.map((start) => node("Slice", ["ringed", n(start), n(start + positions), n(2)], [`tap${start}`])),
  node("Concat", ["tap0", "tap1", "tap2"], ["taps"], { axis: 3 }),
  ...layer("taps", 0),
  node("Reshape", ["e0", "together"], ["wide"]),
  ...layer("wide", 1),
  ...layer("e1", 2),
  ...layer("e2", 3),
  node("LSTM", ["e3", "rnnW", "rnnR", "rnnB", "", "h", "c"], ["y", "hN", "cN"], { hidden_size: size }),
  node("Squeeze", ["y", n(1)], ["heard"]),
  node("Relu", ["heard"], ["voiced"]),
  node("MatMul", ["voiced", "w4"], ["m4"]),
  node("Add", ["m4", "b4"], ["a4"]),
  node("Sigmoid", ["a4"], ["speech"])
]

const state = [1, "B", size]
const graph = [
  messages(1, nodes),
  bytesField(2, Buffer.from("silero-vad-frames")),
  messages(5, [
    ...Object.entries(layers).map(([name, tensor]) => value.tensor(name, tensor)),
    ...Object.entries(numbers).map(([name, list]) => integers(name, list))
  ]),
  messages(11, [value.info("frames", ["S", "B", 576]), value.info("h", state), value.info("c", state)]),
  messages(12, [value.info("speech", ["S", "B", 1]), value.info("hN", state), value.info("cN", state)])
]
const notice = "Silero VAD 6.2.1, MIT, Copyright (c) 2020-present Silero Team; re-shaped by Sawt's scripts/vad-model.ts"
/** The file, byte by byte. */
export const framesModel: Buffer = Buffer.concat([
  numberField(1, 8),
  bytesField(2, Buffer.from("sawt")),
  bytesField(6, Buffer.from(notice)),
  bytesField(7, Buffer.concat(graph)),
  bytesField(8, numberField(2, 15))
])
if (import.meta.main) writeFileSync(new URL("silero_vad_16k_frames.onnx", folder), framesModel)
