// Products with constant matrices in eight bits: MatMul and Gemm become DynamicQuantizeLinear, MatMulInteger, Cast and Mul, in the
// order of inputs in which ONNX Runtime fuses them and a bias into one operator (its MatMulIntegerToFloat and
// DynamicQuantizeMatMul). Convolutions, and matrices that rows are gathered from, stay. Inputs are scaled by the whole batch at once:
// a row depends on its companions, so such a model draws each sample alone (runtime/mixed-rows.ts).
import { ModelError } from '../runtime/error.ts'
import { field, packed, repeated } from './encode.ts'
import type { Graph, GraphNode } from './graph.ts'
import type { Links } from './links.ts'
import { quantise } from './quantise.ts'
import { valuesOf, type Weight, weightOf } from './weights.ts'
import type { Changes } from './write-graph.ts'

/** Keeps a tensor's bytes somewhere; the body of its initialiser. */
export type Store = (name: string, type: number, dims: readonly number[], bytes: Uint8Array) => Uint8Array

const [FLOAT, INT8] = [1, 3] as const
// DynamicQuantizeLinear's first.
const OPSET = 11

/** Changes products with matrices of `least` numbers or more; what was done, in a sentence. ModelError pack_unsupported: nothing. */
export function int8Products(links: Links, changes: Changes, least: number, store: Store): string {
  const { graph } = links
  const { file } = graph.open
  if (graph.opset < OPSET)
    throw new ModelError('pack_unsupported', `${file}: opset ${graph.opset}; int8 needs ${OPSET} at least`, {
      file,
      field: 'opset_import',
    })
  const found = productsOf(links, changes, least)
  if (found.length === 0)
    throw new ModelError(
      'pack_unsupported',
      `${file}: no product in float32 with a constant matrix of ${least} numbers or more; there is nothing to make int8`,
      { file, field: 'graph' },
    )
  const names = namesOf(graph)
  const stored = new Map<string, { values: string; scales: string }>()
  const inputs = new Map<string, readonly [string, string, string]>()
  for (const { node, weight, bias } of found) {
    const bodies: Uint8Array[] = []
    const [input = '', , ,] = node.inputs
    const [output = ''] = node.outputs
    const quantised = inputs.get(input) ?? [names(`${input}/int8`), names(`${input}/scale`), names(`${input}/zero`)]
    if (!inputs.has(input)) bodies.push(nodeBody('DynamicQuantizeLinear', names, [input], quantised))
    inputs.set(input, quantised)
    bodies.push(
      ...productBodies(names, quantised, matrixFor(links, changes, weight, stored, names, store), output, bias),
    )
    changes.nodes.set(node.index, bodies)
  }
  dropUnused(links, changes, found)
  const sizes = found.reduce((sum, { weight }) => sum + weight.rows * weight.columns, 0)
  return `int8: ${found.length} products by ${stored.size} constant matrices of ${sizes} numbers, a scale a column`
}

type Product = { node: GraphNode; weight: Weight; bias: string | null }

function productsOf(links: Links, changes: Changes, least: number): Product[] {
  return links.graph.nodes.flatMap((node) => {
    const [, matrix, bias] = node.inputs
    const own = node.domain === '' || node.domain === 'ai.onnx'
    if (!own || matrix === undefined || changes.nodes.has(node.index)) return []
    if (node.operator !== 'MatMul' && !isPlainGemm(node)) return []
    const found = weightOf(links, matrix)
    if (found === null || found.rows * found.columns < least) return []
    const turned = node.attributes.get('transB')?.number === 1n
    const weight = turned
      ? { ...found, rows: found.columns, columns: found.rows, transposed: !found.transposed }
      : found
    return [{ node, weight, bias: bias === undefined || bias === '' ? null : bias }]
  })
}

/** A·B + C and nothing else; B may be turned over. */
function isPlainGemm({ operator, attributes }: GraphNode): boolean {
  const one = (name: string) => (attributes.get(name)?.float ?? 1) === 1
  return operator === 'Gemm' && one('alpha') && one('beta') && (attributes.get('transA')?.number ?? 0n) === 0n
}

