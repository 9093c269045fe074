/**
 * As much of the ONNX file format (protocol buffers; onnx/onnx.proto) as it takes to read a model's constants and to write
 * a model of float matrices. Numbers of fields are those of onnx.proto.
 */
export interface Tensor {
  readonly dims: ReadonlyArray<number>
  readonly values: Float32Array
}

const typeFloat = 1
const typeInt64 = 7

const varint = (number: number): Buffer => {
  const bytes: Array<number> = []
  let rest = BigInt.asUintN(64, BigInt(number))
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128)
  return Buffer.from([...bytes, Number(rest)])
}
export const numberField = (field: number, number: number): Buffer =>
  Buffer.concat([varint(field << 3), varint(number)])
export const bytesField = (field: number, bytes: Uint8Array): Buffer =>
  Buffer.concat([varint((field << 3) | 2), varint(bytes.length), bytes])
const textField = (field: number, text: string): Buffer => bytesField(field, Buffer.from(text))
/** A repeated field. */
export const messages = (field: number, all: ReadonlyArray<Uint8Array>): Buffer =>
  Buffer.concat(all.map((each) => bytesField(field, each)))

const tensor = (name: string, type: number, dims: ReadonlyArray<number>, raw: ArrayBufferView): Buffer =>
  Buffer.concat([
    ...dims.map((dim) => numberField(1, dim)),
    numberField(2, type),
    textField(8, name),
    bytesField(9, new Uint8Array(raw.buffer, raw.byteOffset, raw.byteLength))
  ])

export const integers = (name: string, numbers: ReadonlyArray<number>): Buffer =>
  tensor(name, typeInt64, [numbers.length], BigInt64Array.from(numbers, BigInt))

export const value = {
  tensor: (name: string, { dims, values }: Tensor): Buffer => tensor(name, typeFloat, dims, values),
  /** An input or output; text names a dimension that is open. */
  info: (name: string, dims: ReadonlyArray<number | string>): Buffer => {
    const shape = messages(
      1,
      dims.map((dim) => (typeof dim === "number" ? numberField(1, dim) : textField(2, dim)))
    )
    const type = bytesField(1, Buffer.concat([numberField(1, typeFloat), bytesField(2, shape)]))
    return Buffer.concat([textField(1, name), bytesField(2, type)])
  }
}

export const node = (
  operator: string,
  inputs: ReadonlyArray<string>,
  outputs: ReadonlyArray<string>,
  attributes: Readonly<Record<string, number | string>> = {}
): Buffer =>
  Buffer.concat([
    ...inputs.map((input) => textField(1, input)),
    ...outputs.map((output) => textField(2, output)),
    textField(3, `${operator} ${outputs[0]}`),
    textField(4, operator),
    messages(
      5,
      Object.entries(attributes).map(([name, attribute]) =>
        Buffer.concat([
          textField(1, name),
          typeof attribute === "number" ? numberField(3, attribute) : textField(4, attribute),
          numberField(20, typeof attribute === "number" ? 2 : 3)
        ])
      )
    )
  ])

/** The fields of a message: numbers and bytes, as they come. */
function* fields(bytes: Buffer): Generator<{ readonly field: number; readonly content: number | Buffer }> {
  let at = 0
  const number = (): number => {
    let result = 0
    for (let scale = 1; ; scale *= 128) {
      const byte = bytes[at++] ?? 0
      result += (byte & 127) * scale
      if (byte < 128) return result
    }
  }
  while (at < bytes.length) {
    const key = number()
    const wire = key & 7
    if (wire === 0) yield { field: key >> 3, content: number() }
    else {
      const length = wire === 2 ? number() : wire === 5 ? 4 : 8
      yield { field: key >> 3, content: bytes.subarray(at, at + length) }
      at += length
    }
  }
}
const contents = (bytes: Buffer, wanted: number): ReadonlyArray<number | Buffer> =>
  Array.from(fields(bytes)).flatMap(({ field, content }) => (field === wanted ? [content] : []))
const buffers = (bytes: Buffer, wanted: number): ReadonlyArray<Buffer> =>
  contents(bytes, wanted).filter((content) => typeof content !== "number")

/** Every float constant of a model, by name. */
export const constants = (model: Buffer): ReadonlyMap<string, Tensor> => {
  const found = new Map<string, Tensor>()
  for (const graph of buffers(model, 7)) {
    for (const each of buffers(graph, 5)) {
      const [raw] = buffers(each, 9)
      if (contents(each, 2)[0] !== typeFloat || raw === undefined) continue
      const dims = contents(each, 1).filter((dim) => typeof dim === "number")
      found.set(String(buffers(each, 8)[0]), { dims, values: new Float32Array(Uint8Array.from(raw).buffer) })
    }
  }
  return found
}
