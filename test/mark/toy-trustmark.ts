// Files that stand where TrustMark's own would, since those cannot be had here: two small ONNX models with the inputs, outputs and shapes
// that the library asks for (adobe/trustmark, rust/src/lib.rs). What they put into a picture is crude and no TrustMark, but everything
// around them is real: the library, its loading, its resizing, its error-correcting code.
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

export type ToyOptions = {
  /** How much of each bit is drawn; 0 draws nothing. */
  amplitude?: number
}

const BITS = 100
const SIDE = 256
/** A bit is a pattern over this many fields a side. */
const FIELDS = 16
const FIELD = SIDE / FIELDS
const CELLS = FIELDS ** 2
const SQUARE = 4
const FLOAT = 1
const INT64 = 7
const OPSET = 13

/** Writes `encoder_Q.onnx` and `decoder_Q.onnx` into a folder. */
export async function writeToyTrustmark(folder: string, { amplitude = 0.004 }: ToyOptions = {}): Promise<void> {
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, 'encoder_Q.onnx'), encoder(amplitude))
  await writeFile(join(folder, 'decoder_Q.onnx'), decoder())
}

/** A row for each bit: a Walsh function over the fields. */
function patterns(): Float32Array {
  return new Float32Array(BITS * CELLS).map((_, i) => (parity((Math.floor(i / CELLS) + 1) & (i % CELLS)) ? -1 : 1))
}

/** What a field is drawn with: a chequerboard, which smooth parts of pictures hardly have. */
function squares(): Float32Array {
  const row = (i: number) => Math.floor(i / FIELD / SQUARE)
  const column = (i: number) => Math.floor((i % FIELD) / SQUARE)
  return new Float32Array(FIELD ** 2).map((_, i) => ((row(i) + column(i)) % 2 === 0 ? 1 : -1))
}

function parity(value: number): boolean {
  let odd = false
  for (let rest = value; rest > 0; rest &= rest - 1) odd = !odd
  return odd
}

/** image = input + fields of (2 * bits - 1). */
function encoder(amplitude: number): Buffer {
  const drawn = patterns().map((value) => value * amplitude)
  return model(
    [
      node('Mul', ['onnx::Gemm_1', 'two'], 'doubled'),
      node('Sub', ['doubled', 'one'], 'signs'),
      node('MatMul', ['signs', 'patterns'], 'cells'),
      node('Reshape', ['cells', 'square'], 'fields'),
      node('ConvTranspose', ['fields', 'squares'], 'residual', { strides: [FIELD, FIELD] }),
      node('Add', ['onnx::Concat_0', 'residual'], 'image'),
    ],
    [
      floats('two', [], new Float32Array([2])),
      floats('one', [], new Float32Array([1])),
      floats('patterns', [BITS, CELLS], drawn),
      integers('square', [1, 1, FIELDS, FIELDS]),
      floats('squares', [1, 1, FIELD, FIELD], squares()),
    ],
    [value('onnx::Concat_0', [1, 3, SIDE, SIDE]), value('onnx::Gemm_1', [1, BITS])],
    value('image', [1, 3, SIDE, SIDE]),
  )
}

/** output = how much of each pattern the fields have. */
function decoder(): Buffer {
  const of = patterns()
  const turned = new Float32Array(of.length).map((_, i) => of[(i % BITS) * CELLS + Math.floor(i / BITS)] ?? 0)
  return model(
    [
      node('Conv', ['image', 'squares'], 'fields', { strides: [FIELD, FIELD] }),
      node('Reshape', ['fields', 'row'], 'cells'),
      node('MatMul', ['cells', 'patterns'], 'output'),
    ],
    [
      floats('squares', [1, 3, FIELD, FIELD], new Float32Array([...squares(), ...squares(), ...squares()])),
      integers('row', [1, CELLS]),
      floats('patterns', [CELLS, BITS], turned),
    ],
    [value('image', [1, 3, SIDE, SIDE])],
    value('output', [1, BITS]),
  )
}

// ONNX is protocol buffers; the numbers are the fields of onnx.proto3.

function model(nodes: Buffer[], initializers: Buffer[], inputs: Buffer[], output: Buffer): Buffer {
  const graph = [
    ...nodes.map((one) => part(1, one)),
    part(2, 'toy'),
    ...initializers.map((one) => part(5, one)),
    ...inputs.map((one) => part(11, one)),
    part(12, output),
  ]
  return Buffer.concat([number(1, 8), part(8, number(2, OPSET)), part(7, Buffer.concat(graph))])
}

function node(operator: string, inputs: string[], output: string, { strides = [] }: { strides?: number[] } = {}) {
  const attribute = Buffer.concat([part(1, 'strides'), ...strides.map((one) => number(8, one)), number(20, 7)])
  const parts = [...inputs.map((name) => part(1, name)), part(2, output), part(4, operator)]
  return Buffer.concat(strides.length === 0 ? parts : [...parts, part(5, attribute)])
}

function floats(name: string, dims: number[], values: Float32Array): Buffer {
  return tensor(name, dims, FLOAT, Buffer.from(values.buffer))
}

function integers(name: string, values: number[]): Buffer {
  return tensor(name, [values.length], INT64, Buffer.from(BigInt64Array.from(values, BigInt).buffer))
}

function tensor(name: string, dims: number[], type: number, raw: Buffer): Buffer {
  return Buffer.concat([...dims.map((one) => number(1, one)), number(2, type), part(8, name), part(9, raw)])
}

function value(name: string, dims: number[]): Buffer {
  const shape = Buffer.concat(dims.map((one) => part(1, number(1, one))))
  return Buffer.concat([part(1, name), part(2, part(1, Buffer.concat([number(1, FLOAT), part(2, shape)])))])
}

function part(field: number, content: Buffer | string): Buffer {
  const bytes = Buffer.from(content)
  return Buffer.concat([varint(field * 8 + 2), varint(bytes.length), bytes])
}

function number(field: number, of: number): Buffer {
  return Buffer.concat([varint(field * 8), varint(of)])
}

function varint(of: number): Buffer {
  const bytes: number[] = []
  let rest = of
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128)
  return Buffer.from([...bytes, rest])
}