function matrixFor(
  { graph }: Links,
  changes: Changes,
  { tensor, rows, columns, transposed }: Weight,
  stored: Map<string, { values: string; scales: string }>,
  names: (base: string) => string,
  store: Store,
) {
  // Constants of nodes have no name of their own.
  const key = `${tensor.body.start} ${transposed}`
  const known = stored.get(key)
  if (known !== undefined) return known
  const { values, scales } = quantise(valuesOf(graph, tensor), rows, columns, transposed)
  const base = tensor.name === '' ? 'constant' : tensor.name
  const made = { values: names(`${base}/int8`), scales: names(`${base}/scale`) }
  changes.added.push(
    store(made.values, INT8, [rows, columns], bytesOf(values)),
    store(made.scales, FLOAT, [columns], bytesOf(scales)),
  )
  stored.set(key, made)
  return made
}

function productBodies(
  names: (base: string) => string,
  [input, inputScale, inputZero]: readonly [string, string, string],
  matrix: { values: string; scales: string },
  output: string,
  bias: string | null,
): Uint8Array[] {
  const [whole, float, scale] = [names(`${output}/int32`), names(`${output}/float`), names(`${output}/scale`)]
  const product = bias === null ? output : names(`${output}/product`)
  return [
    nodeBody('MatMulInteger', names, [input, matrix.values, inputZero], [whole]),
    nodeBody('Mul', names, [inputScale, matrix.scales], [scale]),
    nodeBody('Cast', names, [whole], [float], [integerAttribute('to', FLOAT)]),
    nodeBody('Mul', names, [float, scale], [product]),
    ...(bias === null ? [] : [nodeBody('Add', names, [product, bias], [output])]),
  ]
}

function nodeBody(
  operator: string,
  names: (base: string) => string,
  inputs: readonly string[],
  outputs: readonly string[],
  attributes: readonly Uint8Array[] = [],
): Uint8Array {
  const name = field(3, names(`${outputs[0]}/${operator}`))
  return Buffer.concat([repeated(1, inputs), repeated(2, outputs), name, field(4, operator), repeated(5, attributes)])
}

function integerAttribute(name: string, value: number): Uint8Array {
  return Buffer.concat([field(1, name), field(3, value), field(20, 2)])
}

/** Removes weights that nobody takes any more, and what stood before them. */
function dropUnused({ graph, usersOf, makerOf }: Links, changes: Changes, found: readonly Product[]): void {
  const changed = new Map(found.map(({ node }) => [node.index, node]))
  const isUsed = (name: string) =>
    graph.outputs.has(name) ||
    graph.captured.has(name) ||
    usersOf(name).some((user) => {
      if (changes.nodes.get(user.index)?.length === 0) return false
      const product = changed.get(user.index)
      return product === undefined || product.inputs.some((input, at) => input === name && at !== 1)
    })
  for (const { node, weight } of found) {
    for (const link of weight.chain) if (!link.outputs.some(isUsed)) changes.nodes.set(link.index, [])
    const source = weight.chain.at(-1)?.inputs[0] ?? node.inputs[1] ?? ''
    if (isUsed(source)) continue
    const constant = makerOf(source)
    if (constant === null) changes.initialisers.set(source, null)
    else changes.nodes.set(constant.index, [])
  }
}

/** A name that nothing has yet. */
function namesOf(graph: Graph): (base: string) => string {
  const taken = new Set([...graph.inputs, ...graph.initialisers.keys(), ...graph.captured.keys()])
  for (const { name, inputs, outputs } of graph.nodes) for (const one of [name, ...inputs, ...outputs]) taken.add(one)
  return (base) => {
    let name = base
    for (let i = 2; taken.has(name); i++) name = `${base}.${i}`
    taken.add(name)
    return name
  }
}

function bytesOf({ buffer, byteOffset, byteLength }: Int8Array | Float32Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength)
}

/** Keeps tensors in the graph itself. */
export const inGraph: Store = (name, type, dims, bytes) =>
  Buffer.concat([packed(1, dims), field(2, type), field(8, name), field(9, bytes)])
